"""Pictures of decoding: decoded against true values of the test rows, by kind of label.

Decoding is left to ``decoding``; scores of many runs are drawn in ``scores``. Each panel is drawn
by a ``plot_*`` of ``decoded_traces`` or ``decoded_classes``.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from cebra_kedro.metrics import format_value
from cebra_kedro.plots import style
from cebra_kedro.plots.canvas import house_style, new_figure
from cebra_kedro.plots.decoded_classes import (
    MAX_CLASSES,
    are_upright,
    plot_confusion,
    plot_decoded_ids,
    shown_names,
)
from cebra_kedro.plots.decoded_traces import plot_decoded
from cebra_kedro.plots.label_colours import TURN, label_columns, shown_angles
from cebra_kedro.plots.panels import KEY_INCHES, finish
from cebra_kedro.plots.results import Results, Variant
from cebra_kedro.recording import Label, Recording

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAX_ROWS = 2000
"""Test rows shown of a trace; more would be a band of ink."""
_TRACES_INCHES, _TRACE_INCHES = 9.4, 1.2
"""Width of all traces, and height of one."""
_TRACE_LETTERS = int(0.75 * _TRACE_INCHES / style.LETTER_INCHES)  # the rest is title and gap
_SQUARES_IN_A_ROW = 4
_LEAST_SQUARE_INCHES = 1.5
_CLASS_INCHES = 0.16
"""Height of a row of a matrix, so that names of classes have room."""
_LONGEST_BAR_INCHES = 2.5

Shown = list[tuple[Variant, Recording, np.ndarray, np.ndarray, np.ndarray]]
"""Variant, recording, rows, true and decoded values of each panel."""


def decoded_figure(
    results: Results,
    session: str,
    *,
    labels: Sequence[str] | None = None,
    decoder: str | None = None,
) -> Figure | None:
    """Decoded against true values of every variant on the test rows, first fold and seed.

    Continuous and circular labels are traces, of several dimensions the first two; few classes are
    confusion matrices, many are dots.

    Args:
        results: the results.
        session: the session.
        labels: which of the decoded labels; those that this session lacks are left out. None for
            all.
        decoder: which decoder; None for the first one of each label.

    Returns:
        The figure; None where nothing was decoded.

    Raises:
        ValueError: there is no such decoder.
    """
    blocks = {}
    names = _decoded_labels(results, session) if labels is None else list(labels)
    for name in names:
        decoded = _decoded(results, session, name, decoder)
        if decoded is not None:
            blocks[name] = decoded
    if not blocks:
        return None
    colours = style.colours(results.variants)
    kinds = {name: shown[0][1].label(name) for name, (_, shown) in blocks.items()}
    heights = [_height(kinds[name], shown) for name, (_, shown) in blocks.items()]
    width = max(
        _TRACES_INCHES if _is_traced(kinds[name]) else _squares(kinds[name], shown).width
        for name, (_, shown) in blocks.items()
    )
    with house_style():
        figure = new_figure((width, sum(heights) + 0.5))
        parts = np.ravel(figure.subfigures(len(blocks), 1, height_ratios=heights, squeeze=False))
        for part, (name, (used, shown)) in zip(parts, blocks.items(), strict=True):
            if len(blocks) > 1:
                part.suptitle(f"{name.replace('_', ' ')} ({used})", fontsize=9)
            draw = _draw_traces if _is_traced(kinds[name]) else _draw_squares
            draw(part, name, kinds[name], shown, colours)
        variants = [one[0] for _, shown in blocks.values() for one in shown]
        (name, (used, _)), *more = blocks.items()
        what = "decoded labels" if more else f"decoded {name.replace('_', ' ')} by {used}"
        finish(figure, f"{session}: {what}, test rows of the first fold and seed", variants)
    return figure


def error_text(true: np.ndarray, predicted: np.ndarray, label: Label) -> str:
    """What a title says of the panel: median error or distance, mean angle, or right classes."""
    if label.kind == "discrete":
        return f"{100 * np.mean(true == predicted):.1f} % right"
    if label.kind == "circular":
        error = np.mean(np.abs((predicted - true + np.pi) % TURN - np.pi))
        angles = shown_angles(label)
        return f"mean error {error * angles.scale:.{angles.decimals}f} {angles.unit}"
    columns = (predicted - true).reshape(len(true), -1)
    error = float(np.median(np.linalg.norm(columns, axis=1)))
    return f"median error {format_value(error, label.unit)} {label.unit}".rstrip()


def _decoded_labels(results: Results, session: str) -> list[str]:
    populations = dict.fromkeys(variant.population for variant in results.variants)
    names = dict.fromkeys(
        name for one in populations for name in results.recording(session, one).labels
    )
    return list(names)


def _decoded(
    results: Results, session: str, name: str, decoder: str | None
) -> tuple[str, Shown] | None:
    """The decoder used, and what it made of each variant; None if the label is not decoded."""
    shown: Shown = []
    recordings: dict[str, Recording] = {}
    used = decoder
    for variant in results.variants:
        predicted = results.predicted(session, variant.name, name)
        if predicted is None:
            continue
        used, values = predicted.of(used)
        population = variant.population
        if population not in recordings:
            recordings[population] = results.recording(session, population)
        recording = recordings[population]
        shown.append((variant, recording, predicted.row, predicted.true, values))
    return (used, shown) if used is not None and shown else None


def _is_traced(label: Label) -> bool:
    return label.kind != "discrete"


def _height(label: Label, shown: Shown) -> float:
    if _is_traced(label):
        return _TRACE_INCHES * len(shown) + 0.5
    return _squares(label, shown).height


@dataclass(frozen=True)
class _Squares:
    """How the panels of classes are laid out.

    Attributes:
        ids: class ids, ascending.
        names: what they are called, as it stands beside a matrix.
        rows: rows of panels.
        columns: panels in a row.
        pitch: from a panel to the one right of it, in inches.
        names_inches: width of the longest name; 0 for panels of dots.
        is_ragged: the last row is not full, so that panels above it have names below, too.
    """

    ids: np.ndarray
    names: list[str]
    rows: int
    columns: int
    pitch: float
    names_inches: float
    is_ragged: bool

    @property
    def is_matrix(self) -> bool:
        """Whether panels are matrices."""
        return len(self.ids) <= MAX_CLASSES

    @property
    def width(self) -> float:
        """Width of all panels with what stands beside them, in inches."""
        return self.columns * self.pitch + self.names_inches + KEY_INCHES

    @property
    def height(self) -> float:
        """Height of all panels, in inches."""
        upright = self.is_matrix and are_upright(self.names)
        below = 0.4 + (self.names_inches if upright else 0.15)
        return self.rows * (self.pitch + 0.25) + (1 + self.is_ragged) * below

    def title(self, text: str) -> str:
        """A title that is not wider than its panel."""
        letters = int(self.pitch / style.TITLE_LETTER_INCHES) - 1
        return "\n".join(textwrap.fill(line, letters) for line in text.split("\n"))


def _squares(label: Label, shown: Shown) -> _Squares:
    """As many panels in a row as fit, of which only the first has names at its left."""
    ids = np.unique(np.concatenate([one for *_, true, p in shown for one in (true, p)]))
    names = shown_names([label.name_of(int(one)) for one in ids])
    pitch, names_inches = style.SMALL_PANEL_INCHES[0], 0.0
    if len(ids) <= MAX_CLASSES:
        pitch = max(_LEAST_SQUARE_INCHES, _CLASS_INCHES * len(ids)) + 0.3
        names_inches = style.LETTER_INCHES * max(map(len, names)) + 0.1
    room = style.WIDEST_INCHES - KEY_INCHES - names_inches
    columns = min(len(shown), _SQUARES_IN_A_ROW, int(room / pitch))
    rows = -(-len(shown) // columns)
    columns = -(-len(shown) // rows)
    ragged = len(shown) < rows * columns
    return _Squares(ids, names, rows, columns, pitch, names_inches, ragged)


def _draw_traces(
    figure: Any, name: str, label: Label, shown: Shown, colours: dict[str, str]
) -> None:
    """A row for each variant, a column for each of the first two coordinates."""
    columns = list(label_columns(label, name))
    grid = figure.subplots(len(shown), len(columns), sharex=True, sharey=True, squeeze=False)
    for row, (variant, recording, rows, true, predicted) in zip(grid, shown, strict=True):
        summary = error_text(true, predicted, label)
        for number, (ax, column) in enumerate(zip(row, columns, strict=True)):
            one_true, one_predicted = (v.reshape(len(v), -1)[:, number] for v in (true, predicted))
            plot_decoded(
                (rows * recording.bin_width_s)[:MAX_ROWS],
                one_true[:MAX_ROWS],
                one_predicted[:MAX_ROWS],
                name=column.replace("_", " "),
                label=label,
                trial=None if recording.trial is None else recording.trial[rows][:MAX_ROWS],
                ax=ax,
                title=f"{style.variant_label(variant)}: {summary}" if number == 0 else None,
                colour=colours[variant.name],
                legend=ax is grid[0, -1],
            )
            ax.set_ylabel(textwrap.fill(ax.get_ylabel(), _TRACE_LETTERS))
    for ax in grid[:-1].flat:
        ax.set_xlabel("")


def _draw_squares(
    figure: Any, name: str, label: Label, shown: Shown, colours: dict[str, str]
) -> None:
    """Confusions of few classes, dots of many."""
    grid = _squares(label, shown)
    axes = np.ravel(figure.subplots(grid.rows, grid.columns, squeeze=False))
    text = name.replace("_", " ")
    for number, (ax, (variant, _, _, true, predicted)) in enumerate(zip(axes, shown, strict=False)):
        error = error_text(true, predicted, label)
        title = grid.title(f"{style.variant_label(variant)}\n{error}")
        if grid.is_matrix:
            look: dict[str, Any] = {"ids": grid.ids, "names": grid.names, "bar": False}
            plot_confusion(true, predicted, name=text, ax=ax, title=title, **look)
        else:
            plot_decoded_ids(
                true, predicted, name=text, ax=ax, title=title, colour=colours[variant.name]
            )
        if number % grid.columns:
            ax.set_ylabel("")
            ax.tick_params(labelleft=not grid.is_matrix)
        if number + grid.columns < len(shown):
            ax.set_xlabel("")
            ax.tick_params(labelbottom=not grid.is_matrix)
    for ax in axes[len(shown) :]:
        ax.remove()
    if grid.is_matrix:
        shrink = min(1.0, _LONGEST_BAR_INCHES / grid.height)
        used = list(axes[: len(shown)])
        bar = figure.colorbar(axes[0].images[0], ax=used, fraction=0.03, shrink=shrink)
        bar.set_label("share of the true class (%)")
        bar.outline.set_visible(False)
