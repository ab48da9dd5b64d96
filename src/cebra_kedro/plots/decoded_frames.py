"""Figures of decoded movie frames: true against decoded, and how often they are confused.

Decoding is left to ``decoding``, counting to ``movie_data``, drawing a panel to ``frame_panels``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cebra_kedro.plots import style
from cebra_kedro.plots.canvas import house_style
from cebra_kedro.plots.frame_panels import (
    add_confusion_bar,
    plot_decoded_frames,
    plot_frame_confusion,
)
from cebra_kedro.plots.movie_data import frame_confusion, frame_count
from cebra_kedro.plots.panels import finish, new_panels, panel_title
from cebra_kedro.plots.results import Results, Variant

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LABEL = "frame"
_MOST_COLUMNS = 4


def frames_decoded_figure(
    results: Results,
    session: str | None,
    *,
    decoder: str | None = None,
    window_frames: int = 30,
    frame_rate_hz: float = 30.0,
    variants: Sequence[str] | None = None,
) -> Figure | None:
    """Decoded against true frame of every variant; each population starts a row.

    Args:
        results: the results.
        session: the session.
        decoder: whose predictions; None for ``knn``, or the first one where there is no such.
        window_frames: a frame less than this far off counts as right.
        frame_rate_hz: frames shown per second.
        variants: names of those shown; None for all.

    Returns:
        The figure, or None where no frames were decoded.

    Raises:
        KeyError: there is no such variant.
        ValueError: there is no such decoder, or no session.
    """
    decoded = _decoded(results, session, decoder, variants)
    if not decoded:
        return None
    colours = style.colours(results.variants)
    with house_style():
        figure, axes = _panels([one.variant for one in decoded])
        for ax, one in zip(axes, decoded, strict=True):
            drawn = plot_decoded_frames(
                one.true,
                one.predicted,
                n_frames=one.n_frames,
                window_frames=window_frames,
                frame_rate_hz=frame_rate_hz,
                ax=ax,
                colour=colours[one.variant.name],
            )
            name = panel_title(style.variant_label(one.variant))
            drawn.ax.set_title(f"{name}\n{drawn.ax.get_title()}")
        _name_outer_axes(axes)
        _finish(figure, f"{session}: decoded frames", decoded)
    return figure


def frames_confusion_figure(
    results: Results,
    session: str | None,
    *,
    decoder: str | None = None,
    frames_per_bin: int = 30,
    frame_rate_hz: float = 30.0,
    variants: Sequence[str] | None = None,
) -> Figure | None:
    """Which stretch of the movie is decoded into which, for every variant.

    Args:
        results: the results.
        session: the session.
        decoder: whose predictions; None for ``knn``, or the first one where there is no such.
        frames_per_bin: length of a stretch; the last one may be shorter.
        frame_rate_hz: frames shown per second.
        variants: names of those shown; None for all.

    Returns:
        The figure, or None where no frames were decoded.

    Raises:
        KeyError: there is no such variant.
        ValueError: there is no such decoder, no session, or a stretch has no frame.
    """
    decoded = _decoded(results, session, decoder, variants)
    if not decoded:
        return None
    with house_style():
        figure, axes = _panels([one.variant for one in decoded])
        for ax, one in zip(axes, decoded, strict=True):
            shares = frame_confusion(
                one.true, one.predicted, n_frames=one.n_frames, frames_per_bin=frames_per_bin
            )
            plot_frame_confusion(
                shares,
                n_frames=one.n_frames,
                frames_per_bin=frames_per_bin,
                frame_rate_hz=frame_rate_hz,
                ax=ax,
                title=panel_title(style.variant_label(one.variant)),
                colour_bar=False,
            )
        _name_outer_axes(axes)
        add_confusion_bar(figure, axes, axes[0].collections[0], frames_per_bin)
        _finish(figure, f"{session}: confusions of frames", decoded)
    return figure


@dataclass(frozen=True, eq=False)
class _Decoded:
    variant: Variant
    decoder: str
    true: np.ndarray
    predicted: np.ndarray
    n_frames: int


def _decoded(
    results: Results, session: str | None, decoder: str | None, names: Sequence[str] | None
) -> list[_Decoded]:
    """What was decoded, population by population."""
    if session is None:
        raise ValueError(f"decoded frames are those of a session, got none of {results.sessions}")
    variants = results.variants if names is None else [results.variant(name) for name in names]
    populations = list(dict.fromkeys(variant.population for variant in variants))
    found = []
    for variant in sorted(variants, key=lambda variant: populations.index(variant.population)):
        predicted = results.predicted(session, variant.name, LABEL)
        if predicted is not None:
            usual = "knn" if "knn" in predicted.predicted else None
            name, frames = predicted.of(decoder or usual)
            n_frames = frame_count(results.recording(session, variant.population))
            found.append(_Decoded(variant, name, predicted.true, frames, n_frames))
    return found


def _panels(variants: Sequence[Variant]) -> tuple[Figure, list[Axes]]:
    """Axes for each variant; those of a population begin a row."""
    counts = Counter(variant.population for variant in variants)
    most = max(counts.values())
    columns = -(-most // -(-most // _MOST_COLUMNS))  # rows that are as full as can be
    used = [place < n for n in counts.values() for place in range(-(-n // columns) * columns)]
    figure, axes = new_panels([2] * len(used), columns)
    for ax, is_used in zip(axes, used, strict=True):
        if not is_used:
            ax.remove()
    return figure, [ax for ax, is_used in zip(axes, used, strict=True) if is_used]


def _name_outer_axes(axes: Sequence[Axes]) -> None:
    """Names at the left and below only."""
    places = [_place(ax) for ax in axes]
    for ax, (row, column) in zip(axes, places, strict=True):
        if any((row, left) in places for left in range(column)):
            ax.set_ylabel("")
        if (row + 1, column) in places:
            ax.set_xlabel("")


def _place(ax: Axes) -> tuple[int, int]:
    spec = ax.get_subplotspec()
    assert spec is not None
    return spec.rowspan[0], spec.colspan[0]


def _finish(figure: Figure, title: str, decoded: Sequence[_Decoded]) -> None:
    decoders = ", ".join(dict.fromkeys(one.decoder for one in decoded))
    finish(figure, f"{title}, test rows, {decoders}", [one.variant for one in decoded])
