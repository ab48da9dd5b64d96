"""Samples on a clock of their own: what is checked of them, and what lies between two of them."""

from __future__ import annotations

import numpy as np

_SHOWN_COLUMNS = 10


def typical_step(times_s: np.ndarray) -> float:
    """Median of the positive differences of times.

    Raises:
        ValueError: no two times differ.
    """
    steps = np.diff(np.asarray(times_s, dtype=np.float64))
    steps = steps[steps > 0]
    if not len(steps):
        raise ValueError(
            f"times_s must hold at least two different times, got {len(times_s)} samples; "
            "correct the clock"
        )
    return float(np.median(steps))


def on_clock(values: np.ndarray, times_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Samples that were taken, with their times."""
    values, times_s = np.asarray(values), np.asarray(times_s, dtype=np.float64)
    if times_s.ndim != 1 or values.ndim == 0 or len(values) != len(times_s):
        raise ValueError(
            f"times_s must have one time for each sample, got {times_s.shape} for values of shape "
            f"{values.shape}; correct the names of the arrays, or transpose the values"
        )
    wrong = np.flatnonzero(~np.isfinite(times_s))
    if len(wrong):
        raise ValueError(
            f"times_s must be finite, got {times_s[wrong[0]]} at sample {wrong[0]}; leave out "
            "samples without a time"
        )
    back = np.flatnonzero(np.diff(times_s) < 0)
    if len(back):
        before, after = times_s[back[0] : back[0] + 2]
        raise ValueError(
            f"times_s goes back at sample {back[0] + 1}, from {before} to {after} s; sort the "
            "samples by time, or correct where the clock was reset"
        )
    _check_columns(values)
    taken = finite_rows(values)
    return (values, times_s) if taken.all() else (values[taken], times_s[taken])


def _check_columns(values: np.ndarray) -> None:
    """Raise for columns without any value, as of rejected cells: no sample would be left."""
    if values.ndim != 2 or values.dtype.kind != "f" or not len(values):
        return
    is_empty = np.isnan(values).all(axis=0)
    if is_empty.any() and not is_empty.all():
        listed = ", ".join(map(str, np.flatnonzero(is_empty)[:_SHOWN_COLUMNS]))
        more = is_empty.sum() - _SHOWN_COLUMNS
        raise ValueError(
            f"{is_empty.sum()} of {len(is_empty)} columns have no value at all (counted from 0: "
            f"{listed}{f' and {more} more' if more > 0 else ''}), so that no sample has all; "
            "remove them from the array"
        )


def finite_rows(values: np.ndarray) -> np.ndarray:
    """Bool array (row,): whether every number of a row is finite."""
    if values.dtype.kind != "f":
        return np.ones(len(values), bool)
    return np.isfinite(values).all(axis=tuple(range(1, values.ndim)))


def distinct(
    times_s: np.ndarray, values: np.ndarray, average: bool, circular: bool
) -> tuple[np.ndarray, np.ndarray]:
    """One sample for each time: the average of those it has, or the last."""
    new = np.diff(times_s, prepend=-np.inf) > 0
    if new.all():
        return times_s, values
    first, stop = runs(np.ones(len(new), bool), new)
    averaged = group_means(values, first, stop, circular) if average else values[stop - 1]
    return times_s[first], averaged


def group_means(
    values: np.ndarray, first: np.ndarray, stop: np.ndarray, circular: bool
) -> np.ndarray:
    """Means of the rows [first, stop) of each group; groups ascend, and none is empty."""
    if circular:
        cosine = group_means(np.cos(values), first, stop, False)
        sine = group_means(np.sin(values), first, stop, False)
        return np.where(np.hypot(cosine, sine) < 1e-6, np.nan, np.arctan2(sine, cosine))
    ends = np.column_stack([first, stop]).ravel()  # reduceat sums what lies between groups too
    ends = ends[ends < len(values)]
    sums = np.add.reduceat(values, ends, axis=0, dtype=np.float64)[::2]
    return sums / (stop - first).reshape((-1,) + (1,) * (values.ndim - 1))


def longer(
    duration_s: np.ndarray | float, limit_s: np.ndarray | float, times_s: np.ndarray
) -> np.ndarray:
    """Whether durations exceed a limit by more than the noise of the clock."""
    noise = 4 * np.spacing(np.abs(times_s).max(initial=0))
    return np.greater(duration_s, np.multiply(limit_s, 1 + 1e-6) + noise)


def after_gap(times_s: np.ndarray, max_gap_s: float) -> np.ndarray:
    """Bool array (sample,): the sample before is too long ago."""
    return np.append(False, longer(np.diff(times_s), max_gap_s, times_s))[: len(times_s)]


def runs(mask: np.ndarray, begins: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and past-the-last row of each run of true rows; none goes on where ``begins``."""
    first = mask & (begins | ~np.append(False, mask[:-1]))
    last = mask & np.append(begins[1:] | ~mask[1:], True)
    return np.flatnonzero(first), np.flatnonzero(last) + 1


def interpolated(
    values: np.ndarray, times_s: np.ndarray, at_s: np.ndarray, max_gap_s: float, circular: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Which of the times lie between two samples, and the value at each of those."""
    left = np.searchsorted(times_s, at_s, side="right") - 1
    right = np.searchsorted(times_s, at_s)
    found = (left >= 0) & (right < len(times_s))
    gap = times_s[right[found]] - times_s[left[found]]
    short = ~longer(gap, max_gap_s, times_s)
    found[found], gap = short, gap[short]
    left, right = left[found], right[found]
    weight = (at_s[found] - times_s[left]) / np.where(gap > 0, gap, 1)
    return found, between(values[left], values[right], weight, circular)


def between(a: np.ndarray, b: np.ndarray, weight: np.ndarray, circular: bool) -> np.ndarray:
    """From ``a`` (weight 0) to ``b`` (weight 1), row by row, on a line or along the shorter arc."""
    weight = weight.reshape((-1,) + (1,) * (a.ndim - 1))
    if circular:
        return wrapped(a + weight * wrapped(np.subtract(b, a, dtype=np.float64)))
    return (1 - weight) * a + weight * b


def wrapped(angle: np.ndarray) -> np.ndarray:
    """Angles in [−π, π)."""
    return (angle + np.pi) % (2 * np.pi) - np.pi


def check_positive(name: str, value: float) -> None:
    """Refuse what is not above zero."""
    if not value > 0:
        raise ValueError(f"{name} must be positive, got {value}; correct {name}")


def check_rows(name: str, values: np.ndarray, expected: int) -> None:
    """Refuse an array of another length."""
    if values.ndim == 0 or len(values) != expected:
        raise ValueError(f"{name} must have {expected} rows, got shape {values.shape}")
