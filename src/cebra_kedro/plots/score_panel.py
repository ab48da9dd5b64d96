"""One panel of scores: a row for each variant, every fold and seed a dot, with mean and chance.

Which panels a figure has is left to ``scores``.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cebra_kedro.metrics import (
    CHANCE_PREFIX,
    METRIC_COLUMNS,
    format_value,
    metric_label,
    with_unit,
)
from cebra_kedro.plots import style
from cebra_kedro.plots.canvas import Drawn, house_style, new_axes
from cebra_kedro.plots.results import Variant

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CHANCE_LINE: dict[str, Any] = {"color": "0.35", "lw": 1.0, "ls": (0, (4, 3))}
_FOLD_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*")
_JITTER_WIDTH = 0.5
"""Height over which the dots of a variant spread, where neighbouring variants are 1 apart."""
_ROW_INCHES = 0.2
_LETTER_INCHES = 0.07


def plot_scores(
    metrics: pd.DataFrame,
    metric: str,
    *,
    variants: Sequence[Variant | str] | None = None,
    colours: Mapping[str, str] | None = None,
    decoder: str | None = None,
    limits: tuple[float, float] | None = None,
    ax: Axes | None = None,
    title: str | None = None,
    names: bool = True,
    legend: bool = True,
) -> Drawn:
    """One row of dots per variant of one subject, with the mean of each and the chance level.

    A dot is one fold and seed (a marker shape per fold, seeds spread over the row). The short line
    and the number at the right are the mean over folds and seeds; the dashed line is the mean of
    the rows ``chance_<metric>``. Transductive variants carry † and a footnote.

    Args:
        metrics: table with the columns ``METRIC_COLUMNS``, of one experiment and one subject.
        metric: the metric drawn, e.g. ``position_error_median``.
        variants: rows from the top down; one without scores stays empty. None for those in the
            table, in its order.
        colours: variant → colour; None for :func:`~cebra_kedro.plots.style.colours`.
        decoder: which decoder, if the table holds several for this metric.
        limits: values that the axis holds at least; None for those of the table, and 0.
        ax: axes to draw on; None for a new figure.
        title: title of the axes; None for the subject.
        names: write the variants' names at the left.
        legend: explain the markers beside the axes and † below them; False where a figure of
            several panels does so once.

    Returns:
        The axes, and one row per dot: ``subject``, ``variant``, ``fold``, ``seed``, ``value``,
        ``unit``, ``y``, ``mean`` (of the variant) and ``chance`` (NaN without chance rows).

    Raises:
        ValueError: columns are missing, no row has this metric, a value is not finite, or the
            table holds several experiments, subjects, decoders or units, or a variant too many.
    """
    scores = score_rows(metrics, metric, decoder)
    _require_one(scores, "subject", "draw a panel for each")
    shown = list(variants) if variants is not None else list(pd.unique(scores["variant"]))
    rows = {one.name if isinstance(one, Variant) else one: one for one in shown}
    if unknown := set(scores["variant"]) - set(rows):
        raise ValueError(f"variants must hold all that are scored, missing: {sorted(unknown)}")
    scores["y"] += scores["variant"].map(list(rows).index)
    with house_style():
        ax = ax or new_axes((name_inches(shown) + 4.5, rows_inches(len(rows)) + 0.9))
        _draw(ax, scores, list(rows), colours or style.colours(shown))
        labels = [style.variant_label(one) for one in shown] if names else []
        ax.set_yticks(range(len(rows)), labels or [""] * len(rows))
        ax.set_title(str(scores["subject"].iloc[0]) if title is None else title)
        _value_axis(ax, metric, scores, limits)
        if legend:
            add_fold_legend(ax, scores)
            if footnote := style.transductive_footnote(shown):
                text = f"{ax.get_xlabel()}\n{textwrap.fill(footnote, 80)}"
                ax.set_xlabel(text, fontsize=style.NOTE_POINTS)
    return Drawn((ax,), scores.reset_index(drop=True))


def score_rows(metrics: pd.DataFrame, metric: str, decoder: str | None) -> pd.DataFrame:
    """The rows of one metric with the columns ``y``, ``mean`` and ``chance`` beside them.

    Args:
        metrics: table with the columns ``METRIC_COLUMNS``, of one experiment.
        metric: the metric wanted.
        decoder: which decoder, if the table holds several for this metric.

    Returns:
        One row per score, in the order of the table: ``subject``, ``variant``, ``fold``, ``seed``,
        ``value``, ``unit``, ``y`` (how far the dot is from the middle of its row), ``mean`` (of
        subject and variant), ``chance`` (of the subject; NaN without chance rows).

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
    of_chance = metrics[metrics["metric"] == f"{CHANCE_PREFIX}{metric}"]
    chance = of_chance.groupby("subject")["value"].mean()
    order = {name: place for place, name in enumerate(pd.unique(scores["variant"]))}
    scores["place"] = scores["variant"].map(order)
    scores = scores.sort_values(["subject", "place", "fold", "seed"], kind="stable")
    groups = scores.groupby(["subject", "variant"])["value"]
    jitter = (groups.cumcount() + 0.5) / groups.transform("size") - 0.5
    scores = scores.assign(
        y=_JITTER_WIDTH * jitter,
        mean=groups.transform("mean"),
        chance=scores["subject"].map(chance).astype(float),
    )
    return scores[["subject", "variant", "fold", "seed", "value", "unit", "y", "mean", "chance"]]


def with_units(table: pd.DataFrame) -> pd.DataFrame:
    """The table with empty texts where a file has lost them, as pandas reads them as NaN."""
    return table.assign(unit=table["unit"].astype(object).where(table["unit"].notna(), ""))


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
    handles.append(
        Line2D([], [], ls="none", marker="|", color="0.4", markersize=9, mew=2.2, label="mean")
    )
    if scores["chance"].notna().any():
        handles.append(Line2D([], [], **CHANCE_LINE, label="chance"))
    # Beyond the numbers, which stand right of the axes.
    ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.0), borderaxespad=4.6)


def name_inches(variants: Sequence[Variant | str]) -> float:
    """Width that the names of variants take at the left of a panel."""
    return _LETTER_INCHES * max(len(style.variant_label(one)) for one in variants) + 0.2


def rows_inches(n_variants: int) -> float:
    """Height of the rows of a panel."""
    return _ROW_INCHES * (n_variants + 0.6)


def _require_one(scores: pd.DataFrame, column: str, remedy: str) -> None:
    found = sorted(map(str, scores[column].unique()))
    if len(found) > 1:
        raise ValueError(f"metrics must hold one {column}, got {found}; {remedy}")


def _draw(ax: Any, scores: pd.DataFrame, rows: list[str], colours: Mapping[str, str]) -> None:
    folds = _fold_markers(scores)
    for row, variant in enumerate(rows):
        of_variant = scores[scores["variant"] == variant]
        if of_variant.empty:
            continue
        colour, mean = colours[variant], of_variant["mean"].iloc[0]
        ax.vlines(mean, row - 0.36, row + 0.36, color=colour, lw=2.2, zorder=1.5)
        for fold, dots in of_variant.groupby("fold"):
            ax.plot(
                dots["value"],
                dots["y"],
                linestyle="none",
                marker=folds[fold],
                color=colour,
                markersize=4.5,
                markeredgewidth=0.4,
                markeredgecolor="white",
                alpha=0.9,
            )
        ax.annotate(
            format_value(mean, of_variant["unit"].iloc[0]),
            (1.02, row),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=style.NOTE_POINTS,
            color="0.25",
        )
    chance = scores["chance"].iloc[0]
    if np.isfinite(chance):
        ax.axvline(chance, zorder=0, **CHANCE_LINE)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.set_axisbelow(True)
    ax.grid(axis="y", lw=0.5)


def _value_axis(
    ax: Any, metric: str, scores: pd.DataFrame, limits: tuple[float, float] | None
) -> None:
    """Name the value axis; it starts at 0 unless a value is negative."""
    ax.set_xlabel(with_unit(metric_label(metric), scores["unit"].iloc[0]))
    values = scores[["value", "chance"]].to_numpy(float)
    shown = [0.0, np.nanmin(values), np.nanmax(values), *(limits or ())]
    low, high = min(shown), max(shown)
    span = (high - low) or 1.0
    on_the_edge = low < 0 or (values == 0).any()
    ax.set_xlim(low - 0.04 * span * on_the_edge, high + 0.05 * span)
    ax.locator_params(axis="x", nbins=4)


def _fold_markers(scores: pd.DataFrame) -> dict[Any, str]:
    folds = sorted(scores["fold"].unique())
    return {fold: _FOLD_MARKERS[i % len(_FOLD_MARKERS)] for i, fold in enumerate(folds)}
