"""All scores of one subject in one figure: a row per metric, a column per decoder.

Each panel is drawn by ``plot_error_by_variant``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from cebra_kedro.plots import style
from cebra_kedro.plots.canvas import house_style, new_figure
from cebra_kedro.plots.panels import KEY_INCHES, finish
from cebra_kedro.plots.scores import add_fold_legend, plot_error_by_variant, score_rows

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def figure_scores(
    metrics: pd.DataFrame, metric_names: Sequence[str], *, title: str | None = None
) -> Figure:
    """:func:`plot_error_by_variant` of every metric and decoder; a row has one value axis.

    Args:
        metrics: tidy metrics table of one experiment and one subject.
        metric_names: metrics drawn, from the top down.
        title: title over the whole figure.

    Raises:
        ValueError: no metric is named, a decoder lacks one of them, or as in
            :func:`plot_error_by_variant`.
    """
    if not metric_names:
        raise ValueError("metric_names must name at least one metric, got none")
    wanted = metrics[metrics["metric"].isin(list(metric_names))]
    decoders = sorted(wanted["decoder"].unique()) or [None]
    names = style.ordered_variants(wanted["variant"])
    width = max(2.5, 0.66 * len(names) + 0.6)
    with house_style():
        figure = new_figure((width * len(decoders) + KEY_INCHES, 2.4 * len(metric_names) + 0.6))
        grid = figure.subplots(len(metric_names), len(decoders), squeeze=False)
        for number, (row, metric) in enumerate(zip(grid, metric_names, strict=True)):
            for ax, decoder in zip(row, decoders, strict=True):
                name = f"decoder: {decoder}" if number == 0 else ""
                plot_error_by_variant(
                    metrics, metric, ax=ax, decoder=decoder, title=name, legend=False
                )
            _share_values(row)
        add_fold_legend(grid[0, -1], score_rows(metrics, metric_names[0], decoders[-1]))
        finish(figure, title, names)
    return figure


def _share_values(row: Sequence[Axes]) -> None:
    """Give the panels of a row the limits that hold the values of all."""
    limits = np.array([ax.get_ylim() for ax in row])
    for ax in row:
        ax.set_ylim(limits[:, 0].min(), limits[:, 1].max())
    for ax in row[1:]:
        ax.set_ylabel("")
