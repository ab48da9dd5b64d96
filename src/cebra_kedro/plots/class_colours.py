"""Colours and names of the classes of a label, with the key to them.

What is drawn in these colours is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cebra_kedro.recording import Label

if TYPE_CHECKING:
    from matplotlib.lines import Line2D

# The first eight go once around the hue circle and once up and down in lightness, so that
# neighbours and opposites also differ for colour-blind readers; none is pale on white.
CLASS_COLOURS = (
    "#9C1F43",
    "#C66605",
    "#BFAA0E",
    "#66C96C",
    "#18A7A1",
    "#0A6E99",
    "#393096",
    "#650C6C",
    "#2525F4",
    "#6E85F7",
    "#55C1F6",
    "#300303",
)
"""Colours of classes in their order; those of eight directions, 45° apart, are a cycle."""
N_DIRECTIONS = 8
_ARROWS = "→↗↑↖←↙↓↘"


@dataclass(frozen=True, eq=False)
class ClassKey:
    """The classes that a figure may show.

    Attributes:
        ids: class ids.
        names: what a legend says, one for each id.
    """

    ids: tuple[int, ...]
    names: tuple[str, ...]

    def colours(self, classes: np.ndarray) -> list[str]:
        """The colour of each of the given class ids."""
        of_class = dict(zip(self.ids, CLASS_COLOURS, strict=False))
        return [of_class[class_id] for class_id in classes.tolist()]

    def handles(self, shown: Collection[int]) -> list[Line2D]:
        """What a legend holds: a line for every class that is shown, and the marks of both ends."""
        from matplotlib.lines import Line2D

        mark: dict[str, Any] = {"ls": "none", "color": "0.3", "markersize": 5}
        return [
            *(
                Line2D([], [], color=colour, label=name, lw=2.2)
                for class_id, name, colour in zip(self.ids, self.names, CLASS_COLOURS, strict=False)
                if class_id in shown
            ),
            Line2D([], [], marker="o", markerfacecolor="white", label="start", **mark),
            Line2D([], [], marker="^", label="end", **mark),
        ]


def class_key(
    label: str, ids: Sequence[int], *, directions: bool = False, of: Label | None = None
) -> ClassKey:
    """Names of classes: their own, or label and id, or arrow and angle of a direction (``↗ 45°``).

    Args:
        label: name of the label.
        ids: its class ids, at most twelve.
        directions: id ``i`` is the direction of ``45 i`` degrees; then all eight have a colour.
        of: the label, which may have names of classes.

    Raises:
        ValueError: there are too many classes, or ids that are no direction.
    """
    if directions:
        if not set(ids) <= set(range(N_DIRECTIONS)):
            raise ValueError(
                f"directions are classes 0 … {N_DIRECTIONS - 1}, steps of 45°, but {label} holds "
                f"{', '.join(map(str, ids))}; leave out directions, or take ids modulo 8"
            )
        names = (f"{arrow} {45 * i}°" for i, arrow in enumerate(_ARROWS))
        return ClassKey(tuple(range(N_DIRECTIONS)), tuple(names))
    if len(ids) > len(CLASS_COLOURS):
        raise ValueError(
            f"at most {len(CLASS_COLOURS)} classes have colours of their own, but {label} has "
            f"{len(ids)}; group them into another label"
        )
    ids = sorted(int(class_id) for class_id in ids)
    if of is not None and of.names:
        return ClassKey(tuple(ids), tuple(map(of.name_of, ids)))
    return ClassKey(tuple(ids), tuple(f"{label.replace('_', ' ')} {i}" for i in ids))
