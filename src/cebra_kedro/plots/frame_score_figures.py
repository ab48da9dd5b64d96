"""Figures of movie decoding scores with a panel per modality, and of consistency between areas.

Each panel is drawn by its own ``plot_*``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cebra_kedro.plots.canvas import Drawn, house_style, new_figure
from cebra_kedro.plots.consistency import plot_consistency
from cebra_kedro.plots.frame_scores import plot_frame_scores, plot_frame_scores_by_area
from cebra_kedro.plots.frame_sweep import plot_frame_scores_by_neurons
from cebra_kedro.plots.frame_variants import MODALITY_LABELS, split_variant

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def figure_frame_scores(
    metrics: pd.DataFrame, metric: str = "frame_accuracy_1s", *, title: str | None = None
) -> Figure:
    """:func:`plot_frame_scores` of one area, a panel per modality on one value axis.

    Args:
        metrics: table with the columns ``METRIC_COLUMNS``, of one experiment and one subject.
        metric: the metric drawn.
        title: title over the whole figure, e.g. the area.

    Raises:
        ValueError: as in :func:`plot_frame_scores`.
    """
    return _stacked(metrics, metric, title, plot_frame_scores, width=9.0)


def figure_frame_scores_by_area(
    metrics: pd.DataFrame,
    metric: str = "frame_accuracy_1s",
    *,
    decoder: str | None = None,
    title: str | None = None,
) -> Figure:
    """:func:`plot_frame_scores_by_area`, a panel per modality on one value axis.

    Args:
        metrics: table with the columns ``METRIC_COLUMNS``, of one experiment.
        metric: the metric drawn.
        decoder: ``knn`` or ``bayes``; None for all.
        title: title over the whole figure.

    Raises:
        ValueError: as in :func:`plot_frame_scores_by_area`.
    """
    chosen = metrics if decoder is None else metrics[metrics["decoder"] == decoder]
    return _stacked(chosen, metric, title, plot_frame_scores_by_area, width=10.5)


def figure_frame_scores_by_neurons(
    scores: pd.DataFrame, metric: str = "frame_accuracy_1s", *, title: str | None = None
) -> Figure:
    """:func:`plot_frame_scores_by_neurons` of one area, a panel per modality on one value axis.

    Args:
        scores: table with the columns ``METRIC_COLUMNS`` and ``n_neurons``, of one subject.
        metric: the metric drawn.
        title: title over the whole figure.

    Raises:
        ValueError: as in :func:`plot_frame_scores_by_neurons`.
    """
    return _stacked(scores, metric, title, plot_frame_scores_by_neurons, width=7.0)


def plot_area_consistency(
    matrix: pd.DataFrame, *, ax: Axes | None = None, title: str | None = None
) -> Drawn:
    """:func:`plot_consistency` with the means within and between areas in the title.

    Args:
        matrix: float table of R², rows source area, columns target area; the diagonal is the
            consistency within an area, NaN where it is not known.
        ax: axes to draw on; None for a new figure.
        title: first line of the title.

    Returns:
        The axes, and the matrix as drawn.

    Raises:
        ValueError: rows and columns name other areas, or as in :func:`plot_consistency`.
    """
    if list(matrix.index) != list(matrix.columns):
        raise ValueError(
            f"matrix must have the same areas in rows and columns, got {list(matrix.index)} and "
            f"{list(matrix.columns)}; reindex both"
        )
    values = matrix.to_numpy(float)
    same = np.eye(len(values), dtype=bool)
    means = {"within areas": values[same], "between areas": values[~same]}
    text = ", ".join(
        f"{name} {np.nanmean(part):.2f}" for name, part in means.items() if np.isfinite(part).any()
    )
    return plot_consistency(matrix, ax=ax, title=f"{title}\nmean {text}" if title else text)


def _stacked(
    scores: pd.DataFrame,
    metric: str,
    title: str | None,
    plot: Callable[..., Drawn],
    *,
    width: float,
) -> Figure:
    of_metric = scores[scores["metric"] == metric]
    there = {split_variant(variant).modality for variant in of_metric["variant"].unique()}
    modalities = [modality for modality in MODALITY_LABELS if modality in there]
    if not modalities:
        known = ", ".join(sorted(scores["metric"].unique())) or "none"
        raise ValueError(f"metric must be one of those in the table ({known}), got {metric!r}")
    with house_style():
        figure = new_figure((width, 2.9 * len(modalities) + 0.4))
        axes = np.ravel(figure.subplots(len(modalities), 1, sharey=True))
        tops = []
        for row, (ax, modality) in enumerate(zip(axes, modalities, strict=True)):
            plot(scores, metric, modality=modality, ax=ax, legend=row == 0)
            tops.append(ax.get_ylim()[1])
        axes[0].set_ylim(0, max(tops))
        for ax in axes[:-1]:
            ax.set_xlabel("")
        if title:
            figure.suptitle(title)
    return figure
