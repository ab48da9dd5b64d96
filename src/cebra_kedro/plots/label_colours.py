"""Colours of labels by their kind, with the key to them: one rule for every figure.

What is drawn in these colours is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cebra_kedro.metrics import with_unit
from cebra_kedro.plots.class_colours import CLASS_COLOURS, N_DIRECTIONS, ClassKey, class_key
from cebra_kedro.recording import Label

if TYPE_CHECKING:
    from matplotlib.cm import ScalarMappable

TURN = 2 * np.pi
SPLIT_COLORMAPS = ("cool", "viridis")
"""The paper's pair (Figure 1d), of the lower and the higher id."""
# Darker in the middle than matplotlib's diverging maps, whose zero vanishes on a white ground.
_DIVERGING = ("#053061", "#2F79B5", "#A9A9A9", "#D6604D", "#67001F")
_LONGEST_BAR_INCHES = 3.5


@dataclass(frozen=True)
class Angles:
    """How angles, which are in rad, are shown.

    Attributes:
        unit: ``rad`` or ``deg``.
        scale: of this unit in a rad.
        decimals: of a mean error.
        texts: what stands at 0, half a turn and a turn.
    """

    unit: str
    scale: float
    decimals: int
    texts: tuple[str, str, str]


def shown_angles(label: Label) -> Angles:
    """How the angles of a circular label are shown: in its unit."""
    if label.unit == "deg":
        return Angles("deg", 360 / TURN, 1, ("0", "180", "360"))
    return Angles("rad", 1.0, 2, ("0", "π", "2π"))


@dataclass(frozen=True, eq=False)
class LabelColours:
    """How the values of a label become colours.

    Attributes:
        bars: text of a colour bar → its colours; empty where classes have colours of their own.
            With several, each is for one id of another label.
        ids: the ids of that other label, as many as there are bars.
        classes: ids, names and colours of few classes.
        angles: how the bar names angles; None where values are none.
    """

    bars: dict[str, ScalarMappable]
    ids: tuple[int, ...] = ()
    classes: ClassKey | None = None
    angles: Angles | None = None

    def rgba(self, values: np.ndarray, split: np.ndarray | None = None) -> np.ndarray:
        """Float array (n, 4) of the colours of values (n,); ``split`` says which bar each takes."""
        from matplotlib.colors import to_rgba_array

        if self.classes is not None:
            return to_rgba_array(self.classes.colours(values))
        wrapped = values % TURN if self.angles else values
        of_bars = [np.asarray(bar.to_rgba(wrapped)) for bar in self.bars.values()]
        if split is None:
            return of_bars[0]
        return np.stack(of_bars)[np.searchsorted(self.ids, split), np.arange(len(values))]

    def add_key(self, figure: Any, axes: Any, shown: np.ndarray) -> None:
        """The colour bars, or the legend of the classes shown, beside one or several axes.

        Args:
            figure: figure or subfigure that holds the axes.
            axes: the axes.
            shown: values that are drawn.
        """
        if self.classes is not None:
            _add_legend(figure, axes, self.classes, shown)
        shrink = min(0.8, _LONGEST_BAR_INCHES / (figure.bbox.height / figure.dpi))
        # The layout puts each new bar inside the former one, so the last comes first.
        for text, mappable in reversed(self.bars.items()):
            bar = figure.colorbar(
                mappable, ax=axes, fraction=0.03, shrink=shrink, aspect=22, pad=0.03
            )
            bar.set_label(text)
            bar.outline.set_visible(False)
            if self.angles:
                bar.set_ticks([0.0, np.pi, TURN], labels=list(self.angles.texts))


def label_columns(label: Label, name: str) -> dict[str, np.ndarray]:
    """The numbers that colours stand for: of several dimensions the first two, x and y.

    Args:
        label: the label.
        name: what it is called.

    Returns:
        Name of the column → array (time,).
    """
    if label.table is None and label.values.ndim == 1:
        return {name: label.values}
    values = label.values if label.table is None else label.matrix()
    if values.ndim == 1 or values.shape[1] == 1:
        return {name: values.reshape(len(values))}
    return {f"{name} {axis}": values[:, number] for number, axis in enumerate("xy")}


def label_colours(
    labels: Sequence[Label],
    name: str,
    *,
    split_by: Sequence[Label] = (),
    split_name: str = "",
    directions: bool = False,
) -> LabelColours:
    """Colours that hold for one label of several recordings.

    A continuous label has a sequential colormap, one of several dimensions a diverging one that
    all of them share; an angle a cyclic one; up to twelve classes have colours of their own, more
    classes, such as the frames of a movie, a colormap over their ids.

    Args:
        labels: the label in each recording, at least one.
        name: what it is called.
        split_by: a discrete label of each recording, with one or two ids in all; each id has its
            own colormap.
        split_name: what that is called.
        directions: class ``i`` is the direction of ``45 i`` degrees, and named so.

    Raises:
        ValueError: ``split_by`` has more ids, or the label is no single continuous column.
    """
    columns = [list(label_columns(label, name).values()) for label in labels]
    values = np.concatenate([column for of_label in columns for column in of_label])
    kind, text = labels[0].kind, name.replace("_", " ")
    if split_by:
        if kind != "continuous" or len(columns[0]) > 1:
            raise ValueError(
                f"split_by needs a continuous label of one dimension, but {name} is {kind} with "
                f"{len(columns[0])} shown; leave split_by out"
            )
        return _split_colours(values, text, labels[0].unit, split_by, split_name)
    if kind == "circular":
        angles = shown_angles(labels[0])
        bar = _mappable((0.0, TURN), _cyclic())
        return LabelColours({with_unit(text, angles.unit): bar}, angles=angles)
    if kind == "discrete":
        ids = [int(one) for one in np.unique(values)]
        if len(ids) <= len(CLASS_COLOURS):
            return LabelColours(
                {}, classes=class_key(name, ids, directions=directions, of=labels[0])
            )
        return LabelColours({text: _mappable((ids[0], ids[-1]), "viridis")})
    if len(columns[0]) > 1:
        bar = _mappable(_symmetric(values), _diverging())
    else:
        bar = _mappable((float(values.min()), float(values.max())), "viridis")
    return LabelColours({with_unit(text, labels[0].unit): bar})


def _split_colours(
    values: np.ndarray, text: str, unit: str, split_by: Sequence[Label], split_name: str
) -> LabelColours:
    ids = [int(one) for one in np.unique(np.concatenate([label.values for label in split_by]))]
    if len(ids) > len(SPLIT_COLORMAPS) or split_by[0].kind != "discrete":
        raise ValueError(
            f"split_by must be a discrete label of at most {len(SPLIT_COLORMAPS)} ids, but "
            f"{split_name} is {split_by[0].kind} with {len(ids)}; choose another label"
        )
    ends = (float(values.min()), float(values.max()))
    bars = {
        with_unit(f"{text}, {split_name.replace('_', ' ')} {one}", unit): _mappable(ends, colormap)
        for one, colormap in zip(ids, SPLIT_COLORMAPS, strict=False)
    }
    return LabelColours(bars, tuple(ids))


def _symmetric(values: np.ndarray) -> tuple[float, float]:
    """Ends that are equally far from 0 if values lie on both sides of it."""
    low, high = float(values.min()), float(values.max())
    if not low < 0 < high:
        return low, high
    largest = max(-low, high)
    return -largest, largest


def _mappable(ends: tuple[float, float], colormap: Any) -> ScalarMappable:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    return ScalarMappable(Normalize(*ends), colormap)


def _diverging() -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("diverging", _DIVERGING)


def _cyclic() -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    around = CLASS_COLOURS[:N_DIRECTIONS]
    return LinearSegmentedColormap.from_list("around", [*around, around[0]])


def _add_legend(figure: Any, axes: Any, classes: ClassKey, shown: np.ndarray) -> None:
    from matplotlib.lines import Line2D

    there = set(np.unique(shown).tolist())
    handles = [
        Line2D([], [], ls="none", marker="o", markersize=5, color=colour, label=name)
        for one, name, colour in zip(classes.ids, classes.names, CLASS_COLOURS, strict=False)
        if one in there
    ]
    if isinstance(axes, (list, tuple)):
        # At the upper end, a long title would run into it.
        figure.legend(handles=handles, loc="outside right center")
    else:
        axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.0))
