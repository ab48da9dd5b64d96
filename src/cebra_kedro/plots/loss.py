"""Training curves: the InfoNCE loss and the goodness of fit of every fold and seed.

The history is given; training is left to ``training``.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cebra_kedro.plots import style
from cebra_kedro.plots.canvas import Drawn, house_style, new_figure
from cebra_kedro.plots.results import Results

if TYPE_CHECKING:
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


def loss_figure(results: Results, session: str) -> Figure | None:
    """:func:`plot_loss_curves` of every encoder of a session; None without any.

    Args:
        results: the results.
        session: the session.
    """
    history = results.history(session)
    if history.empty:
        return None
    colours = style.colours(results.variants)
    # A joint encoder is one in training and a variant for each population in tables.
    for name in pd.unique(history["variant"]):
        if name not in colours:
            readouts = [one for one in colours if one.startswith(f"{name}_")]
            colours[name] = colours[readouts[0]] if readouts else "0.4"
    return plot_loss_curves(history, colours=colours, title=f"{session}: training").figure


def plot_loss_curves(
    history: pd.DataFrame,
    *,
    colours: Mapping[str, str] | None = None,
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
        colours: variant → colour; None for :func:`~cebra_kedro.plots.style.colours`.
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
    colours = colours or style.colours(history["variant"])
    with house_style():
        loss_ax, fit_ax = _new_pair(title) if axes is None else axes
        if axes is not None and title:
            loss_ax.set_title(title)
        _draw(loss_ax, history, means, "loss", colours)
        _draw(fit_ax, history, means, "goodness_of_fit_bits", colours)
        loss_ax.set_ylabel("InfoNCE loss (nats)")
        fit_ax.set_ylabel("goodness of fit (bits)")
        fit_ax.axhline(0.0, color="0.35", lw=1.0, ls=(0, (4, 3)), zorder=0, label="chance (0 bits)")
        fit_ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
        if axes is None:
            _cut_off_the_start(loss_ax, fit_ax, history)
        if footnote := style.transductive_footnote(history["variant"]):
            text = textwrap.fill(footnote, 130)
            loss_ax.figure.supxlabel(text, fontsize=style.NOTE_POINTS, x=0.01, ha="left")
    return Drawn((loss_ax, fit_ax), means)


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


def _draw(
    ax: Any, history: pd.DataFrame, means: pd.DataFrame, column: str, colours: Mapping[str, str]
) -> None:
    there = set(history["variant"])
    for variant in (one for one in colours if one in there):
        colour = colours[variant]
        of_variant = history[history["variant"] == variant]
        for _, run in of_variant.groupby(["fold", "seed"], dropna=False):
            steps = run.sort_values("step")
            look: dict[str, Any] = {"color": colour, "lw": 0.6, "alpha": 0.35, "rasterized": True}
            ax.plot(steps["step"], steps[column], **look)
        mean = means[means["variant"] == variant]
        label = style.variant_label(variant)
        ax.plot(mean["step"], mean[column], color=colour, lw=2.0, label=label)
    ax.set_xlabel("training step")
    ax.margins(x=0.02)
    if np.isfinite(history[column]).sum() == 0:
        ax.annotate("not recorded", (0.5, 0.5), xycoords="axes fraction", ha="center", color="0.4")
