"""Marks that several panels of the paper share: clouds of points, strips, heat maps, legends.

Which numbers they show is left to ``figure_1`` … ``figure_5``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from cebra_kedro.plots.canvas import house_style, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PURPLE = "#6235E0"
"""CEBRA's colour in Figures 2 and 4."""
VIOLET = "#9932EB"
"""CEBRA's colour in Figure 5, and VISp's in Figure 4."""
MEDIAN = "#D55E00"
"""The orange of medians (that of Okabe and Ito, which is safe for the colour-blind)."""

LEFT, RIGHT = 2, 1
"""Columns of a label (n, 3): position in m, then a flag for each running direction."""

_SMALL = {
    "font.size": 7.5,
    "axes.titlesize": 7.5,
    "axes.labelsize": 7.5,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 6.5,
    "legend.title_fontsize": 7,
    "axes.titlepad": 3.0,
    "axes.labelpad": 2.0,
    "xtick.major.pad": 2.0,
    "ytick.major.pad": 2.0,
    "lines.linewidth": 1.0,
}
_GOLDEN = (math.sqrt(5) - 1) / 2


@contextmanager
def paper_style() -> Iterator[None]:
    """The house style with letters for panels that are printed at their size."""
    import matplotlib

    with house_style(), matplotlib.rc_context(cast("Any", _SMALL)):
        yield


def split(
    ax: Axes | None,
    rows: int = 1,
    columns: int = 1,
    *,
    size_inches: tuple[float, float],
    projection: str | Sequence[str | None] | None = None,
    **grid: Any,
) -> list[Any]:
    """Axes in the place of one: rows × columns of them, left to right, row after row.

    Args:
        ax: axes made by ``subplots``, which are removed; None for a new figure.
        rows: of axes.
        columns: of axes.
        size_inches: width and height of the new figure.
        projection: of all axes, or of each.
        grid: e.g. ``width_ratios``, for matplotlib's ``subgridspec``.

    Raises:
        ValueError: ``ax`` has no place in a grid.
    """
    if ax is None:
        figure: Any = new_figure(size_inches)
        place = figure.add_gridspec(1, 1)[0]
    else:
        figure, place = ax.figure, ax.get_subplotspec()
        if place is None:
            raise ValueError("ax must stand in a grid; make it with figure.subplots()")
        ax.remove()
    cells = place.subgridspec(rows, columns, **grid)
    each = projection if isinstance(projection, list | tuple) else [projection] * (rows * columns)
    return [
        figure.add_subplot(cells[index // columns, index % columns], projection=kind)
        for index, kind in zip(range(rows * columns), each, strict=True)
    ]


def cloud(ax: Any, points: np.ndarray, *, size: float, zoom: float = 1.3, **colours: Any) -> Any:
    """Scatter of points (n, 2 or 3) without axes; colours as for matplotlib's ``scatter``."""
    # In space, a box larger than its axes may use the empty corners around them.
    space = {"depthshade": False, "clip_on": False} if points.shape[1] == 3 else {}
    marks = ax.scatter(*points.T, s=size, linewidths=0, rasterized=True, **space, **colours)
    ax.set_axis_off()
    if points.shape[1] == 3:
        ax.set_box_aspect((1, 1, 1), zoom=zoom)
    else:
        ax.set_aspect("equal", adjustable="datalim")
    return marks


def directions(
    ax: Any,
    points: np.ndarray,
    label: np.ndarray,
    *,
    size: float,
    zoom: float = 1.3,
    colormaps: Mapping[int, str] | None = None,
) -> dict[int, Any]:
    """A rat's embedding: colour is position, one colormap a direction, each scaled on its own.

    Args:
        ax: plane axes, or those of space for three columns.
        points: float array (n, 2 or 3); rows with NaN are not drawn.
        label: float array (n, 3).
        size: of a mark.
        zoom: of the box in space.
        colormaps: flag column → colormap, in the order of drawing; None for left cool, right
            viridis.

    Returns:
        Flag column → marks, for :func:`direction_bars`.
    """
    drawn = {}
    for flag, colormap in (colormaps or {LEFT: "cool", RIGHT: "viridis"}).items():
        rows = (label[:, flag] == 1) & np.isfinite(points).all(axis=1)
        drawn[flag] = cloud(ax, points[rows], size=size, zoom=zoom, c=label[rows, 0], cmap=colormap)
    return drawn


def direction_bars(ax: Any, drawn: Mapping[int, Any]) -> None:
    """Two colour bars of position, left and right, in axes that show nothing else."""
    for start, (flag, name) in zip((0.05, 0.5), ((LEFT, "left"), (RIGHT, "right")), strict=True):
        bar = colour_bar(ax, drawn[flag], "position (m)" if flag == RIGHT else "", start=start)
        bar.ax.set_title(name)


def colour_bar(ax: Any, drawn: Any, label: str, *, start: float = 0.2) -> Any:
    """A colour bar inside axes that show nothing else.

    Args:
        ax: plane axes.
        drawn: the coloured marks.
        label: with the unit.
        start: left edge, as a fraction of the width of the axes.
    """
    ax.set_axis_off()
    bar = ax.figure.colorbar(drawn, cax=ax.inset_axes((start, 0.05, 0.07, 0.9)))
    bar.set_label(label)
    bar.outline.set_visible(False)
    return bar


def spread(count: int, width: float) -> np.ndarray:
    """Offsets (count,) within ± width/2 that keep dots apart and do not depend on chance."""
    return (np.arange(1, count + 1) * _GOLDEN % 1 - 0.5) * width


def strip(
    ax: Any,
    groups: Mapping[str, np.ndarray],
    *,
    horizontal: bool = False,
    open_marks: bool = False,
    width: float = 0.55,
    size: float = 2.0,
) -> None:
    """One column of dots per group and a bar at its median.

    Args:
        ax: plane axes.
        groups: label → values (n,).
        horizontal: groups one below the other instead of side by side.
        open_marks: circles instead of dots.
        width: over which dots spread, where groups are 1 apart.
        size: of a mark, in points.
    """
    face = "none" if open_marks else "black"
    for place, values in enumerate(groups.values()):
        along = place + spread(len(values), width)
        x, y = (values, along) if horizontal else (along, values)
        ax.plot(x, y, "o", ms=size, mfc=face, mec="black", mew=0.6 if open_marks else 0, alpha=0.7)
        ends = (place - 0.38, place + 0.38)
        line = ax.vlines if horizontal else ax.hlines
        line(np.median(values), *ends, color=MEDIAN, lw=2, zorder=3)
    if horizontal:
        ax.set_yticks(range(len(groups)), list(groups))
        ax.set_ylim(len(groups) - 0.4, -0.6)
    else:
        ax.set_xticks(range(len(groups)), list(groups))
        ax.set_xlim(-0.6, len(groups) - 0.4)


def median_legend(ax: Any, dot: str, *, open_marks: bool = False, **place: Any) -> None:
    """What a dot is, and that the bar is the median."""
    from matplotlib.lines import Line2D

    face = "none" if open_marks else "black"
    handles = [
        Line2D([], [], ls="none", marker="o", ms=3, mfc=face, mec="black", label=dot),
        Line2D([], [], color=MEDIAN, lw=2, label="median"),
    ]
    ax.legend(handles=handles, handlelength=1.2, **place)


def heat_map(
    ax: Any, cells: np.ndarray, names: Sequence[str], *, limits: tuple[float, float], size: float
) -> Any:
    """Cells (n, n) in gray, larger is darker, with two digits each; NaN stays empty.

    Args:
        ax: plane axes.
        cells: in percent; drawn at most 99, so that two digits do.
        names: of rows and columns.
        limits: values of white and black.
        size: of the digits.

    Returns:
        The image, for a colour bar.
    """
    shown = np.minimum(cells, 99)
    image = ax.imshow(np.ma.masked_invalid(shown), cmap="gray_r", vmin=limits[0], vmax=limits[1])
    # White digits where they contrast more than black ones (WCAG 2: luminance below 0.179).
    middle = limits[0] + 0.54 * (limits[1] - limits[0])
    for (row, column), value in np.ndenumerate(shown):
        if np.isfinite(value):
            colour = "white" if value > middle else "black"
            text = f"{value:.0f}"
            ax.text(column, row, text, color=colour, ha="center", va="center", fontsize=size)
    ax.set_xticks(range(len(names)), names)
    ax.set_yticks(range(len(names)), names)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return image


def direction_colours(count: int = 8) -> list[Any]:
    """The cyclic colours of reaching directions: hsv(k/8)."""
    import matplotlib

    return [matplotlib.colormaps["hsv"](k / 8) for k in range(count)]


def direction_legend(ax: Any, **place: Any) -> None:
    """Which colour is which direction of reaching, as angles."""
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=colour, lw=2.5, label=f"{45 * k}°")
        for k, colour in enumerate(direction_colours())
    ]
    ax.legend(handles=handles, title="direction", handlelength=1.0, **place)
