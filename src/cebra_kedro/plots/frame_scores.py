"""Pictures of movie decoding scores: by kind of features and by area.

Scores come as the tidy metrics table; decoding and scoring are left to ``decoding``. The bar is the
mean over runs, every run a dot, chance a dashed line. Scores by number of neurons are drawn in
``frame_sweep``, figures of several panels in ``frame_score_figures``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cebra_kedro.plots import style
from cebra_kedro.plots.canvas import Drawn, house_style, new_axes
from cebra_kedro.plots.frame_variants import (
    DECODER_LABELS,
    MODALITY_LABELS,
    frames_text,
    model_colour,
    model_label,
    models_in_order,
    split_variant,
)
from cebra_kedro.plots.scores import score_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOVIE_ONE = frames_text(900, 30.0)
"""Length of natural movie one."""
_GROUP_WIDTH = 0.84
CHANCE_LINE: dict[str, Any] = {"color": "0.35", "lw": 1.0, "ls": (0, (4, 3))}
_DOT: dict[str, Any] = {
    "color": "white",
    "markersize": 3.5,
    "markeredgecolor": "black",
    "markeredgewidth": 0.7,
}
_NARROW_BAR = 0.1
"""Width of a bar, where groups are 1 apart, below which dots are smaller."""
_HATCH = {"knn": None, "bayes": "//////"}
_TICKS = {
    "raw": "raw\nactivity",
    "single": "CEBRA,\none mod.",
    "joint": "CEBRA,\nboth mod.",
    "shuffled": "CEBRA,\nshuffled",
}


def frame_score_rows(
    metrics: pd.DataFrame, metric: str, *, modality: str, decoder: str | None = None
) -> pd.DataFrame:
    """The scores of one modality, with the parts of the variants' names beside them.

    Args:
        metrics: table with the columns ``METRIC_COLUMNS``, of one experiment.
        metric: the metric wanted, e.g. ``frame_accuracy_1s``.
        modality: ``ca`` or ``neuropixels``.
        decoder: ``knn`` or ``bayes``; None for all.

    Returns:
        One row per score: ``subject``, ``variant``, ``kind``, ``suffix``, ``decoder``, ``fold``,
        ``seed``, ``value``, ``unit``, ``mean`` (over folds and seeds), ``chance``.

    Raises:
        ValueError: the modality is unknown or has no such score, or as in
            :func:`~cebra_kedro.plots.scores.score_rows`.
    """
    if modality not in MODALITY_LABELS:
        raise ValueError(f"modality must be one of {', '.join(MODALITY_LABELS)}, got {modality!r}")
    rows = metrics[metrics["metric"].isin([metric, f"chance_{metric}"])]
    names = {variant: split_variant(variant) for variant in rows["variant"].unique()}
    wanted = [variant for variant, name in names.items() if name.modality == modality]
    rows = rows[rows["variant"].isin(wanted)]
    decoders = [d for d in DECODER_LABELS if d in set(rows["decoder"]) and decoder in (None, d)]
    if not decoders:
        raise ValueError(
            f"metrics must hold {metric} of {modality}"
            f"{f' by decoder {decoder}' if decoder else ''}, got none"
        )
    scores = pd.concat(
        [score_rows(rows, metric, name).assign(decoder=name) for name in decoders],
        ignore_index=True,
    )
    parts = [names[variant] for variant in scores["variant"]]
    scores["kind"], scores["suffix"] = [p.kind for p in parts], [p.suffix for p in parts]
    columns = ["subject", "variant", "kind", "suffix", "decoder", "fold", "seed"]
    return scores[[*columns, "value", "unit", "mean", "chance"]]


def plot_frame_scores(
    metrics: pd.DataFrame,
    metric: str = "frame_accuracy_1s",
    *,
    modality: str,
    ax: Axes | None = None,
    title: str | None = None,
    legend: bool = True,
    movie: str = MOVIE_ONE,
) -> Drawn:
    """Bars of one area and modality: raw activity, one modality, both, shuffled; by decoder.

    Args:
        metrics: table with the columns ``METRIC_COLUMNS``, of one experiment and one subject.
        metric: the metric drawn.
        modality: ``ca`` or ``neuropixels``.
        ax: axes to draw on; None for a new figure.
        title: title of the axes; None for the modality.
        legend: explain decoders, dots and chance beside the axes.
        movie: its length, for the axis.

    Returns:
        The axes, and the rows of :func:`frame_score_rows` with ``x``, the place of the dot.

    Raises:
        ValueError: there are several subjects, or as in :func:`frame_score_rows`.
    """
    scores = frame_score_rows(metrics, metric, modality=modality)
    if scores["subject"].nunique() > 1:
        raise ValueError(
            f"metrics must hold one subject, got {sorted(scores['subject'].unique())}; select "
            "one, or use plot_frame_scores_by_area"
        )
    models = models_in_order(set(zip(scores["kind"], scores["suffix"], strict=True)))
    group = [models.index(m) for m in zip(scores["kind"], scores["suffix"], strict=True)]
    scores = _placed(scores.assign(group=group), [(d,) for d in DECODER_LABELS], ["decoder"])
    with house_style():
        ax = ax or new_axes((1.05 * len(models) + 2.4, 3.2))
        _draw_bars(ax, scores)
        _write_means(ax, scores)
        ax.set_xticks(range(len(models)), [_tick(*model) for model in models])
        ax.set_xlabel(f"decoded from (movie of {movie})")
        value_axis(ax, scores, metric)
        ax.set_title(MODALITY_LABELS[modality] if title is None else title)
        if legend:
            _bar_legend(ax, scores, by_model=False)
    return Drawn((ax,), scores.drop(columns=["group", "bar_x", "width"]))


def plot_frame_scores_by_area(
    metrics: pd.DataFrame,
    metric: str = "frame_accuracy_1s",
    *,
    modality: str,
    decoder: str | None = None,
    ax: Axes | None = None,
    title: str | None = None,
    legend: bool = True,
    movie: str = MOVIE_ONE,
) -> Drawn:
    """Bars of one modality grouped by area, areas in the order of the table.

    Args:
        metrics: table with the columns ``METRIC_COLUMNS``, of one experiment.
        metric: the metric drawn.
        modality: ``ca`` or ``neuropixels``.
        decoder: ``knn`` or ``bayes``; None for all.
        ax: axes to draw on; None for a new figure.
        title: title of the axes; None for the modality.
        legend: explain colours, decoders, dots and chance beside the axes.
        movie: its length, for the axis.

    Returns:
        The axes, and the rows of :func:`frame_score_rows` with ``x``, the place of the dot.

    Raises:
        ValueError: as in :func:`frame_score_rows`.
    """
    scores = frame_score_rows(metrics, metric, modality=modality, decoder=decoder)
    areas = [area for area in pd.unique(metrics["subject"]) if area in set(scores["subject"])]
    scores = scores.assign(group=scores["subject"].map(areas.index))
    models = models_in_order(set(zip(scores["kind"], scores["suffix"], strict=True)))
    slots = [(*model, name) for model in models for name in DECODER_LABELS]
    scores = _placed(scores, slots, ["kind", "suffix", "decoder"])
    with house_style():
        ax = ax or new_axes((1.4 * len(areas) + 2.6, 3.2))
        _draw_bars(ax, scores)
        ax.set_xticks(range(len(areas)), areas)
        ax.set_xlabel(f"area (movie of {movie})")
        value_axis(ax, scores, metric)
        ax.set_title(MODALITY_LABELS[modality] if title is None else title)
        if legend:
            _bar_legend(ax, scores, by_model=True)
    return Drawn((ax,), scores.drop(columns=["group", "bar_x", "width"]))


def value_axis(ax: Any, scores: pd.DataFrame, metric: str) -> None:
    """Name the value axis and start it at 0, with room above the highest dot.

    Args:
        ax: the axes.
        scores: rows of :func:`frame_score_rows`.
        metric: the metric drawn.
    """
    ax.set_ylabel(style.with_unit(style.metric_label(metric), scores["unit"].iloc[0]))
    ax.set_ylim(0, 1.14 * float(np.nanmax(scores[["value", "chance"]].to_numpy(float))))


def chance_and_run_handles(scores: pd.DataFrame) -> list[Any]:
    """Legend handles of what all these figures share: a dot per run, the line of chance.

    Args:
        scores: rows of :func:`frame_score_rows`.
    """
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], ls="none", marker="o", **_DOT, label="one run (seed)")]
    if scores["chance"].notna().any():
        handles.append(Line2D([], [], **CHANCE_LINE, label="chance"))
    return handles


def _placed(
    scores: pd.DataFrame, slots: Sequence[tuple[str, ...]], columns: list[str]
) -> pd.DataFrame:
    """Adds ``bar_x`` and ``width`` of each row's bar, and ``x`` of its dot.

    ``group`` is the place of a group of bars; a bar's slot in it is that of its ``columns``.
    """
    keys = list(scores[columns].itertuples(index=False, name=None))
    used = [slot for slot in slots if slot in set(keys)]
    width = _GROUP_WIDTH / len(used)
    slot = np.array([used.index(key) for key in keys])
    bar_x = scores["group"] + width * (slot - (len(used) - 1) / 2)
    bars = scores.assign(bar_x=bar_x).groupby(bar_x)["value"]
    jitter = (bars.cumcount() + 0.5) / bars.transform("size") - 0.5
    return scores.assign(bar_x=bar_x, width=width, x=bar_x + 0.6 * width * jitter)


def _draw_bars(ax: Any, scores: pd.DataFrame) -> None:
    for bar_x, rows in scores.groupby("bar_x"):
        first = rows.iloc[0]
        ax.bar(
            bar_x,
            first["mean"],
            0.92 * first["width"],
            color=model_colour(first["kind"], first["suffix"]),
            hatch=_HATCH[first["decoder"]],
            edgecolor="white",
            linewidth=0,
            zorder=1,
        )
    size = 3.5 if scores["width"].iloc[0] > _NARROW_BAR else 2.4
    ax.plot(
        scores["x"], scores["value"], ls="none", marker="o", zorder=3, **_DOT | {"markersize": size}
    )
    for _, rows in scores.groupby("group"):
        first = rows.iloc[0]
        left, right = first["group"] - 0.5, first["group"] + 0.5
        ax.hlines(first["chance"], left, right, zorder=2, **CHANCE_LINE)
    ax.set_xlim(-0.6, scores["group"].max() + 0.6)
    ax.tick_params(axis="x", length=0)


def _write_means(ax: Any, scores: pd.DataFrame) -> None:
    for bar_x, rows in scores.groupby("bar_x"):
        first = rows.iloc[0]
        ax.annotate(
            style.format_value(first["mean"], first["unit"]),
            (bar_x, rows["value"].max()),
            xytext=(0, 4),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=6.5,
            color="0.25",
            # where the line of chance passes behind
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.85},
        )


def _tick(kind: str, suffix: str) -> str:
    return f"{_TICKS[kind]}\n{style.suffix_label(suffix)}" if suffix else _TICKS[kind]


def _bar_legend(ax: Any, scores: pd.DataFrame, *, by_model: bool) -> None:
    from matplotlib.patches import Patch

    models = models_in_order(set(zip(scores["kind"], scores["suffix"], strict=True)))
    handles: list[Any] = [
        Patch(facecolor=model_colour(*model), label=model_label(*model))
        for model in models
        if by_model
    ]
    handles.extend(
        Patch(facecolor="0.45", edgecolor="white", linewidth=0, hatch=_HATCH[name], label=label)
        for name, label in DECODER_LABELS.items()
        if name in set(scores["decoder"])
    )
    handles.extend(chance_and_run_handles(scores))
    ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.0))
