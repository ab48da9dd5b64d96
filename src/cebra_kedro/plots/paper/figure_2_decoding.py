"""Figure 2d: a rat's position decoded from its embedding, and the error of eight methods.

Each panel takes the contents of published files, draws on an optional ``ax`` and returns the
numbers drawn. Tables of runs are read by ``runs``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cebra_kedro.plots.canvas import Drawn
from cebra_kedro.plots.paper import marks, numbers
from cebra_kedro.plots.paper.contents import Files, as_array, pick
from cebra_kedro.plots.paper.runs import error_per_seed

if TYPE_CHECKING:
    from matplotlib.axes import Axes

VIDEO = "SupplVideo1.h5"
MCMC = "Figure2/figure2_pivae_mcmc.csv"
AUTOLFADS = "autolfads_decoding_2d_full.csv"
RUNS = {
    "CEBRA-Behavior": "results_v1/cebra-b.csv",
    "conv-pi-VAE (MC)": MCMC,
    "conv-piVAE (kNN)": "results_v1/pivae-wo.csv",
    "CEBRA-Time": "results_v1/cebra-t.csv",
    "autoLFADS": AUTOLFADS,
    "t-SNE": "results_v1/tsne.csv",
    "UMAP": "results_v1/umap.csv",
    "PCA": "results_v1/pca.csv",
}
"""Method → table, in the order of the panel; all for rat achilles."""

_WINDOW = slice(320, 1020)
_BIN_S = 0.025
_SHUFFLE_EVERY, _SHUFFLE_SHIFT = 10, 2


def panel_d_left(files: Files, *, ax: Axes | None = None) -> Drawn:
    """2d left: true and decoded position during 17.5 s, and that of shuffled labels.

    The shuffled prediction is shorter than the truth in the published file and so not aligned
    with it row by row.

    Args:
        files: content of ``SupplVideo1.h5``.
        ax: axes whose place is used; None for a new figure.

    Returns:
        Median error (whole file and window), R² and direction accuracy; and every point drawn.

    Raises:
        ValueError: a key is missing or an array is too short.
    """
    true = _only(files, "true_test", 3)
    predicted = _only(files, "prediction", 2)
    shuffled = _only(files, "prediction_shuffled", 2)
    if len(true) != len(predicted) or min(len(true), len(shuffled)) < _WINDOW.stop:
        raise ValueError(
            f"{VIDEO}: true_test and prediction must have one length, and prediction_shuffled at "
            f"least {_WINDOW.stop} rows, got {len(true)}, {len(predicted)} and {len(shuffled)}"
        )
    time_s = _BIN_S * np.arange(_WINDOW.stop - _WINDOW.start)
    late_s = time_s[::_SHUFFLE_EVERY] + _BIN_S * _SHUFFLE_SHIFT
    curves = {
        "ground truth": (time_s[::2], 100 * true[_WINDOW, 0][::2]),
        "CEBRA-Behavior": (time_s[::2], 100 * predicted[_WINDOW, 0][::2]),
        "CEBRA-Shuffle": (late_s, 100 * shuffled[_WINDOW, 0][::_SHUFFLE_EVERY]),
    }
    looks: tuple[dict[str, Any], ...] = (
        {"color": "black"},
        {"color": marks.PURPLE},
        {"color": "gray", "ls": "--", "lw": 0.8},
    )
    with marks.paper_style():
        (one,) = marks.split(ax, size_inches=(3.5, 1.8))
        for (name, (x, y)), look in zip(curves.items(), looks, strict=True):
            one.plot(x, y, label=name, **look)
        one.set(xlim=(-1, 17.5), xlabel="Time (s)", ylabel="Position (cm)")
        one.set_xticks(np.arange(0, 17.6, 2.5))
        one.set_yticks(range(0, 161, 40))
        one.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, columnspacing=1.0)
    points = [
        numbers.number(name, "position", value, "cm", f"{second:.3f} s")
        for name, (x, y) in curves.items()
        for second, value in zip(x, y, strict=True)
    ]
    return Drawn((one,), numbers.table([*_scores(true, predicted, shuffled), *points]))


def _only(files: Files, column: str, columns: int) -> np.ndarray:
    """The array of a column that has one row."""
    cells = pick(files, VIDEO, column)
    cell = next(iter(cells.values())) if isinstance(cells, dict) and len(cells) == 1 else cells
    return as_array(cell, f"{VIDEO}: {column}", columns)


def _scores(true: np.ndarray, predicted: np.ndarray, shuffled: np.ndarray) -> list[numbers.Row]:
    error = 100 * np.abs(true[:, 0] - predicted[:, 0])
    chance = 100 * np.abs(true[: len(shuffled), 0] - shuffled[: len(true), 0])
    right = true[:, marks.RIGHT]
    position_r2 = numbers.r2(true[:, 0], predicted[:, 0])
    name, nobody = "CEBRA-Behavior", "CEBRA-Shuffle"
    return [
        numbers.number(name, "median error", float(np.median(error)), "cm", "whole file"),
        numbers.number(name, "median error", float(np.median(error[_WINDOW])), "cm", "window"),
        numbers.number(name, "position R²", 100 * position_r2, "%", "whole file"),
        numbers.number(
            name,
            "position and direction R²",
            50 * (position_r2 + numbers.r2(right, predicted[:, 1])),
            "%",
            "whole file",
        ),
        numbers.number(
            name,
            "direction accuracy",
            100 * float(np.mean(right == predicted[:, 1])),
            "%",
            "whole file",
        ),
        numbers.number(
            nobody, "median error", float(np.median(chance)), "cm", "aligned at the start"
        ),
    ]


def panel_d_right(files: Files, *, ax: Axes | None = None) -> Drawn:
    """2d right: decoding error of eight methods on rat achilles, a circle for each seed.

    Args:
        files: the tables of ``results_v1`` and those of autoLFADS and of conv-pi-VAE (MC).
        ax: axes whose place is used; None for a new figure.

    Returns:
        Summary of each method and the error of each seed, in cm.

    Raises:
        ValueError: a file, a column or the rat is missing.
    """
    errors = {name: errors_of(files, name) for name in RUNS}
    rows = []
    for name, by_seed in errors.items():
        rows += numbers.summary(name, by_seed, "cm")
        rows += [
            numbers.number(name, "error", value, "cm", f"seed {seed}")
            for seed, value in enumerate(by_seed)
        ]
    with marks.paper_style():
        (one,) = marks.split(ax, size_inches=(3.5, 2.4))
        marks.strip(one, errors, horizontal=True, open_marks=True, size=3)
        one.set_xlim(0, max(40.0, *(1.05 * float(values.max()) for values in errors.values())))
        one.set_xticks(range(0, 41, 10))
        one.set_xlabel("Error (cm)")
        marks.median_legend(one, "seed", open_marks=True, loc="upper right")
    return Drawn((one,), numbers.table(rows))


def errors_of(files: Files, method: str) -> np.ndarray:
    """Errors of a method on rat achilles in cm, array (seed,)."""
    rat = "achilles" if method == "autoLFADS" else None
    return error_per_seed(files, RUNS[method], rat=rat).to_numpy()
