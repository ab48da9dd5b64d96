"""What a session has recorded: spikes, traces and labels with their clocks, and the time to keep.

How samples become bins is left to ``signals``.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cebra_kedro.problems import Problems
from cebra_kedro.recording import RecordingError
from cebra_kedro.sources.alignment import epochs_where, on_clock, typical_step
from cebra_kedro.sources.behaviour import Measured, Samples, measured
from cebra_kedro.sources.label_values import check_size
from cebra_kedro.sources.named_arrays import NamedArrays
from cebra_kedro.sources.signal_blocks import (
    Clock,
    EpochsBlock,
    How,
    IntervalsBlock,
    LabelBlock,
    MovingBlock,
    SpikesBlock,
    TracesBlock,
    TrialsBlock,
)

_GAP_IN_STEPS = 5
"""Samples further apart than so many typical steps have a gap between them, unless told."""

_TOUCH_S, _TOUCH_SHARE = 1e-3, 0.1
"""Intervals touch if less lies between them: in s, or of their usual length."""


class Recorded:
    """What was recorded, on its own clocks.

    Args:
        arrays: of the session.
        spikes: where spike times are; either these or ``traces``.
        traces: where samples of neurons are.
        labels: label → where its samples are.

    Attributes:
        spikes: spike times in s, one array a unit; None with traces.
        lowest_rate_hz: units below it are left out.
        traces: samples (sample, neuron); None with spikes.
        how_of_traces: how they become bins.
        blocks: label → its options.

    Raises:
        ValueError: an array is missing or does not fit.
    """

    def __init__(
        self,
        arrays: NamedArrays,
        spikes: SpikesBlock | None,
        traces: TracesBlock | None,
        labels: Mapping[str, LabelBlock],
    ) -> None:
        problems = Problems(arrays.session)
        if (spikes is None) == (traces is None):
            problems.add("source signals wants spikes or traces, one of the two")
        self._arrays = arrays
        self.spikes: list[np.ndarray] | None = None
        self.traces: Samples | None = None
        self.lowest_rate_hz = 0.0 if spikes is None else spikes.lowest_rate_hz
        self.how_of_traces: How = "mean" if traces is None else traces.how
        self.blocks = dict(labels)
        self._samples: dict[str, Samples] = {}
        with problems.collected():
            self.spikes = None if spikes is None else _spike_times(arrays, spikes)
        with problems.collected():
            self.traces = None if traces is None else _traces(arrays, traces)
        for name, block in labels.items():
            with problems.collected():
                self._samples[name] = _samples(arrays, name, block)
        problems.raise_any(RecordingError)

    @property
    def n_samples(self) -> int:
        """Samples of all labels and traces, and spikes."""
        samples = [*self._samples.values(), *([] if self.traces is None else [self.traces])]
        return sum(map(len, self.spikes or [])) + sum(len(each.times_s) for each in samples)

    def kept(self, wanted: EpochsBlock, trials: TrialsBlock | None) -> np.ndarray:
        """Float array (epoch, 2) of start and stop in s."""
        kept = self._in_common()
        if wanted.between:
            kept = _intersection(kept, np.array(wanted.between, float), "epochs.between")
        if wanted.intervals is not None:
            intervals = _together(self._intervals(wanted.intervals, "epochs.intervals"))
            kept = _intersection(kept, intervals, "epochs.intervals")
        if wanted.moving is not None:
            kept = _intersection(kept, self._moving(wanted.moving, kept), "epochs.moving")
        if trials is not None and trials.intervals is not None:
            kept = _intersection(kept, self._intervals(trials.intervals, "trials"), "trials")
        return kept

    def labels(self, kept: np.ndarray) -> dict[str, Measured]:
        """Label → what is measured, on the clock of its samples.

        Args:
            kept: the time that is kept.
        """
        problems, found = Problems(self._arrays.session), {}
        for name, samples in self._samples.items():
            with problems.collected():
                found[name] = measured(samples, self.blocks[name], name, kept)
        problems.raise_any(RecordingError)
        return found

    def _in_common(self) -> np.ndarray:
        all_samples = list(self._samples.values())
        if self.traces is not None:
            all_samples.append(self.traces)
        spans = [(float(each.times_s[0]), each.stop_s) for each in all_samples]
        if not spans and self.spikes is not None:
            times = np.concatenate(self.spikes)
            spans = [(float(times.min()), float(times.max()) + 1e-9)] if len(times) else []
        if not spans:
            raise ValueError("there are no spikes and no labels, so there is nothing to bin")
        start, stop = max(span[0] for span in spans), min(span[1] for span in spans)
        if start >= stop:
            raise ValueError(
                "the signals have no time in common: "
                + ", ".join(f"{first:g} to {last:g} s" for first, last in spans)
                + "; correct scale or start_s of their clocks"
            )
        return np.array([[start, stop]])

    def _intervals(self, block: IntervalsBlock, what: str) -> np.ndarray:
        start, stop = (self._arrays.numbers(name, what) for name in (block.start, block.stop))
        if len(start) != len(stop):
            raise ValueError(
                f"{what} has {len(start)} starts but {len(stop)} stops; name two arrays of one "
                "length"
            )
        back = np.flatnonzero(stop < start)
        if len(back):
            raise ValueError(
                f"{what} has {len(back)} intervals that stop before they start, the first from "
                f"{start[back[0]]:g} to {stop[back[0]]:g}; correct start and stop, or the file"
            )
        intervals = np.column_stack([start, stop]) * block.scale
        return intervals[np.isfinite(intervals).all(axis=1)]

    def _moving(self, moving: MovingBlock, kept: np.ndarray) -> np.ndarray:
        if moving.label not in self._samples:
            raise ValueError(
                f"epochs.moving names label {moving.label}, but the labels are "
                f"{', '.join(self._samples) or 'none'}"
            )
        samples, block = self._samples[moving.label], self.blocks[moving.label]
        block = block.model_copy(update={"measure": "speed"})
        fast = measured(samples, block, moving.label, kept)
        return epochs_where(
            fast.samples.values > moving.faster_than,
            fast.samples.times_s,
            min_duration_s=moving.shortest_s,
            max_gap_s=samples.gap_s,
        )


def _spike_times(arrays: NamedArrays, block: SpikesBlock) -> list[np.ndarray]:
    if block.units is None:
        times = arrays.several(block.times, "spikes.times")
        if len(times) == 1 and times[0].ndim != 1:
            raise ValueError(
                f"{block.times} must be one array of spike times a unit, got shape "
                f"{times[0].shape}; counts in bins are read by source arrays"
            )
        if kinds := {str(each.dtype) for each in times if each.dtype.kind not in "iuf"}:
            raise ValueError(
                f"spikes.times wants numbers, but {block.times} holds {', '.join(sorted(kinds))}; "
                "correct spikes.times, or the file"
            )
        return [np.asarray(each, float).reshape(-1) * block.scale for each in times]
    times_of_all = arrays.numbers(block.times, "spikes.times") * block.scale
    units = arrays.array(block.units, "spikes.units").reshape(-1)
    if len(units) != len(times_of_all):
        raise ValueError(
            f"spikes.units must name the unit of each of {len(times_of_all)} spikes, got "
            f"{len(units)}; correct spikes.units, or the file"
        )
    _, number = np.unique(units, return_inverse=True)
    order = np.argsort(number, kind="stable")
    return np.split(times_of_all[order], np.cumsum(np.bincount(number))[:-1])


def _traces(arrays: NamedArrays, block: TracesBlock) -> Samples:
    values = arrays.matrix(block.values, "traces.values")
    if values.ndim != 2:
        raise ValueError(
            f"traces.values must be an array (time, neuron), got {values.shape}; correct "
            "traces.values, or the file; if that is one neuron, say it as a pattern with *"
        )
    if values.dtype.kind not in "iufb":
        raise ValueError(
            f"traces.values must hold real numbers, got {values.dtype}; correct traces.values, or "
            "the file"
        )
    if values.dtype.kind == "f":
        check_size(values[np.isfinite(values)], "traces.values")
    return _on_clock(arrays, block, values.T if block.transposed else values, "traces")


def _samples(arrays: NamedArrays, name: str, block: LabelBlock) -> Samples:
    what = f"labels.{name}"
    return _on_clock(arrays, block, arrays.matrix(block.values, f"{what}.values"), what)


def _on_clock(arrays: NamedArrays, clock: Clock, values: np.ndarray, what: str) -> Samples:
    if clock.times is None:
        assert clock.rate_hz is not None
        times = clock.start_s + np.arange(len(values)) / clock.rate_hz
    else:
        times = arrays.numbers(clock.times, f"{what}.times") * clock.scale
    if len(times) != len(values):
        raise ValueError(
            f"{what} has {len(values)} samples but {len(times)} times; correct times"
            + (", or say transposed: true" if len(times) in values.shape[1:] else "")
        )
    if len(times) < 2:
        raise ValueError(
            f"{what} has {len(times)} samples, which make no clock; correct the file, or leave "
            f"{what} out"
        )
    try:
        on_clock(times, times)  # refuses one that is not finite, or goes back
        step = typical_step(times)
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from error
    return Samples(values, times, clock.max_gap_s or _GAP_IN_STEPS * step, float(times[-1]) + step)


def _together(intervals: np.ndarray) -> np.ndarray:
    """Intervals in order of time, those that touch or overlap as one."""
    intervals = intervals[np.argsort(intervals[:, 0], kind="stable")]
    if not len(intervals):
        return intervals
    touch = max(_TOUCH_S, _TOUCH_SHARE * float(np.median(np.diff(intervals, axis=1))))
    latest = np.maximum.accumulate(intervals[:, 1])
    begins = np.append(True, intervals[1:, 0] > latest[:-1] + touch)
    last = np.append(np.flatnonzero(begins)[1:], len(intervals)) - 1
    return np.column_stack([intervals[begins, 0], latest[last]])


def _intersection(kept: np.ndarray, others: np.ndarray, what: str) -> np.ndarray:
    """What two lists of intervals have in common, in order of time."""
    start = np.maximum(kept[:, None, 0], others[None, :, 0])
    stop = np.minimum(kept[:, None, 1], others[None, :, 1])
    common = np.stack([start, stop], axis=-1)[start < stop]
    if not len(common):
        spans = f"{kept[0, 0]:g} to {kept[-1, 1]:g} s"
        raise ValueError(f"no time is left by {what} of {spans}; widen it, or correct its unit")
    return common[np.argsort(common[:, 0], kind="stable")]
