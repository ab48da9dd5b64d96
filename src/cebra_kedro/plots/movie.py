"""Pictures of what was recorded and shown: activity during a movie, the map of its frames.

The activity is sorted and the map is computed in ``decoding.movie``; embeddings are drawn in
``frame_embedding``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cebra_kedro.plots import style
from cebra_kedro.plots.canvas import Drawn, house_style, new_axes, new_figure
from cebra_kedro.plots.frame_variants import MODALITY_LABELS, check_not_empty, frames_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FRAME_COLORMAP = "viridis"
ACTIVITY_COLORMAP = "magma"


def plot_movie_activity(
    activity: np.ndarray,
    frame: np.ndarray,
    *,
    bin_width_s: float,
    modality: str,
    ax: Axes | None = None,
    title: str | None = None,
    colour_bar: bool = True,
) -> Drawn:
    """Heat map of all neurons during one repeat of the movie, time in s.

    Args:
        activity: float array (time, neuron) in [0, 1], neurons sorted by their peak in the other
            repeats, as ``decoding.movie_activity`` gives it.
        frame: integer array (time,) of frame ids.
        bin_width_s: width of a time bin in s.
        modality: ``ca`` or ``neuropixels``.
        ax: axes to draw on; None for a new figure.
        title: title of the axes; None for modality, number of frames and rate of the bins.
        colour_bar: draw the bar beside the axes.

    Returns:
        The axes, and one row per neuron from top to bottom: ``row`` and ``peak_s``, when it is
        most active in the repeat drawn.

    Raises:
        ValueError: shapes differ, or the modality is unknown.
    """
    activity, frame = np.asarray(activity), np.asarray(frame)
    _check_activity(activity, frame, modality)
    n_time, n_neurons = activity.shape
    with house_style():
        ax = ax or new_axes((6.4, 3.6))
        image = ax.imshow(
            activity.T,
            cmap=ACTIVITY_COLORMAP,
            vmin=0.0,
            vmax=1.0,
            aspect="auto",
            extent=(0.0, n_time * bin_width_s, n_neurons, 0.0),
            rasterized=True,
        )
        ax.set_xlabel("time since the start of the movie (s)")
        ax.set_ylabel(f"neuron (of {n_neurons}), by peak\nin the other repeats")
        text = f"{len(np.unique(frame))} frames in {n_time} bins at {1 / bin_width_s:.4g} Hz"
        ax.set_title(f"{MODALITY_LABELS[modality]}: {text}" if title is None else title)
        if colour_bar:
            _activity_bar(ax.figure, ax, image)
    peak_s = (activity.argmax(axis=0) + 0.5) * bin_width_s
    return Drawn((ax,), pd.DataFrame({"row": np.arange(n_neurons), "peak_s": peak_s}))


def figure_movie_activity(
    activities: Mapping[str, Mapping[str, Any]], *, title: str | None = None
) -> Figure:
    """:func:`plot_movie_activity` of every modality, one below the other on one time axis.

    Args:
        activities: modality → ``activity``, ``frame`` and ``bin_width_s``.
        title: title over the whole figure, e.g. area and repeat.

    Raises:
        ValueError: there is no modality, or one is unknown.
    """
    check_not_empty("activities", activities)
    for modality in activities:
        _check_modality(modality)
    modalities = [modality for modality in MODALITY_LABELS if modality in activities]
    with house_style():
        figure = new_figure((7.2, 2.8 * len(modalities) + 0.4))
        axes = np.ravel(figure.subplots(len(modalities), 1, sharex=True))
        for ax, modality in zip(axes, modalities, strict=True):
            shown = activities[modality]
            plot_movie_activity(
                shown["activity"],
                shown["frame"],
                bin_width_s=float(shown["bin_width_s"]),
                modality=modality,
                ax=ax,
                colour_bar=False,
            )
        for ax in axes[:-1]:
            ax.set_xlabel("")
        _activity_bar(figure, list(axes), axes[0].images[0])
        if title:
            figure.suptitle(title)
    return figure


def plot_movie_map(
    points: np.ndarray,
    *,
    frame_rate_hz: float = 30.0,
    ax: Axes | None = None,
    title: str | None = None,
) -> Drawn:
    """The frames of a movie in a map of their features, coloured by frame.

    A thin line joins each frame to the next.

    Args:
        points: float array (frame, 2), from ``decoding.movie_map``.
        frame_rate_hz: frames shown per second.
        ax: axes to draw on; None for a new figure.
        title: title of the axes.

    Returns:
        The axes, and one row per frame: ``frame``, ``x``, ``y``.

    Raises:
        ValueError: the points are no array (frame, 2).
    """
    points = np.asarray(points)
    if points.ndim != 2 or points.shape[1] != 2 or not len(points):
        raise ValueError(f"points must be an array (frame, 2), got shape {points.shape}")
    frame = np.arange(len(points))
    with house_style():
        ax = ax or new_axes(style.EMBEDDING_INCHES)
        x, y = points.T
        ax.plot(x, y, color="0.8", lw=0.5, zorder=1)
        dots = ax.scatter(x, y, c=frame, cmap=FRAME_COLORMAP, s=9, linewidths=0, zorder=2)
        ax.set_aspect("equal", adjustable="datalim")
        ax.set_xlabel("t-SNE 1 (no unit)")
        ax.set_ylabel("t-SNE 2 (no unit)")
        add_frame_bar(ax.figure, ax, dots, len(points), frame_rate_hz)
        if title:
            ax.set_title(title)
    return Drawn((ax,), pd.DataFrame({"frame": frame, "x": x, "y": y}))


def _activity_bar(figure: Any, axes: Any, image: Any) -> None:
    bar = figure.colorbar(image, ax=axes, fraction=0.04, aspect=24, pad=0.02)
    bar.set_label("activity (share of each neuron's maximum)")
    bar.outline.set_visible(False)


def add_frame_bar(
    figure: Any, axes: Any, mappable: Any, n_frames: int, frame_rate_hz: float
) -> None:
    """The colour bar of frame numbers, with the length and rate of the movie."""
    bar = figure.colorbar(mappable, ax=axes, fraction=0.03, shrink=0.8, aspect=24, pad=0.04)
    bar.set_label(f"frame (of {frames_text(n_frames, frame_rate_hz)})")
    bar.outline.set_visible(False)


def _check_activity(activity: np.ndarray, frame: np.ndarray, modality: str) -> None:
    if activity.ndim != 2 or not activity.size or frame.shape != activity.shape[:1]:
        raise ValueError(
            f"activity must be a non-empty array (time, neuron) and frame an array (time,), got "
            f"shapes {activity.shape} and {frame.shape}"
        )
    _check_modality(modality)


def _check_modality(modality: str) -> None:
    if modality not in MODALITY_LABELS:
        raise ValueError(f"modality must be one of {', '.join(MODALITY_LABELS)}, got {modality!r}")
