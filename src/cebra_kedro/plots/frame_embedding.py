"""Pictures of embeddings coloured by the frame of the movie on the screen.

The embedding is given; computing it is left to ``training``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from cebra_kedro.plots import style
from cebra_kedro.plots.canvas import Drawn, house_style, new_axes, new_figure
from cebra_kedro.plots.frame_variants import (
    MODALITY_LABELS,
    check_not_empty,
    models_in_order,
    split_variant,
)
from cebra_kedro.plots.movie import FRAME_COLORMAP, add_frame_bar
from cebra_kedro.plots.space import draw_points, shown_coordinates

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PANEL_INCHES = (3.0, 3.0)
_ZOOM = 0.88
"""Of the cube, so that the names of its axes stay inside its panel."""
_AXIS_COLUMNS = ("x", "y", "z")


def plot_frame_embedding(
    embedding: np.ndarray,
    frame: np.ndarray,
    *,
    n_frames: int,
    frame_rate_hz: float = 30.0,
    ax: Axes | None = None,
    title: str | None = None,
    colour_bar: bool = True,
) -> Drawn:
    """Scatter of an embedding coloured by the frame on the screen.

    More than three dimensions are shown by their first three principal components, and the axes
    say so.

    Args:
        embedding: float array (time, dim), dim at least 2, finite.
        frame: integer array (time,) of frame ids.
        n_frames: frames in the movie, the end of the colours.
        frame_rate_hz: frames shown per second.
        ax: axes to draw on, with ``projection="3d"`` unless dim is 2; None for a new figure.
        title: title of the axes.
        colour_bar: draw the bar beside the axes.

    Returns:
        The axes, and one row per time bin: ``frame``, ``x``, ``y`` (``z``).

    Raises:
        ValueError: shapes differ, a value is not finite, or ``ax`` has the wrong projection.
    """
    _check_embedding(embedding, frame)
    shown = shown_coordinates(embedding)
    colours = _frame_colours(n_frames)
    with house_style():
        ax = ax or new_axes(style.EMBEDDING_INCHES, shown.projection)
        draw_points(ax, shown, colours.to_rgba(frame))
        if shown.projection:
            cast("Any", ax).set_box_aspect((1, 1, 1), zoom=_ZOOM)
        if title:
            ax.set_title(title)
        if colour_bar:
            add_frame_bar(ax.figure, ax, colours, n_frames, frame_rate_hz)
    columns = dict(zip(_AXIS_COLUMNS, shown.points.T, strict=False))
    return Drawn((ax,), pd.DataFrame({"frame": frame, **columns}))


def figure_frame_embeddings(
    embeddings: Mapping[str, np.ndarray],
    frames: Mapping[str, np.ndarray],
    *,
    n_frames: int,
    frame_rate_hz: float = 30.0,
    title: str | None = None,
) -> Figure:
    """Embeddings of one area: a row per modality; single, joint and shuffled from left to right.

    Args:
        embeddings: variant, e.g. ``joint_ca``, → float array (time, dim).
        frames: the same variants → integer array (time,) of frame ids.
        n_frames: frames in the movie.
        frame_rate_hz: frames shown per second.
        title: title over the whole figure, e.g. the area.

    Raises:
        ValueError: there is no variant, a variant's name has another form, or as in
            :func:`plot_frame_embedding`.
    """
    check_not_empty("embeddings", embeddings)
    names = {variant: split_variant(variant) for variant in embeddings}
    modalities = [m for m in MODALITY_LABELS if any(n.modality == m for n in names.values())]
    columns = models_in_order({(name.kind, name.suffix) for name in names.values()})
    width, height = _PANEL_INCHES
    with house_style():
        figure = new_figure((len(columns) * width + 1.2, len(modalities) * height + 0.5))
        axes = []
        for variant, name in names.items():
            place = (modalities.index(name.modality), columns.index((name.kind, name.suffix)))
            number = place[0] * len(columns) + place[1] + 1
            flat = embeddings[variant].shape[1] == 2
            ax = figure.add_subplot(
                len(modalities), len(columns), number, projection=None if flat else "3d"
            )
            plot_frame_embedding(
                embeddings[variant],
                frames[variant],
                n_frames=n_frames,
                ax=ax,
                title=style.variant_label(variant),
                colour_bar=False,
            )
            axes.append(ax)
        add_frame_bar(figure, axes, _frame_colours(n_frames), n_frames, frame_rate_hz)
        if title:
            figure.suptitle(title)
    return figure


def _frame_colours(n_frames: int) -> Any:
    import matplotlib
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    return ScalarMappable(Normalize(0, n_frames - 1), matplotlib.colormaps[FRAME_COLORMAP])


def _check_embedding(embedding: np.ndarray, frame: np.ndarray) -> None:
    if embedding.ndim != 2 or embedding.shape[1] < 2 or not len(embedding):
        raise ValueError(
            f"embedding must be a non-empty array (time, dim) with dim >= 2, got shape "
            f"{embedding.shape}"
        )
    if frame.shape != (len(embedding),):
        raise ValueError(
            f"frame must have shape ({len(embedding)},) like the rows of embedding, got "
            f"{frame.shape}"
        )
    if not np.isfinite(embedding).all():
        raise ValueError(
            f"embedding must be finite, got {np.sum(~np.isfinite(embedding))} bad values"
        )
