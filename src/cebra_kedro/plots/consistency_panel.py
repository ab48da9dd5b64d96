"""Heat maps of consistency: how well one embedding predicts another, for every ordered pair.

Fitting the linear maps is left to ``consistency``. Which maps a figure has is decided in
``consistency``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cebra_kedro.plots import style
from cebra_kedro.plots.canvas import Drawn, house_style, new_axes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable

_COLORMAP = "Blues"
_LONGEST_BAR_INCHES = 3.0
_CELL_INCHES = 0.6
_NUMBER_INCHES = 0.34
"""Width of a cell that holds a number."""
_TICK_INCHES = 0.14
"""Distance of two names that stand one above the other."""


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
    values = matrix.to_numpy(float)
    if not np.isfinite(values).any():
        raise ValueError(
            f"matrix must hold at least one finite R², got shape {values.shape} without any"
        )
    # A linear fit on rank-deficient float32 data may exceed 1 by rounding, not by more.
    if np.nanmax(values) > 1 + 1e-5:
        raise ValueError(f"R² must be at most 1, got {np.nanmax(values)}; divide percent by 100")
    rows, columns = values.shape
    with house_style():
        ax = ax or new_axes((cell_inches * columns + 2.3, cell_inches * rows + 1.2))
        image = ax.imshow(
            np.ma.masked_invalid(values), cmap=_COLORMAP, vmin=r2_range[0], vmax=r2_range[1]
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
        ax.set_xlabel("target")
        ax.set_ylabel("source")
        if cell_inches >= _NUMBER_INCHES:
            _write_cells(ax, image, values)
        if bar:
            add_r2_bar(ax.figure, ax, image, below=np.nanmin(values) < r2_range[0])
        if title:
            ax.set_title(title)
    return Drawn((ax,), matrix.copy())


def are_upright(names: Sequence[str], cell_inches: float) -> bool:
    """Whether names below cells of this width stand upright."""
    return max(map(len, names)) * style.LETTER_INCHES > cell_inches


def add_r2_bar(figure: Any, axes: Any, image: ScalarMappable, *, below: bool) -> None:
    """The colour bar beside one or several axes.

    Args:
        figure: figure or subfigure that holds the axes.
        axes: the axes.
        image: a heat map of :func:`plot_consistency`.
        below: there are values below the lower end.
    """
    shrink = min(1.0, _LONGEST_BAR_INCHES / (figure.bbox.height / figure.dpi))
    bar = figure.colorbar(image, ax=axes, extend="min" if below else "neither", shrink=shrink)
    bar.set_label("R² (source → target)")
    bar.outline.set_visible(False)


def _write_cells(ax: Axes, image: ScalarMappable, values: np.ndarray) -> None:
    size = style.NOTE_POINTS
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            # Text in black or white, whichever contrasts more (WCAG 2, equal at luminance 0.179).
            colour = "black" if _luminance(image, float(value)) > 0.179 else "white"
            ax.text(
                column, row, f"{value:.2f}", color=colour, ha="center", va="center", fontsize=size
            )


def _luminance(image: ScalarMappable, value: float) -> float:
    """Relative luminance (0 black, 1 white) of the colour of a value, as WCAG 2 defines it."""
    rgb = image.to_rgba(np.array([value]))[0, :3]
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))
