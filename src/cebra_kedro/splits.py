"""Which time bins belong to training, validation and test: by trial, repeat or block.

Only indices are made here. Random time points leak into their neighbours; there is a split by them
for comparison with others' numbers, and its name says "optimistic". Cutting arrays and choosing a
fold are left to the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from cebra_kedro.recording import Recording

TRAIN, VALID, TEST = 0, 1, 2
PART_NAMES = ("train", "valid", "test")
"""Names of the codes: ``PART_NAMES[TEST] == "test"``."""
UNUSED = -1
"""Code of training bins that are left out, see :func:`first_training_trials`."""


def split_recording(recording: Recording, by: str, **options: Any) -> np.ndarray:
    """The parts of a recording by the name of :data:`SPLITS`.

    Args:
        recording: what is split.
        by: name of the rule.
        options: those of the rule.

    Returns:
        int8 array (fold, time) of the codes TRAIN, VALID and TEST.

    Raises:
        ValueError: the recording does not have what the rule needs; the message names it.
    """
    try:
        return SPLITS[by](recording, **options)
    except ValueError as error:
        raise ValueError(f"{recording.name} (split by {by}): {error}") from error


def trials_from_direction(direction: np.ndarray) -> np.ndarray:
    """Number the round trips on a linear track as the published rat data do.

    A trial lasts for two runs. As published, a border is drawn at the *last* bin of the run that
    ends, so this one bin is counted into the following trial; an odd last run is a trial of its
    own. One without any change of direction is a single trial.

    Args:
        direction: integer or bool array (time,), the running direction in each bin.

    Returns:
        int64 array (time,) of trial numbers 0, 1, 2, ... in order of time.

    Raises:
        ValueError: ``direction`` is empty or not one-dimensional.

    Source:
        ``cebra/datasets/hippocampus.py``, ``SingleRatTrialSplitDataset._split``, cebra 0.6.1;
        followed exactly, the early border included.

    Example:
        >>> trials_from_direction(np.array([0, 0, 1, 1, 0, 0, 1, 1])).tolist()
        [0, 0, 0, 1, 1, 1, 1, 1]
    """
    direction = _one_dimensional("direction", direction)
    changes = np.flatnonzero(direction[1:] != direction[:-1])
    starts = np.zeros(direction.size, np.int64)
    starts[changes[1::2]] = 1
    return np.cumsum(starts)


def nested_trial_folds(trial: np.ndarray, n_folds: int = 3) -> np.ndarray:
    """Split whole trials into train, valid and test, once for each fold.

    The trials are cut in order into ``n_folds`` outer blocks, so that every part sees the
    beginning, middle and end of the session, and each block again into ``n_folds`` folds. Fold k
    holds out the k-th fold of each block: its first half (the larger if odd) is test, its second
    half valid; everything else is train. Earlier blocks and folds get the remainders.

    Args:
        trial: integer array (time,) of trial ids; each trial is one contiguous run of bins.
        n_folds: number of folds, and of outer blocks, at least 2. Published: 3.

    Returns:
        int8 array (fold, time) of the codes TRAIN, VALID and TEST.

    Raises:
        ValueError: a trial id returns after another trial, or there are too few trials for every
            part of every fold to get one (16 are needed for 3 folds).

    Source:
        ``cebra/datasets/hippocampus.py``, ``SingleRatTrialSplitDataset._split``, cebra 0.6.1
        (there fixed at 3 folds and silently empty parts below 16 trials). Its ``wo_test`` lists
        the train before the valid trials; :func:`rows` keeps the order of time.
    """
    number = _trial_numbers(_one_dimensional("trial", trial))
    n_trials = int(number[-1]) + 1
    if n_folds < 2:
        raise ValueError(f"n_folds must be at least 2, got {n_folds}")
    # The largest outer block must hold two trials in its smallest fold: one test, one valid.
    n_needed = n_folds * (2 * n_folds - 1) + 1
    if n_trials < n_needed:
        raise ValueError(
            f"trial must hold at least {n_needed} trials for {n_folds} nested folds with "
            f"non-empty train, valid and test parts, got {n_trials}; record or simulate more "
            "trials, or lower n_folds"
        )
    part = np.full((n_folds, n_trials), TRAIN, np.int8)
    for block in np.array_split(np.arange(n_trials), n_folds):
        for fold, held_out in enumerate(np.array_split(block, n_folds)):
            test, valid = np.array_split(held_out, 2)
            part[fold, test] = TEST
            part[fold, valid] = VALID
    return part[:, number]


def interleaved_trial_folds(trial: np.ndarray, n_folds: int = 3) -> np.ndarray:
    """Split whole trials into train, valid and test in turns, once for each fold.

    Of every ``n_folds`` trials in a row, fold k tests on the k-th and validates on the next; all
    others are train. It needs no more trials than folds, where the nested split needs many.

    Args:
        trial: integer array (time,) of trial ids; each trial is one contiguous run of bins.
        n_folds: number of folds, at least 3, so that each has training trials.

    Returns:
        int8 array (fold, time) of the codes TRAIN, VALID and TEST.

    Raises:
        ValueError: there are fewer folds than 3, or fewer trials than folds.
    """
    number = _trial_numbers(_one_dimensional("trial", trial))
    n_trials = int(number[-1]) + 1
    if n_folds < 3 or n_trials < n_folds:
        raise ValueError(
            f"interleaved folds must be at least 3 and at most the number of trials ({n_trials}), "
            f"got {n_folds}; record more trials, or split by block"
        )
    turn = np.arange(n_trials) % n_folds
    part = np.full((n_folds, n_trials), TRAIN, np.int8)
    for fold in range(n_folds):
        part[fold, turn == (fold + 1) % n_folds] = VALID
        part[fold, turn == fold] = TEST
    return part[:, number]


def contiguous_blocks(
    n_time: int, fractions: tuple[float, float, float] = (0.7, 0.1, 0.2)
) -> np.ndarray:
    """Split time into three contiguous blocks: train, then valid, then test.

    Args:
        n_time: number of time bins.
        fractions: of the bins, for train, valid and test; not negative, with sum 1. A part with
            fraction 0 stays empty. Borders are rounded to the nearest bin.

    Returns:
        int8 array (time,) of the codes TRAIN, VALID and TEST.

    Raises:
        ValueError: the fractions are not a partition, or a part wanted would get no bin.
    """
    if len(fractions) != len(PART_NAMES) or min(fractions) < 0 or abs(sum(fractions) - 1) > 1e-9:
        raise ValueError(
            f"fractions must be three non-negative numbers (train, valid, test) with sum 1, "
            f"got {tuple(fractions)}"
        )
    borders = np.rint(np.cumsum(fractions) * n_time).astype(np.int64)
    sizes = np.diff(borders, prepend=0)
    for name, fraction, size in zip(PART_NAMES, fractions, sizes, strict=True):
        if fraction > 0 and size == 0:
            raise ValueError(
                f"fractions {tuple(fractions)} leave no bin for {name} among n_time={n_time}; "
                f"raise its fraction, or set it to 0"
            )
    return np.repeat(np.array([TRAIN, VALID, TEST], np.int8), sizes)


def repeat_split(repeat: np.ndarray, *, test_repeat: int = 9, n_repeats: int = 10) -> np.ndarray:
    """Hold out one repeat of a stimulus for testing, and the last of the others for validation.

    Args:
        repeat: integer array (time,) of repeat ids 0 … n_repeats − 1; each is a contiguous run.
        test_repeat: the repeat to test on, counted from 0. Published: 9, the last one.
        n_repeats: number of repeats that there must be, at least 3.

    Returns:
        int8 array (time,) of the codes TRAIN, VALID and TEST.

    Raises:
        ValueError: there are other repeats than these, or no such test repeat.

    Source:
        ``_split`` in ``cebra/datasets/allen/ca_movie_decoding.py``, cebra 0.6.1, which trains on
        all repeats but the tested one; the validation repeat is ours.

    Example:
        >>> repeat_split(np.array([0, 0, 1, 1, 2, 2]), test_repeat=2, n_repeats=3).tolist()
        [0, 0, 1, 1, 2, 2]
    """
    repeat = _one_dimensional("repeat", repeat)
    if n_repeats < len(PART_NAMES) or not 0 <= test_repeat < n_repeats:
        raise ValueError(
            f"test_repeat must be in 0 … n_repeats - 1 with n_repeats at least 3, got test_repeat "
            f"{test_repeat} and n_repeats {n_repeats}"
        )
    found = np.unique(repeat)
    if not np.array_equal(found, np.arange(n_repeats)):
        raise ValueError(
            f"repeat must hold the repeats 0 … {n_repeats - 1}, got {found.tolist()}; correct "
            "n_repeats, or number the repeats in order"
        )
    _trial_numbers(repeat)  # each repeat is one run
    valid_repeat = max(set(range(n_repeats)) - {test_repeat})
    part = np.full(repeat.size, TRAIN, np.int8)
    part[repeat == valid_repeat] = VALID
    part[repeat == test_repeat] = TEST
    return part


def optimistic_random_rows(
    n_time: int, fractions: tuple[float, float, float] = (0.7, 0.1, 0.2), *, seed: int
) -> np.ndarray:
    """Split single time bins at random, with parts of the same sizes as contiguous blocks.

    Optimistic: each test bin has training bins as neighbours, which nearly tell its label, so
    scores are higher than on unseen time. Only where bins are independent of each other does it
    equal :func:`contiguous_blocks`. For comparison with numbers obtained in this way.

    Args:
        n_time: number of time bins.
        fractions: of the bins, for train, valid and test; as in :func:`contiguous_blocks`.
        seed: seed of the permutation.

    Returns:
        int8 array (time,) of the codes TRAIN, VALID and TEST.

    Raises:
        ValueError: as :func:`contiguous_blocks`.
    """
    return np.random.default_rng(seed).permutation(contiguous_blocks(n_time, fractions))


def rows(part: np.ndarray, *names: str) -> np.ndarray:
    """Row indices of the named parts of one fold, in order of time.

    Args:
        part: int8 array (time,) of codes, one row of :func:`nested_trial_folds` or the result of
            :func:`contiguous_blocks`.
        *names: one or more of ``train``, ``valid``, ``test``.

    Returns:
        int64 array (row,), ascending.

    Raises:
        ValueError: no name, an unknown name, or ``part`` is not one-dimensional.

    Example:
        >>> rows(contiguous_blocks(10), "valid", "test").tolist()
        [7, 8, 9]
    """
    part = _one_dimensional("part", part)
    unknown = [name for name in names if name not in PART_NAMES]
    if unknown or not names:
        raise ValueError(
            f"names must be one or more of {', '.join(PART_NAMES)}, "
            f"got {', '.join(map(repr, unknown)) or 'none'}"
        )
    return np.flatnonzero(np.isin(part, [PART_NAMES.index(name) for name in names]))


def first_training_trials(part: np.ndarray, trial: np.ndarray, count: int) -> np.ndarray:
    """The parts of one fold with fewer training trials; validation and test stay as they are.

    Args:
        part: int8 array (time,) of codes.
        trial: integer array (time,) of trial ids.
        count: training trials that are kept, the first in time, at least 1.

    Returns:
        int8 array (time,) of codes, ``UNUSED`` in the bins of the training trials left out.

    Raises:
        ValueError: there are fewer training trials.

    Example:
        >>> first_training_trials(np.array([0, 0, 1, 2, 0]), np.array([7, 7, 8, 9, 10]), 1).tolist()
        [0, 0, 1, 2, -1]
    """
    ids, first = np.unique(trial[part == TRAIN], return_index=True)
    if count > len(ids):
        raise ValueError(f"{count} training trials are asked for, but there are {len(ids)}")
    left_out = ids[np.argsort(first)][count:]
    return np.where((part == TRAIN) & np.isin(trial, left_out), UNUSED, part).astype(part.dtype)


def segment_ids(row: np.ndarray | Sequence[int], trial: np.ndarray | None = None) -> np.ndarray:
    """Number the contiguous segments of a selection of rows, so that windows stay inside one.

    A new segment starts where the row index does not follow the one before, or where the trial
    changes.

    Args:
        row: integer array (row,) of selected time bins, e.g. from :func:`rows`.
        trial: integer array (time,) of the whole recording's trial ids, or None.

    Returns:
        int64 array (row,) of segment numbers 0, 1, 2, ...

    Raises:
        ValueError: ``row`` is empty, or reaches outside ``trial``.

    Example:
        >>> segment_ids(np.array([3, 4, 5, 9, 10])).tolist()
        [0, 0, 0, 1, 1]
    """
    row = _one_dimensional("row", np.asarray(row))
    starts = np.diff(row) != 1
    if trial is not None:
        trial = _one_dimensional("trial", trial)
        if row.min() < 0 or row.max() >= trial.size:
            raise ValueError(
                f"row must lie in [0, {trial.size - 1}] for a recording of {trial.size} bins, "
                f"got {row.min()} to {row.max()}; select rows of this recording"
            )
        starts |= np.diff(trial[row]) != 0
    return np.concatenate([[0], np.cumsum(starts)]).astype(np.int64)


def _trial_numbers(trial: np.ndarray) -> np.ndarray:
    """Trial ids (time,) renumbered 0, 1, 2, ... in order of time."""
    starts = np.flatnonzero(trial[1:] != trial[:-1]) + 1
    ids = trial[np.concatenate([[0], starts])]
    if np.unique(ids).size != ids.size:
        raise ValueError(
            f"trial must give each contiguous run of bins its own id, got {ids.size} runs but "
            f"{np.unique(ids).size} ids; renumber the runs"
        )
    number = np.zeros(trial.size, np.int64)
    number[starts] = 1
    return np.cumsum(number)


def _one_dimensional(name: str, values: np.ndarray) -> np.ndarray:
    if values.ndim != 1 or values.size == 0:
        raise ValueError(f"{name} must be a non-empty array (time,), got shape {values.shape}")
    return values


def _by_trial(recording: Recording, *, folds: int, scheme: str) -> np.ndarray:
    if recording.trial is None:
        raise ValueError("it has no trials; name the array of trial ids, or split by block")
    rule = nested_trial_folds if scheme == "nested" else interleaved_trial_folds
    return rule(recording.segment(), folds)


def _by_repeat(recording: Recording, *, test_repeat: int, n_repeats: int) -> np.ndarray:
    repeat = _discrete(recording, "repeat")
    return repeat_split(repeat, test_repeat=test_repeat - 1, n_repeats=n_repeats)[None]


def _by_block(recording: Recording, *, fractions: tuple[float, float, float]) -> np.ndarray:
    return contiguous_blocks(recording.n_time, fractions)[None]


def _by_label(recording: Recording, *, label: str) -> np.ndarray:
    part = _discrete(recording, label)
    found = np.unique(part)
    if not np.array_equal(found, [TRAIN, VALID, TEST]):
        raise ValueError(
            f"label {label} must hold 0 (train), 1 (valid) and 2 (test), got {found.tolist()}"
        )
    return part.astype(np.int8)[None]


def _at_random(
    recording: Recording, *, fractions: tuple[float, float, float], seed: int
) -> np.ndarray:
    return optimistic_random_rows(recording.n_time, fractions, seed=seed)[None]


def _discrete(recording: Recording, name: str) -> np.ndarray:
    label = recording.labels.get(name)
    if label is None or label.kind != "discrete":
        there = [key for key, one in recording.labels.items() if one.kind == "discrete"]
        raise ValueError(
            f"it needs the discrete label {name}; discrete are {', '.join(there) or 'none'}"
        )
    return label.values


SPLITS: Mapping[str, Callable[..., np.ndarray]] = MappingProxyType(
    {
        "trial": _by_trial,
        "repeat": _by_repeat,
        "block": _by_block,
        "label": _by_label,
        "random_optimistic": _at_random,
    }
)
"""Name → function of a recording and options."""
