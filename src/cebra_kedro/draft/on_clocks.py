"""Spikes or traces, and behaviour on clocks of its own → options of the source ``signals``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from cebra_kedro.draft.facts import Fact
from cebra_kedro.draft.guessed import Guess
from cebra_kedro.draft.movement import Movement, movement
from cebra_kedro.draft.roles import (
    FEWEST_TRIALS,
    POSITION,
    TRIAL,
    clock_of,
    folder,
    intervals,
    is_label,
    is_trial,
    label_names,
    unit_of_rate,
)

_BIN_S = 0.025
_BINS_OF_A_TRIAL = 10
_LONGEST_S = 2 * 24 * 3600.0
_UNITS_OF_TIME = (1e-3, 1e-6, 1 / 30_000, 1 / 32_000, 1 / 25_000, 1 / 20_000, 1 / 40_000)
"""ms, µs, and samples of usual rates, in s."""

Block = dict[str, Any]


def on_clocks(found: Mapping[str, Fact], started: Guess, width_s: float | None = None) -> Guess:
    """Labels, each with a clock of as many rows; intervals as trials; time in one unit.

    Args:
        found: the arrays.
        started: spikes or traces.
        width_s: of a bin; None for what is usual for spikes.
    """
    why = "the step of the traces" if width_s else "usual for spikes of behaving animals"
    pairs = intervals(found)
    options = {"bin_width_s": width_s or _BIN_S, **started.options}
    guessed = Guess("signals", options, started.reasons | {"bin_width_s": why})
    options["labels"] = _joined(_labels(found, started, pairs))
    guessed.say_angles(found, "values")
    if pairs:
        _say_intervals(*pairs[0], guessed)
    _say_units_of_time(found, guessed)
    _say_trials(found, guessed)
    _say_movement(found, guessed)
    return guessed


def _labels(
    found: Mapping[str, Fact], started: Guess, pairs: list[tuple[Fact, Fact]]
) -> dict[str, Block]:
    """Label → array and clock; what belongs to an interval holds from its start."""
    taken = {value for block in started.options.values() for value in dict(block).values()}
    ends = {fact.name for pair in pairs for fact in pair}
    of_units = {folder(name) for name in taken if isinstance(name, str) and _is_list(found, name)}
    blocks: dict[str, Block] = {}
    for fact in found.values():
        if fact.name in taken | ends or not is_label(fact, fact.n_rows):
            continue
        if folder(fact.name) in of_units and folder(fact.name):
            continue  # a property of each unit
        start = _start_of(fact, pairs)
        clock = start or clock_of(found, fact.n_rows, fact.name)
        if clock is None or clock is fact or clock.name in taken:
            continue
        block: Block = {"values": fact.name, "times": clock.name} | unit_of_rate(fact.name)
        blocks[fact.name] = block | ({"how": "previous"} if start else {})
    return {label: blocks[name] for name, label in label_names(blocks).items()}


def _is_list(found: Mapping[str, Fact], name: str) -> bool:
    return name in found and found[name].is_list


def _start_of(fact: Fact, pairs: list[tuple[Fact, Fact]]) -> Fact | None:
    for start, _ in pairs[:1]:
        if folder(start.name) == folder(fact.name) and start.n_rows == fact.n_rows:
            return start
    return None


def _joined(labels: dict[str, Block]) -> dict[str, Block]:
    """X and y of the same thing become one label of two coordinates."""
    joined: dict[str, Block] = {}
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


def _say_intervals(start: Fact, stop: Fact, guessed: Guess) -> None:
    """Intervals are trials if they are many and long, else the time that is kept."""
    block = {"start": start.name, "stop": stop.name}
    usual = float(np.median(stop.values.astype(float) - start.values.astype(float)))
    why = f"{start.n_rows} intervals of about {usual:.3g}"
    long_enough = usual >= _BINS_OF_A_TRIAL * guessed.options["bin_width_s"]
    if long_enough and (start.n_rows >= FEWEST_TRIALS or TRIAL.search(start.name)):
        guessed.say("trials", block, f"{why}; without it, all time is kept")
    else:
        guessed.say("epochs", {"intervals": block}, f"{why}; those that touch are one")


def _say_units_of_time(found: Mapping[str, Fact], guessed: Guess) -> None:
    """Clocks that do not meet are in different units; one of many days is not in s."""
    neural = "spikes" if "spikes" in guessed.options else "traces"
    blocks = [(neural, guessed.options[neural]), *guessed.labels.items()]
    blocks += [(key, guessed.options[key]) for key in ("trials",) if key in guessed.options]
    spans = {name: _span(found, block) for name, block in blocks}
    known = [span for span in spans.values() if span is not None]
    if not known:
        return
    shortest = min(known, key=lambda span: span[1])
    for name, block in blocks:
        span = spans[name]
        if span is None:
            continue
        scale = _scale(span, shortest)
        if scale != 1:
            block["scale"] = scale
            key = name if name in guessed.options else f"labels.{name}"
            guessed.reasons[key] = (
                f"{guessed.reasons.get(key, '')}; from {span[0]:.6g} to {span[1]:.6g}, so scale "
                "seems to be its unit in s"
            ).removeprefix("; ")


def _span(found: Mapping[str, Fact], block: Block) -> tuple[float, float] | None:
    """First and last time of a block."""
    fact = found.get(block.get("times") or block.get("start", ""))
    if fact is None:
        return None
    arrays = fact.values if fact.is_list else [fact.values]
    ends = [(float(each.min()), float(each.max())) for each in arrays if len(each)]
    return (min(a for a, _ in ends), max(b for _, b in ends)) if ends else None


def _scale(span: tuple[float, float], other: tuple[float, float]) -> float:
    """Seconds in one unit of a clock: 1 if it meets the other, or lasts less than days."""
    if _share(span, other) < 0.01:
        best = max(_UNITS_OF_TIME, key=lambda unit: _share((span[0] * unit, span[1] * unit), other))
        if _share((span[0] * best, span[1] * best), other) > 0.5:
            return best
    return 1e-3 if span[1] - span[0] > _LONGEST_S else 1.0


def _share(span: tuple[float, float], other: tuple[float, float]) -> float:
    """Length of what two spans have in common, of that of both together."""
    common = min(span[1], other[1]) - max(span[0], other[0])
    return max(0.0, common) / max(max(span[1], other[1]) - min(span[0], other[0]), 1e-12)


def _say_trials(found: Mapping[str, Fact], guessed: Guess) -> None:
    """A label of whole numbers that never fall and are called laps or so."""
    if "trials" in guessed.options:
        return
    for name, block in guessed.labels.items():
        if not isinstance(block["values"], str):
            continue
        values = found[block["values"]].values
        if is_trial(name, values) and len(np.unique(values)) > 1:
            block["kind"] = "discrete"
            guessed.say("trials", {"label": name}, f"{len(np.unique(values))} values that rise")
            return


def _say_movement(found: Mapping[str, Fact], guessed: Guess) -> None:
    """Leave out rest, and say where on a line the animal is, and which way it goes."""
    for name, block in guessed.labels.items():
        moves = _movement_of(found, name, block)
        if moves is None:
            continue
        if moves.rests and "trials" not in guessed.options:
            moving = {
                "label": name,
                "faster_than": moves.faster_than,
                "shortest_s": moves.shortest_s,
            }
            guessed.say(
                "epochs",
                guessed.options.get("epochs", {}) | {"moving": moving},
                f"at rest {100 * moves.share_at_rest:.0f} % of the time, else {moves.n_epochs} "
                "stretches of movement; remove it to keep all time",
            )
        if moves.is_straight and "direction" not in guessed.labels and moves.turns:
            guessed.options["labels"] |= {
                name: block | {"measure": "along_axis"},
                "direction": block | {"measure": "direction"},
            }
            guessed.reasons[f"labels.{name}"] = (
                f"{100 * moves.on_a_line:.0f} % of the variance while it moves is along one line"
            )
        return


def _movement_of(found: Mapping[str, Fact], name: str, block: Block) -> Movement | None:
    columns = [found[each].values for each in np.atleast_1d(block["values"]).tolist()]
    values = np.column_stack(columns)
    if not POSITION.search(name) or values.dtype.kind not in "iuf" or values.shape[1] > 2:
        return None
    if block.get("how"):
        return None
    times = found[block["times"]].values.astype(float) * block.get("scale", 1.0)
    return movement(values, times)
