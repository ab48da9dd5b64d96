"""Figures of what was recorded and shown: activity during a movie, the map of its frames.

The activity is sorted and the map is computed in ``movie_data``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cebra_kedro.plots import style
from cebra_kedro.plots.canvas import Drawn, house_style, new_axes, new_figure
from cebra_kedro.plots.movie_data import MovieActivity, frame_features, movie_activity, movie_map
from cebra_kedro.plots.panels import finish
from cebra_kedro.plots.results import Results
from cebra_kedro.splits import rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FRAME_COLORMAP = "viridis"
ACTIVITY_COLORMAP = "magma"
_MOVIE_LABELS = ("frame", "repeat")


def activity_figure(
    results: Results, session: str | None, *, smoothing_s: float = 0.2
) -> Figure | None:
    """Heat map of every population in the first test repeat, one below the other on one time axis.

    Args:
        results: the results.
        session: the session.
        smoothing_s: standard deviation in s of the Gaussian that smooths in time.

    Returns:
        The figure, or None where no movie was shown (no labels ``frame`` and ``repeat``).

    Raises:
        ValueError: there is no session, or as in :func:`~movie_data.movie_activity`.
    """
    if session is None:
        raise ValueError(f"activity is that of one session, got none of {results.sessions}")
    shown: dict[str, MovieActivity] = {}
    for population in dict.fromkeys(v.population for v in results.variants):
        recording = results.recording(session, population)
        if set(_MOVIE_LABELS) <= set(recording.labels):
            test = rows(results.part(session, population), "test")
            repeat = int(recording.label("repeat").values[test[0]])
            shown[population] = movie_activity(recording, repeat, smoothing_s=smoothing_s)
    if not shown:
        return None
    with house_style():
        figure = new_figure((7.2, 2.8 * len(shown) + 0.4))
        axes = np.ravel(figure.subplots(len(shown), 1, sharex=True))
        for ax, (population, activity) in zip(axes, shown.items(), strict=True):
            name = style.variant_label(population) if population else session
            plot_movie_activity(activity, name=name, ax=ax, colour_bar=False)
        for ax in axes[:-1]:
            ax.set_xlabel("")
        _activity_bar(figure, list(axes), axes[0].images[0])
        finish(figure, f"{session}: activity in the test repeat", ())
    return figure


def movie_map_figure(
    results: Results,
    session: str | None = None,
    *,
    seed: int = 0,
    perplexity: float = 30.0,
    frame_rate_hz: float = 30.0,
) -> Figure | None:
    """The frames of the movie in a t-SNE of their features.

    Args:
        results: the results.
        session: whose movie; None for that of the first session, as all see the same.
        seed: of the t-SNE.
        perplexity: effective number of neighbours of a frame.
        frame_rate_hz: frames shown per second.

    Returns:
        The figure, or None without a label that is a table of frames.

    Raises:
        ValueError: there are too few frames for the perplexity.
    """
    population = results.variants[0].population if results.variants else ""
    features = frame_features(results.recording(session or results.sessions[0], population))
    if features is None:
        return None
    points = movie_map(features, seed=seed, perplexity=perplexity)
    title = "Features of the frames, t-SNE"
    return plot_movie_map(points, frame_rate_hz=frame_rate_hz, title=title).figure


def plot_movie_activity(
    shown: MovieActivity, *, name: str, ax: Axes | None = None, colour_bar: bool = True
) -> Drawn:
    """Heat map of all neurons during one repeat of the movie, time in s.

    Args:
        shown: the activity, neurons sorted by their peak in the other repeats.
        name: what was recorded, for the title.
        ax: axes to draw on; None for a new figure.
        colour_bar: draw the bar beside the axes.

    Returns:
        The axes, and one row per neuron from top to bottom: ``row`` and ``peak_s``, when it is
        most active in the repeat drawn.
    """
    n_time, n_neurons = shown.activity.shape
    with house_style():
        ax = ax or new_axes((6.4, 3.6))
        image = ax.imshow(
            shown.activity.T,
            cmap=ACTIVITY_COLORMAP,
            vmin=0.0,
            vmax=1.0,
            aspect="auto",
            extent=(0.0, n_time * shown.bin_width_s, n_neurons, 0.0),
            rasterized=True,
        )
        ax.set_xlabel("time since the start of the movie (s)")
        ax.set_ylabel(f"neuron (of {n_neurons}), by peak\nin the other repeats")
        n_frames, rate = len(np.unique(shown.frame)), 1 / shown.bin_width_s
        ax.set_title(f"{name}: {n_frames} frames in {n_time} bins at {rate:.4g} Hz")
        if colour_bar:
            _activity_bar(ax.figure, ax, image)
    peak_s = (shown.activity.argmax(axis=0) + 0.5) * shown.bin_width_s
    return Drawn((ax,), pd.DataFrame({"row": np.arange(n_neurons), "peak_s": peak_s}))


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
        points: float array (frame, 2), from :func:`~movie_data.movie_map`.
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
        bar = ax.figure.colorbar(dots, ax=ax, fraction=0.03, shrink=0.8, aspect=24, pad=0.04)
        bar.set_label(f"frame (of {frames_text(len(points), frame_rate_hz)})")
        bar.outline.set_visible(False)
        if title:
            ax.set_title(title)
    return Drawn((ax,), pd.DataFrame({"frame": frame, "x": x, "y": y}))


def frames_text(n_frames: int, frame_rate_hz: float) -> str:
    """The movie's length in words, e.g. ``900 frames at 30 Hz``."""
    return f"{n_frames} frames at {frame_rate_hz:g} Hz"


def _activity_bar(figure: Any, axes: Any, image: Any) -> None:
    bar = figure.colorbar(image, ax=axes, fraction=0.04, aspect=24, pad=0.02)
    bar.set_label("activity (share of each neuron's maximum)")
    bar.outline.set_visible(False)
