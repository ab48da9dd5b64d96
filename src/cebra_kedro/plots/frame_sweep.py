"""Pictures of movie decoding scores by number of neurons: a line per kind of features.

Scores come as a tidy table; decoding and scoring are left to ``decoding``. The line is the mean
over runs, every run a dot, chance a dashed line.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from cebra_kedro.plots.canvas import Drawn, house_style, new_axes
from cebra_kedro.plots.frame_scores import (
    CHANCE_LINE,
    MOVIE_ONE,
    chance_and_run_handles,
    frame_score_rows,
    value_axis,
)
from cebra_kedro.plots.frame_variants import (
    DECODER_LABELS,
    MODALITY_LABELS,
    model_colour,
    model_label,
    models_in_order,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DASHES: dict[str, Any] = {"knn": "-", "bayes": (0, (2, 1))}
_MOST_NUMBERS = 12
"""Most numbers that fit below the axis."""
_MARKERS = {"knn": "o", "bayes": "s"}


def plot_frame_scores_by_neurons(
    scores: pd.DataFrame,
    metric: str = "frame_accuracy_1s",
    *,
    modality: str,
    decoder: str | None = None,
    ax: Axes | None = None,
    title: str | None = None,
    legend: bool = True,
    movie: str = MOVIE_ONE,
) -> Drawn:
    """Lines of the mean score against the number of neurons, every run a dot.

    Args:
        scores: table with the columns ``METRIC_COLUMNS`` (``experiment`` and ``fold`` may be
            absent) and ``n_neurons``, of one subject.
        metric: the metric drawn.
        modality: ``ca`` or ``neuropixels``.
        decoder: ``knn`` or ``bayes``; None for all.
        ax: axes to draw on; None for a new figure.
        title: title of the axes; None for the modality.
        legend: explain colours, decoders, dots and chance beside the axes.
        movie: its length, for the axis.

    Returns:
        The axes, and the rows of :func:`frame_score_rows` with ``n_neurons``.

    Raises:
        ValueError: ``n_neurons`` is missing, there are several subjects, or as in
            :func:`frame_score_rows`.
    """
    rows = _sweep_rows(scores, metric, modality, decoder)
    with house_style():
        ax = ax or new_axes((5.6, 3.2))
        _draw_lines(ax, rows)
        ax.set_xscale("log")
        _name_counts(ax, sorted(rows["n_neurons"].unique()))
        ax.set_xlabel(f"number of neurons (movie of {movie})")
        value_axis(ax, rows, metric)
        ax.set_title(MODALITY_LABELS[modality] if title is None else title)
        if legend:
            _line_legend(ax, rows)
    return Drawn((ax,), rows)


def _sweep_rows(
    scores: pd.DataFrame, metric: str, modality: str, decoder: str | None
) -> pd.DataFrame:
    if "n_neurons" not in scores.columns or scores.empty:
        raise ValueError(
            f"scores must have rows and the column n_neurons, got {len(scores)} rows of "
            f"{list(scores.columns)}; give the table of the sweep"
        )
    if scores["subject"].nunique() > 1:
        raise ValueError(
            f"scores must hold one subject, got {sorted(scores['subject'].unique())}; select one"
        )
    for name, usual in (("experiment", ""), ("fold", 0)):
        if name not in scores.columns:
            scores = scores.assign(**{name: usual})
    tables = [
        frame_score_rows(rows, metric, modality=modality, decoder=decoder).assign(n_neurons=count)
        for count, rows in scores.groupby("n_neurons")
    ]
    return pd.concat(tables, ignore_index=True)


def _draw_lines(ax: Any, rows: pd.DataFrame) -> None:
    for _, line in rows.groupby(["kind", "suffix", "decoder"]):
        kind, suffix, decoder = line[["kind", "suffix", "decoder"]].iloc[0]
        colour = model_colour(kind, suffix)
        means = line.groupby("n_neurons")["mean"].first()
        ax.plot(means.index, means, color=colour, ls=_DASHES[decoder], lw=1.8)
        ax.plot(
            line["n_neurons"],
            line["value"],
            ls="none",
            marker=_MARKERS[decoder],
            color=colour,
            markersize=4,
            markeredgecolor="white",
            markeredgewidth=0.4,
        )
    chance = rows["chance"].mean()
    if pd.notna(chance):
        ax.axhline(chance, zorder=0, **CHANCE_LINE)


def _name_counts(ax: Any, counts: list[int]) -> None:
    """A tick at every count; numbers from the largest down, where there is room for them."""
    room = math.log10(counts[-1] / counts[0]) / _MOST_NUMBERS
    labels = []
    last = math.inf
    for count in reversed(counts):
        fits = last - math.log10(count) >= room
        labels.append(str(count) if fits else "")
        last = math.log10(count) if fits else last
    ax.set_xticks(counts, labels[::-1])
    ax.set_xticks([], minor=True)


def _line_legend(ax: Any, rows: pd.DataFrame) -> None:
    from matplotlib.lines import Line2D

    models = models_in_order(set(zip(rows["kind"], rows["suffix"], strict=True)))
    handles = [
        Line2D([], [], color=model_colour(*model), lw=1.8, label=model_label(*model))
        for model in models
    ]
    handles.extend(
        Line2D(
            [], [], color="0.45", ls=_DASHES[name], marker=_MARKERS[name], markersize=4, label=label
        )
        for name, label in DECODER_LABELS.items()
        if name in set(rows["decoder"])
    )
    handles.extend(chance_and_run_handles(rows)[1:])  # the markers above are the runs
    ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.0))
