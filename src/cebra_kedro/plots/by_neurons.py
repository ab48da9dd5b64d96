"""Scores against the number of neurons that a variant sees: a line per variant and decoder.

Scores come from the table of the sweep. A line is the mean over runs, every run a dot, chance a
dashed line.
"""

from __future__ import annotations

import math
import re
import textwrap
from typing import TYPE_CHECKING, Any

import pandas as pd

from cebra_kedro.metrics import CHANCE_PREFIX, metric_label, with_unit
from cebra_kedro.plots import style
from cebra_kedro.plots.canvas import Drawn, house_style, new_axes
from cebra_kedro.plots.panels import add_key, finish, new_panels, panel_title
from cebra_kedro.plots.results import Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SWEPT = "n_neurons"
_LOOKS: tuple[tuple[Any, str], ...] = (
    ("-", "o"),
    ((0, (2, 1)), "s"),
    ((0, (4, 1, 1, 1)), "^"),
    ((0, (1, 1)), "D"),
)
"""Dashes and marker of each decoder, in their order; they are repeated after the last."""
_CHANCE: dict[str, Any] = {"color": "0.35", "ls": "--", "lw": 1.0}
_DOTS = {"ls": "none", "markersize": 4, "markeredgewidth": 0.4, "markeredgecolor": "white"}
_LABEL_LETTERS = 26
_MOST_NUMBERS = 5
"""Most numbers that fit below a panel."""


def by_neurons_figure(
    results: Results, session: str | None = None, *, metric: str | None = None
) -> Figure | None:
    """Mean score against the number of neurons, a panel per session.

    Args:
        results: the results.
        session: the session; None for a panel for each.
        metric: the score drawn; None for the first one of the sweep.

    Returns:
        The figure, or None if nothing was swept over the number of neurons.

    Raises:
        ValueError: the sweep has no such score.
    """
    table = results.sweep
    if SWEPT not in table.columns or table.empty:
        return None
    if session is not None:
        table = table[table["subject"] == session]
    if table.empty:
        return None
    metric = metric or str(table["metric"].iloc[0])
    subjects = list(pd.unique(_rows(table, metric)["subject"]))
    colours = style.colours(results.variants)
    with house_style():
        figure, axes = new_panels([2] * len(subjects))
        for ax, subject in zip(axes, subjects, strict=True):
            rows = table[table["subject"] == subject]
            name = None if session else panel_title(str(subject))
            plot_by_neurons(rows, metric, colours=colours, ax=ax, title=name, legend=False)
        for ax in axes:
            place = ax.get_subplotspec()
            is_first = place is None or place.colspan.start == 0
            ax.set_ylabel(_in_lines(ax.get_ylabel()) if is_first else "")
        add_key(figure, _handles(table, metric, colours))
        title = f"{metric_label(metric)} by number of neurons"
        title = f"{session}: {title}" if session else title[0].upper() + title[1:]
        shown = set(_rows(table, metric)["variant"])
        finish(figure, title, [variant for variant in results.variants if variant.name in shown])
    return figure


def plot_by_neurons(
    table: pd.DataFrame,
    metric: str,
    *,
    colours: dict[str, str],
    ax: Axes | None = None,
    title: str | None = None,
    legend: bool = True,
) -> Drawn:
    """Lines of the mean score against the number of neurons, every run a dot.

    Args:
        table: tidy scores of one session, with the column ``n_neurons``.
        metric: the score drawn.
        colours: variant → colour.
        ax: axes to draw on; None for a new figure.
        title: title of the axes.
        legend: explain colours, decoders, dots and chance beside the axes.

    Returns:
        The axes, and a row per run: ``variant``, ``decoder``, ``n_neurons``, ``seed``, ``value``.

    Raises:
        ValueError: there is no such score.
    """
    rows = _rows(table, metric)
    chance = table[table["metric"] == CHANCE_PREFIX + metric]
    decoders = list(pd.unique(rows["decoder"]))
    with house_style():
        ax = ax or new_axes((4.6, 3.2))
        for names, line in rows.groupby(["variant", "decoder"], sort=False):
            variant, decoder = map(str, names)
            dashes, marker = _LOOKS[decoders.index(decoder) % len(_LOOKS)]
            means = line.groupby(SWEPT)["value"].mean()
            look: dict[str, Any] = {"color": colours[variant], "marker": marker, **_DOTS}
            ax.plot(means.index, means, color=colours[variant], ls=dashes, lw=1.8)
            ax.plot(line[SWEPT], line["value"], **look)
        if not chance.empty:
            ax.axhline(chance["value"].mean(), zorder=0, **_CHANCE)
        ax.set_xscale("log")
        _name_counts(ax, sorted(rows[SWEPT].unique()))
        unit = str(rows["unit"].fillna("").iloc[0])
        ax.set(xlabel="number of neurons", ylabel=with_unit(metric_label(metric), unit))
        if title:
            ax.set_title(title)
        if legend:
            handles = _handles(table, metric, colours)
            ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return Drawn((ax,), rows[["variant", "decoder", SWEPT, "seed", "value"]])


def _rows(table: pd.DataFrame, metric: str) -> pd.DataFrame:
    rows = table[(table["metric"] == metric) & table[SWEPT].notna()]
    if rows.empty:
        names = [name for name in pd.unique(table["metric"]) if not name.startswith(CHANCE_PREFIX)]
        raise ValueError(f"the sweep has no {metric}; it has {', '.join(names) or 'no scores'}")
    return rows.assign(unit=rows["unit"].astype(object))


def _name_counts(ax: Any, counts: list[float]) -> None:
    """A tick at every count; numbers from the largest down, where there is room for them."""
    room = math.log10(counts[-1] / counts[0]) / _MOST_NUMBERS
    labels = []
    last = math.inf
    for count in reversed(counts):
        fits = last - math.log10(count) >= room
        labels.append(f"{count:g}" if fits else "")
        last = math.log10(count) if fits else last
    ax.set_xticks(counts, labels[::-1])
    ax.set_xticks([], minor=True)


def _in_lines(label: str) -> str:
    """The label in lines that are not longer than an axis is high; numbers keep their units."""
    if len(label) <= _LABEL_LETTERS:
        return label
    return textwrap.fill(re.sub(r"(?<=\d) ", "\N{NO-BREAK SPACE}", label), _LABEL_LETTERS)


def _handles(table: pd.DataFrame, metric: str, colours: dict[str, str]) -> list[Any]:
    from matplotlib.lines import Line2D

    rows = _rows(table, metric)
    handles = [
        Line2D([], [], color=colours[variant], lw=1.8, label=style.variant_label(variant))
        for variant in pd.unique(rows["variant"])
    ]
    for number, decoder in enumerate(pd.unique(rows["decoder"])):
        dashes, marker = _LOOKS[number % len(_LOOKS)]
        look: dict[str, Any] = {"color": "0.45", "ls": dashes, "marker": marker, "markersize": 4}
        handles.append(Line2D([], [], label=f"{decoder}, dots: runs", **look))
    if (table["metric"] == CHANCE_PREFIX + metric).any():
        handles.append(Line2D([], [], label="chance", **_CHANCE))
    return handles
