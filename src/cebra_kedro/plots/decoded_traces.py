"""One panel of decoded against true values over time, for continuous and circular labels.

Decoding is left to the room ``decoding``; which panels a figure has, to ``plots.decoding``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cebra_kedro.metrics import with_unit
from cebra_kedro.plots import style
from cebra_kedro.plots.canvas import Drawn, house_style, new_axes
from cebra_kedro.plots.label_colours import TURN, shown_angles
from cebra_kedro.recording import Label

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_decoded(
    time_s: np.ndarray,
    true: np.ndarray,
    predicted: np.ndarray,
    *,
    name: str,
    label: Label | None = None,
    trial: np.ndarray | None = None,
    ax: Axes | None = None,
    title: str | None = None,
    colour: str | None = None,
    legend: bool = True,
) -> Drawn:
    """Decoded values (dots) on true values (line) along the test rows, laid end to end.

    The line breaks, and a thin vertical line stands, where two test rows were not neighbours in
    the recording: where ``time_s`` jumps, where integer trial ids skip one, or where a boolean
    ``trial`` says so. The line of an angle breaks where it passes a full turn, too.

    Args:
        time_s: increasing float array (n,), time in the recording in s.
        true: float array (n,).
        predicted: float array (n,).
        name: name of the label, for the axis.
        label: where the unit and kind of the values come from; None for bare numbers. Angles, in
            rad, are drawn within one turn, in deg if that is the label's unit.
        trial: integer array (n,) of trial ids, or boolean array (n,), True at the first bin
            after a join; None to go by ``time_s`` alone.
        ax: axes to draw on; None for a new figure.
        title: title of the axes.
        colour: colour of the decoded values.
        legend: explain line and dots beside the axes.

    Returns:
        The axes, and one row per test bin: ``test_time_s`` (the x axis), ``time_s``, ``true``,
        ``predicted``, ``stretch`` (number of the unbroken stretch).

    Raises:
        ValueError: lengths differ, there are fewer than two bins, or time does not increase.
    """
    time_s, true, predicted = map(np.asarray, (time_s, true, predicted))
    _check_traces(time_s, true, predicted, trial)
    circular = label is not None and label.kind == "circular"
    angles = shown_angles(label) if circular and label is not None else None
    turn = np.inf
    if angles:
        true, predicted = (values % TURN * angles.scale for values in (true, predicted))
        turn = TURN * angles.scale
    bin_width_s = float(np.median(np.diff(time_s)))
    starts = _stretch_starts(time_s, bin_width_s, trial)
    data = pd.DataFrame(
        {
            "test_time_s": np.arange(len(time_s)) * bin_width_s,
            "time_s": time_s,
            "true": true,
            "predicted": predicted,
            "stretch": np.cumsum(starts) - 1,
        }
    )
    with house_style():
        ax = ax or new_axes(style.WIDE_INCHES)
        _draw_traces(ax, data, colour or style.colours(["encoder"])["encoder"], turn)
        ax.set_xlabel("test time, end to end (s)")
        ax.set_ylabel(with_unit(name, "" if label is None else label.unit))
        if angles:
            ax.set_ylim(-0.02 * turn, 1.02 * turn)
            ax.set_yticks([0, turn / 2, turn], labels=angles.texts)
        if title:
            ax.set_title(title, loc="left")
        if legend:
            ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), markerscale=2)
    return Drawn((ax,), data)


def _check_traces(
    time_s: np.ndarray, true: np.ndarray, predicted: np.ndarray, trial: np.ndarray | None
) -> None:
    if time_s.ndim != 1 or len(time_s) < 2:
        raise ValueError(f"time_s must be an array (n,) with n >= 2, got shape {time_s.shape}")
    named = {"true": true, "predicted": predicted}
    if trial is not None:
        named["trial"] = np.asarray(trial)
    for name, values in named.items():
        if values.shape != time_s.shape:
            raise ValueError(
                f"{name} must have shape {time_s.shape} like time_s, got {values.shape}"
            )
    if not (np.diff(time_s) > 0).all():
        raise ValueError(
            "time_s must increase from bin to bin, got a step back or a repeat; "
            "sort the test bins by their time in the recording"
        )


def _stretch_starts(time_s: np.ndarray, bin_width_s: float, trial: np.ndarray | None) -> np.ndarray:
    starts = np.diff(time_s, prepend=-np.inf) > 1.5 * bin_width_s
    if trial is None:
        return starts
    trial = np.asarray(trial)
    if trial.dtype == bool:
        return starts | trial
    return starts | ~np.isin(np.diff(trial, prepend=trial[0]), (0, 1))


def _draw_traces(ax: Any, data: pd.DataFrame, colour: str, turn: float) -> None:
    for number, (_, stretch) in enumerate(data.groupby("stretch")):
        first = number == 0
        x, true = stretch["test_time_s"], stretch["true"]
        # No line from a full turn down to 0.
        true = true.where(true.diff().abs().fillna(0) < turn / 2)
        ax.plot(x, true, color="black", lw=1.4, label="true" if first else None)
        ax.plot(
            x,
            stretch["predicted"],
            color=colour,
            ls="none",
            marker=".",
            markersize=3.5,
            markeredgewidth=0,
            alpha=0.8,
            rasterized=True,
            label="decoded" if first else None,
        )
        if not first:
            ax.axvline(x.iloc[0], color="0.75", lw=0.6, zorder=0)
    ax.margins(x=0.01)
