"""Figures of consistency: between seeds and kinds of encoders of a session, and between sessions.

Each heat map is drawn by ``plot_consistency``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cebra_kedro.plots import style
from cebra_kedro.plots.canvas import house_style, new_figure
from cebra_kedro.plots.consistency_panel import add_r2_bar, plot_consistency
from cebra_kedro.plots.panels import finish
from cebra_kedro.plots.results import Results

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ACROSS = {"encoders": "sessions", "populations": "sessions and populations"}
"""Pairs within a session → pairs of two sessions that differ in the same way besides."""
_CELL_INCHES = 0.42
_LETTER_INCHES = 0.075
_BAR_INCHES = 0.9

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
    return _draw(blocks, title, results) if blocks else None


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


def _draw(blocks: dict[str, Maps], title: str, results: Results) -> Figure:
    """A block below the other, its maps side by side under one colour bar."""
    grids, sizes = {}, {}
    for name, maps in blocks.items():
        side = max(len(matrix) for matrix in maps.values())
        letters = max(len(style.variant_label(str(one))) for m in maps.values() for one in m.index)
        cell = max(_CELL_INCHES * side, 0.9)
        width, height = cell + _LETTER_INCHES * letters + 0.35, cell + 0.95
        height += _LETTER_INCHES * letters if letters > 8 else 0.15
        columns = min(len(maps), max(1, int((style.WIDEST_INCHES - _BAR_INCHES) / width)))
        rows = -(-len(maps) // columns)
        grids[name] = (rows, -(-len(maps) // rows))
        sizes[name] = (grids[name][1] * width + _BAR_INCHES, rows * height + 0.3 * bool(name))
    heights = [height for _, height in sizes.values()]
    lowest = min(0.0, *(float(np.nanmin(m)) for maps in blocks.values() for m in maps.values()))
    with house_style():
        widest = max(4.5, *(width for width, _ in sizes.values()))
        figure = new_figure((widest, sum(heights) + 0.4))
        parts = np.ravel(figure.subfigures(len(blocks), 1, height_ratios=heights, squeeze=False))
        for part, (name, maps) in zip(parts, blocks.items(), strict=True):
            axes = np.ravel(part.subplots(*grids[name], squeeze=False))
            for number, (ax, (text, matrix)) in enumerate(zip(axes, maps.items(), strict=False)):
                plot_consistency(matrix, ax=ax, title=_title(text, matrix), bar=False)
                if number % grids[name][1]:
                    ax.set_ylabel("")
            for ax in axes[len(maps) :]:
                ax.remove()
            used = list(axes[: len(maps)])
            add_r2_bar(part, used, used[0].images[0], below=lowest < 0)
            if name and len(blocks) > 1:
                part.suptitle(name, fontsize=10)
        whole = f"{title} {next(iter(blocks))}".replace(" ,", ",") if len(blocks) == 1 else title
        finish(figure, whole.strip(), results.variants)
    return figure


def _title(text: str, matrix: pd.DataFrame) -> str:
    """Name of the map, and its means: off the diagonal and, if there is one, on it."""
    within = np.diag(matrix.to_numpy(float))
    means = [f"mean {mean_between(matrix):.2f}"] if np.isfinite(mean_between(matrix)) else []
    if np.isfinite(within).any():
        means.append(f"within {np.nanmean(within):.2f}")
    return "\n".join(filter(None, [text, ", ".join(means)]))
