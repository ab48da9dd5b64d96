"""Pictures of scores: a row for each variant, every fold and seed a dot, with mean and chance.

Scores come as the tidy metrics table; decoding and scoring are left to ``decoding``. How rows and
dots are drawn is in ``score_panel``.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cebra_kedro.metrics import CHANCE_PREFIX, SCORES, better
from cebra_kedro.plots import style
from cebra_kedro.plots.canvas import house_style, new_figure
from cebra_kedro.plots.panels import finish
from cebra_kedro.plots.results import Results
from cebra_kedro.plots.score_panel import (
    add_fold_legend,
    name_inches,
    plot_scores,
    rows_inches,
    score_rows,
    with_units,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MAX_METRICS = 4
_PANELS_IN_A_ROW = 4
_BESIDE_INCHES = 1.0
"""Width beside the panels for the legend."""
_AROUND_INCHES = 0.85
"""Height above and below the rows of a panel, for its title and its axis."""


def scores_figure(
    results: Results,
    session: str | None,
    *,
    metrics: Sequence[str] | None = None,
    decoder: str | None = None,
) -> Figure | None:
    """Scores of all variants, of one session or of all.

    Of one session, a column for each metric and a row of panels for each decoder. Of all sessions,
    transfers included, a panel for each session and metric, by one decoder.

    Args:
        results: the results.
        session: the session; None for all.
        metrics: at most four; those that a session lacks are left out. None for the first metric
            of each decoded label.
        decoder: which decoder; None for all of them where one session is drawn, and for the first
            one where all are.

    Returns:
        The figure; None where nothing was scored.

    Raises:
        ValueError: a metric is unknown, no row is of the decoder, or there are too many metrics.
    """
    if results.metrics.empty:
        return None
    table = with_units(results.metrics)
    names = _first_metrics(table) if metrics is None else list(metrics)
    _check_there(table, names, decoder)
    table = table[table["metric"].isin([*names, *(CHANCE_PREFIX + name for name in names)])]
    if decoder is not None:
        table = table[table["decoder"] == decoder]
    if session is not None:
        table = table[table["subject"] == session]
    names = [name for name in names if name in set(table["metric"])]
    if not names:
        return None
    if session is None:
        return _figure_of_all(results, table, names)
    return _figure_of_one(results, table, names, session)


def _figure_of_one(results: Results, table: pd.DataFrame, names: list[str], session: str) -> Figure:
    """Columns are metrics, rows of panels decoders; a column has one value axis."""
    decoders = [str(one) for one in pd.unique(table["decoder"])]
    panels = [
        [(table[_is_of(table, name) & (table["decoder"] == one)], name, _by(one)) for name in names]
        for one in decoders
    ]
    title = f"{session}: scores on test rows"
    used = [sum(len(row[i][0]) > 0 for row in panels) for i in range(len(names))]
    if max(used) == 1:  # each metric is of one decoder: all stand in one row
        panels = [[part for row in panels for part in row if len(part[0])]]
    elif len(names) == 1:
        panels = [[row[0] for row in panels]]
    if len(decoders) == 1:
        panels = [[(part, name, "") for part, name, _ in panels[0]]]
        title += f", {by}" if (by := _by(decoders[0])) else ""
    return _grid(results, panels, title)


def _by(decoder: str) -> str:
    """What a panel is headed by; scores without a decoder, as of consistency, by nothing."""
    return "" if decoder == "none" else f"by {decoder}"


def _figure_of_all(results: Results, table: pd.DataFrame, names: list[str]) -> Figure:
    """Rows of panels are metrics, columns sessions; sessions that do not fit go below."""
    known = [*results.sessions, *(f"{a}_to_{b}" for a, b in results.transfers)]
    panels, used = [], []
    for name in names:
        of_metric = table[_is_of(table, name)]
        first = str(of_metric["decoder"].iloc[0])
        used.append(first)
        of_metric = of_metric[of_metric["decoder"] == first]
        there = [one for one in known if one in set(of_metric["subject"])]
        parts = [
            (of_metric[of_metric["subject"] == one], name, one.replace("_", " ")) for one in there
        ]
        n_rows = -(-len(parts) // _PANELS_IN_A_ROW)
        n_columns = -(-len(parts) // n_rows)
        panels += [parts[i : i + n_columns] for i in range(0, len(parts), n_columns)]
    by = ", ".join(name for name in dict.fromkeys(used) if name != "none")
    return _grid(results, panels, "Scores on test rows" + (f", by {by}" if by else ""))


Part = tuple[pd.DataFrame, str, str]
"""Rows of a panel, its metric, and its title."""


def _grid(results: Results, panels: list[list[Part]], title: str) -> Figure:
    """Panels with the variants' names at the left of each row, and one value axis a metric."""
    shown = {variant for row in panels for part, *_ in row for variant in part["variant"]}
    variants = [one for one in results.variants if one.name in shown]
    n_columns = max(map(len, panels))
    left = name_inches(variants)
    panel = min(2.6, (style.WIDEST_INCHES - left - _BESIDE_INCHES) / n_columns)
    width = max(5.5, left + n_columns * panel + _BESIDE_INCHES)
    height = rows_inches(len(variants)) + _AROUND_INCHES
    colours = style.colours(results.variants)
    letters = int(panel / style.TITLE_LETTER_INCHES)
    limits = _limits(panels)
    with house_style():
        figure = new_figure((width, len(panels) * height + 0.5))
        grid = figure.subplots(len(panels), n_columns, squeeze=False)
        for axes, row in zip(grid, panels, strict=True):
            for column, ax in enumerate(axes):
                if column >= len(row) or row[column][0].empty:
                    ax.remove()
                    continue
                part, metric, name = row[column]
                plot_scores(
                    part,
                    metric,
                    variants=variants,
                    colours=colours,
                    limits=limits[metric],
                    ax=ax,
                    title=textwrap.fill(name, letters),
                    legend=False,
                    names=column == 0 or row[0][0].empty,
                )
                ax.set_xlabel(textwrap.fill(ax.get_xlabel(), letters))
        first = panels[0][0]
        add_fold_legend(grid[0, len(panels[0]) - 1], score_rows(first[0], first[1], None))
        finish(figure, title, variants)
    return figure


def _limits(panels: list[list[Part]]) -> Mapping[str, tuple[float, float]]:
    """For each metric, ends that hold 0 and all its values, chance included."""
    values: dict[str, list[Any]] = {}
    for row in panels:
        for part, metric, _ in row:
            values.setdefault(metric, []).extend(part["value"])
    return {
        metric: (min(0.0, float(np.min(of_metric))), max(0.0, float(np.max(of_metric))))
        for metric, of_metric in values.items()
    }


def _is_of(table: pd.DataFrame, metric: str) -> pd.Series:
    return table["metric"].isin([metric, f"{CHANCE_PREFIX}{metric}"])


def _first_metrics(table: pd.DataFrame) -> list[str]:
    """Of each label, the first metric that says what is better; at most four."""
    chosen: dict[str, str] = {}
    for metric in map(str, pd.unique(table["metric"])):
        if metric.startswith(CHANCE_PREFIX) or not better(metric):
            continue
        ending = max((name for name in SCORES if metric.endswith(name)), key=len, default="")
        chosen.setdefault(metric.removesuffix(ending), metric)
    return list(chosen.values())[:_MAX_METRICS]


def _check_there(table: pd.DataFrame, names: Sequence[str], decoder: str | None) -> None:
    if len(names) > _MAX_METRICS:
        raise ValueError(f"metrics must be at most {_MAX_METRICS}, got {len(names)}")
    known = {name for name in table["metric"] if not name.startswith(CHANCE_PREFIX)}
    # One with a usual name may be of sessions that have not been run yet.
    unknown = [name for name in names if name not in known and not better(name)]
    if unknown:
        raise ValueError(
            f"metrics must be among those of the experiment ({', '.join(sorted(known))}), "
            f"got {', '.join(unknown)}"
        )
    decoders = sorted(set(table["decoder"]))
    if decoder is not None and decoder not in decoders:
        raise ValueError(f"decoder must be one of {', '.join(decoders)}, got {decoder!r}")
