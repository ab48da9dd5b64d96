"""Paths in the colours of their class: of a hand, or through an embedding.

Which paths are drawn, and in which panels, is decided in ``trajectories``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cebra_kedro.plots import style
from cebra_kedro.plots.canvas import Drawn, house_style, new_axes
from cebra_kedro.plots.class_colours import ClassKey
from cebra_kedro.plots.space import MAX_DIM, Shown, dress_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_AXIS_COLUMNS = ("x", "y", "z")


def plot_paths(
    shown: Shown,
    classes: np.ndarray,
    key: ClassKey,
    *,
    ax: Axes | None = None,
    title: str | None = None,
    limits_of: np.ndarray | None = None,
    legend: bool = True,
) -> Drawn:
    """One line per path in the colour of its class, from a circle (start) to a triangle (end).

    Args:
        shown: paths (path, bin, 2 or 3) and how their axes are named. A path that is NaN
            throughout (a class without trials) is left out.
        classes: integer array (path,) of class ids.
        key: colours and names of the classes.
        ax: axes to draw on, with the projection of ``shown``; None for a new figure.
        title: title of the axes.
        limits_of: points that fit within the limits; None for the paths.
        legend: name classes and marks beside the axes.

    Returns:
        The axes, and one row per point: ``path``, ``class``, ``bin``, ``x``, ``y`` (``z``).

    Raises:
        ValueError: shapes are wrong, a class is not in the key, no path is finite or one is in
            part, or the projection of ``ax`` is wrong.
    """
    there = _paths_there(shown.points, classes, key)
    points, classes = shown.points[there], classes[there]
    with house_style():
        ax = ax or new_axes(style.EMBEDDING_INCHES, shown.projection)
        dress_axes(ax, shown, limits_of=limits_of)
        _draw(ax, points, key.colours(classes))
        if title:
            ax.set_title(title)
        if legend:
            handles = key.handles(classes)
            ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return Drawn((ax,), _rows(points, classes, np.flatnonzero(there)))


def _draw(ax: Any, points: np.ndarray, colours: list[str]) -> None:
    solid = points.shape[-1] == MAX_DIM
    depth = {"depthshade": False} if solid else {}
    if solid:
        ax.computed_zorder = False  # else lines hide the marks of paths behind them
    for path, colour in zip(points, colours, strict=True):
        ax.plot(*path.T, color=colour, lw=1.6, zorder=2)
    marks: dict[str, Any] = {"edgecolors": colours, "s": 20, "linewidths": 1.0, **depth}
    ax.scatter(*points[:, 0].T, marker="o", facecolors="white", zorder=3, **marks)
    ax.scatter(*points[:, -1].T, marker="^", facecolors=colours, zorder=4, **marks)


def _rows(points: np.ndarray, classes: np.ndarray, path: np.ndarray) -> pd.DataFrame:
    n_paths, n_bins, dim = points.shape
    columns = dict(zip(_AXIS_COLUMNS, points.reshape(-1, dim).T, strict=False))
    return pd.DataFrame(
        {
            "path": np.repeat(path, n_bins),
            "class": np.repeat(classes, n_bins),
            "bin": np.tile(np.arange(n_bins), n_paths),
            **columns,
        }
    )


def _paths_there(points: np.ndarray, classes: np.ndarray, key: ClassKey) -> np.ndarray:
    """Boolean array (path,): False where a path is NaN throughout."""
    if points.ndim != 3 or points.shape[-1] not in (2, MAX_DIM) or not points.size:
        raise ValueError(
            f"paths must be a non-empty array (path, bin, 2 or 3), got shape {points.shape}"
        )
    if classes.shape != points.shape[:1] or not np.isin(classes, key.ids).all():
        raise ValueError(
            f"classes must be one of {', '.join(map(str, key.ids))} for each of {len(points)} "
            f"paths, got shape {classes.shape} of {np.unique(classes)}"
        )
    there = ~np.isnan(points).all(axis=(1, 2))
    if not there.any() or not np.isfinite(points[there]).all():
        raise ValueError(
            "paths must be finite, or NaN throughout where a class has no trial, "
            f"got {np.sum(~np.isfinite(points))} bad values of {points.size}"
        )
    return there
