"""Figure 3: a monkey's reaches, their embeddings, and what is decoded from these.

Averages over trials and their panels (3b, 3e to 3g) are in ``figure_3_trajectories``. Each panel
takes the contents of published files, draws on an optional ``ax`` (several axes share its place)
and returns the numbers drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from cebra_kedro.plots.canvas import Drawn
from cebra_kedro.plots.paper import marks, numbers
from cebra_kedro.plots.paper.contents import Files, array, as_array, pick, same_length

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FILE = "Figure3.h5"
N_DIRECTIONS = 8
DIMENSIONS = ("3", "4", "8", "16", "32")
DECODED = {
    "position": ("Position decoding (active)", "R² (%)", (50, 100)),
    "direction": ("Direction decoding (active)", "Acc (%)", (50, 80)),
    "ap": ("AP decoding", "Acc (%)", (50, 100)),
}
"""Key → title, label of the value axis and its limits."""
_REACH_CM = 15.0


def panel_a(files: Files, *, ax: Axes | None = None) -> Drawn:
    """3a: hand positions of active and passive reaches, coloured by direction.

    Args:
        files: content of ``Figure3.h5``.
        ax: axes whose place is used; None for a new figure.

    Returns:
        Samples drawn and their extent in cm.

    Raises:
        ValueError: a key is missing or an array has another shape.
    """
    colours = np.array(marks.direction_colours())
    rows = []
    with marks.paper_style():
        axes = marks.split(ax, 1, 3, size_inches=(3.5, 1.7), width_ratios=(1, 1, 0.4))
        for one, kind in zip(axes, ("active", "passive"), strict=False):
            hand = array(files, FILE, "behavior", kind, columns=2)
            target = direction_of(
                array(files, FILE, "behavior", f"{kind}_target"), f"{kind}_target"
            )
            same_length(f"{FILE}: behavior {kind} and its target", hand=hand, target=target)
            marks.cloud(one, hand[:, :2], size=1, c=colours[target])
            _scale_bar(one, hand)
            one.set_title(kind.capitalize())
            rows.append(numbers.number(kind, "samples drawn", len(hand)))
            rows += _extent(kind, hand)
        axes[-1].set_axis_off()
        marks.direction_legend(axes[-1], loc="center")
    return Drawn(tuple(axes[:2]), numbers.table(rows))


def _scale_bar(ax: Any, hand: np.ndarray) -> None:
    """A bar of 5 cm below the hand, as axes are not drawn."""
    left, low = hand[:, :2].min(axis=0)
    y = low - 0.08 * float(np.ptp(hand[:, 1]))
    ax.plot((left, left + 5), (y, y), color="black", lw=1.5)
    ax.annotate("5 cm", (left + 2.5, y), (0, -2), textcoords="offset points", ha="center", va="top")


def direction_of(values: np.ndarray, what: str, count: int = N_DIRECTIONS) -> np.ndarray:
    """Labels as integers (n,).

    Raises:
        ValueError: a label is not one of 0 to count - 1.
    """
    if not np.isin(values, np.arange(count)).all():
        raise ValueError(
            f"{FILE}: {what} must hold integers 0 to {count - 1}, "
            f"got values from {values.min():g} to {values.max():g}"
        )
    return values.astype(int)


def _extent(name: str, points: np.ndarray) -> list[numbers.Row]:
    facts = {"min": points[:, :2].min(axis=0), "max": points[:, :2].max(axis=0)}
    return [
        numbers.number(name, quantity, value, "cm", axis)
        for quantity, both in facts.items()
        for axis, value in zip("xy", both, strict=True)
    ]


def panel_c(files: Files, *, ax: Axes | None = None) -> Drawn:
    """3c: the embedding trained with hand position, coloured by x and by y.

    Args:
        files: content of ``Figure3.h5``.
        ax: axes whose place is used; None for a new figure.

    Returns:
        Samples drawn.

    Raises:
        ValueError: a key is missing or an array has another shape.
    """
    return _by_position(files, "behavior", ax)


def panel_d(files: Files, *, ax: Axes | None = None) -> Drawn:
    """3d: the embedding trained with time only, coloured by x and by y of the hand.

    Args:
        files: content of ``Figure3.h5``.
        ax: axes whose place is used; None for a new figure.

    Returns:
        Samples drawn.

    Raises:
        ValueError: a key is missing or an array has another shape.
    """
    return _by_position(files, "time", ax)


def _by_position(files: Files, kind: str, ax: Axes | None) -> Drawn:
    points = array(files, FILE, "behavior_time", kind, "embedding", columns=3)[:, :3]
    hand = array(files, FILE, "behavior_time", kind, "label", columns=2)
    same_length(f"{FILE}: behavior_time/{kind}", embedding=points, label=hand)
    title = {"behavior": "CEBRA-Behavior", "time": "CEBRA-Time"}[kind]
    with marks.paper_style():
        axes = marks.split(
            ax,
            1,
            3,
            size_inches=(3.5, 1.7),
            projection=["3d", "3d", None],
            width_ratios=(1, 1, 0.4),
        )
        for one, column, name in zip(axes, (0, 1), ("x", "y"), strict=False):
            drawn = marks.cloud(
                one,
                points,
                size=0.2,
                c=hand[:, column],
                cmap="seismic",
                vmin=-_REACH_CM,
                vmax=_REACH_CM,
            )
            one.set_title(f"{title}, {name}")
        bar = marks.colour_bar(axes[-1], drawn, "hand position (cm)")
        bar.set_ticks(np.arange(-15, 16, 5))
    return Drawn(
        tuple(axes[:2]), numbers.table([numbers.number(title, "samples drawn", len(points))])
    )


def panel_h(files: Files, *, ax: Axes | None = None) -> Drawn:
    """3h: what is decoded from embeddings of 3 to 32 dimensions, a circle for each seed.

    Args:
        files: content of ``Figure3.h5``.
        ax: axes whose place is used; None for a new figure.

    Returns:
        Summary and single values of each dimension, in percent.

    Raises:
        ValueError: a key is missing or scores are no numbers.
    """
    rows = []
    with marks.paper_style():
        axes = marks.split(ax, 1, 3, size_inches=(7.2, 2.0))
        for one, (name, (title, unit, limits)) in zip(axes, DECODED.items(), strict=True):
            scores = {d: decoded(files, name, d) for d in DIMENSIONS}
            marks.strip(one, scores, open_marks=True, size=3.5)
            values = np.concatenate(list(scores.values()))
            one.set_ylim(min(limits[0], values.min() - 1), max(limits[1], values.max() + 1))
            one.set(title=title, ylabel=unit, xlabel="Dimension")
            for dimension, of_seeds in scores.items():
                rows += numbers.summary(title, of_seeds, "%", f"dimension {dimension}")
        marks.median_legend(axes[-1], "seed", open_marks=True, loc="lower right")
    return Drawn(tuple(axes), numbers.table(rows))


def decoded(files: Files, name: str, dimension: str) -> np.ndarray:
    """Scores in percent of one decoded quantity and dimension, array (seed,)."""
    return array(files, FILE, "condition_decoding", name, dimension)


def panel_i(files: Files, *, ax: Axes | None = None) -> Drawn:
    """3i: true and decoded hand trajectories of eight reaches.

    Args:
        files: content of ``Figure3.h5``.
        ax: axes whose place is used; None for a new figure.

    Returns:
        Extent in cm, and the median distance between true and decoded positions.

    Raises:
        ValueError: a key is missing or the two differ in length.
    """
    rows = []
    with marks.paper_style():
        (one,) = marks.split(ax, size_inches=(2.4, 2.2))
        both = {name: _trajectories(files, name) for name in ("true", "prediction")}
        same_length(f"{FILE}: trajectory true and prediction", **both)
        for (name, points), colour in zip(both.items(), ("gray", "red"), strict=True):
            marks.cloud(one, points, size=1, color=colour)
            one.plot([], [], "o", ms=3, color=colour, label=name.replace("prediction", "decoded"))
            rows += _extent(name, points)
        _scale_bar(one, np.concatenate(list(both.values())))
        one.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, columnspacing=1.0)
    distance = np.linalg.norm(both["true"] - both["prediction"], axis=1)
    error = numbers.number("prediction", "median distance", float(np.median(distance)), "cm")
    return Drawn((one,), numbers.table([*rows, error]))


def _trajectories(files: Files, name: str) -> np.ndarray:
    found = pick(files, FILE, "trajectory", name)
    if isinstance(found, Mapping):
        parts = [pick(files, FILE, "trajectory", name, k) for k in range(N_DIRECTIONS)]
    elif len(found) == N_DIRECTIONS:
        parts = list(found)
    else:
        raise ValueError(f"{FILE}: trajectory/{name} must hold 8 trajectories, got {len(found)}")
    what = f"{FILE}: trajectory/{name}"
    return np.concatenate([as_array(p, f"{what}/{k}", 2)[:, :2] for k, p in enumerate(parts)])
