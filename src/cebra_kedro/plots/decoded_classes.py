"""One panel of decoded against true classes: a confusion matrix, or dots where there are many.

Decoding is left to the room ``decoding``; which panels a figure has, to ``plots.decoding``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cebra_kedro.plots import style
from cebra_kedro.plots.canvas import Drawn, house_style, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_CLASSES = 12
"""Classes of a confusion matrix; more are drawn as dots."""
_MAX_WRITTEN = 4
"""Classes up to which the shares are written in the cells."""
_LETTERS_IN_A_ROW = 18
"""Names of classes below a matrix, with more letters and gaps than this, stand upright."""
_LONGEST_NAME = 24
_SQUARE_INCHES = (3.9, 3.5)


def plot_confusion(
    true: np.ndarray,
    predicted: np.ndarray,
    *,
    name: str,
    ids: np.ndarray | None = None,
    names: Sequence[str] | None = None,
    ax: Axes | None = None,
    title: str | None = None,
    bar: bool = True,
) -> Drawn:
    """Heat map of the share of each true class (row) that is decoded into each class (column).

    Args:
        true: integer array (n,) of class ids.
        predicted: integer array (n,) of class ids.
        name: name of the label, for the axes.
        ids: class ids of rows and columns, ascending; None for those that occur.
        names: what the classes are called, in the order of ``ids``; None for their ids.
        ax: axes to draw on; None for a new figure.
        title: title of the axes.
        bar: draw the colour bar beside the axes.

    Returns:
        The axes, and the shares in percent, rows true, columns decoded; NaN for a class that never
        was true.

    Raises:
        ValueError: shapes differ, there is no row, or an id is not among ``ids``.
    """
    true, predicted = map(np.asarray, (true, predicted))
    _check_ids(true, predicted)
    there = np.union1d(true, predicted)
    ids = there if ids is None else np.asarray(ids)
    if not np.isin(there, ids).all():
        raise ValueError(f"ids must hold every class ({there.tolist()}), got {ids.tolist()}")
    counts = np.zeros((len(ids), len(ids)))
    np.add.at(counts, (np.searchsorted(ids, true), np.searchsorted(ids, predicted)), 1)
    with np.errstate(invalid="ignore"):
        percent = 100 * counts / counts.sum(axis=1, keepdims=True)
    with house_style():
        ax = ax or new_axes(_SQUARE_INCHES)
        image = ax.imshow(np.ma.masked_invalid(percent), cmap="Blues", vmin=0, vmax=100)
        ax.set_facecolor("0.93")
        texts = shown_names([str(one) for one in (ids if names is None else names)])
        ax.set_xticks(range(len(ids)), texts, rotation=90 if are_upright(texts) else 0)
        ax.set_yticks(range(len(ids)), texts)
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
        ax.set_xlabel(f"decoded {name}")
        ax.set_ylabel(f"true {name}")
        if len(ids) <= _MAX_WRITTEN:
            for (row, column), value in np.ndenumerate(percent):
                if np.isfinite(value):
                    colour = "white" if value > 55 else "black"
                    ax.text(column, row, f"{value:.0f}", color=colour, ha="center", va="center")
        if bar:
            shares = ax.figure.colorbar(image, ax=ax)
            shares.set_label("share of the true class (%)")
            shares.outline.set_visible(False)
        if title:
            ax.set_title(title)
    return Drawn((ax,), pd.DataFrame(percent, index=ids, columns=ids))


def shown_names(names: Sequence[str]) -> list[str]:
    """Names of classes as they stand beside a matrix: very long ones end with dots."""
    return [n if len(n) <= _LONGEST_NAME else f"{n[: _LONGEST_NAME - 1]}…" for n in names]


def are_upright(names: Sequence[str]) -> bool:
    """Whether the names below a matrix stand upright."""
    return (max(map(len, names)) + 1) * len(names) > _LETTERS_IN_A_ROW


def plot_decoded_ids(
    true: np.ndarray,
    predicted: np.ndarray,
    *,
    name: str,
    ax: Axes | None = None,
    title: str | None = None,
    colour: str | None = None,
) -> Drawn:
    """Decoded against true class, a dot for each row, where neighbouring ids are alike.

    Args:
        true: integer array (n,) of class ids.
        predicted: integer array (n,) of class ids.
        name: name of the label, for the axes.
        ax: axes to draw on; None for a new figure.
        title: title of the axes.
        colour: colour of the dots.

    Returns:
        The axes, and one row per dot: ``true``, ``predicted``.

    Raises:
        ValueError: shapes differ or there is no row.
    """
    true, predicted = map(np.asarray, (true, predicted))
    _check_ids(true, predicted)
    ends = [min(true.min(), predicted.min()), max(true.max(), predicted.max())]
    with house_style():
        ax = ax or new_axes(_SQUARE_INCHES)
        ax.plot(ends, ends, color="0.8", lw=1.0, zorder=0)
        colour = colour or style.colours(["encoder"])["encoder"]
        ax.scatter(true, predicted, s=4, linewidths=0, color=colour, alpha=0.7, rasterized=True)
        ax.set_aspect("equal")
        ax.locator_params(nbins=4)
        ax.set_xlabel(f"true {name}")
        ax.set_ylabel(f"decoded {name}")
        if title:
            ax.set_title(title)
    return Drawn((ax,), pd.DataFrame({"true": true, "predicted": predicted}))


def _check_ids(true: np.ndarray, predicted: np.ndarray) -> None:
    if true.ndim != 1 or not len(true) or true.shape != predicted.shape:
        raise ValueError(
            f"true and predicted must be non-empty arrays (row,), got shapes {true.shape} and "
            f"{predicted.shape}"
        )
