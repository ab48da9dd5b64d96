"""One panel of an embedding in the colours of a label, one rule for each kind of label.

Embeddings are given; computing them is left to ``training``. Colours are in ``label_colours``,
figures of several panels in ``embedding``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cebra_kedro.plots import style
from cebra_kedro.plots.canvas import Drawn, house_style, new_axes
from cebra_kedro.plots.label_colours import LabelColours, label_colours, label_columns
from cebra_kedro.plots.space import draw_points, shown_coordinates
from cebra_kedro.recording import Label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_POINTS = 20_000
"""Points drawn of an embedding unless asked otherwise."""


def plot_embedding(
    embedding: np.ndarray,
    label: Label,
    name: str,
    *,
    coordinate: int = 0,
    split_by: Label | None = None,
    split_name: str = "",
    ax: Axes | None = None,
    title: str | None = None,
    colours: LabelColours | None = None,
    key: bool = True,
    max_points: int = MAX_POINTS,
) -> Drawn:
    """Scatter of an embedding in space, or in the plane if it has one or two dimensions.

    One dimension is shown against time; of more than three, the first three principal components
    of all time bins are shown, and the axes say so.

    Args:
        embedding: float array (time, dim).
        label: the label with as many rows, which gives the colours; its kind decides how.
        name: name of the label.
        coordinate: which one of a label of several dimensions, 0 or 1.
        split_by: a discrete label of at most two ids, each with a colormap of its own.
        split_name: its name.
        ax: axes to draw on, with ``projection="3d"`` for more than two dimensions; None for a new
            figure.
        title: title of the axes.
        colours: as of :func:`label_colours`, where panels share them; None for those of this label.
        key: draw colour bars or legend beside the axes.
        max_points: at most so many time bins are drawn, evenly spaced.

    Returns:
        The axes, and one row per dot: ``row`` (of the embedding), ``x``, ``y`` (``z``), ``value``
        (of the label) and, where colours are split, ``split``.

    Raises:
        ValueError: lengths differ, a value is not finite, or ``coordinate``, ``max_points`` or the
            projection of ``ax`` is wrong.
    """
    embedding = np.asarray(embedding)
    _check(embedding, label, name, max_points)
    columns = list(label_columns(label, name).values())
    if not 0 <= coordinate < len(columns):
        raise ValueError(
            f"coordinate must be in 0 … {len(columns) - 1} for {name}, got {coordinate}"
        )
    if colours is None:
        split = [] if split_by is None else [split_by]
        colours = label_colours([label], name, split_by=split, split_name=split_name)
    chosen = np.linspace(0, len(embedding) - 1, min(len(embedding), max_points)).round().astype(int)
    values = columns[coordinate][chosen]
    ids = None if split_by is None else split_by.values[chosen]
    shown = shown_coordinates(embedding)
    shown = replace(shown, points=shown.points[chosen])
    with house_style():
        ax = ax or new_axes(style.EMBEDDING_INCHES, shown.projection)
        draw_points(ax, shown, colours.rgba(values, ids))
        if title:
            ax.set_title(title)
        if key:
            colours.add_key(ax.figure, ax, values)
    data = {"row": chosen, **dict(zip("xyz", shown.points.T, strict=False)), "value": values}
    return Drawn((ax,), pd.DataFrame(data if ids is None else {**data, "split": ids}))


def _check(embedding: np.ndarray, label: Label, name: str, max_points: int) -> None:
    if embedding.ndim != 2 or 0 in embedding.shape:
        raise ValueError(
            f"embedding must be a non-empty array (time, dim), got shape {embedding.shape}"
        )
    if len(label.values) != len(embedding):
        raise ValueError(
            f"label {name} must have one row for each row of embedding ({len(embedding)}), got "
            f"{len(label.values)}"
        )
    for what, values in ((f"label {name}", label.values), ("embedding", embedding)):
        if not np.isfinite(values).all():
            raise ValueError(
                f"{what} must be finite, got {np.sum(~np.isfinite(values))} bad values"
            )
    if max_points < 1:
        raise ValueError(f"max_points must be at least 1, got {max_points}")
