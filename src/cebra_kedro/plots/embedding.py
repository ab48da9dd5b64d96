"""Pictures of embeddings coloured by position, one colormap for each running direction.

The embedding is given; computing it is left to ``training``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cebra_kedro.plots import style
from cebra_kedro.plots.canvas import Drawn, house_style, new_axes, new_figure
from cebra_kedro.plots.space import draw_points, shown_coordinates

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# The paper's pair (Figure 1d): cool for left, viridis for right.
COLORMAPS = ("cool", "viridis")
_AXIS_COLUMNS = ("x", "y", "z")


def plot_embedding(
    embedding: np.ndarray,
    position: np.ndarray,
    direction: np.ndarray,
    *,
    ax: Axes | None = None,
    title: str | None = None,
    direction_names: Mapping[int, str] | None = None,
    unit: str = "m",
    colour_bars: bool = True,
) -> Drawn:
    """Scatter of an embedding in space (or in the plane if it has two dimensions).

    More than three dimensions are shown by their first three principal components, and the
    axes say so. Both directions share one range of positions.

    Args:
        embedding: float array (time, dim), dim at least 2.
        position: float array (time,) in ``unit``.
        direction: integer array (time,) of one or two direction ids; the lower id takes the
            colormap ``cool``, the higher one ``viridis``.
        ax: axes to draw on, with ``projection="3d"`` unless dim is 2; None for a new figure.
        title: title of the axes.
        direction_names: id → name for the colour bars, e.g. ``{0: "left", 1: "right"}``.
        unit: unit of ``position``.
        colour_bars: draw one bar per direction beside the axes.

    Returns:
        The axes, and one row per time bin: ``x``, ``y`` (``z``), ``position``, ``direction``.

    Raises:
        ValueError: lengths differ, a value is not finite, there are more than two directions, or
            ``ax`` has the wrong projection.
    """
    embedding, position, direction = _checked(embedding, position, direction)
    shown = shown_coordinates(embedding)
    colours = _colours(position, direction)
    with house_style():
        ax = ax or new_axes(style.EMBEDDING_INCHES, shown.projection)
        draw_points(ax, shown, colours.rgba)
        if title:
            ax.set_title(title)
        if colour_bars:
            _add_colour_bars(ax.figure, ax, colours, direction_names, unit)
    columns = dict(zip(_AXIS_COLUMNS, shown.points.T, strict=False))
    return Drawn((ax,), pd.DataFrame({**columns, "position": position, "direction": direction}))


def figure_embedding_grid(
    embeddings: Mapping[str, np.ndarray],
    position: np.ndarray,
    direction: np.ndarray,
    *,
    title: str | None = None,
    direction_names: Mapping[int, str] | None = None,
    unit: str = "m",
    n_columns: int = 4,
) -> Figure:
    """The embeddings of all variants of one subject side by side, with one pair of colour bars.

    Args:
        embeddings: variant → float array (time, dim) on the same time bins.
        position: float array (time,) in ``unit``.
        direction: integer array (time,) of one or two direction ids.
        title: title over the whole figure, e.g. the subject.
        direction_names: id → name for the colour bars.
        unit: unit of ``position``.
        n_columns: most panels in a row.

    Raises:
        ValueError: ``embeddings`` is empty, or as in :func:`plot_embedding`.
    """
    if not embeddings:
        raise ValueError("embeddings must hold at least one variant, got none")
    variants = style.ordered_variants(embeddings)
    columns = min(n_columns, len(variants))
    rows = -(-len(variants) // columns)
    width, height = style.SMALL_PANEL_INCHES
    with house_style():
        figure = new_figure((columns * width + 1.3, rows * height + 0.4))
        axes = []
        for number, variant in enumerate(variants, start=1):
            flat = np.asarray(embeddings[variant]).shape[1] == 2
            ax = figure.add_subplot(rows, columns, number, projection=None if flat else "3d")
            label = style.variant_label(variant)
            plot_embedding(
                embeddings[variant], position, direction, ax=ax, title=label, colour_bars=False
            )
            axes.append(ax)
        _, position, direction = _checked(next(iter(embeddings.values())), position, direction)
        _add_colour_bars(figure, axes, _colours(position, direction), direction_names, unit)
        if title:
            figure.suptitle(title)
        if footnote := style.transductive_footnote(variants):
            figure.supxlabel(footnote, fontsize=7, x=0.01, ha="left")
    return figure


@dataclass(frozen=True, eq=False)
class _Colours:
    rgba: np.ndarray
    """Float array (time, 4)."""
    bars: dict[int, Any]
    """Direction id → ScalarMappable."""


def _checked(
    embedding: np.ndarray, position: np.ndarray, direction: np.ndarray
) -> tuple[np.ndarray, ...]:
    embedding, position, direction = map(np.asarray, (embedding, position, direction))
    if embedding.ndim != 2 or embedding.shape[1] < 2 or not len(embedding):
        raise ValueError(
            f"embedding must be a non-empty array (time, dim) with dim >= 2, "
            f"got shape {embedding.shape}; train with more output dimensions to plot it"
        )
    for name, values in (("position", position), ("direction", direction)):
        if values.shape != (len(embedding),):
            raise ValueError(
                f"{name} must have shape ({len(embedding)},) like the rows of embedding, "
                f"got {values.shape}"
            )
    for name, values in (("embedding", embedding), ("position", position)):
        if not np.isfinite(values).all():
            raise ValueError(
                f"{name} must be finite, got {np.sum(~np.isfinite(values))} bad values"
            )
    if len(np.unique(direction)) > len(COLORMAPS):
        raise ValueError(
            f"direction must hold at most {len(COLORMAPS)} ids, got {np.unique(direction)}; "
            "group them before plotting"
        )
    return embedding, position, direction


def _colours(position: np.ndarray, direction: np.ndarray) -> _Colours:
    import matplotlib
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    norm = Normalize(float(position.min()), float(position.max()))
    rgba = np.empty((len(position), 4))
    bars = {}
    for direction_id, colormap in zip(np.unique(direction), COLORMAPS, strict=False):
        bars[int(direction_id)] = ScalarMappable(norm, matplotlib.colormaps[colormap])
        rows = direction == direction_id
        rgba[rows] = bars[int(direction_id)].to_rgba(position[rows])
    return _Colours(rgba, bars)


def _add_colour_bars(
    figure: Any,
    axes: Any,
    colours: _Colours,
    direction_names: Mapping[int, str] | None,
    unit: str,
) -> None:
    names = direction_names or {}
    # The layout puts each new bar inside the former one, so the last direction goes first.
    for direction_id, mappable in reversed(colours.bars.items()):
        bar = figure.colorbar(mappable, ax=axes, fraction=0.03, shrink=0.7, aspect=22, pad=0.04)
        name = names.get(direction_id, f"direction {direction_id}")
        bar.set_label(style.with_unit(f"position, {name}", unit))
        bar.outline.set_visible(False)
