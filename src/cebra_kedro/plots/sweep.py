"""Pictures of sweeps: mean scores over one or two parameters, as lines or as a heat map.

Scores come as a tidy table with a column for each swept parameter.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cebra_kedro.metrics import (
    CHANCE_PREFIX,
    METRIC_COLUMNS,
    better,
    format_value,
    metric_label,
    with_unit,
)
from cebra_kedro.plots import style
from cebra_kedro.plots.canvas import Drawn, house_style, new_axes, new_figure
from cebra_kedro.plots.panels import finish
from cebra_kedro.plots.results import Results
from cebra_kedro.plots.score_panel import with_units

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_CELL_INCHES = 0.6
_AROUND_INCHES = 1.0
_MOST_VALUES = 12
_MOST_PARAMETERS = 4
_LOG_FROM = 20
"""A parameter whose largest value is so many times its smallest is drawn on a logarithmic axis."""


def sweep_figure(
    results: Results,
    session: str | None,
    *,
    metric: str | None = None,
    decoder: str | None = None,
) -> Figure | None:
    """:func:`plot_sweep` for every session and variant, over the first two parameters that vary.

    Of combinations that are no grid, as those drawn at random, a panel for each parameter.

    Args:
        results: the results.
        session: one session; None for all of them.
        metric: the score shown; None for the first one.
        decoder: which decoder; None for the first one of this metric.

    Returns:
        The figure; None where nothing was swept.

    Raises:
        ValueError: no row has this metric or decoder.
    """
    table = results.sweep
    if session is not None and not table.empty:
        table = table[table["subject"] == session]
    if table.empty:
        return None
    table = with_units(table)
    if metric is None:
        names = [str(one) for one in pd.unique(table["metric"])]
        usual = [one for one in names if better(one) and not one.startswith(CHANCE_PREFIX)]
        metric = (usual or names)[0]
    table = _of(table, metric, decoder)
    swept = [name for name in table.columns if name not in METRIC_COLUMNS]
    varying = [name for name in swept if table[name].map(str).nunique() > 1] or swept[:1]
    if _is_scattered(table, varying):
        return _scattered_figure(table, metric, varying)
    rows, across = varying[0], varying[1] if len(varying) > 1 else None
    panels = list(table.groupby(["subject", "variant"], sort=False))
    room = style.WIDEST_INCHES - _AROUND_INCHES
    width = min(1.6 + _CELL_INCHES * (table[across].map(str).nunique() if across else 3), room)
    columns = min(3, len(panels), int(room / width))
    down = -(-len(panels) // columns)
    height = 1.6 + (0.4 * table[rows].map(str).nunique() if across else 1.0)
    with house_style():
        figure = new_figure((max(5.0, columns * width + _AROUND_INCHES), down * height + 0.5))
        axes = np.ravel(figure.subplots(down, columns, squeeze=False))
        letters = int(width / style.TITLE_LETTER_INCHES)
        for ax, ((subject, variant), part) in zip(axes, panels, strict=False):
            title = textwrap.fill(f"{subject}, {style.variant_label(str(variant))}", letters)
            plot_sweep(part, metric, rows, across, ax=ax, title=title)
        for ax in axes[len(panels) :]:
            ax.remove()
        over = ", ".join(["folds and seeds", *varying[2:]])
        used = table["decoder"].iloc[0]
        title = f"Sweep: mean {metric_label(metric)} by {used} over {over}"
        finish(figure, title, [str(variant) for (_, variant), _ in panels])
    return figure


def plot_draws(
    table: pd.DataFrame, metric: str, parameter: str, others: Sequence[str] = (), *, ax: Any = None
) -> Drawn:
    """Score of each combination over the values of one parameter; the best one is marked.

    A dot is the mean over folds and seeds, its line reaches from the lowest to the highest of them.

    Args:
        table: one row per score, with the swept parameters and ``metric``, ``value``, ``unit``.
        metric: the score shown.
        parameter: along the axis.
        others: the other parameters that make a combination.
        ax: axes to draw on; None for a new figure.

    Returns:
        The axes, and ``mean``, ``min`` and ``max`` of each combination (value of ``parameter``,
        values of ``others``).

    Raises:
        ValueError: no row has this metric.
    """
    chosen = with_units(_of(table, metric, None))
    unit = str(chosen["unit"].iloc[0])
    by_value = [chosen[name].map(hashable) for name in (parameter, *others)]
    found = chosen.groupby(by_value, sort=False)["value"].agg(["mean", "min", "max"])
    best = int(np.argmin(found["mean"]) if better(metric) == "lower" else np.argmax(found["mean"]))
    with house_style():
        ax = ax or new_axes((4.0, 2.8))
        places = spread_along(ax, found.index.get_level_values(0))
        colour = style.colours(["encoder"])["encoder"]
        ax.vlines(places, found["min"], found["max"], color=colour, lw=1.0, alpha=0.5)
        ax.plot(places, found["mean"], "o", color=colour, ms=5, mew=0.4, mec="white")
        ax.plot(
            places[best], found["mean"].iloc[best], "o", ms=11, mfc="none", mec="black", mew=1.2
        )
        ax.set(xlabel=parameter_label(parameter), ylabel=with_unit(metric_label(metric), unit))
        ax.margins(x=0.1)
    return Drawn((ax,), found)


def _is_scattered(table: pd.DataFrame, varying: Sequence[str]) -> bool:
    """Whether the combinations are no grid, or one with more values than a map has room for."""
    values = table[list(varying)].map(hashable)
    counts = [values[name].nunique() for name in varying]
    return max(counts) > _MOST_VALUES or len(values.drop_duplicates()) < math.prod(counts)


def _scattered_figure(table: pd.DataFrame, metric: str, varying: Sequence[str]) -> Figure:
    """A row of panels for each session and variant, one for each parameter, at most four."""
    shown = list(varying)[:_MOST_PARAMETERS]
    groups = list(table.groupby(["subject", "variant"], sort=False))
    width = min(3.2, style.WIDEST_INCHES / len(shown))
    with house_style():
        figure = new_figure((max(5.0, width * len(shown)), 2.6 * len(groups) + 0.5))
        axes = figure.subplots(len(groups), len(shown), squeeze=False, sharey="row")
        for line, ((subject, variant), part) in zip(axes, groups, strict=True):
            for ax, name in zip(line, shown, strict=True):
                plot_draws(part, metric, name, [one for one in varying if one != name], ax=ax)
                ax.set_xlabel(
                    textwrap.fill(parameter_label(name), int(width / style.LETTER_INCHES))
                )
            for ax in line[1:]:
                ax.set_ylabel("")
            line[0].set_title(f"{subject}, {style.variant_label(str(variant))}", loc="left")
        used = table["decoder"].iloc[0]
        title = f"Sweep: {metric_label(metric)} by {used}; the best combination is ringed"
        finish(figure, title, [str(variant) for (_, variant), _ in groups])
    return figure


def spread_along(ax: Any, values: Iterable[Any]) -> np.ndarray:
    """Where values stand along an axis: numbers at themselves, others at equal distances.

    The axis becomes logarithmic where the largest number is many times the smallest.
    """
    listed = list(values)
    if not all(isinstance(value, int | float | np.number) for value in listed):
        kinds = list(dict.fromkeys(map(str, listed)))
        ax.set_xticks(range(len(kinds)), kinds)
        return np.array([kinds.index(str(value)) for value in listed], float)
    places = np.array(listed, float)
    if places.min() > 0 and places.max() / places.min() > _LOG_FROM:
        ax.set_xscale("log")
    return places


def hashable(value: Any) -> Any:
    """The value, or its text if it is a list or a mapping."""
    plain = str | int | float | bool | np.generic | None
    return value if isinstance(value, plain) else str(value)


def plot_sweep(
    table: pd.DataFrame,
    metric: str,
    rows: str,
    columns: str | None = None,
    *,
    ax: Any = None,
    title: str | None = None,
) -> Drawn:
    """Mean score over two parameters, written in the cells of a map, or over one, as a line.

    Beside the line, every score is a dot; values that are no numbers stand at equal distances.

    Args:
        table: one row per score, with the swept parameters and ``metric``, ``value``, ``unit``.
        metric: the score shown.
        rows: the parameter down the map, or along the line.
        columns: the parameter across the map; None for a line.
        ax: axes to draw on; None for a new figure.
        title: title of the axes.

    Returns:
        The axes, and the means as drawn (value of ``rows``, value of ``columns``, or one column
        ``mean``).

    Raises:
        ValueError: no row has this metric.
    """
    chosen = with_units(_of(table, metric, None))
    unit = str(chosen["unit"].iloc[0])
    text = with_unit(metric_label(metric), unit)
    with house_style():
        if columns is None:
            ax = ax or new_axes((4.0, 2.8))
            means = _draw_line(ax, chosen, rows)
            ax.set(xlabel=parameter_label(rows), ylabel=text)
        else:
            keys = [chosen[name].map(str) for name in (rows, columns)]
            means = chosen.groupby(keys, sort=False)["value"].mean().unstack(sort=False)
            ax = ax or new_axes((0.9 * means.shape[1] + 2.6, 0.5 * means.shape[0] + 1.4))
            image = _draw_map(ax, means, unit)
            ax.set(
                xlabel=parameter_label(columns),
                ylabel=parameter_label(rows).replace(" of ", "\nof "),
            )
            bar = ax.figure.colorbar(image, ax=ax)
            bar.set_label(text)
            bar.outline.set_visible(False)
        if title:
            ax.set_title(title)
    return Drawn((ax,), means)


def _of(table: pd.DataFrame, metric: str, decoder: str | None) -> pd.DataFrame:
    """The scores of one metric by one decoder, the first one where none is named."""
    chosen = table[table["metric"] == metric]
    if chosen.empty:
        raise ValueError(
            f"the sweep has no {metric}; it has {', '.join(map(str, pd.unique(table['metric'])))}"
        )
    if "decoder" not in chosen:
        return chosen
    decoders = [str(one) for one in pd.unique(chosen["decoder"])]
    if decoder is not None and decoder not in decoders:
        raise ValueError(f"decoder must be one of {', '.join(decoders)}, got {decoder!r}")
    return chosen[chosen["decoder"] == (decoder or decoders[0])]


def _draw_line(ax: Any, chosen: pd.DataFrame, parameter: str) -> pd.DataFrame:
    means = chosen.groupby(parameter, sort=False)["value"].mean().rename("mean").to_frame()
    values: Sequence[Any] = list(means.index)
    if pd.api.types.is_numeric_dtype(chosen[parameter]):
        means = means.sort_index()
        values = list(means.index)
        places = {one: float(one) for one in values}
        ax.set_xticks(list(places.values()), [f"{one:g}" for one in values])
    else:
        places = {one: float(number) for number, one in enumerate(values)}
        ax.set_xticks(list(places.values()), [str(one) for one in values])
    colour = style.colours(["encoder"])["encoder"]
    ax.plot([places[one] for one in values], means["mean"], color=colour, lw=1.8)
    x = chosen[parameter].map(places)
    ax.plot(x, chosen["value"], "o", color=colour, ms=4.5, mew=0.4, mec="white", alpha=0.9)
    ax.margins(x=0.1)
    return means


def _draw_map(ax: Any, means: pd.DataFrame, unit: str) -> Any:
    values = means.to_numpy(float)
    image = ax.imshow(values, cmap="viridis", aspect="auto")
    texts = list(map(str, means.columns))
    wide = max(map(len, texts)) * style.LETTER_INCHES > _CELL_INCHES
    ax.set_xticks(range(values.shape[1]), texts, rotation=90 if wide else 0)
    ax.set_yticks(range(values.shape[0]), list(means.index))
    ax.spines[:].set_visible(False)
    middle = (np.nanmin(values) + np.nanmax(values)) / 2
    for (row, column), value in np.ndenumerate(values):
        colour = "black" if value > middle else "white"
        shown = format_value(value, unit)
        ax.text(column, row, shown, color=colour, ha="center", va="center", fontsize=8)
    return image


def parameter_label(name: str) -> str:
    """``pairs.delta of default`` for ``encoders.default.pairs.delta``."""
    first, *rest = name.split(".")
    if first == "encoders" and len(rest) > 1:
        return f"{'.'.join(rest[1:])} of {rest[0]}"
    return name
