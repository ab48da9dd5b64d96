"""One panel of decoded movie frames: true against decoded, or how often they are confused.

Which panels a figure has is decided in ``decoded_frames``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cebra_kedro.plots.canvas import Drawn, house_style, new_axes
from cebra_kedro.plots.movie import frames_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CONFUSION_COLORMAP = "magma"
_SQUARE_INCHES = (3.9, 3.7)
_LONGEST_BAR_INCHES = 3.5


def plot_decoded_frames(
    true: np.ndarray,
    predicted: np.ndarray,
    *,
    n_frames: int,
    window_frames: int = 30,
    frame_rate_hz: float = 30.0,
    ax: Axes | None = None,
    colour: Any = "#0072B2",
) -> Drawn:
    """Decoded against true frame of every test presentation; a band marks what counts as right.

    Args:
        true: integer array (presentation,) of frame ids.
        predicted: integer array (presentation,) of frame ids.
        n_frames: frames in the movie, the length of both axes.
        window_frames: a frame less than this far off counts as right.
        frame_rate_hz: frames shown per second.
        ax: axes to draw on; None for a new figure.
        colour: colour of the dots.

    Returns:
        The axes, with the share that counts as right for a title, and one row per presentation:
        ``true``, ``predicted``, ``right``.

    Raises:
        ValueError: shapes differ or there is no presentation.
    """
    true, predicted = np.asarray(true), np.asarray(predicted)
    if true.ndim != 1 or not len(true) or true.shape != predicted.shape:
        raise ValueError(
            f"true and predicted must be non-empty arrays (presentation,), got shapes "
            f"{true.shape} and {predicted.shape}"
        )
    right = np.abs(true - predicted) < window_frames
    with house_style():
        ax = ax or new_axes(_SQUARE_INCHES)
        ends = np.array([0, n_frames - 1])
        ax.fill_between(
            ends, ends - window_frames, ends + window_frames, color="0.88", linewidth=0, zorder=0
        )
        ax.scatter(true, predicted, s=4, linewidths=0, color=colour, alpha=0.7, rasterized=True)
        _frame_axes(ax, n_frames, frame_rate_hz)
        ax.set_title(f"{100 * right.mean():.1f} % within {window_frames / frame_rate_hz:g} s")
    return Drawn((ax,), pd.DataFrame({"true": true, "predicted": predicted, "right": right}))


def plot_frame_confusion(
    confusion: np.ndarray,
    *,
    n_frames: int,
    frames_per_bin: int = 30,
    frame_rate_hz: float = 30.0,
    ax: Axes | None = None,
    title: str | None = None,
    colour_bar: bool = True,
) -> Drawn:
    """Heat map of the share of each stretch of the movie that is decoded into each stretch.

    Args:
        confusion: float array (true stretch, decoded stretch) in [0, 1] from
            :func:`~movie_data.frame_confusion`; NaN cells stay empty.
        n_frames: frames in the movie.
        frames_per_bin: length of a stretch; the last one may be shorter.
        frame_rate_hz: frames shown per second.
        ax: axes to draw on; None for a new figure.
        title: title of the axes.
        colour_bar: draw the bar beside the axes.

    Returns:
        The axes, and one row per cell: ``true_from``, ``predicted_from`` (first frames of the
        stretches) and ``percent``.

    Raises:
        ValueError: the shape does not fit the movie, or a share is outside [0, 1].
    """
    confusion = np.asarray(confusion, float)
    edges = _edges(confusion, n_frames, frames_per_bin)
    with house_style():
        ax = ax or new_axes(_SQUARE_INCHES)
        percent = 100 * np.ma.masked_invalid(confusion.T)
        look: dict[str, Any] = {"cmap": CONFUSION_COLORMAP, "vmin": 0.0, "vmax": 100.0}
        mesh = ax.pcolormesh(edges, edges, percent, rasterized=True, **look)
        ax.set_facecolor("0.93")
        _frame_axes(ax, n_frames, frame_rate_hz)
        if colour_bar:
            add_confusion_bar(ax.figure, ax, mesh, frames_per_bin)
        if title:
            ax.set_title(title)
    first, second = np.meshgrid(edges[:-1], edges[:-1], indexing="ij")
    columns = {"true_from": first, "predicted_from": second, "percent": 100 * confusion}
    return Drawn((ax,), pd.DataFrame({name: cells.ravel() for name, cells in columns.items()}))


def add_confusion_bar(figure: Any, axes: Any, mesh: Any, frames_per_bin: int) -> None:
    """The colour bar beside one or several axes."""
    shrink = min(0.85, _LONGEST_BAR_INCHES / (figure.bbox.height / figure.dpi))
    bar = figure.colorbar(mesh, ax=axes, fraction=0.03, shrink=shrink, aspect=22, pad=0.03)
    bar.set_label(f"presentations in {frames_per_bin} true frames (%)")
    bar.outline.set_visible(False)


def _frame_axes(ax: Any, n_frames: int, frame_rate_hz: float) -> None:
    ax.set_aspect("equal")
    ax.set_xlim(0, n_frames)
    ax.set_ylim(0, n_frames)
    ax.locator_params(nbins=4)
    ax.set_xlabel(f"true frame\n(of {frames_text(n_frames, frame_rate_hz)})")
    ax.set_ylabel("decoded frame")


def _edges(confusion: np.ndarray, n_frames: int, frames_per_bin: int) -> np.ndarray:
    n_bins = -(-n_frames // frames_per_bin)
    if confusion.shape != (n_bins, n_bins):
        raise ValueError(
            f"confusion must have shape ({n_bins}, {n_bins}) for {n_frames} frames in stretches "
            f"of {frames_per_bin}, got {confusion.shape}"
        )
    if np.nanmin(confusion) < 0 or np.nanmax(confusion) > 1:
        raise ValueError(
            f"confusion must hold shares in [0, 1], got {np.nanmin(confusion)} to "
            f"{np.nanmax(confusion)}; divide counts by the sum of each row"
        )
    return np.minimum(np.arange(n_bins + 1) * frames_per_bin, n_frames)
