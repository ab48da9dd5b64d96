"""What one array may be, by its name and its numbers: a label, a trial, a clock, an interval."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from cebra_kedro.draft.facts import Fact
from cebra_kedro.suspicions import ANGLE

NEURAL = re.compile(
    r"neural|spike|count|rate|dff|df_f|trace|activity|fluor|response|unit|neuron|cell|roi", re.I
)
UNITS = re.compile(r"unit|neuron|cell|clu|^index$", re.I)
TRIAL = re.compile(r"trial|lap|run_?id|repeat", re.I)
POSITION = re.compile(r"pos|loc|place|track|^xy?$|^x_?y$", re.I)
_TURNS = (0.0, -np.pi)
"""Where a turn begins; what goes once around from there is an angle, whatever it is called."""
_ID = re.compile(r"(^|_)ids?$", re.I)
_START = re.compile(r"start|onset|begin", re.I)
_STOP = re.compile(r"stop|end|offset", re.I)
_RATE = re.compile(
    r"\s*(?:[(\[]([^()\[\]]+/[^()\[\]]+)[)\]]|[ _]([^\s_/]{1,4}/(?:s|sec|ms|min|h)))$"
)
"""A unit such as (cm/s) at the end of a name, whose slash leads into no folder."""
MOST_COORDINATES = 3
FEWEST_TRIALS = 9


def folder(name: str) -> str:
    """What stands before the last slash."""
    return _RATE.sub("", name).rpartition("/")[0]


def unit_of_rate(name: str) -> dict[str, str]:
    """The unit at the end of a name, if it has a slash, as part of a label's block."""
    found = _RATE.search(name)
    return {} if found is None else {"unit": found[1] or found[2]}


def label_names(names: Iterable[str]) -> dict[str, str]:
    """Array → its label: the last part of its name, with folders before where others have the same.

    Of a name that ends in a word that says only that it is data, it is the part before.
    """
    paths = {name: _path(name) for name in names}
    found: dict[str, str] = {}
    for name, path in paths.items():
        same = [other for other in paths.values() if other[-1] == path[-1]]
        shared = _shared(same) if len(same) > 1 else len(path) - 1
        label = "_".join(path[shared:])
        if label in found.values():  # as of speed (cm/s) and speed (m/s)
            label = name.replace("/", "_")
        while label in found.values():  # as of left/pos and left_pos
            label += "_2"
        found[name] = label
    return found


def _shared(paths: Sequence[tuple[str, ...]]) -> int:
    """How many folders at their beginning are the same; the last part is none."""
    same = [len(set(parts)) == 1 for parts in zip(*(path[:-1] for path in paths), strict=False)]
    return [*same, False].index(False)


def _path(name: str) -> tuple[str, ...]:
    *folders, last = _RATE.sub("", name).split("/")
    is_plain = folders and last in ("d", "data", "values")
    return tuple(folders) if is_plain else (*folders, last)


def clock_of(found: Mapping[str, Fact], n_rows: int, of: str) -> Fact | None:
    """A clock with as many rows, in the array's folder or in one around it."""
    same = [
        fact
        for fact in found.values()
        if fact.is_clock and fact.n_rows == n_rows and fact.name != of and not _ID.search(fact.name)
    ]
    near = [fact for fact in same if folder(fact.name) == folder(of)]
    around = [fact for fact in same if f"{folder(of)}/".startswith(f"{folder(fact.name)}/")]
    alone = [fact for fact in same if not folder(fact.name)]
    return next(iter(near or around or alone), None)


def is_label(fact: Fact, n_rows: int) -> bool:
    """Whether an array with a row for each sample says something that changes."""
    if fact.is_list or fact.n_rows != n_rows or n_rows < 2 or fact.is_clock:
        return False
    if fact.values.dtype.kind not in "iufbU" or fact.is_constant:
        return False
    return fact.values.ndim == 1 or (
        fact.values.ndim == 2 and fact.values.shape[1] <= MOST_COORDINATES
    )


def is_trial(name: str, values: np.ndarray) -> bool:
    """Whether whole numbers never fall and are called trials or laps, or count one by one."""
    if values.ndim != 1 or values.dtype.kind not in "iufb" or len(values) < 2:
        return False
    numbers = values.astype(float)
    steps = np.diff(numbers)
    if not (np.array_equal(numbers, np.rint(numbers)) and (steps >= 0).all()):
        return False
    n_counted = int((steps == 1).sum()) + 1
    counts = FEWEST_TRIALS <= n_counted <= len(values) / 10 and steps.max() == 1
    return bool(TRIAL.search(name) or counts)


def is_transposed(found: Mapping[str, Fact], neural: Fact) -> bool:
    """Whether an array seems to be (neuron, time)."""
    long, short = neural.values.shape
    lengths = {fact.n_rows for fact in found.values() if fact.is_number and fact is not neural}
    if short in lengths or long in lengths:
        return short in lengths and long not in lengths
    return short > long


def unit_of_angles(name: str, fact: Fact) -> str:
    """``rad`` or ``deg`` of what is called an angle and reaches as far; else nothing."""
    if not (fact.is_column and fact.is_number and fact.values.dtype.kind == "f"):
        return ""
    values = fact.values[np.isfinite(fact.values)]
    low, high = float(values.min(initial=np.inf)), float(values.max(initial=-np.inf))
    turn = 2 * np.pi + 0.01
    if any(abs(low - start) < 0.05 and abs(high - start - 2 * np.pi) < 0.05 for start in _TURNS):
        return "rad"
    if not ANGLE.search(name):
        return ""
    if low >= -turn / 2 - 0.01 and high <= turn and high - low > 3:
        return "rad"
    return "deg" if low >= -181 and high <= 361 and high - low > 100 else ""


def intervals(found: Mapping[str, Fact]) -> list[tuple[Fact, Fact]]:
    """Starts and stops; first what is called a trial, then what has a folder to itself."""
    pairs = []
    for start in found.values():
        last = start.name.rpartition("/")[2]
        if not (start.is_column and start.is_number and _START.search(last)):
            continue
        rest = _START.sub("", last)
        for stop in found.values():
            name = stop.name.rpartition("/")[2]
            same = stop.n_rows == start.n_rows and stop.is_number
            called = _STOP.search(name) and _STOP.sub("", name) == rest
            if not (same and called and folder(stop.name) == folder(start.name)):
                continue
            if bool((stop.values >= start.values).all()):
                pairs.append((start, stop))
    return sorted(pairs, key=lambda pair: (not TRIAL.search(pair[0].name), _company(found, pair)))


def _company(found: Mapping[str, Fact], pair: tuple[Fact, Fact]) -> int:
    """Arrays of other lengths in the folder of an interval, such as the times it supports."""
    start = pair[0]
    near = [fact for name, fact in found.items() if folder(name) == folder(start.name)]
    return sum(fact.n_rows not in (0, start.n_rows) for fact in near)
