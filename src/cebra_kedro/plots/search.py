"""Pictures of a search: what was tried, on validation trials, and what was chosen."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cebra_kedro.metrics import METRIC_COLUMNS, format_value, metric_label, with_unit
from cebra_kedro.plots import style
from cebra_kedro.plots.canvas import Drawn, house_style, new_axes, new_figure
from cebra_kedro.plots.panels import finish
from cebra_kedro.plots.results import Results
from cebra_kedro.plots.score_panel import with_units
from cebra_kedro.plots.sweep import hashable, parameter_label, spread_along

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_PARAMETERS = 4
_BEFORE_PARAMETERS = ("trial", "scored_on", "chosen_by")


def search_figure(results: Results, session: str | None) -> Figure | None:
    """:func:`plot_search` for each parameter that was searched, at most four.

    Args:
        results: the results.
        session: ignored, as settings are chosen over sessions.

    Returns:
        The figure; None where nothing was searched.
    """
    table = results.search
    if table.empty:
        return None
    table = _of_score(with_units(table))
    searched = [one for one in table if one not in (*METRIC_COLUMNS, *_BEFORE_PARAMETERS)]
    shown = [str(one) for one in searched[:_MOST_PARAMETERS]]
    width = max(2.4, min(4.0, style.WIDEST_INCHES / len(shown)))
    with house_style():
        figure = new_figure((max(5.6, width * len(shown)), 3.4))
        axes = np.ravel(figure.subplots(1, len(shown), squeeze=False, sharey=True))
        for ax, name in zip(axes, shown, strict=True):
            plot_search(table, name, ax=ax)
            ax.set_xlabel(textwrap.fill(ax.get_xlabel(), int(width / style.LETTER_INCHES)))
        for ax in axes[1:]:
            ax.set_ylabel("")
        variant = style.variant_label(str(table["variant"].iloc[0]))
        finish(figure, f"Search: settings of {variant}. {_chosen(table)}", [variant])
    return figure


def plot_search(table: pd.DataFrame, parameter: str, *, ax: Any = None) -> Drawn:
    """Validation scores of the settings that were tried, over one parameter.

    A dot is the mean over sessions and folds. Hollow ones were given up after some folds; the
    settings that were chosen are ringed.

    Args:
        table: scores of one metric and decoder, with ``trial``, ``scored_on`` and the parameters.
        parameter: along the axis.
        ax: axes to draw on; None for a new figure.

    Returns:
        The axes, and ``value`` (of the parameter), ``mean``, ``runs`` and ``chosen`` of each trial.
    """
    valid = table[table["scored_on"] == "valid"]
    trials = valid.assign(**{parameter: valid[parameter].map(hashable)}).groupby("trial")
    found = pd.DataFrame(
        {
            "value": trials[parameter].first(),
            "mean": trials["value"].mean(),
            "runs": trials.size(),
        }
    )
    chosen = table.loc[table["scored_on"] == "test", "trial"]
    found["chosen"] = found.index.isin(chosen)
    complete = found["runs"] == found["runs"].max()
    colour = style.colours(["encoder"])["encoder"]
    with house_style():
        ax = ax or new_axes((4.0, 2.8))
        places = spread_along(ax, found["value"])
        means = found["mean"].to_numpy()
        ax.plot(places[complete], means[complete], "o", color=colour, ms=5, mew=0.4, mec="white")
        ax.plot(places[~complete], means[~complete], "o", mfc="none", mec=colour, ms=5, alpha=0.6)
        ringed = found["chosen"].to_numpy()
        ax.plot(places[ringed], means[ringed], "o", ms=11, mfc="none", mec="black", mew=1.2)
        label = with_unit(metric_label(str(table["metric"].iloc[0])), str(table["unit"].iloc[0]))
        ax.set(xlabel=parameter_label(parameter), ylabel=f"{label}, validation")
        ax.margins(x=0.1)
    return Drawn((ax,), found)


def _of_score(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the score that settings were chosen by, and of one decoder."""
    chosen = table[table["metric"] == table["chosen_by"].iloc[0]]
    return chosen[chosen["decoder"] == chosen["decoder"].iloc[0]]


def _chosen(table: pd.DataFrame) -> str:
    """What the settings that were chosen score."""
    test = table[table["scored_on"] == "test"]
    if test.empty:
        return ""
    valid = table[(table["scored_on"] == "valid") & table["trial"].isin(test["trial"])]
    unit = str(test["unit"].iloc[0])
    return (
        f"Chosen: {format_value(valid['value'].mean(), unit)} on validation trials, "
        f"{format_value(test['value'].mean(), unit)} on test trials"
    )
