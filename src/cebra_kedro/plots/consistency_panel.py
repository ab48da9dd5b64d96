"""Heat maps of ordered pairs: how well one embedding predicts another, one session another.

What is mapped is computed elsewhere; which maps a figure has is decided in ``consistency`` and
``across``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cebra_kedro.plots import style
from cebra_kedro.plots.canvas import Drawn, house_style, new_axes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable

_LONGEST_BAR_INCHES = 3.0
_CELL_INCHES = 0.6
_NUMBER_INCHES = 0.34
"""Width of a cell that holds a number."""
_TICK_INCHES = 0.14
"""Distance of two names that stand one above the other."""


@dataclass(frozen=True)
class Look:
    """How values are coloured and written.

    Attributes:
        colours: a colour map of matplotlib.
        ends: values at its two ends; beyond them the colour saturates.
        text: a value as it is written in its cell.
        bar: what stands beside the colour bar.
        rows: what stands beside the names of the rows.
        columns: what stands below the names of the columns.
        mean: what the mean over cells of two different names is called.
    """

    colours: str = "Blues"
    ends: tuple[float, float] = (0.0, 1.0)
    text: Callable[[float], str] = "{:.2f}".format
    bar: str = "R² (source → target)"
    rows: str = "source"
    columns: str = "target"
    mean: str = "mean"


CONSISTENCY_LOOK = Look()


def plot_consistency(
    matrix: pd.DataFrame,
    *,
    ax: Axes | None = None,
    title: str | None = None,
    r2_range: tuple[float, float] = (0.0, 1.0),
    bar: bool = True,
    cell_inches: float = _CELL_INCHES,
) -> Drawn:
    """R² of the linear map from each source (row) to each target (column), written in the cells.

    Args:
        matrix: float table, rows source, columns target, at most 1; NaN cells (the diagonal)
            stay empty. Names of variants are written as in other figures.
        ax: axes to draw on; None for a new figure.
        title: title of the axes.
        r2_range: values at the two ends of the colours; below the lower end the colour saturates.
        bar: draw the colour bar beside the axes.
        cell_inches: width of a cell on the axes. Names below turn upright where they are wider, and
            numbers are not written where they are; of very many names, some are left out.

    Returns:
        The axes, and the matrix as drawn.

    Raises:
        ValueError: the matrix is empty, holds no number at all, or an R² above 1.
    """
    check_r2(matrix)
    look = Look(ends=r2_range)
    return plot_pairs(matrix, look, ax=ax, title=title, bar=bar, cell_inches=cell_inches)


def check_r2(matrix: pd.DataFrame) -> None:
    """Refuse what cannot be R², NaN aside.

    Raises:
        ValueError: a value is above 1.
    """
    # A linear fit on rank-deficient float32 data may exceed 1 by rounding, not by more.
    above = matrix.to_numpy(float)[matrix.to_numpy(float) > 1 + 1e-5]
    if len(above):
        raise ValueError(f"R² must be at most 1, got {above.max()}; divide percent by 100")


def plot_pairs(
    matrix: pd.DataFrame,
    look: Look,
    *,
    ax: Axes | None = None,
    title: str | None = None,
    bar: bool = True,
    cell_inches: float = _CELL_INCHES,
) -> Drawn:
    """A value for each ordered pair of a row and a column, written in its cell.

    Args:
        matrix: float table; NaN cells stay empty. See :func:`plot_consistency`.
        look: colours and texts.
        ax: axes to draw on; None for a new figure.
        title: title of the axes.
        bar: draw the colour bar beside the axes.
        cell_inches: width of a cell on the axes, see :func:`plot_consistency`.

    Returns:
        The axes, and the matrix as drawn.

    Raises:
        ValueError: the matrix is empty, or holds no number at all.
    """
    values = matrix.to_numpy(float)
    if not np.isfinite(values).any():
        raise ValueError(
            f"matrix must hold at least one finite value, got shape {values.shape} without any"
        )
    rows, columns = values.shape
    with house_style():
        ax = ax or new_axes((cell_inches * columns + 2.3, cell_inches * rows + 1.2))
        image = ax.imshow(
            np.ma.masked_invalid(values), cmap=look.colours, vmin=look.ends[0], vmax=look.ends[1]
        )
        ax.set_facecolor("0.93")
        targets = [style.variant_label(str(name)) for name in matrix.columns]
        every = math.ceil(_TICK_INCHES / cell_inches)
        ax.set_xticks(range(0, columns, every), targets[::every])
        if are_upright(targets, cell_inches):
            ax.tick_params(axis="x", labelrotation=90)
        sources = [style.variant_label(str(name)) for name in matrix.index]
        ax.set_yticks(range(0, rows, every), sources[::every])
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
        ax.set_xlabel(look.columns)
        ax.set_ylabel(look.rows)
        if cell_inches >= _NUMBER_INCHES:
            _write_cells(ax, image, values, look.text)
        if bar:
            add_bar(ax.figure, ax, image, look, values)
        if title:
            ax.set_title(title)
    return Drawn((ax,), matrix.copy())


def are_upright(names: Sequence[str], cell_inches: float) -> bool:
    """Whether names below cells of this width stand upright."""
    return max(map(len, names)) * style.LETTER_INCHES > cell_inches


def add_bar(figure: Any, axes: Any, image: ScalarMappable, look: Look, values: np.ndarray) -> None:
    """The colour bar beside one or several axes.

    Args:
        figure: figure or subfigure that holds the axes.
        axes: the axes.
        image: a heat map of :func:`plot_pairs`.
        look: its colours.
        values: of all maps; an end beyond which there are some is an arrow.
    """
    beyond = (bool(np.nanmin(values) < look.ends[0]), bool(np.nanmax(values) > look.ends[1]))
    extend = {(0, 0): "neither", (1, 0): "min", (0, 1): "max", (1, 1): "both"}[beyond]
    shrink = min(1.0, _LONGEST_BAR_INCHES / (figure.bbox.height / figure.dpi))
    bar = figure.colorbar(image, ax=axes, extend=extend, shrink=shrink)
    bar.set_label(look.bar)
    bar.outline.set_visible(False)


def _write_cells(
    ax: Axes, image: ScalarMappable, values: np.ndarray, text: Callable[[float], str]
) -> None:
    size = style.NOTE_POINTS
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            # Text in black or white, whichever contrasts more (WCAG 2, equal at luminance 0.179).
            colour = "black" if _luminance(image, float(value)) > 0.179 else "white"
            written = text(float(value))
            ax.text(column, row, written, color=colour, ha="center", va="center", fontsize=size)


def _luminance(image: ScalarMappable, value: float) -> float:
    """Relative luminance (0 black, 1 white) of the colour of a value, as WCAG 2 defines it."""
    rgb = image.to_rgba(np.array([value]))[0, :3]
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))
