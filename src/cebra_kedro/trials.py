"""Trials of equal length as trajectories: stacked, chosen, and averaged over each class.

Drawing them is left to ``plots``, scoring to ``decoding``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def stack_trials(values: np.ndarray, trial: np.ndarray) -> np.ndarray:
    """The rows of each trial as one slice, in the order in which trials stand in the recording.

    Args:
        values: array (time, d) or (time,), e.g. an embedding or the position in cm.
        trial: integer array (time,) of trial ids; a trial is one contiguous run of rows, and all
            have as many rows as the first one.

    Returns:
        Array (trial, bin, d), or (trial, bin), of the dtype of ``values``.

    Raises:
        ValueError: there are no rows, lengths differ, an id comes back after another one, or a
            trial has more or fewer rows.
    """
    values, trial = np.asarray(values), np.asarray(trial)
    _check_lengths("values", values, trial)
    return values.reshape(-1, _bins_per_trial(trial), *values.shape[1:])


def trial_classes(label: np.ndarray, trial: np.ndarray) -> np.ndarray:
    """The class of each trial, in the order of :func:`stack_trials`.

    Args:
        label: integer array (time,) of class ids, one throughout a trial.
        trial: integer array (time,) of trial ids.

    Returns:
        Integer array (trial,).

    Raises:
        ValueError: as in :func:`stack_trials`, or the class changes during a trial.
    """
    label, trial = np.asarray(label), np.asarray(trial)
    _check_lengths("label", label, trial)
    of_bins = stack_trials(label, trial)
    changes = (of_bins != of_bins[:, :1]).any(axis=1)
    if changes.any():
        first = np.flatnonzero(changes)[0]
        raise ValueError(
            f"label must be one throughout a trial, got {np.unique(of_bins[first])} in trial "
            f"{trial[first * of_bins.shape[1]]}; give the label of the trial, not of the movement"
        )
    return of_bins[:, 0]


def class_average(
    values: np.ndarray,
    label: np.ndarray,
    trial: np.ndarray,
    *,
    classes: Sequence[int] | np.ndarray,
    normalise: bool = False,
) -> np.ndarray:
    """Mean trajectory of each class, as in the notebook ``Demo_primate_reaching`` of CEBRA.

    Args:
        values: float array (time, d), e.g. an embedding or the hand position in cm.
        label: integer array (time,) of class ids, one throughout a trial.
        trial: integer array (time,) of trial ids.
        classes: the ids, whether or not each has a trial here.
        normalise: divide the mean at each time step by its L2 norm, which puts it back onto the
            sphere on which the embedding of a cosine model lies. What the mean loses there is
            how much trials agree (its norm, 1 if they all do).

    Returns:
        Float64 array (class, bin, d); a class without trials is NaN.

    Raises:
        ValueError: as in :func:`trial_classes`, ``values`` is not (time, d) or not finite, an id
            is not among ``classes``, or a mean to be normalised is zero.
    """
    values, classes = np.asarray(values), np.asarray(classes)
    if values.ndim != 2:
        raise ValueError(f"values must be an array (time, d), got shape {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError(f"values must be finite, got {np.sum(~np.isfinite(values))} bad values")
    trials, of_trial = stack_trials(values, trial), trial_classes(label, trial)
    _check_classes(of_trial, classes)
    average = np.full((len(classes), *trials.shape[1:]), np.nan)
    for number, class_id in enumerate(classes):
        if (of_trial == class_id).any():
            average[number] = trials[of_trial == class_id].mean(axis=0, dtype=float)
    return _unit_norm(average, classes) if normalise else average


def first_trials(trial_class: np.ndarray, per_class: int) -> np.ndarray:
    """The first trials of each class, to draw a few that nobody picked by their looks.

    Args:
        trial_class: integer array (trial,) as :func:`trial_classes` gives it.
        per_class: at most so many of each class, at least 1.

    Returns:
        Increasing integer array of places in ``trial_class``.

    Raises:
        ValueError: ``per_class`` is less than 1.
    """
    if per_class < 1:
        raise ValueError(f"per_class must be at least 1, got {per_class}")
    trial_class = np.asarray(trial_class)
    firsts = [
        np.flatnonzero(trial_class == class_id)[:per_class] for class_id in np.unique(trial_class)
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


def _bins_per_trial(trial: np.ndarray) -> int:
    """Rows of every trial."""
    starts = np.flatnonzero(np.append(True, trial[1:] != trial[:-1]))
    lengths = np.diff(starts, append=len(trial))
    ids, counts = np.unique(trial[starts], return_counts=True)
    if (counts > 1).any():
        raise ValueError(
            f"each trial must be one contiguous run of rows, got trial {ids[counts > 1][0]} in "
            f"{counts.max()} runs; sort the rows by trial"
        )
    wrong = lengths != lengths[0]
    if wrong.any():
        raise ValueError(
            f"trials must have equally many rows, got {lengths[0]} in trial {trial[0]} and "
            f"{lengths[wrong][0]} in trial {trial[starts[wrong][0]]}; leave incomplete trials out"
        )
    return int(lengths[0])


def _check_classes(of_trial: np.ndarray, classes: np.ndarray) -> None:
    if not np.issubdtype(of_trial.dtype, np.integer):
        raise ValueError(f"label must hold integer ids, got dtype {of_trial.dtype}")
    if not np.isin(of_trial, classes).all():
        raise ValueError(
            f"label must hold ids of classes, {', '.join(map(str, classes))}, "
            f"got {np.unique(of_trial)}"
        )


def _unit_norm(average: np.ndarray, classes: np.ndarray) -> np.ndarray:
    norm = np.linalg.norm(average, axis=-1, keepdims=True)
    if (norm == 0).any():
        number, time_bin = np.argwhere(norm[..., 0] == 0)[0]
        raise ValueError(
            f"the mean of class {classes[number]} at bin {time_bin} is zero and has no direction; "
            "average with normalise=False"
        )
    return average / norm
