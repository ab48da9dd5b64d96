"""Figures of several panels, one per variant; each panel is drawn by its own ``plot_*``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cebra_kedro.plots.canvas import house_style, new_figure
from cebra_kedro.plots.consistency import plot_consistency
from cebra_kedro.plots.decoding import plot_decoded_position
from cebra_kedro.plots.style import variant_colour, variant_label

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def figure_decoded_positions(
    predictions: Mapping[str, Mapping[str, Any]], *, title: str, unit: str = "m"
) -> Figure:
    """:func:`plot_decoded_position` for every variant, one below the other on one time axis.

    Args:
        predictions: variant → arrays (n,): ``time_s``, ``trial``, ``position`` and
            ``predicted_position``.
        title: title over the whole figure.
        unit: unit of the positions.

    Raises:
        ValueError: there is no variant.
    """
    _check_not_empty("predictions", predictions)
    with house_style():
        figure = new_figure((9.0, 1.25 * len(predictions) + 0.8))
        axes = np.ravel(figure.subplots(len(predictions), 1, sharex=True, sharey=True))
        for ax, (variant, arrays) in zip(axes, predictions.items(), strict=True):
            true, predicted = arrays["position"], arrays["predicted_position"]
            error = float(np.median(np.abs(true - predicted)))
            plot_decoded_position(
                arrays["time_s"],
                true,
                predicted,
                trial=arrays["trial"],
                ax=ax,
                title=f"{variant_label(variant)}: median error {error:.3f} {unit}",
                unit=unit,
                colour=variant_colour(variant),
            )
        for ax in axes[:-1]:
            ax.set_xlabel("")
        for ax in axes[1:]:  # the same two marks in every row
            if ax.get_legend() is not None:
                ax.get_legend().remove()
        figure.suptitle(title)
    return figure


def figure_consistency(
    matrices: Mapping[str, pd.DataFrame], *, title: str, n_columns: int = 4
) -> Figure:
    """:func:`plot_consistency` for every variant, with the mean R² off the diagonal in the title.

    Args:
        matrices: variant → table of R², rows source, columns target.
        title: title over the whole figure.
        n_columns: panels in a row.

    Raises:
        ValueError: there is no variant.
    """
    _check_not_empty("matrices", matrices)
    columns = min(n_columns, len(matrices))
    n_rows = math.ceil(len(matrices) / columns)
    size = max(len(matrix) for matrix in matrices.values())
    with house_style():
        figure = new_figure(((0.5 * size + 1.9) * columns, (0.5 * size + 1.4) * n_rows + 0.4))
        axes = np.ravel(figure.subplots(n_rows, columns, squeeze=False))
        for ax, (variant, matrix) in zip(axes, matrices.items(), strict=False):
            title_of_panel = f"{variant_label(variant)}\nmean {_mean_between(matrix):.2f}"
            plot_consistency(matrix, ax=ax, title=title_of_panel)
        for ax in axes[len(matrices) :]:
            ax.remove()
        figure.suptitle(title)
    return figure


def _check_not_empty(name: str, variants: Mapping[str, Any]) -> None:
    if not variants:
        raise ValueError(
            f"{name} must hold at least one variant, got none; use figure_message to say why"
        )


def _mean_between(matrix: pd.DataFrame) -> float:
    """Mean R² over the pairs of two different names."""
    values = matrix.to_numpy(float)
    pairs = matrix.index.to_numpy()[:, None] != matrix.columns.to_numpy()
    return float(np.mean(values[pairs & np.isfinite(values)]))


def figure_message(text: str) -> Figure:
    """A figure that says why there is nothing to draw."""
    with house_style():
        figure = new_figure((7.0, 1.2))
        figure.text(0.5, 0.5, text, ha="center", va="center")
    return figure
