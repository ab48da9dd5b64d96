"""Pictures of scores: one column per variant, every fold and seed a dot, with mean and chance.

Scores come as the tidy metrics table; decoding and scoring are left to ``decoding``.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cebra_kedro.plots import style
from cebra_kedro.plots.canvas import Drawn, house_style, new_axes, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

METRIC_COLUMNS = (
    "experiment",
    "subject",
    "variant",
    "fold",
    "seed",
    "decoder",
    "metric",
    "value",
    "unit",
)
_FOLD_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*")
_NARROW_COLUMN_INCHES = 0.45
"""Width of a column below which its label is turned."""
_JITTER_WIDTH = 0.5
"""Width over which the dots of a variant spread, where neighbouring variants are 1 apart."""


def plot_error_by_variant(
    metrics: pd.DataFrame,
    metric: str,
    *,
    ax: Axes | None = None,
    decoder: str | None = None,
    title: str | None = None,
    legend: bool = True,
) -> Drawn:
    """One column of dots per variant of one subject, with the mean of each and the chance level.

    A dot is one fold and seed (a marker shape per fold, seeds spread from left to right). The
    short line and the number above are the mean over folds and seeds; the dashed line is the
    mean of the rows ``chance_<metric>``. Transductive variants carry † and a footnote.

    Args:
        metrics: table with the columns ``METRIC_COLUMNS``, of one experiment and one subject.
        metric: the metric drawn, e.g. ``position_error_median``.
        ax: axes to draw on; None for a new figure.
        decoder: which decoder, if the table holds several for this metric.
        title: title of the axes; None for the subject.
        legend: explain the markers beside the axes and † below them; False where a figure of
            several panels does so once.

    Returns:
        The axes, and one row per dot: ``subject``, ``variant``, ``fold``, ``seed``, ``value``,
        ``unit``, ``x``, ``mean`` (of the variant) and ``chance`` (NaN without chance rows).

    Raises:
        ValueError: columns are missing, no row has this metric, a value is not finite, or the
            table holds several experiments, subjects, decoders or units.
    """
    scores = score_rows(metrics, metric, decoder)
    _require_one(scores, "subject", "use figure_error_by_variant_and_subject")
    variants = style.ordered_variants(scores["variant"])
    with house_style():
        ax = ax or new_axes((0.66 * len(variants) + 2.2, 3.8))
        _draw_scores(ax, scores, variants)
        ax.set_title(str(scores["subject"].iloc[0]) if title is None else title)
        _label_score_axes(ax, metric, scores)
        footnote = style.transductive_footnote(variants)
        if legend and footnote:
            ax.set_xlabel(textwrap.fill(footnote, 80), fontsize=7, loc="left")
        if legend:
            add_fold_legend(ax, scores)
    return Drawn((ax,), scores.reset_index(drop=True))


def figure_error_by_variant_and_subject(
    metrics: pd.DataFrame,
    metric: str,
    *,
    decoder: str | None = None,
    title: str | None = None,
    n_columns: int = 2,
) -> Figure:
    """:func:`plot_error_by_variant` for every subject, on one value axis.

    Args:
        metrics: table with the columns ``METRIC_COLUMNS``, of one experiment.
        metric: the metric drawn.
        decoder: which decoder, if the table holds several for this metric.
        title: title over the whole figure.
        n_columns: most subjects in a row.

    Raises:
        ValueError: as in :func:`plot_error_by_variant`, except for several subjects.
    """
    scores = score_rows(metrics, metric, decoder)
    subjects = sorted(scores["subject"].unique())
    variants = style.ordered_variants(scores["variant"])
    columns = min(n_columns, len(subjects))
    rows = -(-len(subjects) // columns)
    width = max(2.5, 0.62 * len(variants) + 0.8)
    with house_style():
        figure = new_figure((columns * width + 1.2, rows * 2.9 + 0.4))
        grid = figure.subplots(rows, columns, sharey=True, squeeze=False)
        for ax, subject in zip(grid.flat, subjects, strict=False):
            of_subject = scores[scores["subject"] == subject]
            _draw_scores(ax, of_subject, variants)
            ax.set_title(str(subject))
        for ax in grid[:, 0]:
            _label_score_axes(ax, metric, scores)
        for ax in grid.flat[len(subjects) :]:
            ax.set_visible(False)
        add_fold_legend(grid[0, -1], scores)
        if footnote := style.transductive_footnote(variants):
            text = textwrap.fill(footnote, int(figure.get_figwidth() * 17))
            figure.supxlabel(text, fontsize=7, x=0.01, ha="left")
        if title:
            figure.suptitle(title)
    return figure


def score_rows(metrics: pd.DataFrame, metric: str, decoder: str | None) -> pd.DataFrame:
    """The rows of one metric with the columns ``x``, ``mean`` and ``chance`` beside them.

    Args:
        metrics: table with the columns ``METRIC_COLUMNS``, of one experiment.
        metric: the metric wanted.
        decoder: which decoder, if the table holds several for this metric.

    Returns:
        One row per score: ``subject``, ``variant``, ``fold``, ``seed``, ``value``, ``unit``, ``x``
        (place in a figure with one column per variant), ``mean`` (of subject and variant),
        ``chance`` (of the subject; NaN without chance rows).

    Raises:
        ValueError: columns are missing, no row has this metric, a value is not finite, or the
            table holds several experiments, decoders or units.
    """
    missing = [name for name in METRIC_COLUMNS if name not in metrics.columns]
    if missing:
        raise ValueError(f"metrics must have the columns {METRIC_COLUMNS}, missing: {missing}")
    if decoder is not None:
        metrics = metrics[metrics["decoder"] == decoder]
    scores = metrics[metrics["metric"] == metric].copy()
    if scores.empty:
        there = ", ".join(sorted(metrics["metric"].unique())) or "none"
        raise ValueError(f"metric must be one of those in the table ({there}), got {metric!r}")
    _require_one(scores, "experiment", "select one experiment before plotting")
    _require_one(scores, "decoder", "name one with decoder=")
    _require_one(scores, "unit", "convert them before plotting")
    if scores["fold"].isna().any():
        raise ValueError(f"every row of {metric} needs a fold, got NaN; use 0 without folds")
    if not np.isfinite(scores["value"].to_numpy(float)).all():
        bad = scores.loc[~np.isfinite(scores["value"]), ["subject", "variant", "fold", "seed"]]
        raise ValueError(
            f"{metric} must be finite, got NaN or infinity at {bad.to_dict('records')}"
        )
    chance = metrics[metrics["metric"] == f"chance_{metric}"].groupby("subject")["value"].mean()
    groups = scores.groupby(["subject", "variant"])["value"]
    scores = scores.assign(mean=groups.transform("mean"), chance=scores["subject"].map(chance))
    scores["chance"] = scores["chance"].astype(float)
    scores = scores.sort_values(["subject", "variant", "fold", "seed"], kind="stable")
    groups = scores.groupby(["subject", "variant"])["value"]
    jitter = (groups.cumcount() + 0.5) / groups.transform("size") - 0.5
    variants = style.ordered_variants(scores["variant"])
    scores["x"] = scores["variant"].map(variants.index) + _JITTER_WIDTH * jitter
    kept = ["subject", "variant", "fold", "seed", "value", "unit", "x", "mean", "chance"]
    return scores[kept]


def _require_one(scores: pd.DataFrame, column: str, remedy: str) -> None:
    values = scores[column].unique()
    if len(values) > 1:
        raise ValueError(
            f"metrics must hold one {column}, got {sorted(map(str, values))}; {remedy}"
        )


def _draw_scores(ax: Any, scores: pd.DataFrame, variants: list[str]) -> None:
    folds = _fold_markers(scores)
    narrow = _is_narrow(ax, len(variants))
    for column, variant in enumerate(variants):
        rows = scores[scores["variant"] == variant]
        if rows.empty:
            continue
        colour = style.variant_colour(variant)
        mean = rows["mean"].iloc[0]
        ax.hlines(mean, column - 0.36, column + 0.36, color=colour, lw=2.2, zorder=1.5)
        for fold, dots in rows.groupby("fold"):
            ax.plot(
                dots["x"],
                dots["value"],
                linestyle="none",
                marker=folds[fold],
                color=colour,
                markersize=4.5,
                markeredgewidth=0.4,
                markeredgecolor="white",
                alpha=0.9,
            )
        ax.annotate(
            style.format_value(mean, rows["unit"].iloc[0]),
            (column, 0.985),
            xycoords=("data", "axes fraction"),
            ha="center",
            va="top",
            fontsize=6.5 if narrow else 7.5,
            rotation=90 if narrow else 0,
            color="0.25",
        )
    chance = scores["chance"].iloc[0]
    if np.isfinite(chance):
        ax.axhline(chance, color="0.35", lw=1.0, ls=(0, (4, 3)), zorder=0)
    ax.set_xlim(-0.6, len(variants) - 0.4)
    _name_columns(ax, variants)


def _name_columns(ax: Any, variants: list[str]) -> None:
    if _is_narrow(ax, len(variants)):
        labels = [style.variant_label(variant) for variant in variants]
        ax.set_xticks(range(len(variants)), labels, rotation=40, ha="right", rotation_mode="anchor")
    else:
        labels = [style.variant_tick_label(variant) for variant in variants]
        ax.set_xticks(range(len(variants)), labels)


def _is_narrow(ax: Any, n_columns: int) -> bool:
    width_inches = ax.get_window_extent().width / ax.figure.figure.dpi
    return bool(width_inches / n_columns < _NARROW_COLUMN_INCHES)


def _label_score_axes(ax: Any, metric: str, scores: pd.DataFrame) -> None:
    """Name the value axis; it starts at 0 unless a value is negative, with room for the means."""
    ax.set_ylabel(style.with_unit(style.metric_label(metric), scores["unit"].iloc[0]))
    shown = scores[["value", "chance"]].to_numpy(float)
    low, high = min(0.0, np.nanmin(shown)), max(0.0, np.nanmax(shown))
    span = (high - low) or 1.0
    narrow = _is_narrow(ax, scores["variant"].nunique())
    on_the_edge = low < 0 or scores["chance"].eq(0).any()
    ax.set_ylim(low - 0.04 * span * on_the_edge, high + (0.26 if narrow else 0.16) * span)


def _fold_markers(scores: pd.DataFrame) -> dict[Any, str]:
    folds = sorted(scores["fold"].unique())
    return {fold: _FOLD_MARKERS[i % len(_FOLD_MARKERS)] for i, fold in enumerate(folds)}


def add_fold_legend(ax: Any, scores: pd.DataFrame) -> None:
    """Explain the marks of scores right of the axes: folds, mean and, if there is one, chance.

    Args:
        ax: axes on which scores were drawn.
        scores: rows of :func:`score_rows`.
    """
    from matplotlib.lines import Line2D

    markers = _fold_markers(scores)
    handles = [
        Line2D([], [], ls="none", marker=marker, color="0.4", markersize=4.5, label=label)
        for fold, marker in markers.items()
        for label in (f"fold {fold}" if len(markers) > 1 else "one seed",)
    ]
    handles.append(Line2D([], [], color="0.4", lw=2.2, label="mean"))
    if scores["chance"].notna().any():
        handles.append(Line2D([], [], color="0.35", lw=1.0, ls=(0, (4, 3)), label="chance"))
    ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.0))
