"""Figure 2: hypotheses about a rat's hippocampus, and the topology of its embeddings.

Panels 2d, decoded position, are in ``figure_2_decoding``. Each panel takes the contents of
published files, draws on an optional ``ax`` (several axes share its place) and returns the numbers
drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cebra_kedro.plots.canvas import Drawn
from cebra_kedro.plots.paper import marks, numbers
from cebra_kedro.plots.paper.contents import Files, array, as_array, pick, same_length

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FILE = "Figure2.h5"
HYPOTHESES = ("hypothesis", "shuffled", "discovery", "hybrid")
LABELS = {
    "pos": "position only",
    "dir": "direction only",
    "posdir": "position + direction",
    "pos-shuffled": "position, shuffled",
    "dir-shuffled": "direction, shuffled",
    "posdir-shuffled": "p + d, shuffled",
}
DIMENSIONS = (3, 8, 16)
_OPACITY = {"pos": 0.3, "dir": 0.6, "posdir": 1.0}
_HOMOLOGY = ("Points", "Loops", "Voids")
_INFINITE_DEATH = 10.0
_BAR_STEP = 6
"""Height between two bars of a barcode."""


def panel_b(files: Files, *, ax: Axes | None = None) -> Drawn:
    """2b: embeddings with labels, shuffled labels, time and both, coloured by position.

    Args:
        files: content of ``Figure2.h5``.
        ax: axes whose place is used; None for a new figure.

    Returns:
        Time bins drawn of each embedding.

    Raises:
        ValueError: a key is missing or an array has another shape.
    """
    rows = []
    with marks.paper_style():
        projections = ["3d"] * 4 + [None]
        ratios = (1, 1, 1, 1, 0.8)
        axes = marks.split(
            ax, 1, 5, size_inches=(7.2, 1.7), projection=projections, width_ratios=ratios
        )
        for one, name in zip(axes, HYPOTHESES, strict=False):
            points = array(files, FILE, "visualization", name, "embedding", columns=3)
            label = array(files, FILE, "visualization", name, "label", columns=3)
            same_length(f"{FILE}: visualization/{name}", embedding=points, label=label)
            shown = points[:, [1, 2, 0]] if name == "hybrid" else points[:, :3]
            drawn = marks.directions(one, shown, label, size=0.4)
            one.set_title(name)
            rows.append(numbers.number(name, "time bins drawn", len(points)))
        marks.direction_bars(axes[-1], drawn)
    return Drawn(tuple(axes[:-1]), numbers.table(rows))


def panel_c_upper(files: Files, *, ax: Axes | None = None) -> Drawn:
    """2c upper: embeddings by label and by shuffled label, all in gray.

    Args:
        files: content of ``Figure2.h5``.
        ax: axes whose place is used; None for a new figure.

    Returns:
        Time bins drawn of each embedding.

    Raises:
        ValueError: a key is missing or an array has another shape.
    """
    rows = []
    with marks.paper_style():
        axes = marks.split(ax, 2, 3, size_inches=(3.5, 2.4), projection="3d")
        for one, (name, title) in zip(axes, LABELS.items(), strict=True):
            points = array(files, FILE, "hypothesis_testing", "viz", name, columns=3)
            marks.cloud(one, points[:, :3], size=0.3, color="0.45")
            one.set_title(title)
            rows.append(numbers.number(title, "time bins drawn", len(points)))
    return Drawn(tuple(axes), numbers.table(rows))


def panel_c_lower(files: Files, *, ax: Axes | None = None) -> Drawn:
    """2c lower: loss during training with labels and with shuffled labels.

    Args:
        files: content of ``Figure2.h5``.
        ax: axes whose place is used; None for a new figure.

    Returns:
        Count of iterations, and the mean loss over their last tenth.

    Raises:
        ValueError: a key is missing or a loss is no series of numbers.
    """
    rows = []
    with marks.paper_style():
        (one,) = marks.split(ax, size_inches=(3.5, 2.2))
        for name, title in LABELS.items():
            loss = array(files, FILE, "hypothesis_testing", "loss", name)
            kind, shuffled = name.removesuffix("-shuffled"), name.endswith("-shuffled")
            one.plot(
                loss,
                color="gray" if shuffled else "deepskyblue",
                ls="--" if shuffled else "-",
                alpha=_OPACITY[kind],
                label=title,
                rasterized=len(loss) > 10_000,
            )
            plateau = float(loss[-max(1, len(loss) // 10) :].mean())
            rows.append(numbers.number(title, "iterations", len(loss)))
            rows.append(numbers.number(title, "loss at the end", plateau, "nats"))
        one.set_xlabel("Iterations")
        one.set_ylabel("InfoNCE loss (nats)")
        one.set_xlim(left=0)
        one.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), handlelength=1.5)
    return Drawn((one,), numbers.table(rows))


def panel_f_embeddings(files: Files, *, ax: Axes | None = None) -> Drawn:
    """2f upper: embeddings of 3, 8 and 16 dimensions, coloured by position.

    Args:
        files: content of ``Figure2.h5``.
        ax: axes whose place is used; None for a new figure.

    Returns:
        Time bins drawn of each embedding.

    Raises:
        ValueError: a key is missing or an array has another shape.
    """
    label = array(files, FILE, "topology", "viz", "label", columns=3)
    rows = []
    with marks.paper_style():
        axes = marks.split(
            ax,
            1,
            4,
            size_inches=(7.2, 2.0),
            projection=["3d"] * 3 + [None],
            width_ratios=(1, 1, 1, 0.6),
        )
        for one, dimension in zip(axes, DIMENSIONS, strict=False):
            shown = [5, 6, 7] if dimension == 8 else [0, 1, 2]
            points = array(files, FILE, "topology", "viz", dimension, columns=max(shown) + 1)
            same_length(f"{FILE}: topology/viz {dimension} and label", points=points, label=label)
            drawn = marks.directions(one, points[:, shown], label, size=0.4)
            one.set_title(f"Dimension {dimension}")
            rows.append(numbers.number(f"dimension {dimension}", "time bins drawn", len(points)))
        marks.direction_bars(axes[-1], drawn)
    return Drawn(tuple(axes[:-1]), numbers.table(rows))


def panel_f_barcodes(files: Files, *, ax: Axes | None = None) -> Drawn:
    """2f lower: births and deaths of points, loops and voids in each embedding.

    Args:
        files: content of ``Figure2.h5``.
        ax: axes whose place is used; None for a new figure.

    Returns:
        Of each dimension and homology: count of bars, birth and death of the longest one.

    Raises:
        ValueError: a key is missing or there are no three diagrams.
    """
    rows = []
    with marks.paper_style():
        axes = marks.split(ax, 3, 3, size_inches=(7.2, 2.6), hspace=0.05)
        for column, dimension in enumerate(DIMENSIONS):
            for level, bars in enumerate(_diagrams(files, dimension)):
                one = axes[3 * level + column]
                _draw_bars(one, level, bars)
                if level == 0:
                    one.set_title(f"Dimension {dimension}")
                if column == 0:
                    one.set_ylabel(_HOMOLOGY[level])
                one.set_xticks((0, 1, 2), ("0", "1", "2") if level == 2 else ("", "", ""))
                rows += _bar_numbers(f"dimension {dimension}", _HOMOLOGY[level], bars)
            axes[6 + column].set_xlabel("Lifespan")
    return Drawn(tuple(axes), numbers.table(rows))


def _diagrams(files: Files, dimension: int) -> list[np.ndarray]:
    """Birth and finite death of the bars of H0, H1 and H2: three arrays (bar, 2)."""
    path = ("topology", "behavior_topology", dimension, "dgms")
    found = pick(files, FILE, *path)
    what = f"{FILE}: {'/'.join(map(str, path))}"
    if len(found) < 3:
        raise ValueError(f"{what} must hold 3 diagrams (H0, H1, H2), got {len(found)}")
    diagrams = [as_array(bars, f"{what}[{i}]", 2) for i, bars in enumerate(found[:3])]
    return [np.where(np.isinf(bars), _INFINITE_DEATH, bars) for bars in diagrams]


def _draw_bars(ax: Any, level: int, bars: np.ndarray) -> None:
    heights = _BAR_STEP * np.arange(len(bars))
    ax.hlines(heights, bars[:, 0], bars[:, 1], color="gray", alpha=0.5, lw=1.6)
    top = _BAR_STEP * len(bars)
    # The paper shows the last 20 points, and loops up to a height of their number - 30.
    limits = ((top - 120, top), (-3, max(len(bars) - 30, 60)), (-3, top + 10))
    ax.set_ylim(*limits[level])
    ax.set_xlim(0, 2)
    ax.set_yticks([])


def _bar_numbers(method: str, item: str, bars: np.ndarray) -> list[numbers.Row]:
    finite = bars[bars[:, 1] < _INFINITE_DEATH]
    rows = [numbers.number(method, "bars", len(bars), "", item)]
    if len(finite):
        birth, death = finite[np.argmax(finite[:, 1] - finite[:, 0])][:2]
        rows.append(numbers.number(method, "birth of the longest finite bar", birth, "", item))
        rows.append(numbers.number(method, "death of the longest finite bar", death, "", item))
    return rows


def panel_g(files: Files, *, ax: Axes | None = None) -> Drawn:
    """2g: the circular coordinate of the embedding, unrolled along the distance run.

    Colours are as printed, swapped against the other panels: running right is cool, left viridis.

    Args:
        files: content of ``Figure2.h5``.
        ax: axes whose place is used; None for a new figure.

    Returns:
        Height of the spiral, and reach of the cross below it.

    Raises:
        ValueError: a key is missing or lengths differ.
    """
    path = ("topology", "circular_coord")
    label = array(files, FILE, *path, "label", columns=3)
    angle = array(files, FILE, *path, "radial_angle")
    finer = array(files, FILE, *path, "finer_angle")
    fine_z = array(files, FILE, *path, "fine_z")
    same_length(f"{FILE}: topology/circular_coord", label=label, radial_angle=angle)
    same_length(f"{FILE}: topology/circular_coord", finer_angle=finer, fine_z=fine_z)
    height = np.cumsum(label[:, 0])
    spiral = np.column_stack((np.cos(angle), np.sin(angle), height))
    with marks.paper_style():
        one, side = marks.split(
            ax, 1, 2, size_inches=(3.5, 2.8), projection=["3d", None], width_ratios=(1, 0.5)
        )
        one.plot(np.cos(finer), np.sin(finer), fine_z, color="gray", lw=0.4)
        colours = {marks.RIGHT: "cool", marks.LEFT: "viridis"}
        drawn = marks.directions(one, spiral, label, size=2, zoom=1.1, colormaps=colours)
        turn = angle[min(180, len(angle) - 1)] + np.array([0.0, np.pi / 2])
        reach = 1.3 * np.array([np.cos(turn), np.sin(turn)])  # (x and y, diameter)
        for x, y in reach.T:
            one.plot((-x, x), (-y, y), (0, 0), color="lightgray", lw=1)
        marks.direction_bars(side, drawn)
    rows = [
        numbers.number("circular coordinate", "height of the spiral", height[-1]),
        numbers.number("circular coordinate", "largest |x| of the cross", np.abs(reach[0]).max()),
        numbers.number("circular coordinate", "largest |y| of the cross", np.abs(reach[1]).max()),
    ]
    return Drawn((one,), numbers.table(rows))
