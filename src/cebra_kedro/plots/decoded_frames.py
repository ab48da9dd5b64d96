"""Pictures of decoded movie frames: true against decoded, and how often they are confused.

Decoding and counting are left to ``decoding``; scores of many runs are drawn in ``frame_scores``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cebra_kedro.plots import style
from cebra_kedro.plots.canvas import Drawn, house_style, new_axes, new_figure
from cebra_kedro.plots.frame_variants import (
    MODALITY_LABELS,
    check_not_empty,
    frames_text,
    model_colour,
    models_in_order,
    split_variant,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CONFUSION_COLORMAP = "magma"
_SQUARE_INCHES = (3.9, 3.7)
_PANEL_INCHES = (2.6, 2.75)


def plot_decoded_frames(
    true: np.ndarray,
    predicted: np.ndarray,
    *,
    n_frames: int,
    window_frames: int = 30,
    frame_rate_hz: float = 30.0,
    ax: Axes | None = None,
    title: str | None = None,
    colour: Any = None,
) -> Drawn:
    """Decoded against true frame of every test presentation; a band marks what counts as right.

    Args:
        true: integer array (presentation,) of frame ids.
        predicted: integer array (presentation,) of frame ids.
        n_frames: frames in the movie, the length of both axes.
        window_frames: a frame less than this far off counts as right.
        frame_rate_hz: frames shown per second.
        ax: axes to draw on; None for a new figure.
        title: title of the axes; None for the share that counts as right.
        colour: colour of the dots.

    Returns:
        The axes, and one row per presentation: ``true``, ``predicted``, ``right``.

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
        ax.scatter(
            true,
            predicted,
            s=4,
            linewidths=0,
            color=colour or model_colour("single", ""),
            alpha=0.7,
        )
        _frame_axes(ax, n_frames, frame_rate_hz)
        percent = f"{100 * right.mean():.1f} % within {window_frames / frame_rate_hz:g} s"
        ax.set_title(percent if title is None else title)
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
            ``decoding.frame_confusion``; NaN cells stay empty.
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
        mesh = ax.pcolormesh(
            edges,
            edges,
            100 * np.ma.masked_invalid(confusion.T),
            cmap=CONFUSION_COLORMAP,
            vmin=0.0,
            vmax=100.0,
            rasterized=True,
        )
        ax.set_facecolor("0.93")
        _frame_axes(ax, n_frames, frame_rate_hz)
        if colour_bar:
            _confusion_bar(ax.figure, ax, mesh, frames_per_bin)
        if title:
            ax.set_title(title)
    first, second = np.meshgrid(edges[:-1], edges[:-1], indexing="ij")
    columns = {"true_from": first, "predicted_from": second, "percent": 100 * confusion}
    return Drawn((ax,), pd.DataFrame({name: cells.ravel() for name, cells in columns.items()}))


def figure_decoded_frames(
    decoded: Mapping[str, tuple[np.ndarray, np.ndarray]],
    *,
    n_frames: int,
    window_frames: int = 30,
    frame_rate_hz: float = 30.0,
    title: str | None = None,
) -> Figure:
    """:func:`plot_decoded_frames` of every variant: a row per modality, a column per kind.

    Args:
        decoded: variant, e.g. ``joint_ca``, → true and predicted frames (presentation,).
        n_frames: frames in the movie.
        window_frames: a frame less than this far off counts as right.
        frame_rate_hz: frames shown per second.
        title: title over the whole figure, e.g. area and decoder.

    Raises:
        ValueError: there is no variant, or a variant's name has another form.
    """

    def draw(ax: Any, variant: str) -> None:
        true, predicted = decoded[variant]
        name = split_variant(variant)
        right = 100 * np.mean(np.abs(true - predicted) < window_frames)
        plot_decoded_frames(
            true,
            predicted,
            n_frames=n_frames,
            window_frames=window_frames,
            frame_rate_hz=frame_rate_hz,
            ax=ax,
            colour=model_colour(name.kind, name.suffix),
            title=f"{style.variant_label(variant)}\n{right:.1f} % within "
            f"{window_frames / frame_rate_hz:g} s",
        )

    check_not_empty("decoded", decoded)
    with house_style():
        return _grid(list(decoded), draw, title)


def figure_frame_confusions(
    confusions: Mapping[str, np.ndarray],
    *,
    n_frames: int,
    frames_per_bin: int = 30,
    frame_rate_hz: float = 30.0,
    title: str | None = None,
) -> Figure:
    """:func:`plot_frame_confusion` of every variant: a row per modality, a column per kind.

    Args:
        confusions: variant, e.g. ``joint_ca``, → array (true stretch, decoded stretch).
        n_frames: frames in the movie.
        frames_per_bin: length of a stretch.
        frame_rate_hz: frames shown per second.
        title: title over the whole figure, e.g. area and decoder.

    Raises:
        ValueError: there is no variant, a name has another form, or a shape does not fit.
    """

    def draw(ax: Any, variant: str) -> None:
        plot_frame_confusion(
            confusions[variant],
            n_frames=n_frames,
            frames_per_bin=frames_per_bin,
            frame_rate_hz=frame_rate_hz,
            ax=ax,
            title=style.variant_label(variant),
            colour_bar=False,
        )

    check_not_empty("confusions", confusions)
    with house_style():
        figure = _grid(list(confusions), draw, title)
        axes = figure.axes
        _confusion_bar(figure, axes, axes[0].collections[0], frames_per_bin)
    return figure


def _grid(variants: list[str], draw: Callable[[Any, str], None], title: str | None) -> Figure:
    """A panel per variant; axes are named at the left and below only."""
    names = {variant: split_variant(variant) for variant in variants}
    modalities = [m for m in MODALITY_LABELS if any(n.modality == m for n in names.values())]
    models = models_in_order({(name.kind, name.suffix) for name in names.values()})
    width, height = _PANEL_INCHES
    figure = new_figure((len(models) * width + 1.0, len(modalities) * height + 0.6))
    used: dict[tuple[int, int], Any] = {}
    for variant, name in names.items():
        row, column = modalities.index(name.modality), models.index((name.kind, name.suffix))
        ax = figure.add_subplot(len(modalities), len(models), row * len(models) + column + 1)
        draw(ax, variant)
        used[row, column] = ax
    for (row, column), ax in used.items():
        if any((row, left) in used for left in range(column)):
            ax.set_ylabel("")
        if any((below, column) in used for below in range(row + 1, len(modalities))):
            ax.set_xlabel("")
    if title:
        figure.suptitle(title)
    return figure


def _frame_axes(ax: Any, n_frames: int, frame_rate_hz: float) -> None:
    ax.set_aspect("equal")
    ax.set_xlim(0, n_frames)
    ax.set_ylim(0, n_frames)
    ax.locator_params(nbins=4)
    ax.set_xlabel(f"true frame\n(of {frames_text(n_frames, frame_rate_hz)})")
    ax.set_ylabel("decoded frame")


def _confusion_bar(figure: Any, axes: Any, mesh: Any, frames_per_bin: int) -> None:
    bar = figure.colorbar(mesh, ax=axes, fraction=0.04, shrink=0.85, aspect=24, pad=0.03)
    bar.set_label(f"presentations in {frames_per_bin} true frames (%)")
    bar.outline.set_visible(False)


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
