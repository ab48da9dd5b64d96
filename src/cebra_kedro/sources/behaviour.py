"""Samples of a label: what is measured of them, and what kind of label that is.

Where samples come from and how they become bins is left to ``signals``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import gaussian_filter1d

from cebra_kedro.recording import LabelKind
from cebra_kedro.sources.alignment import speed, typical_step
from cebra_kedro.sources.label_values import label_values
from cebra_kedro.sources.signal_blocks import LabelBlock


@dataclass(frozen=True, eq=False)
class Samples:
    """Samples with their clock.

    Attributes:
        values: array (sample,) or (sample, dim).
        times_s: array (sample,), not descending.
        gap_s: samples further apart have a gap between them.
        stop_s: when the last sample ends.
    """

    values: np.ndarray
    times_s: np.ndarray
    gap_s: float
    stop_s: float


@dataclass(frozen=True, eq=False)
class Measured:
    """Samples of a label with what they mean.

    Attributes:
        samples: floats, or integers for classes.
        kind: of the label.
        unit: of the label.
        classes: names of the classes 0, 1 …, where the file has text.
    """

    samples: Samples
    kind: LabelKind
    unit: str
    classes: tuple[str, ...] = ()


def measured(samples: Samples, block: LabelBlock, name: str, kept: np.ndarray) -> Measured:
    """What a label is, from the samples of the file.

    Args:
        samples: as they are in the file; NaN where there is none.
        block: what is asked of them.
        name: of the label, for errors.
        kept: float array (epoch, 2) of the time that is kept, whose positions make the line of
            ``along_axis`` and ``direction``; an animal may have been elsewhere before and after.

    Raises:
        ValueError: the values do not fit the kind or the measure.
    """
    if block.measure != "samples":
        samples = _seen(samples, name)
        inside = _inside(samples.times_s, kept)
        if not inside.any():
            raise ValueError(f"labels.{name} has no position in the time that is kept")
        values, kind, unit = _MEASURES[block.measure](samples, block, inside)
        names = block.classes or (_DIRECTIONS if block.measure == "direction" else ())
        return Measured(replace(samples, values=values), kind, unit, names)
    found = label_values(samples.values, block.kind, block.unit, f"labels.{name}", block.classes)
    samples = replace(samples, values=found.values)
    if found.missing.any() and found.kind == "discrete":  # numbers say themselves where they lack
        there = ~found.missing
        samples = replace(samples, values=found.values[there], times_s=samples.times_s[there])
    return Measured(samples, found.kind, found.unit, found.classes)


_DIRECTIONS = ("decreasing", "increasing")
"""Names of the two directions, unless told."""

_Result = tuple[np.ndarray, LabelKind, str]
"""Values, kind and unit."""


def _along_axis(samples: Samples, block: LabelBlock, inside: np.ndarray) -> _Result:
    centred = samples.values - samples.values[inside].mean(axis=0)
    _, vectors = np.linalg.eigh(centred[inside].T @ centred[inside])
    axis = vectors[:, -1]
    # The sign of an eigenvector is arbitrary; its largest entry is made positive.
    axis = axis * np.sign(axis[np.abs(axis).argmax()])
    along = centred @ axis
    return along - along[inside].min(), "continuous", block.unit


def _direction(samples: Samples, block: LabelBlock, inside: np.ndarray) -> _Result:
    along, _, _ = _along_axis(samples, block, inside)
    smoothed = gaussian_filter1d(along, block.sigma_s / typical_step(samples.times_s))
    return (np.gradient(smoothed) > 0).astype(np.int64), "discrete", ""


def _speed(samples: Samples, block: LabelBlock, _: np.ndarray) -> _Result:
    unit = f"{block.unit}/s" if block.unit else ""
    moved = speed(samples.values, samples.times_s, block.sigma_s, max_gap_s=samples.gap_s)
    return moved, "continuous", unit


_MEASURES: dict[str, Callable[[Samples, LabelBlock, np.ndarray], _Result]] = {
    "along_axis": _along_axis,
    "direction": _direction,
    "speed": _speed,
}


def _inside(times_s: np.ndarray, kept: np.ndarray) -> np.ndarray:
    epoch = np.searchsorted(kept[:, 0], times_s, side="right") - 1
    return (epoch >= 0) & (times_s < kept[epoch, 1])


def _seen(samples: Samples, name: str) -> Samples:
    """Positions (sample, dim) without those that were lost; where they were is a gap."""
    if samples.values.dtype.kind not in "iuf":
        raise ValueError(f"labels.{name} must hold positions, got {samples.values.dtype}")
    positions = samples.values.astype(float).reshape(len(samples.values), -1)
    seen = np.isfinite(positions).all(axis=1)
    if seen.sum() < 2:
        raise ValueError(f"labels.{name} has {seen.sum()} positions, which are no movement")
    return replace(samples, values=positions[seen], times_s=samples.times_s[seen])
