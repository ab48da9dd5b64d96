"""Time bins of the epochs that are kept, and spikes counted in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import ndimage

from cebra_kedro.sources.alignment.clock import check_positive, check_rows, finite_rows

_MOST_BINS = 2**28
"""Three days of 1 ms; more is a clock in another unit."""


@dataclass(frozen=True, eq=False)
class Bins:
    """Time bins [start, stop), ascending; those of an epoch adjoin, and none crosses its border.

    Attributes:
        start_s: float array (bin,) of left edges.
        width_s: width of a bin.
        epoch: integer array (bin,), ascending: the row of the epoch that a bin lies in.
    """

    start_s: np.ndarray
    width_s: float
    epoch: np.ndarray

    @property
    def stop_s(self) -> np.ndarray:
        """Right edges: exactly the next left edge in an epoch, so that no spike is between two."""
        following = np.append(self.start_s, np.inf)[1:]
        adjoins = np.append(self.epoch, -1)[1:] == self.epoch
        stop = np.minimum(self.start_s + self.width_s, following)
        return np.where(adjoins, following, stop)

    @property
    def centre_s(self) -> np.ndarray:
        """Midpoints."""
        return self.start_s + self.width_s / 2


def epoch_bins(epochs: np.ndarray, width_s: float) -> Bins:
    """The whole bins that fit in each epoch, from its start; float noise costs no bin.

    Args:
        epochs: array (epoch, 2) of start and stop, sorted, not overlapping.
        width_s: width of a bin.

    Raises:
        ValueError: an epoch is empty or out of order, or the width does not suit the clock.
    """
    epochs = np.asarray(epochs, dtype=np.float64)
    if epochs.ndim != 2 or epochs.shape[1] != 2:
        raise ValueError(
            f"epochs must be an array (epoch, 2) of start and stop, got {epochs.shape}"
        )
    check_positive("width_s", width_s)
    latest = np.abs(epochs[np.isfinite(epochs)]).max(initial=0)
    noise = 1e-6 + 4 * np.spacing(latest) / width_s  # in bins
    start, stop = epochs.T
    _check_epochs(start, stop, noise * width_s)
    if noise > 0.1:
        raise ValueError(
            f"width_s {width_s:g} is below what a clock at {latest:g} s resolves; correct the unit "
            "of the times (s), or subtract the recording's start from all of them"
        )
    whole = np.floor((stop - start) / width_s + noise)
    if whole.sum() > _MOST_BINS:
        raise ValueError(
            f"width_s {width_s:g} makes {whole.sum():.0f} bins, more than {_MOST_BINS}; correct "
            "the unit of the times (s), or raise width_s"
        )
    count = whole.astype(np.int64)
    within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return Bins(
        np.repeat(start, count) + within * width_s, width_s, np.repeat(np.arange(len(count)), count)
    )


def spike_counts(spikes: Sequence[np.ndarray], bins: Bins) -> np.ndarray:
    """Count spikes in bins.

    Args:
        spikes: times of each unit, arrays (spike,) in any order.
        bins: the bins, half-open.

    Returns:
        Array (bin, unit) of the smallest unsigned integer type that holds the counts.

    Raises:
        ValueError: the times of a unit are not finite numbers in one dimension.
    """
    stop_s = bins.stop_s
    columns = [_unit_counts(times, bins.start_s, stop_s, unit) for unit, times in enumerate(spikes)]
    return np.stack(columns, axis=1) if columns else np.zeros((len(stop_s), 0), np.uint8)


def smooth(counts: np.ndarray, bins: Bins, sigma_s: float, *, causal: bool) -> np.ndarray:
    """Gaussian smoothing over time, within epochs.

    A bin becomes the mean of its epoch's bins, weighted by a Gaussian cut at 4 σ: near a border by
    what of it lies inside, so that a constant stays one. A row that is not finite stays NaN and has
    no weight in others.

    Args:
        counts: array (bin, …) of counts or traces.
        bins: the bins.
        sigma_s: standard deviation.
        causal: weigh only the present and the past (half a Gaussian).

    Returns:
        Float32 array of the same shape.
    """
    counts = np.asarray(counts)
    check_positive("sigma_s", sigma_s)
    check_rows("counts", counts, len(bins.start_s))
    smoothed = np.empty(counts.shape, np.float32)
    border = np.flatnonzero(np.diff(bins.epoch)) + 1
    edges = [0, *border.tolist(), len(counts)]
    radius = int(min(np.ceil(4 * sigma_s / bins.width_s), max(np.diff(edges))))
    offset = np.arange(-radius, 1 if causal else radius + 1)
    kernel = np.exp(-0.5 * (offset * bins.width_s / sigma_s) ** 2)
    origin = radius - len(kernel) // 2  # the last tap of a causal kernel is the present
    for first, last in pairwise(edges):
        _smooth_epoch(counts[first:last], kernel, origin, smoothed[first:last])
    return smoothed


def _check_epochs(start: np.ndarray, stop: np.ndarray, noise_s: float) -> None:
    empty = ~(stop > start) | np.isinf(start) | np.isinf(stop)
    early = np.append(False, start[1:] < stop[:-1] - noise_s)[: len(start)]
    if not (empty | early).any():
        return
    bad = int(np.argmax(empty | early))
    interval = f"epoch {bad} is from {start[bad]} to {stop[bad]} s"
    if empty[bad]:
        raise ValueError(f"{interval}, but must stop after it starts; correct it or leave it out")
    raise ValueError(
        f"{interval}, but epoch {bad - 1} lasts until {stop[bad - 1]} s; sort the epochs and merge "
        "those that overlap"
    )


def _unit_counts(
    times_s: np.ndarray, start_s: np.ndarray, stop_s: np.ndarray, unit: int
) -> np.ndarray:
    times_s = np.asarray(times_s)
    if times_s.ndim != 1 or times_s.dtype.kind not in "fiu" or not np.isfinite(times_s).all():
        raise ValueError(
            f"spikes of unit {unit} must be an array (spike,) of finite times, got "
            f"{times_s.dtype} of shape {times_s.shape}, perhaps with NaN; leave out such spikes"
        )
    times_s = np.sort(times_s.astype(np.float64))
    bin_of = np.searchsorted(start_s, times_s, side="right") - 1
    within = bin_of >= 0
    within[within] = times_s[within] < stop_s[bin_of[within]]
    counts = np.bincount(bin_of[within], minlength=len(start_s))
    return counts.astype(np.min_scalar_type(int(counts.max(initial=0))))


def _smooth_epoch(
    values: np.ndarray, kernel: np.ndarray, origin: int, smoothed: np.ndarray
) -> None:
    taken = finite_rows(values)
    by_row = (-1,) + (1,) * (values.ndim - 1)
    if not taken.all():
        values = np.where(taken.reshape(by_row), values, 0)
    options = {"axis": 0, "mode": "constant", "origin": origin}
    weight = ndimage.correlate1d(taken.astype(np.float64), kernel, **options)
    weight[~taken] = np.nan
    ndimage.correlate1d(values, kernel, output=smoothed, **options)
    smoothed /= weight.reshape(by_row)
