"""Facts of a session → options of a source, each with the reason for it.

What one array may be is in ``roles``, what follows from clocks in ``on_clocks``, from bins in
``in_bins``; what is written for a person from it is in ``files``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from cebra_kedro.draft.facts import Fact
from cebra_kedro.draft.guessed import Guess
from cebra_kedro.draft.in_bins import in_bins
from cebra_kedro.draft.on_clocks import on_clocks
from cebra_kedro.draft.roles import MOST_COORDINATES, NEURAL, UNITS, clock_of, is_transposed


class NothingGuessedError(ValueError):
    """The arrays do not say what is neural data; the message lists them."""


def guess(found: Mapping[str, Fact]) -> Guess:
    """What is neural data, what are labels and trials.

    Args:
        found: name → fact of the arrays of a session.

    Raises:
        NothingGuessedError: no array looks like spike times, counts or traces.
    """
    spikes = _spikes(found)
    if spikes is not None:
        options, why = spikes
        return _told(
            found, on_clocks(found, Guess("signals", {"spikes": options}, {"spikes": why}))
        )
    neural = _matrix(found)
    if neural is None:
        listed = "; ".join(f"{name}: {fact.text()}" for name, fact in found.items())
        raise NothingGuessedError(
            f"no array looks like spike times, counts or traces of neurons. There are: {listed}. "
            "Write the description by hand (docs/your_own_recording.md)"
        )
    traces = _traces(found, neural)
    if traces is None:
        return _told(found, in_bins(found, neural))
    others = {name: fact for name, fact in found.items() if fact is not neural}
    started = Guess("signals", {"traces": traces}, {"traces": neural.text()})
    width = round(found[traces["times"]].step, 6)
    return _told(found, on_clocks(others, started, width_s=width))


def _told(found: Mapping[str, Fact], guessed: Guess) -> Guess:
    """The guess, with the arrays that it does not use."""
    patterns = [*_texts(guessed.options)]
    guessed.left_out = {
        name: fact.text()
        for name, fact in found.items()
        if not fact.is_list
        and (fact.is_number or fact.values.dtype.kind == "U")
        and fact.values.ndim
        and len(fact.values) > 1
        and not fact.is_constant
        and not any(name == each or fnmatchcase(name, each) for each in patterns)
    }
    return guessed


def _texts(value: Any) -> Iterator[str]:
    """Every text among options."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(each)


def has_neurons(found: Mapping[str, Fact]) -> bool:
    """Whether there are spike times, or an array of many columns that is called neural."""
    matrix = _matrix(found)
    return _spikes(found) is not None or (matrix is not None and bool(NEURAL.search(matrix.name)))


def _spikes(found: Mapping[str, Fact]) -> tuple[dict[str, Any], str] | None:
    for name, fact in found.items():
        if fact.is_spikes and len(fact.values) > 1 and not name.startswith("intervals/"):
            return {"times": name}, f"{len(fact.values)} arrays of rising times"
    for name, fact in found.items():
        if not (fact.is_clock and not fact.is_regular):
            continue
        for other, units in found.items():
            same = units.is_column and units.n_rows == fact.n_rows and other != name
            says = NEURAL.search(name) or UNITS.search(other.rpartition("/")[2])
            if same and says and units.values.dtype.kind in "iuU":
                n = len(np.unique(units.values))
                if 1 < n < units.n_rows / 5:
                    return {"times": name, "units": other}, f"rising times, of {n} units"
    single = [name for name, fact in found.items() if _is_single_unit(name, fact)]
    if len(single) > 1 and (stem := _common_pattern(single)):
        return {"times": stem}, f"{len(single)} arrays of rising times"
    return None


def _is_single_unit(name: str, fact: Fact) -> bool:
    return fact.is_clock and not fact.is_regular and bool(re.search(r"\d+$", name))


def _common_pattern(names: Iterable[str]) -> str:
    stems = {re.sub(r"\d+$", "", name) for name in names}
    return f"{stems.pop()}*" if len(stems) == 1 else ""


def _matrix(found: Mapping[str, Fact]) -> Fact | None:
    """The largest array of many columns, best one that is called neural; then one of trials."""
    numbers = [fact for fact in found.values() if fact.is_number]
    for n_dims in (2, 3):
        wide = [
            fact
            for fact in numbers
            if fact.values.ndim == n_dims and min(fact.values.shape) > MOST_COORDINATES
        ]
        named = [fact for fact in wide if NEURAL.search(fact.name)]
        if named or wide:
            return max(named or wide, key=lambda fact: fact.values.size)
    return None


def _traces(found: Mapping[str, Fact], neural: Fact) -> dict[str, Any] | None:
    """Options of traces, where there is a clock and behaviour has another one."""
    if neural.values.ndim != 2:
        return None
    transposed = is_transposed(found, neural)
    n_time = neural.values.shape[1 if transposed else 0]
    clock = clock_of(found, n_time, neural.name)
    if clock is None:
        return None
    others = {name: fact for name, fact in found.items() if fact is not neural}
    behaviour = [f for f in others.values() if f.is_number and f.n_rows not in (n_time, 0, 1)]
    elsewhere = any(clock_of(others, fact.n_rows, fact.name) for fact in behaviour)
    if clock.is_regular and not elsewhere:
        return None
    traces: dict[str, Any] = {"values": neural.name, "times": clock.name}
    return traces | ({"transposed": True} if transposed else {})
