"""Pictures of embeddings of reaching: coloured by the position of the hand, or by its target.

The embedding is given; computing it is left to ``training``. Paths through it are in
``trajectories``, figures of several panels in ``reaching_grids``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from cebra_kedro.plots import style
from cebra_kedro.plots.canvas import Drawn, house_style, new_axes
from cebra_kedro.plots.reaching_colours import (
    add_position_bar,
    check_directions,
    direction_handles,
    direction_rgba,
    position_colours,
)
from cebra_kedro.plots.space import draw_points, shown_coordinates

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_POINTS = 20_000
"""Points drawn of an embedding unless asked otherwise."""
_AXIS_COLUMNS = ("x", "y", "z")


def plot_embedding_by_position(
    embedding: np.ndarray,
    position: np.ndarray,
    coordinate: Literal["x", "y"],
    *,
    ax: Axes | None = None,
    title: str | None = None,
    limit_cm: float | None = None,
    colour_bar: bool = True,
    max_points: int = MAX_POINTS,
) -> Drawn:
    """Scatter of an embedding, coloured by the x or the y of the hand.

    Colours run from ``-limit_cm`` to ``limit_cm`` for both coordinates, so that x and y, and
    several panels, can be compared. More than three dimensions are shown by their first three
    principal components, those of all time bins.

    Args:
        embedding: float array (time, dim), dim at least 2.
        position: float array (time, 2), x and y of the hand in cm.
        coordinate: which of them gives the colour.
        ax: axes to draw on, with ``projection="3d"`` unless dim is 2; None for a new figure.
        title: title of the axes.
        limit_cm: end of the colours, positive; None for the largest of all ``|x|`` and ``|y|``.
        colour_bar: draw a bar beside the axes.
        max_points: at most so many time bins are drawn, evenly spaced.

    Returns:
        The axes, and one row per dot: ``row`` (of the embedding), ``x``, ``y`` (``z``) and
        ``position_cm``.

    Raises:
        ValueError: lengths differ, a value is not finite, or ``coordinate``, ``limit_cm``,
            ``max_points`` or the projection of ``ax`` is wrong.
    """
    embedding, position = _checked_embedding(embedding), np.asarray(position)
    if position.shape != (len(embedding), 2):
        raise ValueError(
            f"position must have shape ({len(embedding)}, 2) like the rows of embedding, "
            f"got {position.shape}"
        )
    if coordinate not in ("x", "y"):
        raise ValueError(f"coordinate must be 'x' or 'y', got {coordinate!r}")
    largest = largest_cm(position)
    rows = _even_rows(len(embedding), max_points)
    values = position[rows, "xy".index(coordinate)]
    colours = position_colours(largest if limit_cm is None else limit_cm)
    with house_style():
        ax, data = _scatter(ax, embedding, rows, colours.to_rgba(values), title)
        if colour_bar:
            add_position_bar(ax.figure, ax, colours, f"hand {coordinate} (cm)")
    return Drawn((ax,), data.assign(position_cm=values))


def plot_embedding_by_target(
    embedding: np.ndarray,
    target: np.ndarray,
    *,
    ax: Axes | None = None,
    title: str | None = None,
    legend: bool = True,
    max_points: int = MAX_POINTS,
) -> Drawn:
    """Scatter of an embedding, coloured by the direction of the target (or of the bump).

    Args:
        embedding: float array (time, dim), dim at least 2; more than three dimensions are shown
            by their first three principal components.
        target: integer array (time,) of directions 0 … 7, in steps of 45°.
        ax: axes to draw on, with ``projection="3d"`` unless dim is 2; None for a new figure.
        title: title of the axes.
        legend: name the directions beside the axes.
        max_points: at most so many time bins are drawn, evenly spaced.

    Returns:
        The axes, and one row per dot: ``row`` (of the embedding), ``x``, ``y`` (``z``), ``target``.

    Raises:
        ValueError: lengths differ, a value is not finite, a direction is not in 0 … 7, or
            ``max_points`` or the projection of ``ax`` is wrong.
    """
    embedding, target = _checked_embedding(embedding), np.asarray(target)
    check_directions("target", target, len(embedding))
    rows = _even_rows(len(embedding), max_points)
    with house_style():
        ax, data = _scatter(ax, embedding, rows, direction_rgba(target[rows]), title)
        if legend:
            handles = direction_handles(target)
            ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return Drawn((ax,), data.assign(target=target[rows]))


def largest_cm(position: np.ndarray) -> float:
    """The largest ``|x|`` or ``|y|`` of positions (…, 2) in cm, 1 if the hand stays at the origin.

    Raises:
        ValueError: a position is not finite.
    """
    largest = float(np.abs(position).max())
    if not np.isfinite(largest):
        raise ValueError("position must be finite, got NaN or infinity")
    return largest or 1.0


def _checked_embedding(embedding: np.ndarray) -> np.ndarray:
    embedding = np.asarray(embedding)
    if embedding.ndim != 2 or embedding.shape[1] < 2 or not len(embedding):
        raise ValueError(
            f"embedding must be a non-empty array (time, dim) with dim >= 2, "
            f"got shape {embedding.shape}; train with more output dimensions to plot it"
        )
    if not np.isfinite(embedding).all():
        raise ValueError(
            f"embedding must be finite, got {np.sum(~np.isfinite(embedding))} bad values"
        )
    return embedding


def _even_rows(n_rows: int, max_points: int) -> np.ndarray:
    """Increasing row numbers, evenly spaced from the first row to the last."""
    if max_points < 1:
        raise ValueError(f"max_points must be at least 1, got {max_points}")
    return np.linspace(0, n_rows - 1, min(n_rows, max_points)).round().astype(int)


def _scatter(
    ax: Any, embedding: np.ndarray, rows: np.ndarray, rgba: np.ndarray, title: str | None
) -> tuple[Any, pd.DataFrame]:
    """The axes, and where the dots are."""
    shown = shown_coordinates(embedding)
    shown = replace(shown, points=shown.points[rows])
    ax = ax or new_axes(style.EMBEDDING_INCHES, shown.projection)
    draw_points(ax, shown, rgba)
    if title:
        ax.set_title(title)
    columns = dict(zip(_AXIS_COLUMNS, shown.points.T, strict=False))
    return ax, pd.DataFrame({"row": rows, **columns})
