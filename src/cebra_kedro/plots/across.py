"""Heat maps of decoders carried from one session to another: a cell for each ordered pair.

Aligning embeddings and decoding are left to ``consistency`` and ``decoding``; how maps are laid out
is in ``plots.consistency``.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cebra_kedro.metrics import CHANCE_PREFIX, better, format_value, metric_label, with_unit
from cebra_kedro.plots import style
from cebra_kedro.plots.consistency import draw_maps
from cebra_kedro.plots.consistency_panel import Look
from cebra_kedro.plots.results import Results
from cebra_kedro.plots.score_panel import with_units

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def across_figure(
    results: Results,
    session: str | None,
    *,
    metric: str | None = None,
    decoder: str | None = None,
) -> Figure | None:
    """A map for each variant: decoders of each session (row), scored on each other one (column).

    Scores are means over folds and seeds; colours begin at chance, so that white is no better.

    Args:
        results: the results.
        session: there is none of a single session.
        metric: the score shown; None for the first one.
        decoder: which decoder; None for the first one of this metric.

    Returns:
        The figure; None where no decoder was carried.

    Raises:
        ValueError: no row has this metric or decoder.
    """
    if session is not None or results.across.empty:
        return None
    scores, chance = _chosen(with_units(results.across), metric, decoder)
    unit, metric = str(scores["unit"].iloc[0]), str(scores["metric"].iloc[0])
    there = {*scores["source"], *scores["target"]}
    order = [name for name in results.sessions if name in there]
    shown = [one for one in results.variants if one.name in set(scores["variant"])]
    of = {one.name: scores[scores["variant"] == one.name] for one in shown}
    maps = {
        f"{style.variant_label(one)} ({_through(of[one.name])})": _matrix(of[one.name], order)
        for one in shown
    }
    look = _look(metric, unit, scores["value"], chance)
    level = f"{look.text(chance)} {unit}".strip()
    note = f"on the diagonal, the session's own decoders; white: chance ({level}) or worse"
    label = metric_label(metric)
    title = f"{label[0].upper()}{label[1:]} of decoders carried from session to session"
    return draw_maps({"": maps}, title, shown, look, note)


def _chosen(
    table: pd.DataFrame, metric: str | None, decoder: str | None
) -> tuple[pd.DataFrame, float]:
    """The rows of one metric and decoder, and the mean of their chance; NaN without any."""
    names = [str(one) for one in pd.unique(table["metric"])]
    scored = [one for one in names if not one.startswith(CHANCE_PREFIX)]
    metric = metric or scored[0]
    rows = table[table["metric"].isin([metric, CHANCE_PREFIX + metric])]
    decoders = [str(one) for one in pd.unique(rows["decoder"])]
    if metric not in scored or (decoder or decoders[0]) not in decoders:
        raise ValueError(
            f"no decoder was carried with metric {metric} and decoder {decoder or 'any'}; there "
            f"are {', '.join(scored)} by {', '.join(map(str, pd.unique(table['decoder'])))}"
        )
    rows = rows[rows["decoder"] == (decoder or decoders[0])]
    return rows[rows["metric"] == metric], float(rows.loc[rows["metric"] != metric, "value"].mean())


def _matrix(scores: pd.DataFrame, order: list[str]) -> pd.DataFrame:
    """Mean score of each source (row) and target (column)."""
    mean = scores.pivot_table(index="source", columns="target", values="value", aggfunc="mean")
    there = [name for name in order if name in mean.index or name in mean.columns]
    return mean.reindex(index=there, columns=there)


def _through(scores: pd.DataFrame) -> str:
    """``joint``, or ``aligned``."""
    between = scores.loc[scores["through"] != "within", "through"]
    return str(between.iloc[0]) if len(between) else "within"


def _look(metric: str, unit: str, values: pd.Series, chance: float) -> Look:
    """White at chance, dark at the best score there is."""
    lower = better(metric) == "lower"
    best = float(values.min() if lower else values.max())
    worst = chance if np.isfinite(chance) and (best < chance) == lower else float(values.mean())
    low, high = sorted([best, worst])
    return Look(
        colours="Blues_r" if lower else "Blues",
        ends=(low, max(high, low + 1e-9)),
        text=partial(format_value, unit=unit),
        bar=with_unit(metric_label(metric), unit),
        rows="fitted to",
        columns="scored on",
        mean="across",
    )
