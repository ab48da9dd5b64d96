"""Figure 5: decoding a movie from mouse visual cortex, by neurons, area and layer.

Panels 5e and 5f, errors in frames, are in ``figure_5_errors``. Each panel takes the contents of
published files, draws on an optional ``ax`` (several axes share
its place) and returns the numbers drawn. Errors are standard errors (population standard
deviation / √n), as in the paper.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cebra_kedro.plots.canvas import Drawn
from cebra_kedro.plots.paper import marks, numbers
from cebra_kedro.plots.paper.contents import Files, array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FILE = "Figure5Revision.h5"
NEURONS = (10, 30, 50, 100, 200, 400, 600, 800, 900, 1000)
TICKS = (10, 200, 400, 600, 800, 1000)
CURVES = {
    "kNN baseline": ("knn", "np_baseline"),
    "Bayes baseline": ("bayes", "np_baseline"),
    "CEBRA": ("knn", "np_cebra"),
    "CEBRA joint": ("knn", "np_cebra_joint"),
}
"""Curve → decoder and key; ``_330`` (ten frames) or ``_33`` (one frame) is appended."""
_LOOKS: dict[str, dict[str, Any]] = {
    "kNN baseline": {"color": "black", "ls": "--", "alpha": 0.7},
    "Bayes baseline": {"color": "black", "ls": "--", "alpha": 0.3},
    "CEBRA": {"color": marks.VIOLET, "ls": "-"},
    "CEBRA joint": {"color": marks.VIOLET, "ls": ":"},
}
AREA_COLOURS = {
    "VISl": "#A7D1F9",
    "VISrl": "#10CCF5",
    "VISal": "#49E7DD",
    "VISp": "#9932EB",
    "VISam": "#99F7CA",
    "VISpm": "#9EF19D",
}
# The paper's colours of areas are pale and close to each other; markers tell them apart.
_AREA_MARKERS = dict(zip(AREA_COLOURS, "osD^vP", strict=True))
LAYERS = {2: "2/3", 4: "4", 5: "5/6"}
_LAST_COUNT = 800


def panel_c_10_frames(files: Files, *, ax: Axes | None = None) -> Drawn:
    """5c left: frames decoded within 1 s, from ten frames.

    Args:
        files: content of ``Figure5Revision.h5``.
        ax: axes whose place is used; None for a new figure.

    Returns:
        Mean and standard error of each curve and neuron count; ANOVA over all runs.

    Raises:
        ValueError: a key is missing or values are no numbers.
    """
    drawn = _curves(files, "frame_id", "330", "Acc (%, in 1 s time window)", ax)
    drawn.ax.set_ylim(0, 100)
    return drawn


def panel_c_1_frame(files: Files, *, ax: Axes | None = None) -> Drawn:
    """5c right: frames decoded within 1 s, from one frame; as :func:`panel_c_10_frames`."""
    drawn = _curves(files, "frame_id", "33", "Acc (%, in 1 s time window)", ax)
    drawn.ax.set_ylim(0, 100)
    drawn.ax.set_yticks(range(0, 101, 25))
    return drawn


def panel_d(files: Files, *, ax: Axes | None = None) -> Drawn:
    """5d: scene annotation from one frame; as :func:`panel_c_10_frames`.

    The joint curve of the published file repeats the values of ten frames; drawn as stored.
    """
    drawn = _curves(files, "scene_annotation", "33", "Acc (%)", ax, scale=100)
    drawn.ax.set_ylim(20, 100)
    repeats = all(
        np.array_equal(
            curve_values(files, "scene_annotation", "CEBRA joint", "33", count),
            curve_values(files, "scene_annotation", "CEBRA joint", "330", count),
        )
        for count in NEURONS
    )
    if repeats:
        drawn.ax.set_title("joint: as stored, the values of 10 frames", fontsize=6.5, color="0.35")
    return drawn


def _curves(
    files: Files, task: str, frames: str, label: str, ax: Axes | None, *, scale: float = 1
) -> Drawn:
    values = {
        name: [scale * curve_values(files, task, name, frames, count) for count in NEURONS]
        for name in CURVES
    }
    with marks.paper_style():
        (one,) = marks.split(ax, size_inches=(3.5, 2.2))
        rows = draw_curves(one, values, "%")
        one.set_ylabel(label)
    pooled = {name: np.concatenate(of_counts) for name, of_counts in values.items()}
    rows += [
        row for row in numbers.anova_and_tukey(pooled, "%") if row["quantity"].startswith("anova")
    ]
    return Drawn((one,), numbers.table(rows))


def curve_values(files: Files, task: str, curve: str, frames: str, count: int) -> np.ndarray:
    """Values of one curve at a neuron count, array (seed,); of pairs [2P, NP] the second."""
    decoder, key = CURVES[curve]
    path = (task, decoder, f"{key}_{frames}", count)
    if not key.endswith("joint"):
        return array(files, FILE, *path)
    return array(files, FILE, *path, columns=2)[:, 1]


def draw_curves(ax: Any, values: dict[str, list[np.ndarray]], unit: str) -> list[numbers.Row]:
    """Mean and standard error of each curve against neuron count.

    Args:
        ax: plane axes.
        values: curve → of each neuron count, values (seed,).
        unit: of the values.

    Returns:
        Rows ``mean`` and ``sem``.
    """
    rows = []
    for name, of_counts in values.items():
        of_curve = [
            numbers.mean_and_sem(name, v, unit, f"{count} neurons")
            for count, v in zip(NEURONS, of_counts, strict=True)
        ]
        mean = [pair[0]["value"] for pair in of_curve]
        error = [pair[1]["value"] for pair in of_curve]
        ax.errorbar(NEURONS, mean, error, label=name, lw=1.2, **_LOOKS[name])
        rows += [row for pair in of_curve for row in pair]
    _neuron_axis(ax)
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), handlelength=2.2)
    return rows


def _neuron_axis(ax: Any) -> None:
    ax.set_xticks(TICKS)
    ax.set_xlabel("# Neurons")


def panel_g(files: Files, *, ax: Axes | None = None) -> Drawn:
    """5g: frames decoded within 1 s, by area and neuron count up to 800.

    Args:
        files: content of ``Figure5Revision.h5``.
        ax: axes whose place is used; None for a new figure.

    Returns:
        Mean and standard error of each area and neuron count.

    Raises:
        ValueError: a key is missing or values are no numbers.
    """
    counts = [count for count in NEURONS if count <= _LAST_COUNT]
    rows = []
    with marks.paper_style():
        (one,) = marks.split(ax, size_inches=(3.5, 2.2))
        for area, colour in AREA_COLOURS.items():
            of_area = [
                numbers.mean_and_sem(
                    area,
                    array(files, FILE, "cortex_decoding", area, count),
                    "%",
                    f"{count} neurons",
                )
                for count in counts
            ]
            mean, error = ([pair[part]["value"] for pair in of_area] for part in (0, 1))
            one.errorbar(
                counts,
                mean,
                error,
                color=colour,
                marker=_AREA_MARKERS[area],
                ms=3.5,
                mec="0.3",
                mew=0.4,
                lw=1.2,
                label=area,
            )
            rows += [row for pair in of_area for row in pair]
        _neuron_axis(one)
        one.set_xticks([tick for tick in TICKS if tick <= _LAST_COUNT])
        one.set(ylim=(0, 100), ylabel="Acc (%, 1 s time window)")
        one.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return Drawn((one,), numbers.table(rows))


def panel_h(files: Files, *, ax: Axes | None = None) -> Drawn:
    """5h: frames decoded within 1 s, by cortical layer (900 neurons).

    Args:
        files: content of ``Figure5Revision.h5``.
        ax: axes whose place is used; None for a new figure.

    Returns:
        Mean and standard error of each layer.

    Raises:
        ValueError: a key is missing or values are no numbers.
    """
    of_layer = [
        numbers.mean_and_sem(
            f"layer {name}", array(files, FILE, "layer_decoding", 900, layer), "%", "900 neurons"
        )
        for layer, name in LAYERS.items()
    ]
    mean, error = ([pair[part]["value"] for pair in of_layer] for part in (0, 1))
    with marks.paper_style():
        (one,) = marks.split(ax, size_inches=(2.4, 2.2))
        one.errorbar(range(len(LAYERS)), mean, error, color="black", marker="o", ms=3, lw=1.2)
        one.set_xticks(range(len(LAYERS)), list(LAYERS.values()))
        one.set_yticks(range(80, 101, 10))
        one.set(xlim=(-0.3, 2.3), xlabel="Layer", ylabel="Acc (%, 1 s time window)")
        one.set_ylim(min(79.0, min(mean) - 2), 100)
    return Drawn((one,), numbers.table([row for pair in of_layer for row in pair]))
