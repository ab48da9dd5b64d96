"""Figures of several panels: how panels are laid out, and what stands around them.

What is drawn on a panel, and in which order panels come, is left to the figures.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cebra_kedro.plots import style
from cebra_kedro.plots.canvas import new_figure
from cebra_kedro.plots.results import Variant
from cebra_kedro.plots.space import MAX_DIM

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

KEY_INCHES = 1.2
"""Width beside the panels for a legend or a colour bar."""
_PANELS_IN_A_ROW = 4
_TITLE_LETTERS = 26
_PAD_INCHES = 0.1
"""Above and below each panel; the layout takes turned names of axes in space for too small."""


def new_panels(dims: Sequence[int], group: int = 1) -> tuple[Figure, list[Axes]]:
    """A figure with at most four panels in a row, and its axes.

    Args:
        dims: dimensions of what each panel shows, row by row; two give plane axes.
        group: so many panels in sequence stay in one row, also where that is more than four.
    """
    columns = min(len(dims), group * max(1, _PANELS_IN_A_ROW // group))
    rows = -(-len(dims) // columns)
    width, height = style.SMALL_PANEL_INCHES
    figure = new_figure((columns * width + KEY_INCHES, rows * height + 0.4))
    layout: Any = figure.get_layout_engine()
    layout.set(h_pad=_PAD_INCHES)
    axes = [
        figure.add_subplot(rows, columns, number, projection="3d" if dim >= MAX_DIM else None)
        for number, dim in enumerate(dims, start=1)
    ]
    return figure, axes


def panel_title(text: str) -> str:
    """A title of one panel, in lines that are not wider than it."""
    return textwrap.fill(text, _TITLE_LETTERS)


def add_key(figure: Figure, handles: list[Any]) -> None:
    """One legend for all panels, to their right."""
    # At the upper end, a long title would run into it.
    figure.legend(handles=handles, loc="outside right center")


def finish(
    figure: Figure, title: str | None, names: Sequence[Variant | str], note: str = ""
) -> None:
    """What stands around all panels: the title above; below, what † means, and a note.

    Args:
        figure: the figure.
        title: title over the whole figure.
        names: variants shown.
        note: a sentence without a full stop.
    """
    notes = [text for text in (style.transductive_footnote(names), note) if text]
    if notes:
        text = textwrap.fill("; ".join(notes), int(figure.get_figwidth() * 16))
        figure.supxlabel(text, fontsize=style.NOTE_POINTS, x=0.01, ha="left")
    if title:
        figure.suptitle(textwrap.fill(title, int(figure.get_figwidth() * 12)))


def lay_cubes(figure: Figure) -> None:
    """Let the layout know how large cubes are, before it finds room for them; within the style.

    They are as large as they were drawn last. Without that, matplotlib before 3.11.1 finds no room.
    """
    layout = figure.get_layout_engine()
    figure.set_layout_engine("none")
    figure.draw_without_rendering()
    figure.set_layout_engine(layout)
