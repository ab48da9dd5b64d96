"""Seeded centre-out reaching of a monkey, in the structure of the published area2-bump files.

This file decides which trials there are and lays their arrays out as the publisher does; hand paths
and spikes of a trial come from ``reaching_trials``, and ``sources.monkey_reaching`` turns simulated
and published arrays alike into a ``Recording``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from cebra_kedro.simulate.reaching_trials import (
    N_TARGETS,
    draw_units,
    hand_path,
    path_times_s,
    smoothed_spikes,
)

Session = Literal["active", "passive", "all"]
Part = Literal["train", "valid", "test"]

MIN_TRIAL_LEN, MAX_TRIAL_LEN = 12, 600
_UNIT_STREAM, _ORDER_STREAM, _TRIAL_STREAM = 0, 1, 2


def simulate_session(
    *,
    seed: int,
    session: Session,
    part: Part,
    active_trials: tuple[int, int] = (141, 52),
    passive_trials: tuple[int, int] = (131, 40),
    trial_len: int = 600,
    n_units: int = 65,
    rate_scale: float = 1.0,
) -> dict[str, np.ndarray | int]:
    """Simulate one part of one kind of session: what one published file would hold.

    A seed is one monkey on one day: the same neurons, in whatever file, and one sequence of
    trials of which each file holds some. As published, ``all`` holds the active and the passive
    trials in the order of the session; the validation trials of a kind of session are the first
    half (rounded down) of the trials held out in it and its test trials the rest, so that a trial
    of ``all`` "valid" may be in ``active`` "test". Training trials never are.

    A trial lasts for 600 ms, from 100 ms before the movement to 500 ms after it began. An active
    trial is a minimum-jerk reach to one of 8 targets. A passive one is a bump: a faster and
    shorter displacement that is mostly taken back. Neurons have heavy-tailed rates, tuned to hand
    position, velocity and the direction of the movement, somewhat differently when passive.

    Args:
        seed: non-negative integer.
        session: which trials: ``active``, ``passive``, or ``all``.
        part: ``train``, ``valid`` or ``test``.
        active_trials: trials for training and trials held out, at least 1 and 2.
        passive_trials: the same of passive trials.
        trial_len: bins of a trial, 12 to 600, a divisor of 600; a bin lasts 600 / trial_len ms.
        n_units: number of neurons, at least 1.
        rate_scale: factor on all firing rates, 0 (exclusive) to 20; 1 gives about 10 Hz a unit.

    Returns:
        The published keys for n trials of L bins: ``spikes`` float64 (n·L, unit), Poisson counts
        per bin smoothed with a Gaussian of 40 ms; ``pos`` (n·L, 2) in cm; ``vel`` (n·L, 2) in
        cm/s; ``passive`` bool (n,); ``movement_dir`` int (n,) 0…7, angle / 45°;
        ``movement_dir_actpas`` int (n,), the same + 8 where passive; ``num_trials``,
        ``trial_len``.

    Raises:
        ValueError: an argument is out of its range.

    Source:
        Layout as in ``cebra/datasets/monkey_reaching.py``, cebra 0.6.1; smoothing as in
        ``smooth_spk`` of nlb_tools, from which the published files were made.
    """
    _check_choice("session", session, get_args(Session))
    _check_choice("part", part, get_args(Part))
    n_trials = (tuple(active_trials), tuple(passive_trials))
    _check_numbers(seed, n_trials, trial_len, n_units, rate_scale)
    trials = _chosen_trials(_session_trials(seed, n_trials), session, part)
    units = draw_units(np.random.default_rng([seed, _UNIT_STREAM]), n_units, rate_scale)
    time_s = path_times_s(trial_len)
    spikes, paths = [], []
    for number, passive, target in zip(trials.number, trials.passive, trials.target, strict=True):
        rng = np.random.default_rng([seed, _TRIAL_STREAM, int(number)])
        path = hand_path(rng, time_s, int(target), passive=bool(passive))
        spikes.append(smoothed_spikes(rng, units, path, trial_len))
        paths.append(path.during_trial(trial_len))
    return {
        "spikes": np.concatenate(spikes),
        "vel": np.concatenate([path.velocity_cm_s for path in paths]),
        "pos": np.concatenate([path.position_cm for path in paths]),
        "passive": trials.passive,
        "movement_dir": trials.target,
        "movement_dir_actpas": trials.target + N_TARGETS * trials.passive,
        "num_trials": len(trials.number),
        "trial_len": trial_len,
    }


@dataclass(frozen=True, eq=False)
class _Trials:
    """Trials in the order of the session; every array has shape (trial,)."""

    number: np.ndarray
    passive: np.ndarray
    target: np.ndarray
    held_out: np.ndarray

    def only(self, chosen: np.ndarray) -> _Trials:
        return _Trials(
            self.number[chosen], self.passive[chosen], self.target[chosen], self.held_out[chosen]
        )


def _session_trials(seed: int, n_trials: tuple[tuple[int, ...], ...]) -> _Trials:
    """All trials of the day: kinds mixed at random, targets balanced within each kind and part."""
    rng = np.random.default_rng([seed, _ORDER_STREAM])
    blocks = [
        (passive, held_out, target)
        for passive, counts in enumerate(n_trials)
        for held_out, count in enumerate(counts)
        for target in _balanced_targets(rng, count)
    ]
    passive, held_out, target = np.array(blocks)[rng.permutation(len(blocks))].T
    return _Trials(np.arange(len(blocks)), passive == 1, target.astype(np.int64), held_out == 1)


def _balanced_targets(rng: np.random.Generator, count: int) -> np.ndarray:
    """Targets (count,) in random order, each equally often but for a random remainder."""
    whole_rounds, rest = divmod(count, N_TARGETS)
    remainder = rng.choice(N_TARGETS, rest, replace=False)
    return np.concatenate([np.tile(np.arange(N_TARGETS), whole_rounds), remainder])


def _chosen_trials(trials: _Trials, session: Session, part: Part) -> _Trials:
    kinds = {"active": ~trials.passive, "passive": trials.passive}
    of_session = trials.only(kinds.get(session, np.ones(len(trials.number), bool)))
    if part == "train":
        return of_session.only(~of_session.held_out)
    held_out = np.flatnonzero(of_session.held_out)
    half = len(held_out) // 2
    return of_session.only(held_out[:half] if part == "valid" else held_out[half:])


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, got {value!r}")


def _check_numbers(
    seed: int,
    n_trials: tuple[tuple[int, ...], ...],
    trial_len: int,
    n_units: int,
    rate_scale: float,
) -> None:
    if seed < 0:
        raise ValueError(f"seed must be a non-negative integer, got {seed}")
    for name, counts in zip(("active_trials", "passive_trials"), n_trials, strict=True):
        if len(counts) != 2 or counts[0] < 1 or counts[1] < 2:
            raise ValueError(
                f"{name} must be two numbers, at least 1 trial for training and 2 held out (one "
                f"for validation, one for test), got {list(counts)}"
            )
    if not MIN_TRIAL_LEN <= trial_len <= MAX_TRIAL_LEN or MAX_TRIAL_LEN % trial_len:
        raise ValueError(
            f"trial_len must be in [{MIN_TRIAL_LEN}, {MAX_TRIAL_LEN}] and divide {MAX_TRIAL_LEN}, "
            f"so that a bin lasts a whole number of ms, got {trial_len}; take e.g. 120 (5 ms)"
        )
    if n_units < 1:
        raise ValueError(f"n_units must be at least 1, got {n_units}")
    if not 0 < rate_scale <= 20:
        raise ValueError(f"rate_scale must be above 0 and at most 20, got {rate_scale}")
