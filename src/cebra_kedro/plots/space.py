"""The space of an embedding on axes: which coordinates are shown, and how the axes look.

What stands in that space, points or paths, is drawn elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

_PANE_RGBA = (0.97, 0.97, 0.97, 1.0)
MAX_DIM = 3


@dataclass(frozen=True, eq=False)
class Shown:
    """What is shown of an embedding.

    Attributes:
        points: float array (…, 2 or 3).
        axis_labels: one name per coordinate.
        note: what the names leave out, e.g. ``3 PCs of 65 dims``.
        one_scale: whether distances along different axes can be compared.
    """

    points: np.ndarray
    axis_labels: tuple[str, ...]
    note: str = ""
    one_scale: bool = True

    @property
    def projection(self) -> str | None:
        """The matplotlib projection that these coordinates need."""
        return "3d" if self.points.shape[-1] == MAX_DIM else None


def shown_coordinates(embedding: np.ndarray) -> Shown:
    """The coordinates themselves, or the first three principal components of more than three.

    A single coordinate is shown against time.

    Args:
        embedding: float array (…, dim), or (time, 1). Rows that are NaN stay NaN.
    """
    dim = embedding.shape[-1]
    if dim == 1:
        points = np.column_stack([np.arange(len(embedding)), embedding[:, 0]])
        return Shown(points, ("time (bins)", "dim 1"), one_scale=False)
    if dim <= MAX_DIM:
        return Shown(embedding, tuple(f"dim {i + 1}" for i in range(dim)))
    rows = embedding.reshape(-1, dim)
    rows = rows[np.isfinite(rows).all(axis=1)]
    mean = rows.mean(axis=0, dtype=float)
    centred = rows - mean
    variance, vectors = np.linalg.eigh(centred.T @ centred)
    variance, vectors = variance[::-1][:MAX_DIM], vectors[:, ::-1][:, :MAX_DIM]
    # The sign of an eigenvector is arbitrary; its largest entry is made positive.
    largest = np.abs(vectors).argmax(axis=0)
    vectors = vectors * np.sign(vectors[largest, range(MAX_DIM)])
    percent = 100 * variance / max(np.square(centred).sum(), np.finfo(float).tiny)
    labels = tuple(f"PC {i + 1} ({p:.0f} %)" for i, p in enumerate(percent))
    return Shown((embedding - mean) @ vectors, labels, f"{MAX_DIM} PCs of {dim} dims")


def dress_axes(ax: Any, shown: Shown, *, limits_of: np.ndarray | None = None) -> None:
    """Name the axes and, where distances can be compared, give them one scale.

    Args:
        ax: axes with the projection of ``shown``.
        shown: what is drawn.
        limits_of: float array (…, 2 or 3) of points that fit within the limits, where panels
            share them; None for the points of ``shown``.

    Raises:
        ValueError: ``ax`` has the wrong projection.
    """
    from matplotlib.ticker import MaxNLocator

    dim = shown.points.shape[-1]
    solid = dim == MAX_DIM
    if solid != hasattr(ax, "set_zlim"):
        raise ValueError(
            f"ax must have {'3-D' if solid else 'plane'} axes for {dim} "
            f"coordinates, got {type(ax).__name__}; "
            f"make it with projection={shown.projection!r}"
        )
    points = (shown.points if limits_of is None else limits_of).reshape(-1, dim)
    low, high = np.nanmin(points, axis=0), np.nanmax(points, axis=0)
    spans = high - low if not shown.one_scale else np.full(dim, (high - low).max())
    half_widths = [float(span) / 2 * 1.05 or 1.0 for span in spans]
    for name, centre, half_width, label in zip(
        "xyz", (low + high) / 2, half_widths, shown.axis_labels, strict=False
    ):
        getattr(ax, f"set_{name}lim")(centre - half_width, centre + half_width)
        getattr(ax, f"set_{name}label")(label, fontsize=8, labelpad=-9 if solid else 4)
        axis = getattr(ax, f"{name}axis")
        if solid:
            # Grid lines to see depth by; numbers would crowd a small cube and mean little.
            axis.set_ticks(centre + half_width * np.array([-0.5, 0.0, 0.5]), labels=[""] * 3)
            axis.set_pane_color(_PANE_RGBA)
        else:
            axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    if solid:
        ax.set_box_aspect((1, 1, 1), zoom=1.0)
        ax.view_init(elev=25, azim=-60)
        ax.text2D(0.0, 0.98, shown.note, transform=ax.transAxes, va="top", fontsize=8, color="0.35")
    elif shown.one_scale:
        ax.set_aspect("equal")


def draw_points(ax: Any, shown: Shown, rgba: np.ndarray) -> None:
    """One small dot per row, in one collection, so that no class of rows hides another.

    Args:
        ax: axes with the projection of ``shown``, which are dressed too.
        shown: points (time, 2 or 3).
        rgba: float array (time, 4).
    """
    dress_axes(ax, shown)
    depth = {"depthshade": False} if shown.projection else {}
    ax.scatter(*shown.points.T, c=rgba, s=2.5, linewidths=0, rasterized=True, **depth)
