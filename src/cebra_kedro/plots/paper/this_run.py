"""Published results beside those of this project, where both measured the same quantity.

The published side comes from result files, the other one from the tables that runs leave; finding
and reading either is left to the caller, drawing to ``side_by_side``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cebra_kedro.plots import style
from cebra_kedro.plots.canvas import Drawn
from cebra_kedro.plots.paper import figure_1, figure_2_decoding, figure_3, figure_5
from cebra_kedro.plots.paper.contents import Files, array, with_columns
from cebra_kedro.plots.paper.runs import error_per_seed
from cebra_kedro.plots.paper.side_by_side import PAPERS_NAMES, Groups, side_by_side

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Comparison:
    """A panel "published | this run" of one figure.

    Attributes:
        name: of the picture.
        title: what is compared.
        draw: contents of files, our table, and an optional ``ax`` → the numbers drawn.
        files: published names of the files it needs.
        table: our table it needs, e.g. ``hippocampus/metrics``.
        size_inches: width and height.
    """

    name: str
    title: str
    draw: Callable[..., Drawn]
    files: tuple[str, ...]
    table: str
    size_inches: tuple[float, float] = (7.2, 2.5)


def rat_position_error(files: Files, table: pd.DataFrame, *, ax: Axes | None = None) -> Drawn:
    """Median position error on test trials of four rats, mean over splits of each seed, in cm.

    Args:
        files: the tables of ``results_v1``.
        table: our scores of experiment ``hippocampus``, with a column ``origin``.
        ax: axes whose place is used; None for a new figure.
    """
    published = {
        name: {
            rat: error_per_seed(files, figure_2_decoding.RUNS[name], animal).to_numpy()
            for animal, rat in enumerate(figure_1.RATS)
        }
        for name in ("CEBRA-Behavior", "CEBRA-Time", "PCA")
    }
    variants = ("position_direction", "time", "time_transductive", "pca")
    ours = _ours(table, "position_error_median", variants, unit="cm")
    return side_by_side(published, ours, table, "Position error (cm)", ax)


def rat_consistency(files: Files, table: pd.DataFrame, *, ax: Axes | None = None) -> Drawn:
    """R² between the embeddings of every two rats, both ways, in percent.

    Args:
        files: the tables of ``results_v3``.
        table: our table of consistency of experiment ``hippocampus``, with ``origin``.
        ax: axes whose place is used; None for a new figure.
    """
    published: Groups = {}
    for name in ("CEBRA-Behavior", "CEBRA-Time"):
        cells = 100 * figure_1.consistency_matrix(files, figure_1.RUNS[name])
        published[name] = {"rats": cells[np.isfinite(cells)]}
    pairs = with_columns(table, "consistency", ("between", "source", "target", "r2"))
    pairs = pairs[pairs["between"] == "sessions"]
    variant = pairs["source"].str.split("/").str[1]
    ours = {
        PAPERS_NAMES[name]: {"rats": 100 * pairs.loc[variant == name, "r2"].to_numpy()}
        for name in ("position_direction", "time", "pca")
        if (variant == name).any()
    }
    return side_by_side(published, ours, table, "R² between rats (%)", ax)


def reconstruction(files: Files, table: pd.DataFrame, *, ax: Axes | None = None) -> Drawn:
    """R² of the linear map from the embedding to the true latent, in percent, a dot for each seed.

    Args:
        files: content of ``Figure1.h5``.
        table: our scores of experiment ``synthetic``, with a column ``origin``.
        ax: axes whose place is used; None for a new figure.
    """
    published = {
        label: {"poisson": 100 * array(files, figure_1.FILE, "synthetic_scores", name)}
        for name, label in figure_1.METHODS.items()
        if name in ("cebra", "tsne", "umap")
    }
    # The paper fits the map and scores it on the same rows.
    metric = "reconstruction_r2_all_rows"
    if metric not in set(table["metric"]):
        metric = "reconstruction_r2"
    of_poisson = table[table["subject"] == "poisson"]
    chosen = of_poisson if len(of_poisson) else table
    variants = pd.unique(chosen.loc[chosen["metric"] == metric, "variant"])
    ours = _ours(chosen, metric, variants, unit="%")
    return side_by_side(published, ours, chosen, "Reconstruction R² (%)", ax)


def monkey_decoding(files: Files, table: pd.DataFrame, *, ax: Axes | None = None) -> Drawn:
    """Decoding of hand position (R²) and of direction from active reaches, in percent.

    Args:
        files: content of ``Figure3.h5``.
        table: our scores of experiment ``monkey_reaching``, with a column ``origin``.
        ax: axes whose place is used; None for a new figure.
    """
    quantities = {"position": "position_r2", "direction": "direction_accuracy"}
    published = {
        f"CEBRA, {d}-D": {name: figure_3.decoded(files, name, d) for name in quantities}
        for d in figure_3.DIMENSIONS
    }
    active = table[table["subject"] == "active"]
    chosen = active if len(active) else table
    variants = pd.unique(chosen["variant"])
    ours: Groups = {}
    for name, metric in quantities.items():
        for method, of_subject in _ours(chosen, metric, variants, unit="%").items():
            ours.setdefault(method, {})[name] = np.concatenate(list(of_subject.values()))
    return side_by_side(published, ours, chosen, "R² (position), Acc (direction) (%)", ax)


def allen_by_neurons(files: Files, table: pd.DataFrame, *, ax: Axes | None = None) -> Drawn:
    """Frames decoded within 1 s from one frame of Neuropixels, by number of neurons, in VISp.

    Args:
        files: content of ``Figure5Revision.h5``.
        table: our sweep of experiment ``allen_decoding`` over ``n_neurons``, with ``origin``.
        ax: axes whose place is used; None for a new figure.
    """
    visp = table[(table["subject"] == "VISp") & (table["metric"] == "frame_accuracy_1s")]
    published = {
        name: {
            str(count): figure_5.curve_values(files, "frame_id", name, "33", count)
            for count in figure_5.NEURONS
        }
        for name in figure_5.CURVES
    }
    curves = {
        "kNN baseline": ("raw_neuropixels", "knn"),
        "Bayes baseline": ("raw_neuropixels", "bayes"),
        "CEBRA": ("neuropixels", "knn"),
        "CEBRA joint": ("joint_neuropixels", "knn"),
    }
    ours: Groups = {}
    for name, (variant, decoder) in curves.items():
        rows = visp[(visp["variant"] == variant) & (visp["decoder"] == decoder)]
        if len(rows):
            ours[name] = {
                str(count): of_count["value"].to_numpy(float)
                for count, of_count in rows.groupby("n_neurons")
            }
    return side_by_side(published, ours, visp, "Acc (%, in 1 s time window)", ax, lines=True)


def _ours(table: pd.DataFrame, metric: str, variants: Any, *, unit: str) -> Groups:
    """Of each variant and subject, the mean over folds of each seed, in the unit asked for."""
    with_columns(
        table,
        "metrics",
        ("subject", "variant", "fold", "seed", "decoder", "metric", "value", "unit"),
    )
    rows = table[table["metric"] == metric]
    if "knn" in set(rows["decoder"]):  # the paper's decoder, where there are several
        rows = rows[rows["decoder"] == "knn"]
    scale = {"cm": 100, "": 1, "%": 100}[unit] if set(rows["unit"]) <= {"m", ""} else 1
    groups: Groups = {}
    for variant in variants:
        of_variant = rows[rows["variant"] == variant]
        for subject, scores in of_variant.groupby("subject"):
            name = PAPERS_NAMES.get(variant) or style.variant_label(variant)
            seeds = scores.groupby("seed")["value"].mean()
            groups.setdefault(name, {})[str(subject)] = scale * seeds.to_numpy(float)
    return groups


_RATS = tuple(figure_2_decoding.RUNS[name] for name in ("CEBRA-Behavior", "CEBRA-Time", "PCA"))
_PAIRS = tuple(figure_1.RUNS[name] for name in ("CEBRA-Behavior", "CEBRA-Time"))

COMPARISONS: Mapping[str, tuple[Comparison, ...]] = {
    "figure_1": (
        Comparison(
            "this_run_reconstruction",
            "Reconstruction of the latent",
            reconstruction,
            (figure_1.FILE,),
            "synthetic/metrics",
        ),
        Comparison(
            "this_run_consistency",
            "Consistency between rats",
            rat_consistency,
            _PAIRS,
            "hippocampus/consistency",
        ),
    ),
    "figure_2": (
        Comparison(
            "this_run_position_error",
            "Position error on test trials",
            rat_position_error,
            _RATS,
            "hippocampus/metrics",
        ),
    ),
    "figure_3": (
        Comparison(
            "this_run_decoding",
            "Decoding from active reaches",
            monkey_decoding,
            (figure_3.FILE,),
            "monkey_reaching/metrics",
        ),
    ),
    "figure_4": (),
    "figure_5": (
        Comparison(
            "this_run_neurons",
            "Frames decoded from one frame, VISp",
            allen_by_neurons,
            (figure_5.FILE,),
            "allen_decoding/sweep",
        ),
    ),
}
"""Figure → its panels beside those of the paper."""
