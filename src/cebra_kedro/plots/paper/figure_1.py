"""Figure 1: recovery of a synthetic latent, embeddings of a rat, consistency between rats.

Each panel takes the contents of published files, draws on an optional ``ax`` (several axes share
its place) and returns the numbers drawn. Reading files is left to ``sources.published_results``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from cebra_kedro.plots.canvas import Drawn
from cebra_kedro.plots.paper import marks, numbers
from cebra_kedro.plots.paper.contents import Files, array, columns_of, same_length
from cebra_kedro.plots.paper.runs import vectors_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FILE = "Figure1.h5"
METHODS = {
    "cebra": "CEBRA",
    "pivae": "piVAE",
    "autolfads": "autoLFADS",
    "tsne": "tSNE",
    "umap": "UMAP",
}
EMBEDDINGS = {
    "cebra": "CEBRA-Behavior",
    "cebra_time": "CEBRA-Time",
    "pivae_w": "conv-piVAE w/ labels",
    "pivae_wo": "conv-piVAE",
    "autolfads": "autoLFADS",
    "tsne": "tSNE",
    "umap": "UMAP",
}
RUNS = {
    "CEBRA-Behavior": "results_v3/cebra-10-b.csv",
    "CEBRA-Time": "results_v3/cebra-10-t.csv",
    "conv-piVAE w/ labels": "results_v3/pivae-10-w.csv",
    "conv-piVAE": "results_v3/pivae-10-wo.csv",
    "tSNE": "results_v3/tsne.csv",
    "UMAP": "results_v3/umap.csv",
}
RATS = ("achilles", "buddy", "cicero", "gatsby")
# In no data file: a literal of the paper's figure script. Rows are rats, each with the others.
AUTOLFADS_CONSISTENCY = (
    (0.52405768, 0.54354575, 0.5984262),
    (0.61116595, 0.59024053, 0.747014),
    (0.68505602, 0.60948229, 0.57858312),
    (0.77841349, 0.78809085, 0.65031025),
)


def panel_b_left(files: Files, *, ax: Axes | None = None) -> Drawn:
    """1b left: true and reconstructed latent, coloured by the behaviour variable.

    Args:
        files: content of ``Figure1.h5``.
        ax: axes whose place is used; None for a new figure.

    Returns:
        R² of the reconstruction, over both latents and of each.

    Raises:
        ValueError: a key is missing or an array has another shape.
    """
    true = array(files, FILE, "synthetic_viz", "true", columns=2)[:, :2]
    cebra = array(files, FILE, "synthetic_viz", "cebra", columns=2)[:, :2]
    label = array(files, FILE, "synthetic_viz", "label")
    same_length(f"{FILE}: synthetic_viz true, cebra and label", true=true, cebra=cebra, label=label)
    with marks.paper_style():
        axes = marks.split(ax, 1, 3, size_inches=(3.5, 1.7), width_ratios=(1, 1, 0.35))
        for one, points, title in zip(
            axes, (true, cebra), ("True latent", "Reconstructed latent"), strict=False
        ):
            drawn = marks.cloud(one, points, size=1, c=label, cmap="cool")
            one.set_title(title)
        marks.colour_bar(axes[-1], drawn, "behaviour variable (rad)")
    scores = {
        "both latents": numbers.r2(true, cebra),
        "latent 1": numbers.r2(true[:, 0], cebra[:, 0]),
        "latent 2": numbers.r2(true[:, 1], cebra[:, 1]),
    }
    rows = [numbers.number("CEBRA", "r2", 100 * r2, "%", item) for item, r2 in scores.items()]
    return Drawn(tuple(axes[:-1]), numbers.table(rows))


def panel_b_right(files: Files, *, ax: Axes | None = None) -> Drawn:
    """1b right: reconstruction score of five methods, a dot for each of 100 seeds.

    Args:
        files: content of ``Figure1.h5``.
        ax: axes whose place is used; None for a new figure.

    Returns:
        Summary of each method, ANOVA and Tukey's HSD, in percent.

    Raises:
        ValueError: a key is missing or scores are no numbers.
    """
    groups = {
        label: 100 * array(files, FILE, "synthetic_scores", name) for name, label in METHODS.items()
    }
    with marks.paper_style():
        (one,) = marks.split(ax, size_inches=(3.5, 2.2))
        marks.strip(one, groups)
        one.set_ylabel("reconstruction R² (%)")
        low = min(70.0, *(float(values.min()) - 1 for values in groups.values()))
        one.set_ylim(low, 100)
        one.set_yticks(range(70, 101, 10))
        marks.median_legend(one, "seed", loc="upper right")
    rows = [row for name, values in groups.items() for row in numbers.summary(name, values, "%")]
    return Drawn((one,), numbers.table([*rows, *numbers.anova_and_tukey(groups, "%")]))


def panel_d(files: Files, *, ax: Axes | None = None) -> Drawn:
    """1d: embeddings of rat achilles by seven methods, coloured by position and direction.

    Args:
        files: content of ``Figure1.h5``.
        ax: axes whose place is used; None for a new figure.

    Returns:
        Time bins drawn of each method and direction.

    Raises:
        ValueError: a key is missing or an embedding is longer than the label.
    """
    label = array(files, FILE, "visualization", "label", columns=3)
    rows = []
    with marks.paper_style():
        projections = ["3d", "3d", *[None] * 6]
        axes = marks.split(ax, 2, 4, size_inches=(7.2, 3.6), projection=projections)
        for one, (name, title) in zip(axes, EMBEDDINGS.items(), strict=False):
            points = _on_label(files, name, label)
            if points.shape[1] == 3:
                drawn = marks.directions(one, points, label, size=0.5, zoom=0.95)
                one.set(xlim=(-0.7, 0.7), ylim=(-0.7, 0.7), zlim=(-0.7, 0.7))
            else:
                order = {marks.RIGHT: "viridis", marks.LEFT: "cool"}
                drawn = marks.directions(one, points, label, size=0.5, colormaps=order)
            one.set_title(title)
            for flag, direction in ((marks.LEFT, "left"), (marks.RIGHT, "right")):
                count = len(drawn[flag].get_offsets())
                rows.append(numbers.number(title, "time bins drawn", count, "", direction))
        marks.direction_bars(axes[-1], drawn)
    return Drawn(tuple(axes[:-1]), numbers.table(rows))


def _on_label(files: Files, name: str, label: np.ndarray) -> np.ndarray:
    """Coordinates as the paper shows them; shorter embeddings end in NaN."""
    solid = name.startswith("cebra")
    points = array(files, FILE, "visualization", name, columns=3 if solid else 2)
    missing = len(label) - len(points)
    if missing < 0:
        raise ValueError(
            f"{FILE}: visualization/{name} must be at most as long as visualization/label "
            f"({len(label)}), got {len(points)}; use the published file"
        )
    points = np.pad(points, ((0, missing), (0, 0)), constant_values=np.nan)
    return points[:, :3] if solid else points[:, [1, 0]]


def panel_e(files: Files, *, ax: Axes | None = None) -> Drawn:
    """1e: consistency between rats (R²) of seven methods, a heat map each.

    Args:
        files: the tables of ``results_v3``.
        ax: axes whose place is used; None for a new figure.

    Returns:
        Each cell and the mean of each method, in percent.

    Raises:
        ValueError: a file, a column or a rat is missing.
    """
    matrices = {name: consistency_matrix(files, file) for name, file in RUNS.items()}
    order = [*list(RUNS)[:4], "autoLFADS", *list(RUNS)[4:]]
    matrices["autoLFADS"] = _off_diagonal(np.array(AUTOLFADS_CONSISTENCY))
    initials = [rat[0].upper() for rat in RATS]
    rows = []
    with marks.paper_style():
        axes = marks.split(ax, 2, 4, size_inches=(7.2, 3.7))
        for one, name in zip(axes, order, strict=False):
            cells = 100 * matrices[name]
            image = marks.heat_map(one, cells, initials, limits=(20, 100), size=7)
            mean = float(np.nanmean(cells))
            one.set_title(f"{name} ({mean:.1f})")
            rows += [numbers.number(name, "r2_mean", mean, "%"), *_cells(name, cells)]
        marks.colour_bar(axes[-1], image, "R² between rats (%)")
    return Drawn(tuple(axes[:-1]), numbers.table(rows))


def consistency_matrix(files: Files, file: str) -> np.ndarray:
    """Mean over seeds and repeats of a rat's R² with the other three: array (4, 4), diagonal NaN.

    Which of the two rats the regression starts from is not stated in the files.
    """
    runs = columns_of(files, file, ("animal", "train"))
    r2 = vectors_of(runs["train"], f"{file}: train", len(RATS) - 1)
    present = set(runs["animal"])
    if present != set(range(len(RATS))):
        raise ValueError(
            f"{file}: column animal must hold 0, 1, 2 and 3, got {sorted(present)}; "
            "use the published file"
        )
    means = pd.DataFrame(r2).groupby(runs["animal"].to_numpy()).mean().sort_index()
    return _off_diagonal(means.to_numpy())


def _off_diagonal(rows: np.ndarray) -> np.ndarray:
    matrix = np.full((len(rows), len(rows)), np.nan)
    matrix[~np.eye(len(rows), dtype=bool)] = rows.ravel()
    return matrix


def _cells(method: str, cells: np.ndarray) -> list[numbers.Row]:
    return [
        numbers.number(method, "r2", value, "%", f"row {RATS[row]}, column {RATS[column]}")
        for (row, column), value in np.ndenumerate(cells)
        if row != column
    ]
