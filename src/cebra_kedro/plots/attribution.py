"""How much each neuron matters to an embedding, and when in the window: a column per encoder."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cebra_kedro.plots import style
from cebra_kedro.plots.canvas import house_style, new_figure
from cebra_kedro.plots.panels import finish
from cebra_kedro.plots.results import Results, Variant

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ACCEPTED = 0.05
"""False discovery rate below which a neuron is said to matter more than in the control."""
METHODS = {
    "jacobian": "gradient",
    "jacobian_abs": "absolute gradient",
    "inverse": "inverse gradient",
    "inverse_abs": "inverse absolute gradient",
}
_IN_A_ROW = 3
_COLUMN_INCHES, _SHARES_INCHES, _TIMES_INCHES = 3.0, 1.9, 1.6
_TITLE_LETTERS = 34
_CONTROL = "0.6"


def attribution_figure(
    results: Results, session: str, *, method: str = "jacobian"
) -> Figure | None:
    """Neurons of a session sorted by how much they matter, for each encoder that was asked.

    Args:
        results: the results.
        session: the session.
        method: a column ``method`` of the table of attribution.

    Returns:
        The figure, or None if nobody asked.

    Raises:
        ValueError: there is no such method.
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    table = results.attribution
    if table.empty:
        return None
    table = table[(table["session"] == session) & (table["method"] == method)]
    variants = [one for one in results.variants if one.name in set(table["variant"])]
    if not variants:
        return None
    colours = style.colours(results.variants)
    with house_style():
        figure, axes = _panels(len(variants))
        for (above, below), variant in zip(axes, variants, strict=True):
            rows = table[table["variant"] == variant.name]
            _plot_shares(above, rows, variant, colours[variant.name])
            _plot_times(below, rows, results.in_time(session, variant.name))
        for above, below in axes[::_IN_A_ROW]:
            above.set_ylabel("attribution\n(average neuron: 1)")
            below.set_ylabel("bin of window")
        finish(figure, f"{session}: neurons by {METHODS[method]}", variants)
    return figure


def _panels(n_variants: int) -> tuple[Figure, Sequence[tuple[Axes, Axes]]]:
    """For each variant, axes of shares and axes of times below them."""
    n_columns = min(n_variants, _IN_A_ROW)
    n_blocks = -(-n_variants // n_columns)
    height = n_blocks * (_SHARES_INCHES + _TIMES_INCHES) + 0.5
    figure = new_figure((max(5.0, n_columns * _COLUMN_INCHES + 0.6), height))
    ratios = [_SHARES_INCHES, _TIMES_INCHES] * n_blocks
    grid = figure.subplots(
        2 * n_blocks, n_columns, squeeze=False, gridspec_kw={"height_ratios": ratios}
    )
    pairs = [
        (grid[2 * block, column], grid[2 * block + 1, column])
        for block in range(n_blocks)
        for column in range(n_columns)
    ]
    for above, below in pairs[n_variants:]:
        above.remove()
        below.remove()
    return figure, pairs[:n_variants]


def _plot_shares(ax: Axes, rows: pd.DataFrame, variant: Variant, colour: str) -> None:
    """Shares in falling order with their spread; those above the control filled."""
    rank = rows["rank"].to_numpy()
    above = (rows["q"] < ACCEPTED).to_numpy()
    ax.errorbar(rank, rows["share"], rows["share_sd"], fmt="none", ecolor=colour, elinewidth=0.6)
    look: dict[str, Any] = {"s": 12, "edgecolors": colour, "linewidths": 0.7, "zorder": 3}
    for chosen, face in ((above, colour), (~above, "white")):
        ax.scatter(rank[chosen], rows["share"][chosen], color=face, **look)
    if rows["control_share"].notna().any():
        ax.plot(rank, rows["control_share"], color=_CONTROL, lw=1, zorder=1, label="control")
        ax.legend(loc="upper right")
    title = [textwrap.fill(style.variant_label(variant), _TITLE_LETTERS)]
    if rows["q"].notna().any():
        title.append(f"{above.sum()} of {len(rows)} above control")
    ax.set_title("\n".join(title), fontsize=9)
    ax.set(xlim=(0.3, len(rows) + 0.7), ylim=(0, None))
    ax.tick_params(labelbottom=False)


def _plot_times(ax: Axes, rows: pd.DataFrame, in_time: np.ndarray | None) -> None:
    """Gradients in each bin of the window, neurons in the order of the shares above."""
    from matplotlib.ticker import MaxNLocator

    if in_time is None:
        ax.remove()
        return
    ordered = in_time[rows["neuron"].to_numpy()].T
    n_bins = len(ordered)
    left = -(n_bins // 2) - 0.5
    ax.imshow(
        ordered,
        aspect="auto",
        origin="lower",
        cmap="magma",
        extent=(0.5, len(rows) + 0.5, left, left + n_bins),
        interpolation="none",
    )
    ax.set_xlabel("rank of neuron")
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
