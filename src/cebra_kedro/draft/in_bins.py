"""Arrays with a row for each time bin → options of the source ``arrays``."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from cebra_kedro.draft.facts import Fact
from cebra_kedro.draft.guessed import Guess
from cebra_kedro.draft.roles import (
    MOST_COORDINATES,
    TRIAL,
    clock_of,
    is_label,
    is_transposed,
    is_trial,
    label_names,
    unit_of_rate,
)

_WIDTH = re.compile(r"bin_?width|bin_?size|^dt$|/dt$|bin_?s$", re.I)
_RATE = re.compile(r"fs$|rate_?hz$|sampling_?rate|frame_?rate|sample_?rate", re.I)
_BIN_S = 0.025
_SHORTEST_TRIAL_BINS = 5


def in_bins(found: Mapping[str, Fact], neural: Fact) -> Guess:
    """Options of ``arrays``.

    Args:
        found: the arrays.
        neural: that of (time, neuron), (neuron, time), or (trial, time, neuron).
    """
    others = {name: fact for name, fact in found.items() if fact is not neural}
    layout = _of_trials if neural.values.ndim == 3 else _of_bins
    transposed, why, n_rows = layout(others, neural)
    clock = clock_of(others, n_rows, neural.name)
    width, why_width = _bin_width(others, clock if neural.values.ndim == 2 else None)
    guessed = Guess("arrays", {})
    guessed.say("bin_width_s", width, why_width)
    guessed.say("neural", neural.name, neural.text())
    if transposed:
        guessed.say("transposed", True, why)
    trial = next((fact for fact in others.values() if _is_trial_of(fact, n_rows)), None)
    if trial is not None:
        guessed.say("trial", trial.name, trial.text())
    arrays = [
        fact.name
        for fact in others.values()
        if _is_label_of(fact, n_rows, neural) and fact is not trial and fact is not clock
    ]
    guessed.options["labels"] = {
        label: {"array": name} | unit_of_rate(name) for name, label in label_names(arrays).items()
    }
    guessed.say_angles(found, "array")
    return guessed


def _of_bins(others: Mapping[str, Fact], neural: Fact) -> tuple[bool, str, int]:
    """Whether (neuron, time), why, and how many bins."""
    transposed = is_transposed(others, neural)
    why = "the other arrays have as many rows as this one has columns"
    return transposed, why, neural.values.shape[1 if transposed else 0]


def _of_trials(others: Mapping[str, Fact], neural: Fact) -> tuple[bool, str, int]:
    """Whether (trial, neuron, time), why, and how many trials."""
    n_trials, first, second = neural.values.shape
    lengths = {
        fact.values.shape[1]
        for fact in others.values()
        if fact.is_number and fact.values.ndim > 1 and len(fact.values) == n_trials
    }
    transposed = second in lengths and first not in lengths
    return transposed, "other arrays have as many bins as this one has columns", n_trials


def _is_trial_of(fact: Fact, n_rows: int) -> bool:
    """Whether it numbers trials; numbers that return, as in each block, are of other trials."""
    if not (fact.n_rows == n_rows and fact.is_column):
        return False
    if is_trial(fact.name, fact.values):
        return True
    is_whole = fact.values.dtype.kind in "iu" and bool(TRIAL.search(fact.name))
    n_runs = int((np.diff(fact.values) != 0).sum()) + 1 if is_whole else 0
    return is_whole and n_runs <= n_rows / _SHORTEST_TRIAL_BINS


def _is_label_of(fact: Fact, n_rows: int, neural: Fact) -> bool:
    """A label of bins; or of trials, (trial,), (trial, time) or (trial, time, coordinate)."""
    if neural.values.ndim == 2 or fact.is_list or fact.values.ndim < 2:
        return is_label(fact, n_rows)
    shape = fact.values.shape
    if not fact.is_number or fact.is_constant or shape[:1] != (n_rows,):
        return False
    if len(shape) == 2:
        return shape[1] <= MOST_COORDINATES or shape[1] in neural.values.shape[1:]
    return shape[1] in neural.values.shape[1:] and shape[2] <= MOST_COORDINATES


def _bin_width(found: Mapping[str, Fact], clock: Fact | None) -> tuple[float, str]:
    if clock is not None:
        return round(clock.step, 6), f"the step of {clock.name}, if that is in s"
    for name, fact in found.items():
        if not fact.is_list and fact.values.size == 1 and fact.values.dtype.kind in "iuf":
            value = float(np.reshape(fact.values, -1)[0])
            if value > 0 and _WIDTH.search(name):
                return value, f"{name}, if that is in s"
            if value > 0 and _RATE.search(name):
                return round(1 / value, 6), f"1 / {name}"
    return _BIN_S, "NOTHING in the file says it: correct it"
