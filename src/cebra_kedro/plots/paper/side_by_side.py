"""Two plots beside each other, "published" and "this run", on one value axis.

Recordings of ours may be simulated, which the title says. What is compared is left to ``this_run``.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cebra_kedro.plots import style
from cebra_kedro.plots.canvas import Drawn
from cebra_kedro.plots.paper import marks, numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Groups = dict[str, dict[str, np.ndarray]]
"""Method → subject → values (n,)."""

PAPERS_NAMES = {
    "position_direction": "CEBRA-Behavior",
    "time": "CEBRA-Time",
    "time_transductive": "CEBRA-Time †",
    "pca": "PCA",
    "tsne": "tSNE",
    "umap": "UMAP",
}
"""Our variant → the paper's name of the same method; † marks an encoder that saw test data."""

_OWN_COLOURS = ("position_direction", "time", "time_transductive", "pca")
# Okabe and Ito, then muted ones of Paul Tol that stay apart from them.
_COLOURS = (
    "#000000",
    "#56B4E9",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#0072B2",
    "#D55E00",
    "#332288",
    "#999933",
    "#882255",
    "#44AA99",
    "#AA4499",
)


def side_by_side(
    published: Groups,
    ours: Groups,
    table: pd.DataFrame,
    label: str,
    ax: Axes | None,
    *,
    lines: bool = False,
) -> Drawn:
    """Dots and medians of each method and subject, the published ones left, ours right.

    Args:
        published: method → subject → values (n,).
        ours: the same of this project.
        table: where ours come from, with the columns ``subject`` and ``origin``.
        label: of the value axis, with its unit.
        ax: axes whose place is used; None for a new figure.
        lines: subjects are neuron counts on an axis of numbers, means joined by lines.

    Returns:
        Summary of each method and subject; ``method`` ends with whose it is.

    Raises:
        ValueError: there is nothing of ours.
    """
    if not ours:
        raise ValueError("our table must hold scores of the methods compared, got none of them")
    colours = _colours([*published, *ours])
    sides = {"published": published, origin_words(table): ours}
    with marks.paper_style():
        axes = marks.split(ax, 1, 2, size_inches=(7.2, 2.5))
        for one, (title, groups) in zip(axes, sides.items(), strict=True):
            (_lines if lines else _dots)(one, groups, colours)
            one.set_title(title)
            one.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), handlelength=1.0)
        limits = [one.get_ylim() for one in axes]
        low = min(0.0, *(limit[0] for limit in limits))
        for one in axes:
            one.set_ylim(low, max(limit[1] for limit in limits))
        axes[0].set_ylabel(label)
        if any(method.endswith(style.TRANSDUCTIVE_MARK) for method in ours):
            footnote = style.transductive_footnote(["time_transductive"])
            axes[1].set_xlabel(textwrap.fill(footnote, 75), fontsize=5.5)
    unit = "cm" if "(cm)" in label else "%"
    rows = [
        row
        for title, groups in sides.items()
        for method, of_subject in groups.items()
        for subject, values in of_subject.items()
        for row in numbers.summary(f"{method}, {title}", values, unit, subject)
    ]
    return Drawn(tuple(axes), numbers.table(rows))


def origin_words(table: pd.DataFrame) -> str:
    """``this run, simulated recordings``; with both kinds, which subjects are which.

    Args:
        table: with the columns ``subject`` and ``origin`` (simulated, real or unknown).
    """
    words = {"simulated": "simulated", "real": "real", "unknown": "origin not recorded"}
    kinds = [kind for kind in words if kind in set(table["origin"])]
    if len(kinds) == 1:
        kind = words[kinds[0]]
        return f"this run ({kind})" if kinds[0] == "unknown" else f"this run ({kind} recordings)"
    of_kind = table.groupby("origin")["subject"].unique()
    parts = [f"{words[kind]}: {', '.join(sorted(map(str, of_kind[kind])))}" for kind in kinds]
    return f"this run ({'; '.join(parts)})"


def _colours(methods: list[str]) -> dict[str, str]:
    """A colour of its own for each method, the same on both sides; ours keep theirs."""
    own = style.colours(_OWN_COLOURS)
    known = {PAPERS_NAMES[variant]: own[variant] for variant in _OWN_COLOURS}
    colours = {method: known[method] for method in methods if method in known}
    free = (colour for colour in _COLOURS if colour not in colours.values())
    for method in methods:
        if method not in colours:
            colours[method] = next(free, "#777777")
    return colours


def _dots(ax: Any, groups: Groups, colours: Mapping[str, str]) -> None:
    subjects = list(dict.fromkeys(name for of in groups.values() for name in of))
    step = 0.8 / len(groups)
    for index, (method, of_subject) in enumerate(groups.items()):
        for subject, values in of_subject.items():
            place = subjects.index(subject) + (index + 0.5) * step - 0.4
            x = place + marks.spread(len(values), 0.6 * step)
            ax.plot(x, values, "o", ms=2.5, mew=0, color=colours[method], alpha=0.6)
            half = 0.45 * step
            ax.hlines(np.median(values), place - half, place + half, color=colours[method], lw=1.8)
        ax.plot([], [], "o", ms=3, color=colours[method], label=method)
    ax.plot([], [], color="0.4", lw=1.8, label="median")
    ax.set_xticks(range(len(subjects)), subjects)
    ax.set_xlim(-0.6, len(subjects) - 0.4)


def _lines(ax: Any, groups: Groups, colours: Mapping[str, str]) -> None:
    for method, of_count in groups.items():
        counts = sorted(of_count, key=int)
        x = [int(count) for count in counts]
        for one_x, count in zip(x, counts, strict=True):
            values = of_count[count]
            ax.plot(
                [one_x] * len(values), values, "o", ms=2, mew=0, color=colours[method], alpha=0.5
            )
        means = [of_count[count].mean() for count in counts]
        ax.plot(x, means, color=colours[method], lw=1.4, label=method)
    ax.set_xlabel("# Neurons (dots are seeds, lines means)")
