"""Facts of a session → options of a source, each with the reason for it.

What is written for a person from it is in ``files``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cebra_kedro.draft.facts import Fact
from cebra_kedro.draft.movement import Movement, movement

_NEURAL = re.compile(
    r"neural|spike|count|rate|dff|df_f|trace|activity|fluor|response|unit|neuron|cell|roi", re.I
)
_UNITS = re.compile(r"unit|neuron|cell|clu|^index$", re.I)
_TRIAL = re.compile(r"trial|lap|run_?id|repeat", re.I)
_START = re.compile(r"start|onset|begin", re.I)
_STOP = re.compile(r"stop|end|offset", re.I)
_FEWEST_TRIALS = 9
_WIDTH = re.compile(r"bin_?width|bin_?size|^dt$|/dt$|bin_?s$", re.I)
_RATE = re.compile(r"fs$|rate_?hz$|sampling_?rate|frame_?rate|sample_?rate", re.I)
_POSITION = re.compile(r"pos|loc|place|track|^xy?$|^x_?y$", re.I)
_ANGLE = re.compile(r"angle|heading|head_?dir|^hd$|phase|orient|theta|azimuth|yaw", re.I)
_MOST_COORDINATES = 3
_LEVELS = 20
_SPIKE_BIN_S = 0.025


class NothingGuessedError(ValueError):
    """The arrays do not say what is neural data; the message lists them."""


@dataclass
class Guess:
    """Options of a source.

    Attributes:
        source: its name.
        options: its options.
        reasons: option, or ``labels.<label>``, → why; those are marked in the file.
    """

    source: str
    options: dict[str, Any]
    reasons: dict[str, str] = field(default_factory=dict)

    @property
    def labels(self) -> list[str]:
        """Names of the labels."""
        return list(self.options.get("labels", {}))


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
        return _on_clocks(found, Guess("signals", {"spikes": options}, {"spikes": why}))
    matrix = _matrix(found)
    if matrix is None:
        listed = "; ".join(f"{name}: {fact.text()}" for name, fact in found.items())
        raise NothingGuessedError(
            f"no array looks like spike times, counts or traces of neurons. There are: {listed}. "
            "Write the description by hand (docs/your_own_recording.md)"
        )
    return _of_matrix(found, matrix)


def _spikes(found: Mapping[str, Fact]) -> tuple[dict[str, Any], str] | None:
    for name, fact in found.items():
        if fact.is_spikes and len(fact.values) > 1 and not name.startswith("intervals/"):
            return {"times": name}, f"{len(fact.values)} arrays of rising times"
    for name, fact in found.items():
        if not (fact.is_clock and not fact.is_regular):
            continue
        for other, units in found.items():
            same = units.is_column and units.n_rows == fact.n_rows and other != name
            says = _NEURAL.search(name) or _UNITS.search(other.rpartition("/")[2])
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
    wide = [
        fact
        for fact in found.values()
        if fact.is_number and fact.values.ndim == 2 and min(fact.values.shape) > _MOST_COORDINATES
    ]
    named = [fact for fact in wide if _NEURAL.search(fact.name)]
    return max(named or wide, key=lambda fact: fact.values.size, default=None)


def _of_matrix(found: Mapping[str, Fact], neural: Fact) -> Guess:
    long, short = neural.values.shape
    lengths = {fact.n_rows for fact in found.values() if fact.is_number and fact is not neural}
    transposed = (short in lengths and long not in lengths) or (
        not {long, short} & lengths and short > long
    )
    n_time = short if transposed else long
    clock = _clock(found, n_time, neural.name)
    others = {name: fact for name, fact in found.items() if fact is not neural}
    behaviour = [
        fact for fact in others.values() if fact.is_number and fact.n_rows not in (n_time, 0, 1)
    ]
    on_other_clocks = any(_clock(others, fact.n_rows, fact.name) for fact in behaviour)
    if clock is not None and (on_other_clocks or not clock.is_regular):
        traces: dict[str, Any] = {"values": neural.name, "times": clock.name}
        if transposed:
            traces["transposed"] = True
        started = Guess("signals", {"traces": traces}, {"traces": f"{neural.text()}"})
        return _on_clocks(others, started, width_s=clock.step)
    width, why = _bin_width(found, clock)
    options: dict[str, Any] = {"bin_width_s": width, "neural": neural.name}
    reasons = {"bin_width_s": why, "neural": neural.text()}
    if transposed:
        options["transposed"] = True
        reasons["transposed"] = "the other arrays have as many rows as this one has columns"
    trial = next((f for f in others.values() if _is_trial(f, n_time)), None)
    if trial is not None:
        options["trial"] = trial.name
        reasons["trial"] = trial.text()
    labels = {
        _short(fact.name): {"array": fact.name}
        for fact in others.values()
        if _is_label(fact, n_time) and fact is not trial and fact is not clock
    }
    options["labels"] = labels
    guessed = Guess("arrays", options, reasons)
    _say_angles(found, guessed, "array")
    return guessed


def _on_clocks(found: Mapping[str, Fact], started: Guess, width_s: float | None = None) -> Guess:
    """Labels, each with a clock of as many rows; intervals as trials."""
    taken = {value for block in started.options.values() for value in dict(block).values()}
    intervals = _intervals(found)
    ends = {fact.name for pair in intervals for fact in pair}
    labels: dict[str, dict[str, Any]] = {}
    for fact in found.values():
        if fact.name in taken | ends or not _is_label(fact, fact.n_rows):
            continue
        clock = _clock(found, fact.n_rows, fact.name)
        if clock is None or clock is fact or clock.name in taken:
            continue
        labels[_short(fact.name)] = {"values": fact.name, "times": clock.name}
    width = width_s or _SPIKE_BIN_S
    why = "the step of the traces" if width_s else "usual for spikes of behaving animals"
    options = {"bin_width_s": width, **started.options, "labels": _joined(labels)}
    guessed = Guess("signals", options, started.reasons | {"bin_width_s": why})
    _say_angles(found, guessed, "values")
    if intervals:
        _say_intervals(*intervals[0], guessed)
    _say_movement(found, guessed)
    return guessed


def _say_intervals(start: Fact, stop: Fact, guessed: Guess) -> None:
    """Intervals are trials if they are many or called so, else the time that is kept."""
    block = {"start": start.name, "stop": stop.name}
    reason = f"{start.n_rows} intervals; without it, all time is kept"
    if start.n_rows >= _FEWEST_TRIALS or _TRIAL.search(start.name):
        guessed.options["trials"], guessed.reasons["trials"] = block, reason
    else:
        guessed.options["epochs"] = {"intervals": block}
        guessed.reasons["epochs"] = reason


def _say_angles(found: Mapping[str, Fact], guessed: Guess, key: str) -> None:
    """Angles are circular; their unit follows from how far they reach."""
    for name, block in guessed.options["labels"].items():
        fact = found.get(block[key]) if isinstance(block[key], str) else None
        if fact is None or not (fact.is_column and fact.is_number and _ANGLE.search(name)):
            continue
        values = fact.values[np.isfinite(fact.values)].astype(float)
        low, high = float(values.min()), float(values.max())
        unit = _unit_of_angles(low, high)
        if unit and fact.values.dtype.kind == "f":
            block |= {"kind": "circular", "unit": unit}
            guessed.reasons[f"labels.{name}"] = f"an angle by its name, {low:.3g} to {high:.3g}"


def _unit_of_angles(low: float, high: float) -> str:
    turn = 2 * np.pi + 0.01
    if low >= -turn / 2 - 0.01 and high <= turn and high - low > 3:
        return "rad"
    return "deg" if low >= -181 and high <= 361 and high - low > 100 else ""


def _say_movement(found: Mapping[str, Fact], guessed: Guess) -> None:
    """Leave out rest, and say where on a line the animal is, and which way it goes."""
    for name, block in guessed.options["labels"].items():
        moves = _movement_of(found, name, block)
        if moves is None:
            continue
        if moves.rests and "trials" not in guessed.options:
            moving = {
                "label": name,
                "faster_than": moves.faster_than,
                "shortest_s": moves.shortest_s,
            }
            intervals = guessed.options.get("epochs", {})
            guessed.options["epochs"] = intervals | {"moving": moving}
            guessed.reasons["epochs"] = (
                f"at rest {100 * moves.share_at_rest:.0f} % of the time, else {moves.n_epochs} "
                "stretches of movement; remove it to keep all time"
            )
        if moves.is_straight and "direction" not in guessed.options["labels"]:
            guessed.options["labels"] |= {
                name: block | {"measure": "along_axis"},
                "direction": block | {"measure": "direction"},
            }
            guessed.reasons[f"labels.{name}"] = (
                f"{100 * moves.on_a_line:.0f} % of the variance while it moves is along one line"
            )
        return


def _movement_of(found: Mapping[str, Fact], name: str, block: Mapping[str, Any]) -> Movement | None:
    columns = [found[each] for each in np.atleast_1d(block["values"]).tolist()]
    values = np.column_stack([column.values for column in columns])
    if not _POSITION.search(name) or values.dtype.kind not in "iuf" or values.shape[1] > 2:
        return None
    times = found[block["times"]].values.astype(float)
    return movement(values, times)


def _joined(labels: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """X and y of the same thing become one label of two coordinates."""
    joined: dict[str, dict[str, Any]] = {}
    for name, block in labels.items():
        partner = _y_of(name)
        if partner in labels and labels[partner]["times"] == block["times"]:
            key = (name[1:] if name.startswith("x") else name[:-2]).strip("_")
            key = "position" if key in ("", "loc", "pos", "position") else f"position_{key}"
            both = [block["values"], labels[partner]["values"]]
            joined[key if key not in joined else name] = block | {"values": both}
        elif not any(_y_of(other) == name for other in labels):
            joined[name] = block
    return joined


def _y_of(name: str) -> str:
    """The name that y has if this is x, e.g. of xloc or pos_x; empty if this is not x."""
    if re.match(r"x(?![a-z]*y)", name):
        return f"y{name[1:]}"
    return f"{name[:-1]}y" if name.endswith(("_x", ".x", "/x")) else ""


def _clock(found: Mapping[str, Fact], n_rows: int, of: str) -> Fact | None:
    """A clock with as many rows, best one whose name begins like the array's."""
    same = [fact for fact in found.values() if fact.is_clock and fact.n_rows == n_rows]
    same = [fact for fact in same if fact.name != of]
    folder = of.rpartition("/")[0]
    near = [fact for fact in same if fact.name.rpartition("/")[0] == folder]
    return next(iter(near or same), None)


def _bin_width(found: Mapping[str, Fact], clock: Fact | None) -> tuple[float, str]:
    if clock is not None:
        return clock.step, f"the step of {clock.name}, if that is in s"
    for name, fact in found.items():
        if not fact.is_list and fact.values.size == 1 and fact.values.dtype.kind in "iuf":
            value = float(fact.values.reshape(-1)[0])
            if value > 0 and _WIDTH.search(name):
                return value, f"{name}, if that is in s"
            if value > 0 and _RATE.search(name):
                return 1 / value, f"1 / {name}"
    return _SPIKE_BIN_S, "NOTHING in the file says it: correct it"


def _is_trial(fact: Fact, n_time: int) -> bool:
    if not (fact.is_number and fact.is_column and fact.n_rows == n_time):
        return False
    whole = fact.values.dtype.kind in "iub" or np.array_equal(fact.values, np.rint(fact.values))
    return bool(
        whole and _TRIAL.search(fact.name) and (np.diff(fact.values.astype(float)) >= 0).all()
    )


def _is_label(fact: Fact, n_rows: int) -> bool:
    if fact.is_list or fact.n_rows != n_rows or n_rows < 2 or fact.is_clock:
        return False
    if fact.values.dtype.kind not in "iufbU" or fact.is_constant:
        return False
    return fact.values.ndim == 1 or (
        fact.values.ndim == 2 and fact.values.shape[1] <= _MOST_COORDINATES
    )


def _intervals(found: Mapping[str, Fact]) -> list[tuple[Fact, Fact]]:
    """Starts and stops; first what is called a trial, then what has a folder to itself."""
    pairs = []
    for start in found.values():
        folder, _, last = start.name.rpartition("/")
        if not (start.is_column and start.is_number and _START.search(last)):
            continue
        rest = _START.sub("", last)
        for stop in found.values():
            other, _, name = stop.name.rpartition("/")
            same = stop.n_rows == start.n_rows and stop.is_number and other == folder
            called = _STOP.search(name) and _STOP.sub("", name) == rest
            if same and called and bool((stop.values >= start.values).all()):
                pairs.append((start, stop))
    return sorted(pairs, key=lambda pair: (not _TRIAL.search(pair[0].name), _company(found, pair)))


def _company(found: Mapping[str, Fact], pair: tuple[Fact, Fact]) -> int:
    """Other arrays in the folder of an interval, such as the times that it is the support of."""
    folder = pair[0].name.rpartition("/")[0]
    return sum(name.rpartition("/")[0] == folder for name in found) - 2


def _short(name: str) -> str:
    """The last part of a name, or the one before where the last says only that it is data."""
    *folders, last = name.split("/")
    return folders[-1] if folders and last in ("d", "data", "values") else last
