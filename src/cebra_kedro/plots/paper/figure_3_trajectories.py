"""Figure 3b and 3e to 3g: embeddings of reaches averaged over the trials of each direction.

Each panel takes the contents of published files, draws on an optional ``ax`` (several axes share
its place) and returns the numbers drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from cebra_kedro.plots.canvas import Drawn
from cebra_kedro.plots.paper import marks, numbers
from cebra_kedro.plots.paper.contents import Files, array, as_array, pick, same_length
from cebra_kedro.plots.paper.figure_3 import FILE, N_DIRECTIONS, direction_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BINS_PER_TRIAL = 600
OVERVIEW = {
    "cebra-behavior": ("CEBRA-Behavior", (2, 0)),
    "pivae_w": ("pi-VAE w/ label", (2, 3)),
    "cebra-time": ("CEBRA-Time", (0, 1)),
    "pivae_wo": ("pi-VAE w/o label", (2, 3)),
    "autolfads": ("autoLFADS", (0, 1)),
    "tsne": ("tSNE", (0, 1)),
    "umap": ("UMAP", (0, 1)),
}
"""Key → title and the columns shown as x and y."""

Normalise = Callable[[np.ndarray], np.ndarray]


def panel_b(files: Files, *, ax: Axes | None = None) -> Drawn:
    """3b: averaged trajectories of seven methods, one line for each direction.

    Args:
        files: content of ``Figure3.h5``.
        ax: axes whose place is used; None for a new figure.

    Returns:
        Directions drawn of each method.

    Raises:
        ValueError: a key is missing, or rows are no whole trials.
    """
    label = array(files, FILE, "overview", "label")
    colours = marks.direction_colours()
    rows = []
    with marks.paper_style():
        axes = marks.split(ax, 2, 4, size_inches=(7.2, 3.4))
        for one, (name, (title, columns)) in zip(axes, OVERVIEW.items(), strict=False):
            if name == "autolfads":
                lines = _stored_averages(files)
            else:
                values = array(files, FILE, "overview", name, columns=max(columns) + 1)
                lines = direction_means(values, label, f"overview/{name}")
            for k, line in lines.items():
                one.plot(line[:, columns[0]], line[:, columns[1]], color=colours[k], lw=2)
            one.set_axis_off()
            one.set_title(title)
            rows.append(numbers.number(title, "directions drawn", len(lines)))
        axes[-1].set_axis_off()
        marks.direction_legend(axes[-1], loc="center")
    return Drawn(tuple(axes[:-1]), numbers.table(rows))


def _stored_averages(files: Files) -> dict[int, np.ndarray]:
    """Of autoLFADS, the file holds the averages only."""
    found = pick(files, FILE, "overview", "autolfads")
    if len(found) != N_DIRECTIONS:
        raise ValueError(f"{FILE}: overview/autolfads must hold 8 directions, got {len(found)}")
    return {k: as_array(found[k], f"{FILE}: overview/autolfads/{k}", 2) for k in range(len(found))}


def direction_means(
    values: np.ndarray, label: np.ndarray, what: str, *, count: int = N_DIRECTIONS
) -> dict[int, np.ndarray]:
    """Mean over the trials of each direction.

    Args:
        values: float array (time, d), trials of 600 rows one below the other.
        label: direction of each row (time,); that of the trial is its second row's.
        what: name of the values, for errors.
        count: of directions.

    Returns:
        Direction → array (600, d); directions without trials are left out.

    Raises:
        ValueError: rows are no whole trials, lengths differ, or a label is no direction.
    """
    same_length(f"{FILE}: {what} and its label", values=values, label=label)
    if len(values) % BINS_PER_TRIAL:
        raise ValueError(
            f"{FILE}: {what} must hold whole trials of {BINS_PER_TRIAL} rows, got {len(values)}"
        )
    trials = values.reshape(-1, BINS_PER_TRIAL, values.shape[1])
    of_trial = direction_of(label.reshape(-1, BINS_PER_TRIAL)[:, 1], f"label of {what}", count)
    return {int(k): trials[of_trial == k].mean(axis=0) for k in np.unique(of_trial)}


def panel_e(files: Files, *, ax: Axes | None = None) -> Drawn:
    """3e: averaged embeddings of separate models of active and passive reaches.

    Each average is divided by the norm of all its 600 × 4 numbers together.

    Args:
        files: content of ``Figure3.h5``.
        ax: axes whose place is used; None for a new figure.

    Returns:
        Directions drawn of each condition.

    Raises:
        ValueError: a key is missing, or rows are no whole trials.
    """
    lines = {}
    for kind in ("active", "passive"):
        path = ("cebra_ap_sep", kind)
        values = array(files, FILE, *path, "embedding", columns=4)
        label = array(files, FILE, *path, "label")
        lines[kind.capitalize()] = direction_means(values, label, "/".join(path))
    return _active_beside_passive(lines, (1, 2, 0), lambda mean: mean / np.linalg.norm(mean), ax)


def panel_f(files: Files, *, ax: Axes | None = None) -> Drawn:
    """3f: averaged embedding of one model of active and passive reaches, trained with both.

    Each time step of an average is divided by its norm (unlike in 3e).

    Args:
        files: content of ``Figure3.h5``.
        ax: axes whose place is used; None for a new figure.

    Returns:
        Directions drawn of each condition.

    Raises:
        ValueError: a key is missing, or rows are no whole trials.
    """
    values = array(files, FILE, "cebra_ap_all", "embedding", columns=4)
    return _active_beside_passive(
        _by_condition(files, values, "cebra_ap_all"), (2, 0, 1), _step_norm, ax
    )


def panel_g(files: Files, *, ax: Axes | None = None) -> Drawn:
    """3g: the same for the model trained with position; rows are those of 3f.

    Args:
        files: content of ``Figure3.h5``.
        ax: axes whose place is used; None for a new figure.

    Returns:
        Directions drawn of each condition.

    Raises:
        ValueError: a key is missing, or rows are no whole trials.
    """
    values = array(files, FILE, "cebra_pos", "embedding", columns=4)
    return _active_beside_passive(
        _by_condition(files, values, "cebra_pos"), (0, 1, 2), _step_norm, ax
    )


def _by_condition(files: Files, values: np.ndarray, what: str) -> dict[str, dict[int, np.ndarray]]:
    """Labels 0 to 7 are active, 8 to 15 passive."""
    label = array(files, FILE, "cebra_ap_all", "label")
    means = direction_means(values, label, what, count=2 * N_DIRECTIONS)
    return {
        "Active": {k: mean for k, mean in means.items() if k < N_DIRECTIONS},
        "Passive": {k - N_DIRECTIONS: m for k, m in means.items() if k >= N_DIRECTIONS},
    }


def _step_norm(mean: np.ndarray) -> np.ndarray:
    return mean / np.linalg.norm(mean, axis=1, keepdims=True)


def _active_beside_passive(
    lines: dict[str, dict[int, np.ndarray]],
    columns: tuple[int, int, int],
    normalise: Normalise,
    ax: Axes | None,
) -> Drawn:
    rows = []
    with marks.paper_style():
        axes: list[Any] = marks.split(
            ax,
            1,
            3,
            size_inches=(3.5, 1.9),
            projection=["3d", "3d", None],
            width_ratios=(1, 1, 0.35),
        )
        for one, (title, means) in zip(axes, lines.items(), strict=False):
            for k, mean in means.items():
                path = normalise(mean)[:, columns].T
                colour = marks.direction_colours()[k]
                one.plot(*path, color=colour, lw=1)
                one.plot(*path[:, :1], "o", color=colour, ms=4)
                one.plot(*path[:, -1:], "<", color=colour, ms=4)
            one.set_axis_off()
            one.set_box_aspect((1, 1, 1), zoom=1.3)
            one.set_title(title)
            rows.append(numbers.number(title, "directions drawn", len(means)))
        axes[-1].set_axis_off()
        marks.direction_legend(axes[-1], loc="center")
        axes[0].figure.text(0.01, 0.01, "● start   ◂ end", fontsize=6.5, ha="left", va="bottom")
    return Drawn(tuple(axes[:2]), numbers.table(rows))
