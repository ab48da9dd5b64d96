"""What the page's script draws of an experiment: scores of every fold and seed, and each session.

How it is drawn is in ``page.js``; the numbers of sessions were written by ``plots.explorer``.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from cebra_kedro.metrics import CHANCE_PREFIX, better, metric_label, with_unit
from cebra_kedro.plots import style
from cebra_kedro.plots.class_colours import CLASS_COLOURS, N_DIRECTIONS
from cebra_kedro.plots.results import Variant
from cebra_kedro.report.compared import VariantFacts
from cebra_kedro.report.read import ExperimentFiles

_DIGITS = 6


def variant_facts(about: Mapping[str, Any]) -> tuple[VariantFacts, ...]:
    """Who is who in the tables, as ``about.json`` says; nothing where it does not.

    Args:
        about: its content, of whatever form.
    """
    known = {field.name for field in dataclasses.fields(VariantFacts)}
    found = []
    blocks = about.get("variants")
    for block in blocks if isinstance(blocks, list) else []:
        try:
            given = {key: value for key, value in block.items() if key in known}
            found.append(VariantFacts(**given | {"labels": tuple(given.get("labels", ()))}))
        except (AttributeError, TypeError):
            return ()
    return tuple(found)


def explorer_json(files: ExperimentFiles, facts: Sequence[VariantFacts]) -> str:
    """JSON that may stand in a script element: scores, sessions, and how variants look.

    Args:
        files: what lies in the folder for the experiment.
        facts: who is who; names tell where there are none.

    Returns:
        The text; empty where there is neither a session to explore nor a score.
    """
    scores = _scores(files)
    sessions = [subject.explorer for subject in files.subjects if subject.explorer]
    if not sessions and not scores["rows"]:
        return ""
    content = {
        "sessions": sessions,
        "scores": scores,
        "variants": _looks(files, facts),
        "around": [*CLASS_COLOURS[:N_DIRECTIONS], CLASS_COLOURS[0]],
    }
    text = json.dumps(content, separators=(",", ":"), allow_nan=False, default=str)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def late_rises(explorers: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """Encoder → session → how far its training curve still rose, where it did.

    Args:
        explorers: session → what ``plots.explorer`` says of it, of whatever form.
    """
    found: dict[str, dict[str, float]] = {}
    for session, explorer in explorers.items():
        losses = explorer.get("loss")
        for encoder, curve in losses.items() if isinstance(losses, dict) else ():
            bits = curve.get("late_rise_bits") if isinstance(curve, dict) else None
            if isinstance(bits, float) and bits > 0:
                found.setdefault(encoder, {})[session] = bits
    return found


def _looks(files: ExperimentFiles, facts: Sequence[VariantFacts]) -> dict[str, dict[str, str]]:
    """Variant → label and colour, those of the figures."""
    known = [Variant(f.name, f.kind, f.population, f.transductive) for f in facts]
    names = {variant.name for variant in known}
    others = dict.fromkeys(
        name
        for subject in files.subjects
        for name in (*subject.metrics["variant"], *subject.explorer.get("embeddings", {}))
        if name not in names
    )
    every: list[Variant | str] = [*known, *others]
    colours = style.colours(every)
    labels = [style.variant_label(one) for one in every]
    return {
        name: {"label": label, "colour": colour}
        for (name, colour), label in zip(colours.items(), labels, strict=True)
    }


def _scores(files: ExperimentFiles) -> dict[str, Any]:
    """Every score as a row of numbers that stand for names, to be short."""
    tables = [subject.metrics for subject in files.subjects if len(subject.metrics)]
    if not tables:
        return {"rows": []}
    every = pd.concat(tables)
    every = every.assign(
        is_chance=every["metric"].str.startswith(CHANCE_PREFIX),
        metric=every["metric"].str.removeprefix(CHANCE_PREFIX),
    )
    names = {key: list(every[key].unique()) for key in ("subject", "variant", "decoder", "metric")}
    numbers = {key: {name: i for i, name in enumerate(of)} for key, of in names.items()}
    units = every.groupby("metric")["unit"].first()
    rows = [
        [
            *(numbers[key][row[key]] for key in numbers),
            f"fold {row['fold']}, seed {row['seed']}",
            _short(row["value"]),
            int(row["is_chance"]),
        ]
        for row in every.to_dict("records")
    ]
    metrics = [
        {"label": with_unit(metric_label(name), units[name]), "better": better(name)}
        for name in names["metric"]
    ]
    return {**names, "metric": metrics, "rows": rows}


def _short(value: float) -> float | None:
    return float(f"{value:.{_DIGITS}g}") if math.isfinite(value) else None
