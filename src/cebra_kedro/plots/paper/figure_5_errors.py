"""Figure 5e and 5f: by how many frames of the movie a decoded frame is wrong.

Each panel takes the contents of published files, draws on an optional ``ax`` and returns the
numbers drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cebra_kedro.plots.canvas import Drawn
from cebra_kedro.plots.paper import marks, numbers
from cebra_kedro.plots.paper.contents import Files, as_array, pick
from cebra_kedro.plots.paper.figure_5 import CURVES, FILE, NEURONS, draw_curves

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WINDOW_FRAMES = 30
_EXAMPLE = (1000, 3)
"""Neuron count and seed of panel 5e."""


def panel_e(files: Files, *, ax: Axes | None = None) -> Drawn:
    """5e: true and decoded frame of one model (1000 neurons, ten frames).

    Args:
        files: content of ``Figure5Revision.h5``.
        ax: axes whose place is used; None for a new figure.

    Returns:
        Mean and median absolute error, and the share within 1 s.

    Raises:
        ValueError: a key is missing, or the errors are no whole movie.
    """
    error = _errors(files, "CEBRA", "330", _EXAMPLE[0])[_EXAMPLE[1]]
    if len(error) % 900:
        raise ValueError(
            f"{FILE}: errors in frame_err must belong to whole movies of 900 frames, "
            f"got {len(error)}; use the published file"
        )
    true = np.arange(len(error)) // (len(error) // 900)
    with marks.paper_style():
        (one,) = marks.split(ax, size_inches=(2.4, 2.2))
        one.plot((0, 900), (0, 900), color=marks.VIOLET, lw=1, zorder=3)
        one.scatter(true, true + error, s=2, color="0.45", linewidths=0, zorder=2, rasterized=True)
        one.set_xticks(range(0, 901, 300))
        one.set_yticks(range(0, 901, 300))
        one.set(xlabel="True frame", ylabel="Decoded frame")
    size = np.abs(error)
    rows = [
        numbers.number("CEBRA", "mean absolute error", size.mean(), "frames"),
        numbers.number("CEBRA", "median absolute error", float(np.median(size)), "frames"),
        numbers.number("CEBRA", "within 1 s", 100 * (size <= _WINDOW_FRAMES).mean(), "%"),
    ]
    return Drawn((one,), numbers.table(rows))


def _errors(files: Files, curve: str, frames: str, count: int) -> list[np.ndarray]:
    """Signed errors in frames of each seed; of pairs [2P, NP] the second."""
    decoder, key = CURVES[curve]
    path = ("frame_err", decoder, f"{key}_{frames}", count)
    found, what = pick(files, FILE, *path), f"{FILE}: {'/'.join(map(str, path))}"
    if key.endswith("joint"):
        if any(len(pair) != 2 for pair in found):
            raise ValueError(f"{what} must hold pairs of errors [2P, NP] for each seed")
        found = [pair[1] for pair in found]
    errors = [as_array(seed, f"{what}[{i}]") for i, seed in enumerate(found)]
    if (count, curve, frames) == (_EXAMPLE[0], "CEBRA", "330") and len(errors) <= _EXAMPLE[1]:
        raise ValueError(f"{what} must hold at least {_EXAMPLE[1] + 1} seeds, got {len(errors)}")
    return errors


def panel_f_10_frames(files: Files, *, ax: Axes | None = None) -> Drawn:
    """5f left: mean absolute frame error, from ten frames.

    Args:
        files: content of ``Figure5Revision.h5``.
        ax: axes whose place is used; None for a new figure.

    Returns:
        Mean and standard error of each curve and neuron count; ANOVA and Tukey at 1000 neurons.

    Raises:
        ValueError: a key is missing or errors are no numbers.
    """
    return _frame_errors(files, "330", 300, ax)


def panel_f_1_frame(files: Files, *, ax: Axes | None = None) -> Drawn:
    """5f right: mean absolute frame error, from one frame; as :func:`panel_f_10_frames`."""
    return _frame_errors(files, "33", 400, ax)


def _frame_errors(files: Files, frames: str, top: int, ax: Axes | None) -> Drawn:
    values = {
        name: [
            np.array([np.abs(seed).mean() for seed in _errors(files, name, frames, count)])
            for count in NEURONS
        ]
        for name in CURVES
    }
    with marks.paper_style():
        (one,) = marks.split(ax, size_inches=(3.5, 2.2))
        rows = draw_curves(one, values, "frames")
        highest = max(row["value"] for row in rows)
        one.set_ylim(0, max(top, 1.05 * highest))
        one.set_yticks(range(0, top + 1, 100))
        one.set_ylabel("Frame difference (frames)")
    at_1000 = {name: of_counts[-1] for name, of_counts in values.items()}
    return Drawn((one,), numbers.table([*rows, *numbers.anova_and_tukey(at_1000, "frames")]))
