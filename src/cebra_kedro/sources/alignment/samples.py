"""Samples → the same bins, and what becomes of bins without one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from cebra_kedro.sources.alignment.bins import Bins
from cebra_kedro.sources.alignment.clock import (
    between,
    check_positive,
    check_rows,
    distinct,
    finite_rows,
    group_means,
    interpolated,
    longer,
    on_clock,
    runs,
)

How = Literal["mean", "nearest", "interpolate", "previous"]
Rule = Literal["refuse", "drop", "interpolate"]


@dataclass(frozen=True, eq=False)
class Sampled:
    """Samples on bins.

    Attributes:
        values: array (bin, …); where missing, NaN, or 0, False or empty text.
        missing: bool array (bin,).
    """

    values: np.ndarray
    missing: np.ndarray


@dataclass(frozen=True, eq=False)
class Filled:
    """Values (bin, …) after missing ones were dealt with; ``keep``: bool array (bin,)."""

    values: np.ndarray
    keep: np.ndarray


def sample_at(
    values: np.ndarray,
    times_s: np.ndarray,
    bins: Bins,
    how: How,
    *,
    max_gap_s: float,
    circular: bool = False,
) -> Sampled:
    """Sample what was recorded on a clock of its own on bins.

    Samples of one time are averaged first (``mean``, ``interpolate``), or the last one counts.

    Args:
        values: array (sample, …) of numbers, true/false or text.
        times_s: array (sample,), never going back.
        bins: the bins.
        how: ``mean`` of the samples in a bin; ``previous``: the last one at or before its end; both
            never look past the bin. ``nearest`` to its centre (the earlier of two) and
            ``interpolate`` at its centre look ahead, by at most ``max_gap_s``.
        max_gap_s: a bin is missing if its centre lies between two samples further apart
            (``nearest``, ``interpolate``), its end longer after the last sample (``previous``), or
            its centre more than half of it beyond the first or last sample (``nearest``).
        circular: values are angles in rad: averaged as unit vectors (opposite ones have no mean and
            are missing), interpolated along the shorter arc; results in [−π, π].

    Returns:
        Values of the same type, but float64 if averaged or interpolated.

    Raises:
        ValueError: the clock goes back, or classes would be averaged.
    """
    if how not in get_args(How):
        raise ValueError(f"how must be one of {', '.join(get_args(How))}, got {how!r}")
    check_positive("max_gap_s", max_gap_s)
    values, times_s = on_clock(values, times_s)
    if values.dtype.kind not in "fiubU":
        raise ValueError(f"values must be numbers, true/false or text, got {values.dtype}")
    averages = how in ("mean", "interpolate")
    if averages and values.dtype.kind != "f":
        raise ValueError(
            f"how: {how} would average {values.dtype} values, which are classes; use previous or "
            "nearest, or convert measurements to float"
        )
    times_s, values = distinct(times_s, values, averages, circular)
    if how == "mean":
        found, rows = _means(values, times_s, bins, circular)
    elif how == "previous":
        row = np.searchsorted(times_s, bins.stop_s, side="right") - 1
        found = row >= 0
        found[found] = ~longer(bins.stop_s[found] - times_s[row[found]], max_gap_s, times_s)
        rows = values[row[found]]
    elif how == "nearest":
        found, rows = _nearest(values, times_s, bins.centre_s, max_gap_s)
    else:
        found, rows = interpolated(values, times_s, bins.centre_s, max_gap_s, circular)
    blank = np.nan if rows.dtype.kind == "f" else np.zeros((), rows.dtype)
    sampled = np.full((len(found), *rows.shape[1:]), blank, rows.dtype)
    sampled[found] = rows
    return Sampled(sampled, ~found | ~finite_rows(sampled))


def lost_stretches(
    values: np.ndarray, times_s: np.ndarray, bins: Bins
) -> dict[int | str, tuple[int, int]]:
    """Which classes lose stretches, runs of samples, where bins take the last sample of each.

    Args:
        values: array (sample,) of classes.
        times_s: array (sample,), never going back.
        bins: the bins.

    Returns:
        Class → its stretches that no bin shows, and all that have a sample in a bin.
    """
    values, times_s = on_clock(values, times_s)
    stretch = np.cumsum(np.append(0, values[1:] != values[:-1]))
    last = np.searchsorted(times_s, bins.stop_s, side="right") - 1
    place = np.searchsorted(bins.start_s, times_s, side="right") - 1
    inside = (place >= 0) & (times_s < bins.stop_s[place])
    there, first = np.unique(stretch[inside], return_index=True)
    of_class = values[inside][first]
    lost = ~np.isin(there, stretch[last[last >= 0]])
    return {
        one.item(): (int(lost[of_class == one].sum()), int((of_class == one).sum()))
        for one in np.unique(of_class)
    }


def fill_missing(
    values: np.ndarray,
    missing: np.ndarray,
    epoch: np.ndarray,
    rule: Rule,
    *,
    longest_bins: int = 0,
    circular: bool = False,
) -> Filled:
    """Deal with bins that have no value.

    Args:
        values: array (bin, …).
        missing: bool array (bin,).
        epoch: integer array (bin,), see :class:`Bins`.
        rule: ``refuse`` them; ``drop`` them; or ``interpolate`` runs between two values of an epoch
            (numbers on a line, angles along the shorter arc, classes if both sides are the same)
            and drop the rest.
        longest_bins: longest run that is interpolated.
        circular: values are angles in rad.

    Raises:
        ValueError: bins are missing and the rule is ``refuse``, or an option does not fit.
    """
    values, missing, epoch = np.asarray(values), np.asarray(missing, bool), np.asarray(epoch)
    if rule not in get_args(Rule):
        raise ValueError(f"rule must be one of {', '.join(get_args(Rule))}, got {rule!r}")
    if rule == "interpolate" and longest_bins < 1:
        raise ValueError(f"longest_bins must be at least 1 to interpolate, got {longest_bins}")
    check_rows("missing", missing, len(values))
    check_rows("epoch", epoch, len(values))
    begins = np.diff(epoch, prepend=-1) != 0
    first, stop = runs(missing, begins)
    if rule == "refuse" and len(first):
        worst = np.argmax(stop - first)
        raise ValueError(
            f"{missing.sum()} of {len(missing)} bins have no value, the longest run "
            f"{stop[worst] - first[worst]} bins from bin {first[worst]}; leave them out by "
            "missing: {rule: drop}, or fill short runs by {rule: interpolate, longest_s: 0.5}"
        )
    if rule != "interpolate":
        return Filled(values, ~missing)
    inside = ~begins[first] & ~np.append(begins, True)[stop] & (stop - first <= longest_bins)
    return _fill_runs(values, missing, first[inside], stop[inside], circular)


def _means(
    values: np.ndarray, times_s: np.ndarray, bins: Bins, circular: bool
) -> tuple[np.ndarray, np.ndarray]:
    first = np.searchsorted(times_s, bins.start_s)
    stop = np.searchsorted(times_s, bins.stop_s)
    found = stop > first
    return found, group_means(values, first[found], stop[found], circular)


def _nearest(
    values: np.ndarray, times_s: np.ndarray, at_s: np.ndarray, max_gap_s: float
) -> tuple[np.ndarray, np.ndarray]:
    if not len(times_s):
        return np.zeros(len(at_s), bool), values
    left = np.maximum(np.searchsorted(times_s, at_s, side="right") - 1, 0)
    right = np.minimum(np.searchsorted(times_s, at_s), len(times_s) - 1)
    row = np.where(at_s - times_s[left] <= times_s[right] - at_s, left, right)
    # on a sample, or beyond the first or last one, there is one candidate and no gap
    reach = np.where(left == right, 2 * np.abs(times_s[row] - at_s), times_s[right] - times_s[left])
    found = ~longer(reach, max_gap_s, times_s)
    return found, values[row[found]]


def _fill_runs(
    values: np.ndarray, missing: np.ndarray, first: np.ndarray, stop: np.ndarray, circular: bool
) -> Filled:
    length = stop - first
    before, after = np.repeat(first - 1, length), np.repeat(stop, length)
    row = before + 1 + np.arange(length.sum()) - np.repeat(np.cumsum(length) - length, length)
    keep, filled = ~missing, values.copy()
    keep[row] = True
    if values.dtype.kind == "f":
        weight = (row - before) / (after - before)
        filled[row] = between(values[before], values[after], weight, circular)
    else:
        filled[row] = values[before]
        keep[row] = (values[before] == values[after]).all(axis=tuple(range(1, values.ndim)))
    return Filled(filled, keep)
