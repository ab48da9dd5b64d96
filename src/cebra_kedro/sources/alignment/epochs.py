"""Which time is kept: epochs of movement, and borders where something is missing."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from cebra_kedro.sources.alignment.clock import (
    after_gap,
    check_positive,
    check_rows,
    distinct,
    interpolated,
    longer,
    on_clock,
    runs,
    typical_step,
)

_GAP_IN_STEPS = 5


def epochs_where(
    mask: np.ndarray, times_s: np.ndarray, *, min_duration_s: float = 0.0, max_gap_s: float
) -> np.ndarray:
    """Runs of true samples as epochs.

    Args:
        mask: bool array (sample,); of samples of one time the last counts.
        times_s: array (sample,), never going back.
        min_duration_s: shorter epochs are left out.
        max_gap_s: samples further apart are not of one run.

    Returns:
        Float array (epoch, 2) of start and stop. A sample holds for the typical step, or until the
        next one if that is sooner.
    """
    mask, times_s = on_clock(np.asarray(mask, bool), times_s)
    check_positive("max_gap_s", max_gap_s)
    times_s, mask = distinct(times_s, mask, False, False)
    if not mask.any():
        return np.zeros((0, 2))
    first, stop = runs(mask, after_gap(times_s, max_gap_s))
    held = times_s[stop - 1] + typical_step(times_s)
    epochs = np.column_stack([times_s[first], np.minimum(held, np.append(times_s, np.inf)[stop])])
    return epochs[~longer(min_duration_s, epochs[:, 1] - epochs[:, 0], times_s)]


def speed(
    position: np.ndarray, times_s: np.ndarray, sigma_s: float, *, max_gap_s: float | None = None
) -> np.ndarray:
    """Magnitude of the velocity of a smoothed position.

    Position and clock are smoothed alike, over samples, so that steady motion has its exact speed
    at borders and on an irregular clock as well.

    Args:
        position: array (sample,) or (sample, dim); NaN where the animal was not seen.
        times_s: array (sample,), never going back.
        sigma_s: standard deviation, in samples of the typical step.
        max_gap_s: positions further apart have nothing to do with each other; None for five typical
            steps.

    Returns:
        Float array (sample,), in units of position per s; interpolated where a position is missing,
        NaN in gaps and where a sample is alone between two.
    """
    check_positive("sigma_s", sigma_s)
    seen, seen_s = on_clock(np.asarray(position, dtype=np.float64), times_s)
    seen_s, seen = distinct(seen_s, seen, True, False)
    if len(seen_s) < 2:
        return np.full(len(position), np.nan)
    step = typical_step(seen_s)
    max_gap_s = _GAP_IN_STEPS * step if max_gap_s is None else max_gap_s
    check_positive("max_gap_s", max_gap_s)
    border = np.flatnonzero(after_gap(seen_s, max_gap_s))
    pieces = [
        _run_speed(track, clock, sigma_s / step)
        for track, clock in zip(
            np.split(seen.reshape(len(seen), -1), border), np.split(seen_s, border), strict=True
        )
    ]
    asked_s = np.asarray(times_s, dtype=np.float64)
    found, rows = interpolated(np.concatenate(pieces), seen_s, asked_s, max_gap_s, False)
    speeds = np.full(len(asked_s), np.nan)
    speeds[found] = rows
    return speeds


def split_at_gaps(epoch: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """Trial ids of the bins that are kept: a new one where an epoch begins or bins were dropped.

    Args:
        epoch: integer array (bin,), see :class:`Bins`.
        keep: bool array (bin,).

    Returns:
        Int array (kept,), 0, 1, … in order of time.
    """
    check_rows("keep", np.asarray(keep), len(epoch))
    kept = np.flatnonzero(keep)
    kept_epoch = np.asarray(epoch)[kept]
    begins = (np.diff(kept) != 1) | (np.diff(kept_epoch) != 0)
    return np.cumsum(np.append(0, begins))[: len(kept)]


def _run_speed(position: np.ndarray, times_s: np.ndarray, sigma_samples: float) -> np.ndarray:
    if len(times_s) < 2:
        return np.full(len(times_s), np.nan)
    track = np.column_stack([times_s - times_s[0], position])
    radius = int(min(np.ceil(4 * sigma_samples), len(track)))
    track = ndimage.gaussian_filter1d(track, sigma_samples, axis=0, mode="nearest", radius=radius)
    return np.linalg.norm(np.gradient(track[:, 1:], track[:, 0], axis=0), axis=1)
