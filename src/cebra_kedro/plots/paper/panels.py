"""Which panels each figure of the paper has, which files they need, and in which rows they stand.

Panels are drawn by ``figure_1`` … ``figure_5``, pages composed by ``pages``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cebra_kedro.plots.canvas import Drawn
from cebra_kedro.plots.paper import (
    figure_1,
    figure_2,
    figure_2_decoding,
    figure_3,
    figure_3_trajectories,
    figure_4,
    figure_5,
    figure_5_errors,
)


@dataclass(frozen=True)
class Panel:
    """One panel of a figure.

    Attributes:
        name: letter and part, e.g. ``b_left``.
        title: printed beside the letter; may be empty.
        draw: contents of files and an optional ``ax`` → the numbers drawn.
        files: published names of the files it needs.
        size_inches: width and height if drawn alone.
    """

    name: str
    title: str
    draw: Callable[..., Drawn]
    files: tuple[str, ...]
    size_inches: tuple[float, float]

    @property
    def letter(self) -> str:
        """The letter printed beside the panel."""
        return self.name.split("_")[0]

    def missing(self, files: Iterable[str]) -> list[str]:
        """Names of the files it needs and that are not among ``files``."""
        there = set(files)
        return [name for name in self.files if name not in there]


Rows = tuple[tuple[Panel, ...], ...]

_VIDEO = (figure_2_decoding.VIDEO,)
_ONE, _TWO, _THREE = (figure_1.FILE,), (figure_2.FILE,), (figure_3.FILE,)
_FOUR, _FIVE = (figure_4.FILE,), (figure_5.FILE,)
_HALF, _WHOLE = 3.5, 7.2

PAGES: Mapping[str, Rows] = MappingProxyType(
    {
        "figure_1": (
            (
                Panel("b_left", "", figure_1.panel_b_left, _ONE, (_HALF, 2.2)),
                Panel(
                    "b_right",
                    "Reconstruction of the latent",
                    figure_1.panel_b_right,
                    _ONE,
                    (_HALF, 2.2),
                ),
            ),
            (Panel("d", "Rat hippocampus (achilles)", figure_1.panel_d, _ONE, (_WHOLE, 3.7)),),
            (
                Panel(
                    "e",
                    "Consistency between rats (mean R², %)",
                    figure_1.panel_e,
                    tuple(figure_1.RUNS.values()),
                    (_WHOLE, 3.8),
                ),
            ),
        ),
        "figure_2": (
            (Panel("b", "Rat hippocampus", figure_2.panel_b, _TWO, (_WHOLE, 1.9)),),
            (
                Panel("c_upper", "Hypotheses", figure_2.panel_c_upper, _TWO, (_HALF, 2.6)),
                Panel("c_lower", "Loss", figure_2.panel_c_lower, _TWO, (_HALF, 2.6)),
            ),
            (
                Panel(
                    "d_left",
                    "Decoded position",
                    figure_2_decoding.panel_d_left,
                    _VIDEO,
                    (_HALF, 2.4),
                ),
                Panel(
                    "d_right",
                    "Decoding error",
                    figure_2_decoding.panel_d_right,
                    tuple(figure_2_decoding.RUNS.values()),
                    (_HALF, 2.4),
                ),
            ),
            (Panel("f_embeddings", "Topology", figure_2.panel_f_embeddings, _TWO, (_WHOLE, 2.2)),),
            (Panel("f_barcodes", "Barcodes", figure_2.panel_f_barcodes, _TWO, (_WHOLE, 2.6)),),
            (Panel("g", "Circular coordinate", figure_2.panel_g, _TWO, (_HALF, 2.8)),),
        ),
        "figure_3": (
            (
                Panel("a", "Hand position", figure_3.panel_a, _THREE, (_HALF, 2.0)),
                Panel("c", "Trained with position", figure_3.panel_c, _THREE, (_HALF, 2.0)),
            ),
            (
                Panel(
                    "b",
                    "Averages over trials",
                    figure_3_trajectories.panel_b,
                    _THREE,
                    (_WHOLE, 3.4),
                ),
            ),
            (
                Panel("d", "Trained with time", figure_3.panel_d, _THREE, (_HALF, 2.0)),
                Panel(
                    "e",
                    "One model per condition",
                    figure_3_trajectories.panel_e,
                    _THREE,
                    (_HALF, 2.0),
                ),
            ),
            (
                Panel(
                    "f",
                    "One model, active and passive",
                    figure_3_trajectories.panel_f,
                    _THREE,
                    (_HALF, 2.0),
                ),
                Panel(
                    "g",
                    "One model, trained with position",
                    figure_3_trajectories.panel_g,
                    _THREE,
                    (_HALF, 2.0),
                ),
            ),
            (Panel("h", "", figure_3.panel_h, _THREE, (_WHOLE, 2.2)),),
            (Panel("i", "Decoded hand position", figure_3.panel_i, _THREE, (_HALF, 2.4)),),
        ),
        "figure_4": (
            (
                Panel("c", "Neuropixels", figure_4.panel_c, _FOUR, (_HALF, 3.2)),
                Panel("d", "Calcium", figure_4.panel_d, _FOUR, (_HALF, 3.2)),
            ),
            (
                Panel("e", "One model per modality", figure_4.panel_e, _FOUR, (_HALF, 2.3)),
                Panel("h", "Joint model", figure_4.panel_h, _FOUR, (_HALF, 2.3)),
            ),
            (
                Panel("f", "Neuropixels, joint model", figure_4.panel_f, _FOUR, (_HALF, 3.2)),
                Panel("g", "Calcium, joint model", figure_4.panel_g, _FOUR, (_HALF, 3.2)),
            ),
            (
                Panel("j", "Areas, joint models", figure_4.panel_j, _FOUR, (_HALF, 2.6)),
                Panel("k", "VISp against other areas", figure_4.panel_k, _FOUR, (_HALF, 2.6)),
            ),
        ),
        "figure_5": (
            (
                Panel(
                    "c_10_frames",
                    "Frame, from 10 frames",
                    figure_5.panel_c_10_frames,
                    _FIVE,
                    (_HALF, 2.2),
                ),
                Panel(
                    "c_1_frame",
                    "Frame, from 1 frame",
                    figure_5.panel_c_1_frame,
                    _FIVE,
                    (_HALF, 2.2),
                ),
            ),
            (
                Panel("d", "Scene, from 1 frame", figure_5.panel_d, _FIVE, (_HALF, 2.2)),
                Panel("e", "CEBRA, 1000 neurons", figure_5_errors.panel_e, _FIVE, (_HALF, 2.2)),
            ),
            (
                Panel(
                    "f_10_frames",
                    "Frame error, from 10 frames",
                    figure_5_errors.panel_f_10_frames,
                    _FIVE,
                    (_HALF, 2.2),
                ),
                Panel(
                    "f_1_frame",
                    "Frame error, from 1 frame",
                    figure_5_errors.panel_f_1_frame,
                    _FIVE,
                    (_HALF, 2.2),
                ),
            ),
            (
                Panel("g", "Areas", figure_5.panel_g, _FIVE, (_HALF, 2.2)),
                Panel("h", "Layers", figure_5.panel_h, _FIVE, (_HALF, 2.2)),
            ),
        ),
    }
)
"""Figure → rows of panels on its page."""


def panels_of(figure: str) -> list[Panel]:
    """All panels of a figure, e.g. ``figure_1``."""
    return [panel for row in PAGES[figure] for panel in row]
