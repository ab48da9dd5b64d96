"""Figure of one embedding beside its label, whatever their dimensions are.

The embedding and the label are given; computing them is left to other rooms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cebra_kedro.metrics import with_unit
from cebra_kedro.plots import style
from cebra_kedro.plots.canvas import house_style, new_figure
from cebra_kedro.plots.label_colours import TURN, shown_angles
from cebra_kedro.plots.results import Results
from cebra_kedro.recording import Label, Recording

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLORMAPS = {"continuous": "viridis", "circular": "twilight", "discrete": "tab20"}
_NOT_SHOWN = ("latent", "part")
"""What a set was made of, and how it is split: labels that nothing is trained on."""
_SHOWN_ROWS = 300
"""Rows of the panels over time; more would be a band of ink."""
_MAX_LINES = 8
_MARGINS = {
    "left": 0.08,
    "right": 0.98,
    "top": 0.9,
    "bottom": 0.14,
    "wspace": 0.25,
    "hspace": 0.4,
}


def overview_figure(
    results: Results, session: str | None, *, encoder: str | None = None
) -> Figure | None:
    """Four panels: the embedding in the plane, in space, over time, and the label over time.

    Shown is the session's first label. Colours are the label's, of several label dimensions the
    first one's. An embedding of two dimensions is shown in space with time as the third axis, one
    of a single dimension in the plane against time and in space with the label as the third axis.
    The panels over time show the first 300 bins and at most 8 dimensions.

    Args:
        results: the results.
        session: the session.
        encoder: the variant shown; None for the first one that embeds this session.

    Returns:
        The figure, or None without an embedding or a label.

    Raises:
        KeyError: there is no such variant.
        ValueError: there is no session, or the embedding has other rows than the recording.
    """
    if session is None:
        raise ValueError(f"an overview is that of one session, got none of {results.sessions}")
    variants = results.variants if encoder is None else (results.variant(encoder),)
    for variant in variants:
        embedding = results.embedding(session, variant.name)
        if embedding is not None and embedding.shape[1]:
            recording = results.recording(session, variant.population)
            named = _shown_label(recording)
            what = f"{variant.kind} {style.variant_label(variant)}"
            title = f"{session}: {what} (first seed), all rows"
            return None if named is None else draw_overview(embedding, *named, title=title)
    return None


def draw_overview(
    embedding: np.ndarray, name: str, label: Label, *, title: str | None = None
) -> Figure:
    """The panels of :func:`overview_figure`.

    Args:
        embedding: float array (time, dim), dim at least 1.
        name: name of the label.
        label: the label, on the rows of the embedding.
        title: title over the figure.

    Raises:
        ValueError: lengths differ.
    """
    values = label.values if label.table is None else label.table[label.values]
    if embedding.ndim != 2 or 0 in embedding.shape or len(values) != len(embedding):
        raise ValueError(
            f"embedding must be an array (time, dim) with a row for each of the {len(values)} rows "
            f"of the label {name}, got shape {embedding.shape}"
        )
    columns = values.reshape(len(values), -1)
    turn = 0.0
    if label.kind == "circular":
        scale = shown_angles(label).scale
        columns, turn = columns * scale, TURN * scale
    first, time = columns[:, 0], np.arange(len(columns))
    points, axis_names = _coordinates(embedding, first, time, name)
    look = _look(first, label.kind, turn)
    named = with_unit(name, label.unit)
    with house_style():
        figure = new_figure((9.0, 6.8), _MARGINS)
        plane = figure.add_subplot(2, 2, 1)
        marks = plane.scatter(*points[:2], **look)
        plane.set(xlabel=axis_names[0], ylabel=axis_names[1], title="plane")
        bar = figure.colorbar(marks, ax=plane, fraction=0.05, pad=0.02)
        bar.set_label(named)
        bar.outline.set_visible(False)
        space: Any = figure.add_subplot(2, 2, 2, projection="3d")
        space.scatter(*points, depthshade=False, **look)
        space.set(title="space")
        for axis, axis_name in zip("xyz", axis_names, strict=True):
            getattr(space, f"set_{axis}label")(axis_name, fontsize=8, labelpad=-8)
            getattr(space, f"{axis}axis").set_ticklabels([])
        _lines(figure.add_subplot(2, 2, 3), embedding, "embedding", "embedding", "dim")
        over_time = figure.add_subplot(2, 2, 4)
        _lines(over_time, columns, name, named, name, is_step=label.kind != "continuous")
        if title:
            figure.suptitle(title)
    return figure


def _shown_label(recording: Recording) -> tuple[str, Label] | None:
    named = recording.labels.items()
    return next(((name, label) for name, label in named if name not in _NOT_SHOWN), None)


def _coordinates(
    embedding: np.ndarray, label: np.ndarray, time: np.ndarray, name: str
) -> tuple[list[np.ndarray], list[str]]:
    """Three coordinates and what they are."""
    if embedding.shape[1] == 1:
        return [time, embedding[:, 0], label], ["time (bins)", "dim 1", name]
    if embedding.shape[1] == 2:
        return [*embedding.T, time], ["dim 1", "dim 2", "time (bins)"]
    return list(embedding[:, :3].T), ["dim 1", "dim 2", "dim 3"]


def _look(values: np.ndarray, kind: str, turn: float) -> dict[str, Any]:
    limits = {"vmin": 0.0, "vmax": turn} if kind == "circular" else {}
    colours = values % turn if kind == "circular" else values
    return {
        "c": colours,
        "cmap": _COLORMAPS[kind],
        "s": 3,
        "linewidths": 0,
        "rasterized": True,
        **limits,
    }


def _lines(
    ax: Any, values: np.ndarray, what: str, ylabel: str, name: str, *, is_step: bool = False
) -> None:
    """The first columns over the first bins; steps where values jump."""
    shown = values[:_SHOWN_ROWS, :_MAX_LINES]
    drawstyle = "steps-mid" if is_step else "default"
    for number, column in enumerate(shown.T, start=1):
        ax.plot(column, lw=0.8, drawstyle=drawstyle, label=f"{name} {number}")
    more = values.shape[1] - shown.shape[1]
    title = "over time" + (f" ({more} more dimensions)" if more else "")
    ax.set(xlabel="time (bins)", ylabel=ylabel, title=f"{what} {title}")
    if shown.shape[1] > 1:
        ax.legend(ncols=4, loc="upper center", bbox_to_anchor=(0.5, -0.2))
