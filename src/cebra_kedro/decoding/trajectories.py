"""Trials of equal length as trajectories: stacked, chosen, and averaged over each direction.

Drawing them is left to ``plots``, scoring to ``reaching``.
"""

from __future__ import annotations

import numpy as np

N_DIRECTIONS = 8
"""Directions of the reaching task, 45° apart: direction ``i`` points to ``45 i`` degrees."""


def stack_trials(values: np.ndarray, trial: np.ndarray, bins_per_trial: int) -> np.ndarray:
    """The rows of each trial as one slice, in the order in which trials stand in the recording.

    Args:
        values: array (time, d) or (time,), e.g. an embedding or the position in cm.
        trial: integer array (time,) of trial ids; a trial is one contiguous run of rows.
        bins_per_trial: rows of every trial.

    Returns:
        Array (trial, bin, d), or (trial, bin), of the dtype of ``values``.

    Raises:
        ValueError: there are no rows, lengths differ, an id comes back after another one, or a
            trial has more or fewer rows.
    """
    values, trial = np.asarray(values), np.asarray(trial)
    _check_lengths("values", values, trial)
    _check_trials(trial, bins_per_trial)
    return values.reshape(-1, bins_per_trial, *values.shape[1:])


def trial_targets(target: np.ndarray, trial: np.ndarray, bins_per_trial: int) -> np.ndarray:
    """The target of each trial, in the order of :func:`stack_trials`.

    Args:
        target: integer array (time,) of direction ids, one throughout a trial.
        trial: integer array (time,) of trial ids.
        bins_per_trial: rows of every trial.

    Returns:
        Integer array (trial,).

    Raises:
        ValueError: as in :func:`stack_trials`, or a target changes during a trial.
    """
    target, trial = np.asarray(target), np.asarray(trial)
    _check_lengths("target", target, trial)
    of_bins = stack_trials(target, trial, bins_per_trial)
    changes = (of_bins != of_bins[:, :1]).any(axis=1)
    if changes.any():
        first = np.flatnonzero(changes)[0]
        raise ValueError(
            f"target must be one throughout a trial, got {np.unique(of_bins[first])} in trial "
            f"{trial[first * bins_per_trial]}; give the label of the trial, not of "
            "the movement"
        )
    return of_bins[:, 0]


def direction_average(
    values: np.ndarray,
    target: np.ndarray,
    trial: np.ndarray,
    bins_per_trial: int,
    *,
    n_directions: int = N_DIRECTIONS,
    normalise: bool = False,
) -> np.ndarray:
    """Mean trajectory of each direction, as in the notebook ``Demo_primate_reaching`` of CEBRA.

    Args:
        values: float array (time, d), e.g. an embedding or the hand position in cm.
        target: integer array (time,) of ids in 0 … n_directions - 1, one throughout a trial.
        trial: integer array (time,) of trial ids.
        bins_per_trial: rows of every trial.
        n_directions: how many directions there are, whether or not each has a trial here.
        normalise: divide the mean at each time step by its L2 norm, which puts it back onto the
            sphere on which the embedding of a cosine model lies. What the mean loses there is
            how much trials agree (its norm, 1 if they all do).

    Returns:
        Float64 array (direction, bin, d); a direction without trials is NaN.

    Raises:
        ValueError: as in :func:`trial_targets`, ``values`` is not (time, d) or not finite, an id
            is out of range, or a mean to be normalised is zero.
    """
    values = np.asarray(values)
    if values.ndim != 2:
        raise ValueError(f"values must be an array (time, d), got shape {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError(f"values must be finite, got {np.sum(~np.isfinite(values))} bad values")
    trials = stack_trials(values, trial, bins_per_trial)
    directions = trial_targets(target, trial, bins_per_trial)
    _check_directions(directions, n_directions)
    average = np.full((n_directions, *trials.shape[1:]), np.nan)
    for direction in np.unique(directions):
        average[direction] = trials[directions == direction].mean(axis=0, dtype=float)
    return _unit_norm(average) if normalise else average


def first_trials(trial_target: np.ndarray, per_direction: int) -> np.ndarray:
    """The first trials of each direction, to draw a few that nobody picked by their looks.

    Args:
        trial_target: integer array (trial,) as :func:`trial_targets` gives it.
        per_direction: at most so many of each direction, at least 1.

    Returns:
        Increasing integer array of places in ``trial_target``.

    Raises:
        ValueError: ``per_direction`` is less than 1.
    """
    if per_direction < 1:
        raise ValueError(f"per_direction must be at least 1, got {per_direction}")
    trial_target = np.asarray(trial_target)
    firsts = [
        np.flatnonzero(trial_target == direction)[:per_direction]
        for direction in np.unique(trial_target)
    ]
    return np.sort(np.concatenate([np.empty(0, int), *firsts]))


def _check_lengths(name: str, values: np.ndarray, trial: np.ndarray) -> None:
    if trial.ndim != 1 or not len(trial):
        raise ValueError(f"trial must be a non-empty array (time,), got shape {trial.shape}")
    if len(values) != len(trial):
        raise ValueError(
            f"{name} must have {len(trial)} rows like trial, got {len(values)}; "
            "select the same rows of both"
        )


def _check_trials(trial: np.ndarray, bins_per_trial: int) -> None:
    starts = np.flatnonzero(np.append(True, trial[1:] != trial[:-1]))
    lengths = np.diff(starts, append=len(trial))
    ids, counts = np.unique(trial[starts], return_counts=True)
    if (counts > 1).any():
        raise ValueError(
            f"each trial must be one contiguous run of rows, got trial {ids[counts > 1][0]} in "
            f"{counts.max()} runs; sort the rows by trial"
        )
    wrong = lengths != bins_per_trial
    if wrong.any():
        raise ValueError(
            f"each trial must have bins_per_trial = {bins_per_trial} rows, got "
            f"{lengths[wrong][0]} in trial {trial[starts[wrong][0]]}; "
            "leave incomplete trials out or correct bins_per_trial"
        )


def _check_directions(directions: np.ndarray, n_directions: int) -> None:
    if not np.issubdtype(directions.dtype, np.integer):
        raise ValueError(f"target must hold integer ids, got dtype {directions.dtype}")
    if directions.min() < 0 or directions.max() >= n_directions:
        raise ValueError(
            f"target must be in 0 … {n_directions - 1}, got {np.unique(directions)}; "
            "take condition ids modulo 8, or raise n_directions"
        )


def _unit_norm(average: np.ndarray) -> np.ndarray:
    norm = np.linalg.norm(average, axis=-1, keepdims=True)
    if (norm == 0).any():
        direction, time_bin = np.argwhere(norm[..., 0] == 0)[0]
        raise ValueError(
            f"the mean of direction {direction} at bin {time_bin} is zero and has no direction; "
            "average with normalise=False"
        )
    return average / norm
