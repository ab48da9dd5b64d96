"""Pictures of trajectories in the colours of their direction: of the hand, or through an embedding.

Averages over trials and the choice of single trials are given; they come from
``decoding.trajectories``. Figures of several panels are in ``reaching_grids``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cebra_kedro.plots import style
from cebra_kedro.plots.canvas import Drawn, house_style, new_axes
from cebra_kedro.plots.reaching_colours import (
    DIRECTION_COLOURS,
    check_directions,
    direction_handles,
    direction_rgba,
)
from cebra_kedro.plots.space import MAX_DIM, Shown, dress_axes, shown_coordinates

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HAND_AXES = ("hand x (cm)", "hand y (cm)")
_AXIS_COLUMNS = ("x", "y", "z")


def plot_trajectories(
    paths: np.ndarray,
    direction: np.ndarray,
    *,
    ax: Axes | None = None,
    title: str | None = None,
    axis_labels: tuple[str, ...] | None = None,
    legend: bool = True,
) -> Drawn:
    """One line per path in the colour of its direction, from a circle (start) to a triangle (end).

    A path is the mean of a direction (``decoding.trajectories.direction_average``) or a single
    trial (``stack_trials``), of an embedding or of the hand.

    Args:
        paths: float array (path, bin, dim), dim at least 2; more than three dimensions are shown
            by the first three principal components of all paths. A path that is NaN throughout
            (a direction without trials) is left out.
        direction: integer array (path,) of directions 0 … 7.
        ax: axes to draw on, with ``projection="3d"`` unless dim is 2; None for a new figure.
        title: title of the axes.
        axis_labels: names of the axes instead of ``dim 1`` …, e.g. ``HAND_AXES``; only for two or
            three dimensions.
        legend: name directions and marks beside the axes.

    Returns:
        The axes, and one row per point: ``path``, ``direction``, ``bin``, ``x``, ``y`` (``z``).

    Raises:
        ValueError: shapes are wrong, a direction is not in 0 … 7, no path is finite or one is in
            part, or the projection of ``ax`` is wrong.
    """
    paths, direction = np.asarray(paths), np.asarray(direction)
    paths_there(paths, direction)
    shown = shown_coordinates(paths)
    if axis_labels is not None:
        if len(axis_labels) != paths.shape[-1]:
            raise ValueError(
                f"axis_labels must name {paths.shape[-1]} axes, got {axis_labels}; "
                "leave it out to see principal components"
            )
        shown = Shown(shown.points, axis_labels)
    return draw_trajectories(shown, direction, ax=ax, title=title, legend=legend)


def draw_trajectories(
    shown: Shown,
    direction: np.ndarray,
    *,
    ax: Axes | None = None,
    title: str | None = None,
    limits_of: np.ndarray | None = None,
    legend: bool = True,
) -> Drawn:
    """:func:`plot_trajectories` where several panels share coordinates or limits.

    Args:
        shown: paths (path, bin, 2 or 3) and how their axes are named.
        direction: integer array (path,) of directions 0 … 7.
        ax: axes to draw on, with the projection of ``shown``; None for a new figure.
        title: title of the axes.
        limits_of: points that fit within the limits; None for the paths.
        legend: name directions and marks beside the axes.

    Returns:
        As :func:`plot_trajectories`.

    Raises:
        ValueError: as in :func:`plot_trajectories`.
    """
    there = paths_there(shown.points, direction)
    with house_style():
        ax = ax or new_axes(style.EMBEDDING_INCHES, shown.projection)
        dress_axes(ax, shown, limits_of=limits_of)
        _draw_paths(ax, shown.points[there], direction_rgba(direction[there]))
        if title:
            ax.set_title(title)
        if legend:
            handles = direction_handles(direction[there], marks=True)
            ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return Drawn((ax,), _path_rows(shown.points, direction, there))


def paths_there(paths: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """Boolean array (path,): False where a path is NaN throughout.

    Args:
        paths: float array (path, bin, dim).
        direction: integer array (path,) of directions 0 … 7.

    Raises:
        ValueError: shapes or directions are wrong, no path is finite or one is in part.
    """
    if paths.ndim != 3 or paths.shape[-1] < 2 or not paths.size:
        raise ValueError(
            f"paths must be a non-empty array (path, bin, dim) with dim >= 2, "
            f"got shape {paths.shape}"
        )
    check_directions("direction", direction, len(paths))
    there = ~np.isnan(paths).all(axis=(1, 2))
    if not there.any() or not np.isfinite(paths[there]).all():
        raise ValueError(
            "paths must be finite, or NaN throughout where a direction has no trial, "
            f"got {np.sum(~np.isfinite(paths))} bad values of {paths.size}"
        )
    return there


def _draw_paths(ax: Any, points: np.ndarray, rgba: np.ndarray) -> None:
    solid = points.shape[-1] == MAX_DIM
    depth = {"depthshade": False} if solid else {}
    if solid:
        ax.computed_zorder = False  # else lines hide the marks of paths behind them
    width = 1.6 if len(points) <= len(DIRECTION_COLOURS) else 0.9
    for path, colour in zip(points, rgba, strict=True):
        ax.plot(*path.T, color=colour, lw=width, zorder=2)
    marks = {"edgecolors": rgba, "s": 20, "linewidths": 1.0, **depth}
    ax.scatter(*points[:, 0].T, marker="o", facecolors="white", zorder=3, **marks)
    ax.scatter(*points[:, -1].T, marker="^", facecolors=rgba, zorder=4, **marks)


def _path_rows(points: np.ndarray, direction: np.ndarray, there: np.ndarray) -> pd.DataFrame:
    n_paths, n_bins, dim = points[there].shape
    columns = dict(zip(_AXIS_COLUMNS, points[there].reshape(-1, dim).T, strict=False))
    return pd.DataFrame(
        {
            "path": np.repeat(np.flatnonzero(there), n_bins),
            "direction": np.repeat(direction[there], n_bins),
            "bin": np.tile(np.arange(n_bins), n_paths),
            **columns,
        }
    )
