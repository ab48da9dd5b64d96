"""Colours of hand position and of direction in pictures of reaching, with the keys to them.

What is drawn in these colours is decided in ``reaching`` and ``reaching_grids``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.cm import ScalarMappable
    from matplotlib.lines import Line2D

# Once around the hue circle and once up and down in lightness, so that neighbours and opposites
# also differ for colour-blind readers; none is pale on white.
DIRECTION_COLOURS = (
    "#9C1F43",
    "#C66605",
    "#BFAA0E",
    "#66C96C",
    "#18A7A1",
    "#0A6E99",
    "#393096",
    "#650C6C",
)
"""Cyclic colours of the directions 0 … 7, direction ``i`` pointing to ``45 i`` degrees."""
_ARROWS = "→↗↑↖←↙↓↘"

# Darker in the middle than matplotlib's diverging maps, whose zero vanishes on a white ground.
_DIVERGING = ("#053061", "#2F79B5", "#A9A9A9", "#D6604D", "#67001F")

_LONGEST_BAR_INCHES = 3.5


def check_directions(name: str, direction: np.ndarray, n_rows: int) -> None:
    """Refuse what is not an integer array (n_rows,) of directions 0 … 7, by the given name."""
    if direction.shape != (n_rows,):
        raise ValueError(f"{name} must have shape ({n_rows},), got {direction.shape}")
    if not np.issubdtype(direction.dtype, np.integer):
        raise ValueError(f"{name} must hold integer ids, got dtype {direction.dtype}")
    if not np.isin(direction, range(len(DIRECTION_COLOURS))).all():
        raise ValueError(
            f"{name} must be in 0 … {len(DIRECTION_COLOURS) - 1} (steps of 45°), "
            f"got {np.unique(direction)}; take condition ids modulo 8"
        )


def direction_rgba(direction: np.ndarray) -> np.ndarray:
    """Float array (n, 4) of the colours of directions 0 … 7."""
    from matplotlib.colors import to_rgba_array

    return to_rgba_array(DIRECTION_COLOURS)[direction]


def direction_label(direction: int) -> str:
    """Arrow and angle of a direction, e.g. ``↗ 45°``."""
    return f"{_ARROWS[direction]} {45 * direction}°"


def direction_handles(direction: np.ndarray, *, marks: bool = False) -> list[Line2D]:
    """What a legend holds: every direction that occurs, and the marks of start and end.

    Args:
        direction: integer array of directions 0 … 7.
        marks: for trajectories, lines instead of dots, and the marks below them.
    """
    from matplotlib.lines import Line2D

    look: dict[str, Any] = {"lw": 2.2} if marks else {"ls": "none", "marker": "o", "markersize": 5}
    handles = [
        Line2D([], [], color=DIRECTION_COLOURS[i], label=direction_label(i), **look)
        for i in np.unique(direction)
    ]
    if marks:
        mark: dict[str, Any] = {"ls": "none", "color": "0.3", "markersize": 5}
        handles.append(Line2D([], [], marker="o", markerfacecolor="white", label="start", **mark))
        handles.append(Line2D([], [], marker="^", label="end", **mark))
    return handles


def position_colours(limit_cm: float) -> ScalarMappable:
    """The diverging map from ``-limit_cm`` (blue) over 0 (grey) to ``limit_cm`` (red).

    Raises:
        ValueError: ``limit_cm`` is not positive.
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap, Normalize

    if not limit_cm > 0:
        raise ValueError(f"limit_cm must be positive, got {limit_cm}")
    colormap = LinearSegmentedColormap.from_list("hand_position", _DIVERGING)
    return ScalarMappable(Normalize(-limit_cm, limit_cm), colormap)


def add_position_bar(figure: Any, axes: Any, colours: ScalarMappable, label: str) -> None:
    """One colour bar beside one or several axes."""
    shrink = min(0.7, _LONGEST_BAR_INCHES / figure.figure.get_figheight())
    bar = figure.colorbar(colours, ax=axes, fraction=0.03, shrink=shrink, aspect=22, pad=0.04)
    bar.set_label(label)
    bar.outline.set_visible(False)
