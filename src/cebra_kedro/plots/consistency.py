"""Figures of consistency: between seeds and kinds of encoders of a session, and between sessions.

Each heat map is drawn by ``plot_pairs``.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cebra_kedro.plots import style
from cebra_kedro.plots.canvas import house_style, new_figure
from cebra_kedro.plots.consistency_panel import (
    CONSISTENCY_LOOK,
    Look,
    add_bar,
    are_upright,
    check_r2,
    plot_pairs,
)
from cebra_kedro.plots.panels import finish
from cebra_kedro.plots.results import Results, Variant

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ACROSS = {"encoders": "sessions", "populations": "sessions and populations"}
"""Pairs within a session → pairs of two sessions that differ in the same way besides."""
_CELL_INCHES = 0.42
_LEAST_MAP_INCHES = 0.9
_LEAST_PITCH_INCHES = 1.25
_LARGEST_CELL_INCHES = 0.6
_LEAST_LETTERS, _MOST_LETTERS = 10, 24
"""In a line of the title of a map: what a mean takes, and for how many there is always room."""
_LETTER_INCHES = 0.075
_SOURCE_INCHES = 0.35
_BAR_INCHES = 0.9
_ALMOST_ALL = 0.9

Maps = dict[str, pd.DataFrame]
"""Title → R², rows source, columns target."""


def consistency_figure(results: Results, session: str | None) -> Figure | None:
    """Heat maps of a session (seeds of each variant, kinds of encoders), or between sessions.

    Between sessions there is a map for each variant and alignment; where presentations were
    compared, one map, with the pairs within a session on its diagonal. Means are over all pairs
    that fall into a cell.

    Args:
        results: the results.
        session: the session; None for what is between sessions.

    Returns:
        The figure; None without any such pair.
    """
    if results.consistency.empty:
        return None
    pairs = _named(results.consistency)
    within = pairs["source_session"] == pairs["target_session"]
    if session is None:
        blocks = _between_sessions(pairs, within, results)
        title = "Consistency between sessions"
    else:
        blocks = _of_session(pairs[within & (pairs["source_session"] == session)], results)
        title = f"{session}: consistency"
    blocks = {name: maps for name, maps in blocks.items() if maps}
    for maps in blocks.values():
        for matrix in maps.values():
            check_r2(matrix)
    named = {one for maps in blocks.values() for one in maps}
    named |= {str(one) for maps in blocks.values() for m in maps.values() for one in m}
    shown = [v for v in results.variants if {v.name, style.variant_label(v)} & named]
    return draw_maps(blocks, title, shown, CONSISTENCY_LOOK) if blocks else None


def mean_between(matrix: pd.DataFrame) -> float:
    """Mean R² over the cells of two different names; NaN without any."""
    values = matrix.to_numpy(float)
    pairs = matrix.index.to_numpy()[:, None] != matrix.columns.to_numpy()
    there = values[pairs & np.isfinite(values)]
    return float(there.mean()) if len(there) else float("nan")


def _named(table: pd.DataFrame) -> pd.DataFrame:
    """The table with session, variant and run of both ends."""
    ends = {}
    for end in ("source", "target"):
        parts = table[end].str.split("/", expand=True)
        for number, name in enumerate(("session", "variant", "run")):
            ends[f"{end}_{name}"] = parts.get(number, "")
    return table.assign(**ends)


def _of_session(pairs: pd.DataFrame, results: Results) -> dict[str, Maps]:
    """Seeds, a map for each variant; and kinds of encoders, or populations, in one map."""
    seeds = pairs[pairs["between"] == "seeds"]
    runs = seeds.assign(
        source=seeds["source_run"].str.extract(r"(seed\d+)$", expand=False),
        target=seeds["target_run"].str.extract(r"(seed\d+)$", expand=False),
    )
    of_seeds = {
        style.variant_label(variant): _matrix(runs[runs["source_variant"] == variant.name])
        for variant in results.variants
        if (runs["source_variant"] == variant.name).any()
    }
    kinds = pairs[pairs["between"].isin(list(_ACROSS))]
    of_kinds = kinds.assign(source=kinds["source_variant"], target=kinds["target_variant"])
    order = [one.name for one in results.variants]
    whole = {"": _matrix(of_kinds, order)} if len(kinds) else {}
    found = [str(kind) for kind in pd.unique(kinds["between"])]
    return {"between seeds": of_seeds, f"between {' and '.join(found)}": whole}


def _between_sessions(pairs: pd.DataFrame, within: pd.Series, results: Results) -> dict[str, Maps]:
    """A block for each alignment with a map for each variant, or one block of presentations."""
    sessions = pairs.assign(source=pairs["source_session"], target=pairs["target_session"])
    same = pairs["source_variant"] == pairs["target_variant"]
    blocks: dict[str, Maps] = {}
    for kind in pd.unique(sessions.loc[~within & same, "between"]):
        of_kind = sessions[~within & same & (sessions["between"] == kind)]
        aligned = str(kind).removeprefix("sessions").removeprefix("_by_").replace("_", " ")
        blocks[f"aligned by {aligned}" if aligned else ""] = {
            style.variant_label(variant): _matrix(
                of_kind[of_kind["source_variant"] == variant.name], results.sessions
            )
            for variant in results.variants
            if (of_kind["source_variant"] == variant.name).any()
        }
    if (~within & ~same).any():
        maps = {}
        for kind, across in _ACROSS.items():
            chosen = sessions[
                (within & (sessions["between"] == kind))
                | (~within & ~same & (sessions["between"] == across))
            ]
            if len(chosen):
                maps[f"between {kind}"] = _matrix(chosen, results.sessions)
        blocks[", frame by frame"] = maps
    return blocks


def _matrix(pairs: pd.DataFrame, order: Any = ()) -> pd.DataFrame:
    """Mean R² of each source and target, in the given order, or else in that of the table."""
    there = list(pd.unique(pd.concat([pairs["source"], pairs["target"]])))
    names = [name for name in order if name in there] or sorted(there)
    mean = pairs.pivot_table(index="source", columns="target", values="r2", aggfunc="mean")
    return mean.reindex(index=names, columns=names)


@dataclass(frozen=True)
class _Grid:
    """How the maps of a block are laid out.

    Attributes:
        rows: rows of maps.
        columns: maps in a row.
        cell: width of a cell in inches.
        pitch: from a map to the one right of it, in inches.
        names: width of a map's names in inches.
        shared: all maps have the same names, which stand left of each row and below each column.
        titles: of the maps.
    """

    rows: int
    columns: int
    cell: float
    pitch: float
    names: float
    shared: bool
    titles: tuple[str, ...]

    @property
    def width(self) -> float:
        """Width of the block in inches."""
        beside = self.names * (self.shared or self.columns)
        return self.columns * self.pitch + beside + _SOURCE_INCHES + _BAR_INCHES

    def height(self, side: int, upright: bool) -> float:
        """Height of the block of maps of so many cells, in inches."""
        lines = 1 + max(title.count("\n") for title in self.titles)
        of_map = max(self.cell * side, _LEAST_MAP_INCHES) + style.LINE_INCHES * lines + 0.2
        below = 0.3 + (self.names if upright else 0.15)
        ragged = self.rows > 1 and self.rows * self.columns > len(self.titles)
        named = (1 + ragged) if self.shared else self.rows
        return self.rows * of_map + named * below


def _grid(maps: Maps, look: Look) -> _Grid:
    """As many maps in a row as fit, with cells as large as usual where one of them does."""
    side = max(len(matrix) for matrix in maps.values())
    labels = [tuple(matrix.index) for matrix in maps.values()]
    names = _LETTER_INCHES * max(len(one) for matrix in maps.values() for one in _names(matrix))
    room = style.WIDEST_INCHES - _BAR_INCHES - _SOURCE_INCHES
    shared = len(set(labels)) == 1
    cell = max(_CELL_INCHES, _LEAST_MAP_INCHES / side)
    if not are_upright([one for m in maps.values() for one in _names(m)], _LARGEST_CELL_INCHES):
        cell = max(cell, names + 0.02)  # so that names need not stand upright
    cell = min(cell, (room - names) / side)
    lines = [line for one in maps.items() for line in _title(*one, look).split("\n")]
    longest = min(_MOST_LETTERS, max(map(len, lines))) * style.TITLE_LETTER_INCHES + 0.12
    pitch = max(cell * side + 0.15, _LEAST_PITCH_INCHES, longest)
    cell = max(cell, min(_LARGEST_CELL_INCHES, (pitch - 0.15) / side))
    columns = int((room - names) / pitch) if shared else int(room / (pitch + names))
    columns = min(len(maps), max(1, columns))
    rows = -(-len(maps) // columns)
    columns = -(-len(maps) // rows)
    # One map alone has the room beside it for its title.
    wide = pitch + names if columns == 1 else pitch + names * (not shared)
    letters = int((wide - 0.1) / style.TITLE_LETTER_INCHES)
    titles = tuple(_title(text, matrix, look, letters) for text, matrix in maps.items())
    return _Grid(rows, columns, cell, pitch, names, shared, titles)


def draw_maps(
    blocks: dict[str, Maps], title: str, shown: Sequence[Variant], look: Look, note: str = ""
) -> Figure:
    """A block below the other, its maps side by side under one colour bar.

    Args:
        blocks: name → maps, at least one of one map.
        title: title over the whole figure.
        shown: variants whose names stand on it.
        look: colours and texts of the maps.
        note: a sentence without a full stop below.
    """
    grids = {name: _grid(maps, look) for name, maps in blocks.items()}
    heights = [
        grid.height(
            max(len(matrix) for matrix in maps.values()),
            any(are_upright(_names(matrix), grid.cell) for matrix in maps.values()),
        )
        + 0.4 * bool(name)
        for (name, maps), grid in zip(blocks.items(), grids.values(), strict=True)
    ]
    matrices = [matrix for maps in blocks.values() for matrix in maps.values()]
    values = np.concatenate([matrix.to_numpy(float).ravel() for matrix in matrices])
    with house_style():
        widest = max(4.5, *(grid.width for grid in grids.values()))
        figure = new_figure((min(widest, style.WIDEST_INCHES), sum(heights) + 0.4))
        parts = np.ravel(figure.subfigures(len(blocks), 1, height_ratios=heights, squeeze=False))
        for part, (name, maps) in zip(parts, blocks.items(), strict=True):
            middle = _middle(part, grids[name].width / figure.get_figwidth())
            used = _draw_block(middle, maps, grids[name], look)
            add_bar(middle, used, used[0].images[0], look, values)
            if name and len(blocks) > 1:
                part.suptitle(name, fontsize=10)
        whole = f"{title} {next(iter(blocks))}".replace(" ,", ",") if len(blocks) == 1 else title
        finish(figure, whole.strip(), shown, note)
    return figure


def _middle(part: Any, share: float) -> Any:
    """This share of the width of a part of a figure; all of it if that is little more."""
    if share > _ALMOST_ALL:
        return part
    beside = (1 - share) / 2
    return part.subfigures(1, 3, width_ratios=(beside, share, beside))[1]


def _draw_block(part: Any, maps: Maps, grid: _Grid, look: Look) -> list[Any]:
    """The maps of one block, with their names once a row and once a column if they are the same."""
    axes = np.ravel(part.subplots(grid.rows, grid.columns, squeeze=False))
    for number, (ax, matrix, text) in enumerate(
        zip(axes, maps.values(), grid.titles, strict=False)
    ):
        plot_pairs(matrix, look, ax=ax, title=text, bar=False, cell_inches=grid.cell)
        if number % grid.columns:
            ax.set_ylabel("")
            ax.tick_params(labelleft=not grid.shared)
        if grid.shared and number + grid.columns < len(maps):
            ax.set_xlabel("")
            ax.tick_params(labelbottom=False)
    for ax in axes[len(maps) :]:
        ax.remove()
    return list(axes[: len(maps)])


def _names(matrix: pd.DataFrame) -> list[str]:
    return [style.variant_label(str(one)) for one in matrix.index]


def _title(text: str, matrix: pd.DataFrame, look: Look, letters: int = 1000) -> str:
    """Name of the map, and its means: off the diagonal and, if there is one, on it."""
    within = np.diag(matrix.to_numpy(float))
    between = mean_between(matrix)
    means = [f"{look.mean} {look.text(between)}"] if np.isfinite(between) else []
    if np.isfinite(within).any():
        means.append(f"within {look.text(float(np.nanmean(within)))}")
    lines = filter(None, [text, ", ".join(means)])
    return "\n".join(textwrap.fill(line, max(letters, _LEAST_LETTERS)) for line in lines)
