"""Training curves: the InfoNCE loss and the goodness of fit of every fold and seed.

The history is given; training is left to ``training``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cebra_kedro.plots import style
from cebra_kedro.plots.canvas import Drawn, house_style, new_figure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HISTORY_COLUMNS = (
    "variant",
    "fold",
    "seed",
    "step",
    "loss",
    "goodness_of_fit_bits",
    "learning_rate",
)

WORST_SHOWN_BITS = -1.0


def plot_loss_curves(
    history: pd.DataFrame,
    *,
    axes: Sequence[Axes] | None = None,
    title: str | None = None,
) -> Drawn:
    """Loss (left) and goodness of fit (right) against the step, one thin line per fold and seed.

    The thicker line is the mean of a variant over the runs recorded at each step. A goodness of
    fit of 0 bits (dashed) is what an encoder without any knowledge reaches. NaN leaves a gap. A
    start far worse than that, as with low temperatures, is cut off where ``axes`` are not given.

    Args:
        history: table with the columns ``HISTORY_COLUMNS``: loss in nats, goodness of fit in
            bits; one row per logged step of a run.
        axes: two axes; None for a new figure.
        title: title of the figure, or of the left axes if ``axes`` is given.

    Returns:
        Both axes, and the means drawn: ``variant``, ``step``, ``loss``,
        ``goodness_of_fit_bits``, ``n_runs``.

    Raises:
        ValueError: columns are missing, the table is empty, or ``axes`` are not two.
    """
    missing = [name for name in HISTORY_COLUMNS if name not in history.columns]
    if missing or history.empty:
        raise ValueError(
            f"history must have rows and the columns {HISTORY_COLUMNS}; "
            f"got {len(history)} rows, missing columns: {missing}"
        )
    if axes is not None and len(axes) != 2:
        raise ValueError(f"axes must be two (loss, goodness of fit), got {len(axes)}")
    means = _means(history)
    with house_style():
        loss_ax, fit_ax = _new_pair(title) if axes is None else axes
        if axes is not None and title:
            loss_ax.set_title(title)
        _draw(loss_ax, history, means, "loss")
        _draw(fit_ax, history, means, "goodness_of_fit_bits")
        loss_ax.set_ylabel("InfoNCE loss (nats)")
        fit_ax.set_ylabel("goodness of fit (bits)")
        fit_ax.axhline(0.0, color="0.35", lw=1.0, ls=(0, (4, 3)), zorder=0, label="chance (0 bits)")
        fit_ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
        if axes is None:
            _cut_off_the_start(loss_ax, fit_ax, history)
        if footnote := style.transductive_footnote(history["variant"]):
            loss_ax.figure.supxlabel(footnote, fontsize=7, x=0.01, ha="left")
    return Drawn((loss_ax, fit_ax), means)


def figure_loss_by_subject(
    histories: Mapping[str, pd.DataFrame], *, title: str | None = None
) -> Figure:
    """:func:`plot_loss_curves` for every subject, one below the other on the same axes.

    Args:
        histories: subject → table with the columns ``HISTORY_COLUMNS``.
        title: title over the whole figure.

    Raises:
        ValueError: ``histories`` is empty, or as in :func:`plot_loss_curves`.
    """
    if not histories:
        raise ValueError("histories must hold at least one subject, got none")
    shown = [variant for history in histories.values() for variant in history["variant"]]
    with house_style():
        figure = new_figure((9.0, 2.6 * len(histories) + 0.4))
        grid = figure.subplots(len(histories), 2, sharex="col", sharey="col", squeeze=False)
        for row, (subject, history) in zip(grid, histories.items(), strict=True):
            plot_loss_curves(history, axes=row, title=subject)
        for ax in grid[:-1].flat:
            ax.set_xlabel("")
        _drop_repeated_legends([row[1] for row in grid])
        import pandas as pd

        _cut_off_the_start(grid[0, 0], grid[0, 1], pd.concat(list(histories.values())))
        if footnote := style.transductive_footnote(shown):
            figure.supxlabel(footnote, fontsize=7, x=0.01, ha="left")
        if title:
            figure.suptitle(title)
    return figure


def _drop_repeated_legends(axes: Sequence[Any]) -> None:
    """Leave out a legend that says the same as the one of the first axes."""
    legends = [ax.get_legend() for ax in axes]
    entries = [[text.get_text() for text in legend.get_texts()] for legend in legends]
    for legend, of_axes in zip(legends[1:], entries[1:], strict=True):
        if of_axes == entries[0]:
            legend.remove()


def _new_pair(title: str | None) -> tuple[Any, Any]:
    figure = new_figure((9.0, 3.2))
    if title:
        figure.suptitle(title)
    left, right = figure.subplots(1, 2)
    return left, right


def _cut_off_the_start(loss_ax: Any, fit_ax: Any, history: pd.DataFrame) -> None:
    """Leave values below ``WORST_SHOWN_BITS``, which would flatten all others, out of the view."""
    shown = history[~(history["goodness_of_fit_bits"] < WORST_SHOWN_BITS)]
    if shown.empty or len(shown) == len(history):
        return
    for ax, column in ((loss_ax, "loss"), (fit_ax, "goodness_of_fit_bits")):
        low, high = shown[column].min(), shown[column].max()
        margin = 0.05 * (high - low) or 0.5
        ax.set_ylim(low - margin, high + margin)


def _means(history: pd.DataFrame) -> pd.DataFrame:
    groups = history.groupby(["variant", "step"], as_index=False)
    return groups.agg(
        loss=("loss", "mean"),
        goodness_of_fit_bits=("goodness_of_fit_bits", "mean"),
        n_runs=("loss", "size"),
    )


def _draw(ax: Any, history: pd.DataFrame, means: pd.DataFrame, column: str) -> None:
    for variant in style.ordered_variants(history["variant"]):
        colour = style.variant_colour(variant)
        of_variant = history[history["variant"] == variant]
        for _, run in of_variant.groupby(["fold", "seed"], dropna=False):
            steps = run.sort_values("step")
            ax.plot(steps["step"], steps[column], color=colour, lw=0.6, alpha=0.35)
        mean = means[means["variant"] == variant]
        label = style.variant_label(variant)
        ax.plot(mean["step"], mean[column], color=colour, lw=2.0, label=label)
    ax.set_xlabel("training step")
    ax.margins(x=0.02)
    if np.isfinite(history[column]).sum() == 0:
        ax.annotate("not recorded", (0.5, 0.5), xycoords="axes fraction", ha="center", color="0.4")
