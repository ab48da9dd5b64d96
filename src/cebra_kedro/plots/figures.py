"""Which kinds of figures there are: name → function, what it is of, and its caption.

Functions are imported where they are used, so that reading a description draws nothing in.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from cebra_kedro.problems import did_you_mean

_RUNS = "a dot is one fold and seed, the short line their mean, the dashed line chance"


@dataclass(frozen=True)
class FigureKind:
    """One kind of figure.

    Attributes:
        name: in the description of an experiment, and of the file.
        draw: ``module:function``; ``draw(results, session, **options)`` returns a matplotlib
            ``Figure``, or None where there is nothing to draw. ``session`` is None for the figure
            of the whole experiment.
        per: whether there is one of each ``session``, one of the ``experiment``, or ``both``.
        caption: the sentence under it, without a full stop.
    """

    name: str
    draw: str
    per: Literal["session", "experiment", "both"]
    caption: str

    @property
    def function(self) -> Callable[..., Any]:
        """The function that draws it."""
        module, function = self.draw.split(":")
        found: Callable[..., Any] = getattr(import_module(module), function)
        return found


# In the order of the page.
_KINDS = (
    FigureKind(
        "overview",
        "cebra_kedro.plots.overview:overview_figure",
        "session",
        "The first encoder's embedding in the plane, in space and over time, and the label over "
        "time; colours are the label's",
    ),
    FigureKind(
        "embedding",
        "cebra_kedro.plots.embedding:embedding_figure",
        "session",
        "Embeddings of the first fold and seed, coloured by labels; with more than three "
        "dimensions, the first three principal components",
    ),
    FigureKind(
        "trajectories",
        "cebra_kedro.plots.trajectories:trajectories_figure",
        "session",
        "Mean of the held-out trials of each class, of what was recorded and in each embedding "
        "(put back onto the sphere); a circle marks the start, a triangle the end",
    ),
    FigureKind(
        "single_trials",
        "cebra_kedro.plots.trajectories:single_trials_figure",
        "session",
        "The first held-out trial of each class, of what was recorded and in each embedding; a "
        "circle marks the start, a triangle the end",
    ),
    FigureKind(
        "transfer_trajectories",
        "cebra_kedro.plots.trajectories:transfer_trajectories_figure",
        "experiment",
        "Trials of two sessions in the space of the encoders of the first one: mean of the "
        "held-out trials of each class",
    ),
    FigureKind(
        "movie_map",
        "cebra_kedro.plots.movie:movie_map_figure",
        "experiment",
        "The frames of the movie in a t-SNE of their features, coloured by frame",
    ),
    FigureKind(
        "activity",
        "cebra_kedro.plots.movie:activity_figure",
        "session",
        "Activity of all neurons in the test repeat, sorted by when each is most active in the "
        "other repeats",
    ),
    FigureKind(
        "decoded",
        "cebra_kedro.plots.decoding:decoded_figure",
        "session",
        "Decoded against true values of the test rows: traces (dots decoded, line true) laid end "
        "to end, with a thin vertical line where rows that are not neighbours meet; classes as "
        "shares of each true class (row)",
    ),
    FigureKind(
        "frames_decoded",
        "cebra_kedro.plots.decoded_frames:frames_decoded_figure",
        "session",
        "Decoded against true frame in the test repeat; the band is less than 1 s away",
    ),
    FigureKind(
        "frames_confusion",
        "cebra_kedro.plots.decoded_frames:frames_confusion_figure",
        "session",
        "Into which stretch of the movie the frames of each stretch are decoded",
    ),
    FigureKind(
        "scores",
        "cebra_kedro.plots.scores:scores_figure",
        "both",
        f"Scores of each variant on the test rows: {_RUNS}; numbers are means. Of a transfer, "
        "encoder and decoder are fitted to the first session and scored on the second",
    ),
    FigureKind(
        "by_neurons",
        "cebra_kedro.plots.by_neurons:by_neurons_figure",
        "experiment",
        "Scores by number of neurons: a dot is one run, lines join means",
    ),
    FigureKind(
        "sweep",
        "cebra_kedro.plots.sweep:sweep_figure",
        "experiment",
        "Mean score of every combination of the swept parameters",
    ),
    FigureKind(
        "search",
        "cebra_kedro.plots.search:search_figure",
        "experiment",
        "Settings that were tried, scored on validation trials only; the ringed ones were chosen, "
        "and scored once on the test trials. Hollow ones were given up after some folds",
    ),
    FigureKind(
        "loss",
        "cebra_kedro.plots.loss:loss_figure",
        "session",
        "InfoNCE loss and goodness of fit during training: thin lines are single folds and seeds, "
        "thick lines their mean; 0 bits is chance",
    ),
    FigureKind(
        "attribution",
        "cebra_kedro.plots.attribution:attribution_figure",
        "session",
        "How much each neuron matters to the embedding of held-out rows, most important first, "
        "beside the control: means over folds and seeds, bars one standard deviation, filled where "
        "more than in the control (false discovery rate 5 %). Below, when in the window it matters",
    ),
    FigureKind(
        "across",
        "cebra_kedro.plots.across:across_figure",
        "experiment",
        "Decoders fitted to the training rows of one session (row) and scored on the test rows of "
        "another (column), through a joint embedding, or through one that is turned into that of "
        "the first session by training rows: means over folds and seeds",
    ),
    FigureKind(
        "consistency",
        "cebra_kedro.plots.consistency:consistency_figure",
        "both",
        "R² of the linear map from each source (row) to each target (column)",
    ),
)

FIGURES: Mapping[str, FigureKind] = MappingProxyType({kind.name: kind for kind in _KINDS})
"""Name → kind of figure, in the order of the page."""

CAPTIONS: Mapping[str, str] = MappingProxyType({kind.name: kind.caption for kind in _KINDS})
"""Name → the sentence under a figure of this kind, of a session and of the experiment alike."""


def figure_kind(name: str) -> FigureKind:
    """A kind of figure by name.

    Raises:
        ValueError: there is none of this name; the message lists those there are.
    """
    if name in FIGURES:
        return FIGURES[name]
    hint = did_you_mean(name, FIGURES)
    raise ValueError(
        f"figures must be among {', '.join(FIGURES)}, got {name!r}" + (f" ({hint})" if hint else "")
    )


def known_options(name: str) -> tuple[str, ...]:
    """The options that a kind of figure takes.

    Args:
        name: the kind.

    Raises:
        ValueError: there is none of this name.
    """
    parameters = inspect.signature(figure_kind(name).function).parameters.values()
    return tuple(one.name for one in parameters if one.kind is inspect.Parameter.KEYWORD_ONLY)


@cache
def code_version() -> str:
    """SHA-256 (hex) of what decides how a figure looks, beside its numbers: code and libraries.

    All of this package's code, as plots use that of most rooms.
    """
    digest = hashlib.sha256()
    package = Path(__file__).parents[1]
    for file in sorted(package.rglob("*.py")):
        digest.update(str(file.relative_to(package)).encode() + file.read_bytes())
    for library in ("matplotlib", "numpy", "pandas", "scikit-learn", "scipy"):
        digest.update(f"{library}={version(library)}".encode())
    return digest.hexdigest()
