"""Options of the source ``signals``: where spikes, traces, labels, epochs and trials are."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from cebra_kedro.parameter_block import Settings
from cebra_kedro.recording import LabelKind
from cebra_kedro.sources.alignment import How, Rule

Interval = tuple[float, float]

Measure = Literal["samples", "along_axis", "direction", "speed"]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class SpikesBlock(Settings):
    """Where the spike times are.

    Attributes:
        times: a list of arrays, one a unit; or a pattern such as ``unit_*`` of several arrays; or,
            with ``units``, one array of all spikes.
        units: array of the unit of each spike.
        scale: seconds in one unit of ``times``, e.g. 0.001 for ms.
        lowest_rate_hz: units that fire less over the time that is kept are left out.
    """

    times: str
    units: str | None = None
    scale: Positive = 1.0
    lowest_rate_hz: float = Field(0.0, ge=0)


class Clock(Settings):
    """When samples were taken: their times, or a rate and a start.

    Attributes:
        times: array of times.
        scale: seconds in one unit of ``times``.
        rate_hz: samples per second, where there are no times.
        start_s: time of the first sample, where there are no times.
        max_gap_s: samples further apart have a gap between them; None for five usual steps.
    """

    times: str | None = None
    scale: Positive = 1.0
    rate_hz: Positive | None = None
    start_s: float = 0.0
    max_gap_s: Positive | None = None

    @model_validator(mode="after")
    def _one_clock(self) -> Self:
        if (self.times is None) == (self.rate_hz is None):
            raise ValueError("give times (an array) or rate_hz, one of the two")
        return self


class TracesBlock(Clock):
    """Where the samples of all neurons are, e.g. ΔF/F.

    Attributes:
        values: array (time, neuron), or a pattern such as ``roi_*`` of arrays (time,).
        transposed: the array is (neuron, time).
        how: how samples become bins, as for labels.
    """

    values: str
    transposed: bool = False
    how: How = "mean"


class LabelBlock(Clock):
    """Where the samples of a label are, and what they are.

    Attributes:
        values: array (sample,) or (sample, dim), or several arrays (sample,) as coordinates.
        kind: None: text, true/false and whole numbers are classes, other numbers continuous.
        unit: e.g. ``m``; a circular label in ``deg`` is turned into rad, and drawn in deg.
        classes: names of the classes 0, 1, …, or the order of classes that are text; sessions that
            do not have all classes need it.
        how: ``mean`` of the samples in a bin (of angles, of their vectors), ``previous`` (the last
            one so far: never looks ahead), ``nearest`` or ``interpolate`` (at the centre of the
            bin); None: mean, and previous for classes.
        measure: ``samples`` themselves; ``along_axis``: the coordinate along the line of largest
            variance, e.g. of a straight track; ``direction`` of movement along that line, a class,
            1 towards larger values; ``speed``, in ``unit`` per s.
        sigma_s: Gaussian smoothing of positions before direction and speed are taken, in s.
    """

    values: str | tuple[str, ...]
    kind: LabelKind | None = None
    unit: str = ""
    classes: tuple[str, ...] = ()
    how: How | None = None
    measure: Measure = "samples"
    sigma_s: Positive = 0.25


class IntervalsBlock(Settings):
    """Two arrays of times.

    Attributes:
        start: array (interval,) in s.
        stop: array (interval,) in s.
        scale: seconds in one unit of them.
    """

    start: str
    stop: str
    scale: Positive = 1.0


class TrialsBlock(Settings):
    """Where trials are: in intervals, or where a label changes.

    Attributes:
        start: array (trial,) of times; what lies between trials is left out.
        stop: array (trial,) of times.
        scale: seconds in one unit of them.
        label: a discrete label, e.g. a lap; wherever it changes, a trial begins.
    """

    start: str | None = None
    stop: str | None = None
    scale: Positive = 1.0
    label: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.start is None) != (self.stop is None) or (self.start is None) == (
            self.label is None
        ):
            raise ValueError("give start and stop (two arrays), or label (one that changes)")
        return self

    @property
    def intervals(self) -> IntervalsBlock | None:
        """The intervals, if trials are such."""
        if self.start is None or self.stop is None:
            return None
        return IntervalsBlock(start=self.start, stop=self.stop, scale=self.scale)


class MovingBlock(Settings):
    """Time in which a label moves.

    Attributes:
        label: whose samples are positions.
        faster_than: speed in the label's unit per s.
        shortest_s: shorter stretches are left out.
    """

    label: str
    faster_than: float = Field(gt=0)
    shortest_s: float = Field(0.0, ge=0)


class EpochsBlock(Settings):
    """Which time is kept; what several keys say holds at once.

    Attributes:
        between: intervals in s.
        intervals: intervals in the file; those that touch are one.
        moving: only while something moves.
    """

    between: tuple[Interval, ...] = ()
    intervals: IntervalsBlock | None = None
    moving: MovingBlock | None = None


class SmoothBlock(Settings):
    """Gaussian smoothing of the activity, within epochs.

    Attributes:
        sigma_s: standard deviation in s.
        causal: use the present and the past only.
    """

    sigma_s: Positive
    causal: bool = False


class MissingBlock(Settings):
    """What becomes of bins in which a label or a trace has no sample.

    Attributes:
        rule: ``refuse``, ``drop`` (a border between trials), or ``interpolate`` up to
            ``longest_s`` and drop what is longer.
        longest_s: of ``interpolate``.
    """

    rule: Rule = "refuse"
    longest_s: float = Field(0.0, ge=0)
