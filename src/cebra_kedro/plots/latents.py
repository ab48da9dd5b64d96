"""Pictures of embeddings of synthetic sets beside their labels, and heat maps of sweeps.

Embeddings, labels and tables are given; computing them is left to other rooms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cebra_kedro.plots import style
from cebra_kedro.plots.canvas import Drawn, house_style, new_axes, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLORMAPS = {"continuous": "viridis", "circular": "twilight", "discrete": "tab20"}
_SHOWN_ROWS = 300
"""Rows of the panels over time; more would be a band of ink."""
_MAX_LINES = 8
_OVERVIEW_MARGINS = {
    "left": 0.08,
    "right": 0.98,
    "top": 0.9,
    "bottom": 0.14,
    "wspace": 0.25,
    "hspace": 0.4,
}
_VARIANTS_MARGINS = {
    "left": 0.02,
    "right": 0.97,
    "top": 0.86,
    "bottom": 0.07,
    "wspace": 0.1,
    "hspace": 0.2,
}


def figure_overview(
    embedding: np.ndarray,
    label: np.ndarray,
    *,
    kind: str = "continuous",
    name: str = "label",
    unit: str = "",
    title: str | None = None,
) -> Figure:
    """Four panels: the embedding in the plane, in space, over time, and the label over time.

    Colours are the label's, of several label dimensions the first one's. An embedding of two
    dimensions is shown in space with time as the third axis, one of a single dimension in the
    plane against time and in space with the label as the third axis. The panels over time show
    the first 300 bins and at most 8 dimensions.

    Args:
        embedding: float array (time, dim), dim at least 1.
        label: array (time,) or (time, label dim).
        kind: ``continuous``, ``circular`` (rad) or ``discrete``.
        name: name of the label.
        unit: unit of the label.
        title: title over the figure.

    Raises:
        ValueError: lengths differ, or the kind is unknown.
    """
    embedding, columns = _checked(embedding, label, kind)
    first, time = columns[:, 0], np.arange(len(columns))
    points, axis_names = _coordinates(embedding, first, time, name)
    with house_style():
        figure = new_figure((9.0, 6.8), _OVERVIEW_MARGINS)
        plane = figure.add_subplot(2, 2, 1)
        marks = plane.scatter(*points[:2], **_look(first, kind))
        plane.set(xlabel=axis_names[0], ylabel=axis_names[1], title="plane")
        _colour_bar(figure, plane, marks, style.with_unit(name, unit))
        space: Any = figure.add_subplot(2, 2, 2, projection="3d")
        space.scatter(*points, depthshade=False, **_look(first, kind))
        space.set(title="space")
        for axis, axis_name in zip("xyz", axis_names, strict=True):
            getattr(space, f"set_{axis}label")(axis_name, fontsize=8, labelpad=-8)
            getattr(space, f"{axis}axis").set_ticklabels([])
        _lines(
            figure.add_subplot(2, 2, 3), embedding, "embedding", "embedding", "dim", is_step=False
        )
        _lines(
            figure.add_subplot(2, 2, 4),
            columns,
            name,
            style.with_unit(name, unit),
            name,
            is_step=kind != "continuous",
        )
        if title:
            figure.suptitle(title)
    return figure


def figure_variants(
    embeddings: Mapping[str, np.ndarray],
    label: np.ndarray,
    *,
    kind: str = "continuous",
    name: str = "label",
    unit: str = "",
    title: str | None = None,
    n_columns: int = 4,
) -> Figure:
    """The first two dimensions of every variant's embedding side by side, coloured by the label.

    Args:
        embeddings: variant → float array (time, dim) on the same rows; a dimension of its own is
            shown against time.
        label: array (time,) or (time, label dim); the first dimension gives the colours.
        kind: ``continuous``, ``circular`` (rad) or ``discrete``.
        name: name of the label.
        unit: unit of the label.
        title: title over the figure.
        n_columns: most panels in a row.

    Raises:
        ValueError: ``embeddings`` is empty, lengths differ, or the kind is unknown.
    """
    if not embeddings:
        raise ValueError("embeddings must hold at least one variant, got none")
    variants = style.ordered_variants(embeddings)
    columns = min(n_columns, len(variants))
    rows = -(-len(variants) // columns)
    width, height = style.SMALL_PANEL_INCHES
    with house_style():
        size = (columns * width * 0.8 + 1.0, rows * height * 0.85 + 0.5)
        figure = new_figure(size, _VARIANTS_MARGINS)
        axes = np.ravel(figure.subplots(rows, columns, squeeze=False))
        for ax, variant in zip(axes, variants, strict=False):
            embedding, values = _checked(embeddings[variant], label, kind)
            first = values[:, 0]
            points, _ = _coordinates(embedding, first, np.arange(len(first)), name)
            marks = ax.scatter(*points[:2], **_look(first, kind))
            ax.set(title=style.variant_label(variant), xticks=[], yticks=[])
        for ax in axes[len(variants) :]:
            ax.remove()
        _colour_bar(figure, list(axes[: len(variants)]), marks, style.with_unit(name, unit))
        if title:
            figure.suptitle(title)
        if footnote := style.transductive_footnote(variants):
            figure.supxlabel(footnote, fontsize=7, x=0.01, ha="left")
    return figure


def plot_sweep(
    table: pd.DataFrame,
    metric: str,
    rows: str,
    columns: str | None,
    *,
    ax: Any = None,
    title: str | None = None,
) -> Drawn:
    """Mean score of each cell of a grid of one or two parameters, written in the cells.

    Args:
        table: one row per score, with the swept parameters and ``metric``, ``value``, ``unit``.
        metric: the score shown.
        rows: the parameter down the map.
        columns: the parameter across, or None for a map of one column.
        ax: axes to draw on; None for a new figure.
        title: title of the axes.

    Returns:
        The axes, and the means as drawn (value of ``rows``, value of ``columns``).

    Raises:
        ValueError: no row has this metric.
    """
    chosen = table[table["metric"] == metric]
    if chosen.empty:
        raise ValueError(
            f"the sweep has no {metric}; it has {', '.join(map(str, table['metric'].unique()))}"
        )
    text = {name: chosen[name].map(str) for name in (rows, columns) if name}
    across = text[columns] if columns else pd.Series("", index=chosen.index)
    means = chosen.groupby([text[rows], across], sort=False)["value"].mean().unstack(sort=False)
    values = means.to_numpy(float)
    with house_style():
        ax = ax or new_axes((0.9 * values.shape[1] + 2.6, 0.5 * values.shape[0] + 1.4))
        image = ax.imshow(values, cmap="viridis", aspect="auto")
        ax.set_xticks(range(values.shape[1]), list(means.columns))
        ax.set_yticks(range(values.shape[0]), list(means.index))
        ax.set(xlabel=columns or "", ylabel=rows)
        ax.spines[:].set_visible(False)
        middle = (np.nanmin(values) + np.nanmax(values)) / 2
        unit = str(chosen["unit"].astype(object).fillna("").iloc[0])
        for (row, column), value in np.ndenumerate(values):
            colour = "black" if value > middle else "white"
            shown = style.format_value(value, unit)
            ax.text(column, row, shown, color=colour, ha="center", va="center", fontsize=8)
        bar = ax.figure.colorbar(image, ax=ax)
        bar.set_label(style.with_unit(style.metric_label(metric), unit))
        bar.outline.set_visible(False)
        if title:
            ax.set_title(title)
    return Drawn((ax,), means)


def figure_sweep(table: pd.DataFrame, metric: str, swept: Sequence[str]) -> Figure:
    """:func:`plot_sweep` for every set and encoder, over the first two parameters that vary.

    Args:
        table: as in :func:`plot_sweep`, with ``subject`` and ``variant``.
        metric: the score shown.
        swept: names of the columns that hold parameters; the mean is taken over those beyond two.

    Raises:
        ValueError: no row has this metric.
    """
    varying = [name for name in swept if table[name].map(str).nunique() > 1] or list(swept)
    rows, averaged = varying[0], varying[2:]
    columns = varying[1] if len(varying) > 1 else None
    panels = list(table.groupby(["subject", "variant"], sort=False))
    across = min(3, len(panels))
    down = -(-len(panels) // across)
    width = 2.6 + 0.8 * (table[columns].map(str).nunique() if columns else 1)
    height = 1.5 + 0.4 * table[rows].map(str).nunique()
    with house_style():
        figure = new_figure((across * width, down * height + 0.4))
        axes = np.ravel(figure.subplots(down, across, squeeze=False))
        for ax, ((subject, variant), part) in zip(axes, panels, strict=False):
            plot_sweep(part, metric, rows, columns, ax=ax, title=f"{subject}, {variant}")
        for ax in axes[len(panels) :]:
            ax.remove()
        over = ", ".join(["seeds", *averaged])
        figure.suptitle(f"Sweep: mean {style.metric_label(metric)} over {over}")
    return figure


def _checked(embedding: np.ndarray, label: np.ndarray, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """The embedding, and the label as (time, label dim)."""
    if kind not in _COLORMAPS:
        raise ValueError(f"kind must be one of {', '.join(_COLORMAPS)}, got {kind!r}")
    if embedding.ndim != 2 or 0 in embedding.shape:
        raise ValueError(f"embedding must be an array (time, dim), got shape {embedding.shape}")
    if len(label) != len(embedding):
        raise ValueError(
            f"label must have one row for each row of embedding ({len(embedding)}), "
            f"got {len(label)}"
        )
    return embedding, np.asarray(label).reshape(len(label), -1)


def _coordinates(
    embedding: np.ndarray, label: np.ndarray, time: np.ndarray, name: str
) -> tuple[list[np.ndarray], list[str]]:
    """Three coordinates and what they are."""
    if embedding.shape[1] == 1:
        return [time, embedding[:, 0], label], ["time (bins)", "dim 1", name]
    if embedding.shape[1] == 2:
        return [*embedding.T, time], ["dim 1", "dim 2", "time (bins)"]
    return list(embedding[:, :3].T), ["dim 1", "dim 2", "dim 3"]


def _look(values: np.ndarray, kind: str) -> dict[str, Any]:
    limits = {"vmin": 0.0, "vmax": 2 * np.pi} if kind == "circular" else {}
    colours = values % (2 * np.pi) if kind == "circular" else values
    return {
        "c": colours,
        "cmap": _COLORMAPS[kind],
        "s": 3,
        "linewidths": 0,
        "rasterized": True,
        **limits,
    }


def _colour_bar(figure: Any, axes: Any, marks: Any, label: str) -> None:
    bar = figure.colorbar(marks, ax=axes, fraction=0.05, pad=0.02)
    bar.set_label(label)
    bar.outline.set_visible(False)


def _lines(
    ax: Any, values: np.ndarray, what: str, ylabel: str, name: str, *, is_step: bool
) -> None:
    """The first columns over the first bins; steps where values jump."""
    shown = values[:_SHOWN_ROWS, :_MAX_LINES]
    drawstyle = "steps-mid" if is_step else "default"
    for number, column in enumerate(shown.T, start=1):
        ax.plot(column, lw=0.8, drawstyle=drawstyle, label=f"{name} {number}")
    more = values.shape[1] - shown.shape[1]
    title = "over time" + (f" ({more} more dimensions)" if more else "")
    ax.set(xlabel="time (bins)", ylabel=ylabel, title=f"{what} {title}")
    if shown.shape[1] > 1:
        ax.legend(ncols=4, fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.2))
