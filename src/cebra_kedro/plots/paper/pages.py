"""Panels alone and on the page of their figure.

A panel whose files are not there is left out, and its place on the page says what it needs. Which
panels there are is in ``panels``.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import pandas as pd

from cebra_kedro.plots.canvas import new_figure
from cebra_kedro.plots.paper import marks
from cebra_kedro.plots.paper.contents import Files
from cebra_kedro.plots.paper.panels import PAGES, Panel
from cebra_kedro.plots.paper.this_run import Comparison

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PAGE_WIDTH_INCHES = 7.2
_NOTE_INCHES = 0.6


def draw_panel(panel: Panel, files: Files) -> tuple[Figure, pd.DataFrame]:
    """A panel alone, with its letter: the picture and the numbers on it.

    Args:
        panel: of which all files are there.
        files: published name → content.
    """
    figure = new_figure(panel.size_inches)
    numbers = _place(panel, files, figure)
    return figure, numbers


def draw_page(figure_name: str, files: Files) -> Figure:
    """All panels of a figure on one page; those without files leave a note in their place.

    Args:
        figure_name: e.g. ``figure_1``.
        files: published name → content, of the files that are there.
    """
    rows = PAGES[figure_name]
    heights = [_height(row, files) for row in rows]
    page = new_figure((PAGE_WIDTH_INCHES, sum(heights)))
    strips = page.subfigures(len(rows), 1, height_ratios=heights, squeeze=False)[:, 0]
    for row, place in zip(rows, strips, strict=True):
        widths = [panel.size_inches[0] for panel in row]
        rest = PAGE_WIDTH_INCHES - sum(widths)
        ratios = [*widths, rest] if rest > 0.5 else widths
        cells = place.subfigures(1, len(ratios), width_ratios=ratios, squeeze=False)[0]
        for panel, cell in zip(row, cells, strict=False):
            if missing := panel.missing(files):
                _note(panel, missing, cell)
            else:
                _place(panel, files, cell)
    return page


def _height(row: tuple[Panel, ...], files: Files) -> float:
    """Height of a row in inches: little if none of its panels can be drawn."""
    drawn = [panel.size_inches[1] for panel in row if not panel.missing(files)]
    return max(drawn, default=_NOTE_INCHES)


def _place(panel: Panel, files: Files, place: Any) -> pd.DataFrame:
    with marks.paper_style():
        drawn = panel.draw(files, ax=place.subplots())
        _letter(panel, place)
    return drawn.data


def _letter(panel: Panel, place: Any) -> None:
    # Bold by mathtext, so that letter and title are one line of text.
    text = f"$\\bf{{{panel.letter}}}$"
    size = 8.5
    place.suptitle(f"{text}   {panel.title}".rstrip(), x=0.01, ha="left", fontsize=size)


def _note(panel: Panel, missing: list[str], place: Any) -> None:
    with marks.paper_style():
        text = f"not drawn: needs {', '.join(missing)}"
        place.text(0.5, 0.45, textwrap.fill(text, 50), ha="center", va="center", color="0.4")
        _letter(panel, place)


def draw_comparison(
    comparison: Comparison, files: Files, table: pd.DataFrame
) -> tuple[Figure, pd.DataFrame]:
    """A panel "published | this run": the picture and the numbers on it.

    Args:
        comparison: one of ``this_run.COMPARISONS``, of which all files are there.
        files: published name → content.
        table: our table, with a column ``origin``.
    """
    figure = new_figure(comparison.size_inches)
    with marks.paper_style():
        drawn = comparison.draw(files, table, ax=figure.subplots())
        figure.suptitle(comparison.title, x=0.01, ha="left", fontsize=8.5)
    return figure, drawn.data
