"""Figures of embeddings in the colours of labels, with a panel for each variant.

Each panel is drawn by ``plot_embedding``.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from cebra_kedro.plots import style
from cebra_kedro.plots.canvas import house_style, new_figure
from cebra_kedro.plots.embedding_panel import plot_embedding
from cebra_kedro.plots.label_colours import label_colours, label_columns
from cebra_kedro.plots.panels import KEY_INCHES, finish, lay_cubes
from cebra_kedro.plots.results import Results, Variant
from cebra_kedro.plots.space import MAX_DIM
from cebra_kedro.recording import Label, Recording

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_TEST = 2
_TITLE_LETTERS = 22
_PANELS_IN_A_ROW = 4
_MOST_IN_A_ROW = 5
"""Panels, a little narrower, where one would be alone in the next row."""


def embedding_figure(
    results: Results,
    session: str,
    *,
    colour: str | Sequence[str] | None = None,
    split_by: str | None = None,
    rows: Literal["all", "test"] = "all",
    baselines: bool = False,
    directions: bool = False,
) -> Figure | None:
    """Every embedding of a session, first fold and seed, coloured by labels.

    Args:
        results: the results.
        session: the session.
        colour: a label or several, each with panels of its own; labels that this session lacks
            are left out. None for the first label but ``part``.
        split_by: a discrete label with two ids, each with a colormap of its own.
        rows: all rows, or those of the test part.
        baselines: draw what is stored of baselines too, e.g. PCA.
        directions: classes are directions of 45° each, and named so.

    Returns:
        The figure; None without an embedding.

    Raises:
        KeyError: the session has none of the labels.
        ValueError: ``rows`` is neither, or labels do not fit, see :func:`label_colours`.
    """
    if rows not in ("all", "test"):
        raise ValueError(f"rows must be all or test, got {rows!r}")
    panels = _panels(results, session, rows, baselines=baselines)
    if not panels:
        return None
    names = _label_names(panels[0].recording, colour)
    blocks = [_layout(panels, name) for name in names]
    heights = [len(block) for block in blocks]
    columns = max(len(row) for block in blocks for row in block)
    width, height = style.SMALL_PANEL_INCHES
    width = min(width, (style.WIDEST_INCHES - KEY_INCHES) / columns)
    with house_style():
        figure = new_figure((columns * width + KEY_INCHES, sum(heights) * height + 0.5))
        parts = np.ravel(figure.subfigures(len(blocks), 1, height_ratios=heights, squeeze=False))
        for part, name, block in zip(parts, names, blocks, strict=True):
            _draw_block(part, name, block, columns, split_by, directions)
        shown = " and by ".join(name.replace("_", " ") for name in names)
        what = "embeddings of test rows" if rows == "test" else "embeddings"
        title = f"{session}: {what} coloured by {shown}"
        finish(figure, title, [panel.variant for panel in panels])
        lay_cubes(figure)
    return figure


@dataclass(frozen=True, eq=False)
class _Panel:
    """An embedding with the rows of its recording that it is of."""

    variant: Variant
    embedding: np.ndarray
    recording: Recording
    rows: np.ndarray

    def label(self, name: str) -> Label:
        label = self.recording.label(name)
        return replace(label, values=label.values[self.rows])


_Cell = tuple[_Panel, int, str]
"""A panel, the coordinate of the label that colours it, and what its title says of that."""


def _panels(results: Results, session: str, rows: str, *, baselines: bool) -> list[_Panel]:
    kinds = ("encoder", "control", "baseline") if baselines else ("encoder", "control")
    panels: list[_Panel] = []
    for variant in results.variants:
        embedding = results.embedding(session, variant.name) if variant.kind in kinds else None
        if embedding is None:
            continue
        same = (p.recording for p in panels if p.variant.population == variant.population)
        recording = next(same, None) or results.recording(session, variant.population)
        chosen = np.arange(len(embedding))
        if rows == "test":
            chosen = np.flatnonzero(results.part(session, variant.population) == _TEST)
        panels.append(_Panel(variant, embedding[chosen], recording, chosen))
    return panels


def _label_names(recording: Recording, colour: str | Sequence[str] | None) -> list[str]:
    if colour is None:
        usual = [name for name in recording.labels if name != "part"]
        colour = (usual or list(recording.labels))[:1]
    wanted = [colour] if isinstance(colour, str) else list(colour)
    there = [name for name in wanted if name in recording.labels]
    if not there:
        raise KeyError(
            f"colour must be a label of {recording.name}, which has {', '.join(recording.labels)}; "
            f"got {', '.join(wanted) or 'none'}"
        )
    return there


def _layout(panels: list[_Panel], name: str) -> list[list[_Cell]]:
    """Rows of panels: a population starts a row, coordinates of one embedding stay together."""
    coordinates = list(label_columns(panels[0].label(name), name))
    rows = []
    for population in dict.fromkeys(panel.variant.population for panel in panels):
        cells = [
            (panel, number, f": {text.rsplit(' ', 1)[1]}" if len(coordinates) > 1 else "")
            for panel in panels
            if panel.variant.population == population
            for number, text in enumerate(coordinates)
        ]
        alone = len(cells) == _MOST_IN_A_ROW and len(coordinates) == 1
        n = _MOST_IN_A_ROW if alone else _PANELS_IN_A_ROW
        rows += [cells[start : start + n] for start in range(0, len(cells), n)]
    return rows


def _draw_block(
    figure: Any,
    name: str,
    block: list[list[_Cell]],
    columns: int,
    split_by: str | None,
    directions: bool,
) -> None:
    """All panels of one label with one key."""
    panels = list({panel.variant: panel for row in block for panel, *_ in row}.values())
    labels = {panel.variant: panel.label(name) for panel in panels}
    splits = {} if split_by is None else {p.variant: p.label(split_by) for p in panels}
    colours = label_colours(
        list(labels.values()),
        name,
        split_by=list(splits.values()),
        split_name=split_by or "",
        directions=directions,
    )
    axes = []
    for row, cells in enumerate(block):
        for column, (panel, coordinate, text) in enumerate(cells):
            solid = "3d" if panel.embedding.shape[1] >= MAX_DIM else None
            place = (len(block), columns, row * columns + column + 1)
            axes.append(figure.add_subplot(*place, projection=solid))
            title = f"{style.variant_label(panel.variant)}{text}"
            plot_embedding(
                panel.embedding,
                labels[panel.variant],
                name,
                coordinate=coordinate,
                split_by=splits.get(panel.variant),
                ax=axes[-1],
                title=textwrap.fill(title, _TITLE_LETTERS),
                colours=colours,
                key=False,
            )
    shown = np.concatenate([label.values.reshape(-1) for label in labels.values()])
    colours.add_key(figure, axes, shown)
