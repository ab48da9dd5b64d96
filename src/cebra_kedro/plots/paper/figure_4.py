"""Figure 4: consistency across neurons, modalities and areas of mouse visual cortex.

Each panel takes the contents of published files, draws on an optional ``ax`` (several axes share
its place) and returns the numbers drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cebra_kedro.plots.canvas import Drawn
from cebra_kedro.plots.paper import marks, numbers
from cebra_kedro.plots.paper.contents import Files, array, pick, with_columns

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FILE = "Figure4Revision.h5"
NEURONS = (10, 30, 50, 100, 200, 400, 600, 800, 900, 1000)
SHOWN = NEURONS[:-1]
"""Neuron counts of the grids of embeddings; 1000 is stored, not drawn."""
DIMENSIONS = (3, 4, 8, 16, 32, 64, 128)
AREAS = ("VISal", "VISrl", "VISl", "VISp", "VISam", "VISpm")
N_FRAMES = 900


def panel_c(files: Files, *, ax: Axes | None = None) -> Drawn:
    """4c: embeddings of Neuropixels recordings, coloured by movie frame.

    Args:
        files: content of ``Figure4Revision.h5``.
        ax: axes whose place is used; None for a new figure.

    Returns:
        Samples drawn of each neuron count.

    Raises:
        ValueError: a key is missing or an array has another shape.
    """
    return _embeddings(files, "np", ax)


def panel_d(files: Files, *, ax: Axes | None = None) -> Drawn:
    """4d: embeddings of calcium recordings, as :func:`panel_c`."""
    return _embeddings(files, "ca", ax)


def panel_f(files: Files, *, ax: Axes | None = None) -> Drawn:
    """4f: joint embeddings, those of Neuropixels recordings, as :func:`panel_c`."""
    return _embeddings(files, "joint-np", ax)


def panel_g(files: Files, *, ax: Axes | None = None) -> Drawn:
    """4g: joint embeddings, those of calcium recordings, as :func:`panel_c`."""
    return _embeddings(files, "joint-ca", ax)


def _embeddings(files: Files, kind: str, ax: Axes | None) -> Drawn:
    per_frame = 4 if kind.endswith("np") else 1
    rows = []
    with marks.paper_style():
        axes = marks.split(ax, 3, 4, size_inches=(3.5, 3.0), width_ratios=(1, 1, 1, 0.45))
        for index, one in enumerate(axes):
            if index % 4 == 3:
                one.set_axis_off()
                continue
            count = SHOWN[index // 4 * 3 + index % 4]
            points = array(files, FILE, "visualization", kind, count, columns=2)[:, :2]
            if len(points) % (N_FRAMES * per_frame):
                raise ValueError(
                    f"{FILE}: visualization/{kind}/{count} must hold whole movies of "
                    f"{N_FRAMES * per_frame} rows, got {len(points)}; use the published file"
                )
            frame = np.arange(len(points)) // per_frame % N_FRAMES
            drawn = marks.cloud(one, points, size=0.5, c=frame, cmap="magma")
            one.set_title(f"{count} neurons")
            rows.append(numbers.number(kind, "samples drawn", len(points), "", f"{count} neurons"))
        marks.colour_bar(axes[7], drawn, "movie frame")
    return Drawn(tuple(axes), numbers.table(rows))


def panel_e(files: Files, *, ax: Axes | None = None) -> Drawn:
    """4e: consistency between the modalities, each with a model of its own, by neuron count.

    Args:
        files: content of ``Figure4Revision.h5``.
        ax: axes whose place is used; None for a new figure.

    Returns:
        Mean R² and its error, of each dimension and neuron count.

    Raises:
        ValueError: a key is missing or there are not ten values.
    """
    return _by_neurons(files, "individual", ax)


def panel_h(files: Files, *, ax: Axes | None = None) -> Drawn:
    """4h: consistency between the modalities in joint models, as :func:`panel_e`."""
    return _by_neurons(files, "joint", ax)


def _by_neurons(files: Files, kind: str, ax: Axes | None) -> Drawn:
    rows = []
    with marks.paper_style():
        (one,) = marks.split(ax, size_inches=(3.5, 2.4))
        for index, dimension in enumerate(DIMENSIONS):
            mean, error = (
                _ten(files, "consistency", kind, part, dimension) for part in ("mean", "err")
            )
            one.errorbar(
                range(len(NEURONS)),
                mean,
                error,
                color="black",
                alpha=0.1 * (index + 1),
                lw=1.2,
                label=str(dimension),
            )
            for count, value, width in zip(NEURONS, mean, error, strict=True):
                name, item = f"dimension {dimension}", f"{count} neurons"
                rows.append(numbers.number(name, "mean R²", value, "", item))
                rows.append(numbers.number(name, "error of R²", width, "", item))
        one.set_xticks(range(len(NEURONS)), [str(count) for count in NEURONS], fontsize=6)
        one.set_yticks(np.arange(0, 1.01, 0.25))
        one.set(xlabel="# Neurons", ylabel="R²", ylim=(-0.02, 1.05))
        one.legend(title="Dimension", loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return Drawn((one,), numbers.table(rows))


def _ten(files: Files, *path: Any) -> np.ndarray:
    values = array(files, FILE, *path)
    if len(values) != len(NEURONS):
        raise ValueError(
            f"{FILE}: {'/'.join(map(str, path))} must hold a value for each of {len(NEURONS)} "
            f"neuron counts, got {len(values)}; use the published file"
        )
    return values


def panel_j(files: Files, *, ax: Axes | None = None) -> Drawn:
    """4j: consistency within and between areas, mean of both directions.

    Args:
        files: content of ``Figure4Revision.h5``.
        ax: axes whose place is used; None for a new figure.

    Returns:
        Each cell of the lower triangle, in percent.

    Raises:
        ValueError: an area is missing.
    """
    try:
        table = pd.DataFrame(pick(files, FILE, "cortices_consistency", "joint_cortices"))
        square = table.loc[list(AREAS), list(AREAS)].astype(float)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{FILE}: cortices_consistency/joint_cortices must be a table of R² with the rows and "
            f"columns {', '.join(AREAS)} ({error})"
        ) from error
    cells = (square.to_numpy() + square.to_numpy().T) / 2
    lower = np.where(np.tri(len(AREAS), dtype=bool), cells, np.nan)
    with marks.paper_style():
        one, side = marks.split(ax, 1, 2, size_inches=(3.5, 2.6), width_ratios=(1, 0.25))
        drawn = marks.heat_map(one, lower, AREAS, limits=(70, 100), size=7)
        one.tick_params(axis="x", labelrotation=45)
        bar = marks.colour_bar(side, drawn, "R² (%)")
        bar.set_ticks(range(70, 101, 5))
    rows = [
        numbers.number("joint", "r2", lower[i, j], "%", f"{AREAS[i]}, {AREAS[j]}")
        for i in range(len(AREAS))
        for j in range(i + 1)
    ]
    return Drawn((one,), numbers.table(rows))


def panel_k(files: Files, *, ax: Axes | None = None) -> Drawn:
    """4k: consistency of runs within an area and between areas; VISp is purple.

    Args:
        files: content of ``Figure4Revision.h5``.
        ax: axes whose place is used; None for a new figure.

    Returns:
        The two means that the line joins, counts, and Welch's test of VISp within against between.

    Raises:
        ValueError: a key or a column is missing, or ``area`` has another length than the runs.
    """
    runs = _runs(files)
    primary = {
        "intra": runs[(runs["kind"] == "intra") & (runs["area"] == "primary")]["value"],
        "inter": runs[runs["area"].isin(_compounds(runs["area"]))]["value"],
    }
    with marks.paper_style():
        (one,) = marks.split(ax, size_inches=(2.4, 2.4))
        for place, kind in enumerate(primary):
            of_kind = runs[runs["kind"] == kind]
            purple = (of_kind["area"] == "primary") & (kind == "intra")
            x = place + marks.spread(len(of_kind), 0.4)
            colours = np.where(purple, marks.VIOLET, "gray")
            one.scatter(x, of_kind["value"], c=colours, s=6, linewidths=0)
        means = [float(values.mean()) for values in primary.values()]
        one.plot((0, 1), means, "o-", color=marks.VIOLET, ms=4, lw=1.5, label="VISp, mean")
        one.set_xticks((0, 1), list(primary))
        low = min(50.0, float(runs["value"].min()) - 1)
        one.set(xlim=(-0.5, 1.5), ylim=(low, 100), ylabel="R² (%)")
        one.legend(loc="lower left")
    rows = [
        numbers.number(f"VISp {kind}", "mean R²", mean, "%")
        for kind, mean in zip(primary, means, strict=True)
    ]
    counts = [numbers.number(kind, "runs", int((runs["kind"] == kind).sum())) for kind in primary]
    return Drawn((one,), numbers.table([*rows, *counts, *_visp_test(runs)]))


def _runs(files: Files) -> pd.DataFrame:
    """Rows of both tables one below the other, with the columns ``kind`` and ``area``."""
    path = ("cortices_consistency", "joint_v1")
    tables = [
        with_columns(
            pick(files, FILE, *path, kind),
            f"{FILE}: {'/'.join(path)}/{kind}",
            ("Area1", "Area2", "value"),
        ).assign(kind=kind)
        for kind in ("intra", "inter")
    ]
    runs = pd.concat(tables, ignore_index=True)
    area = list(pick(files, FILE, *path, "area"))
    if len(area) != len(runs):
        raise ValueError(
            f"{FILE}: {'/'.join(path)}/area must name each of the {len(runs)} runs, got {len(area)}"
        )
    return runs.assign(area=area, value=runs["value"].astype(float))


def _compounds(area: pd.Series) -> list[str]:
    """The first two names such as ``primary-lateral``, in order of appearance."""
    names = [name for name in area.unique() if "primary" in str(name) and "-" in str(name)]
    return names[:2]


def _visp_test(runs: pd.DataFrame) -> list[numbers.Row]:
    inside = (runs["Area1"] == "VISp") & (runs["Area2"] == "VISp") & (runs["kind"] == "intra")
    outside = ((runs["Area1"] == "VISp") | (runs["Area2"] == "VISp")) & (runs["kind"] == "inter")
    groups: Mapping[str, np.ndarray] = {
        "within": runs.loc[inside, "value"].to_numpy(),
        "between": runs.loc[outside, "value"].to_numpy(),
    }
    if min(map(len, groups.values())) < 2:
        return []
    return numbers.welch_greater("VISp intra > inter", groups["within"], groups["between"])
