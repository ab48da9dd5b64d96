"""What the variants of a movie experiment are: names such as ``raw_ca`` or ``joint_ca_10frames``.

Also how frames, modalities and decoders are named on axes. Nothing is drawn here.
"""

from __future__ import annotations

import re
from collections.abc import Sized
from dataclasses import dataclass
from types import MappingProxyType

from cebra_kedro.plots import style

MODALITY_LABELS = MappingProxyType({"ca": "Ca²⁺ events", "neuropixels": "Neuropixels spikes"})
"""Modality → what was recorded, in the order of panels."""

DECODER_LABELS = MappingProxyType({"knn": "kNN", "bayes": "Bayes"})

KIND_LABELS = MappingProxyType(
    {
        "raw": "raw activity",
        "single": "CEBRA, one modality",
        "joint": "CEBRA, both modalities",
        "shuffled": "CEBRA, shuffled labels",
    }
)
"""Kind of features → label, in the order of bars."""

KIND_COLOURS = MappingProxyType(
    {"raw": "#222222", "single": "#0072B2", "joint": "#D55E00", "shuffled": "#B0B0B0"}
)

_NAME = re.compile(r"(?:(raw|joint|shuffled)_)?(ca|neuropixels)(?:_(.+))?")


@dataclass(frozen=True, order=True)
class FrameVariant:
    """The parts of a variant's name.

    Attributes:
        kind: ``raw``, ``single``, ``joint`` or ``shuffled``.
        modality: ``ca`` or ``neuropixels``, of the features decoded.
        suffix: how it differs from the usual, e.g. ``10frames``; usually empty.
    """

    kind: str
    modality: str
    suffix: str = ""

    @property
    def model(self) -> str:
        """Kind and suffix: the name of what is compared within a modality."""
        return "_".join(filter(None, [self.kind, self.suffix]))


def split_variant(variant: str) -> FrameVariant:
    """The parts of the name of a variant of a movie experiment.

    Args:
        variant: a modality, with ``raw_``, ``joint_`` or ``shuffled_`` before it and a suffix
            such as ``_10frames`` behind it where there is one.

    Raises:
        ValueError: the name has another form.

    Example:
        >>> split_variant("joint_ca_10frames")
        FrameVariant(kind='joint', modality='ca', suffix='10frames')
    """
    match = _NAME.fullmatch(variant)
    if match is None:
        raise ValueError(
            f"variant must be ca or neuropixels, with raw_, joint_ or shuffled_ before it and a "
            f"suffix such as _10frames behind it, got {variant!r}"
        )
    kind, modality, suffix = match.groups()
    return FrameVariant(kind or "single", modality, suffix or "")


def model_label(kind: str, suffix: str) -> str:
    """Name of a kind of features, e.g. ``CEBRA, one modality (10 frames)``."""
    label = KIND_LABELS[kind]
    return f"{label} ({style.suffix_label(suffix)})" if suffix else label


def model_colour(kind: str, suffix: str) -> tuple[float, float, float]:
    """Colour of a kind of features as RGB in [0, 1]; half as strong for those with a suffix."""
    code = KIND_COLOURS[kind]
    rgb = (int(code[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = ((1 + part) / 2 if suffix else part for part in rgb)
    return red, green, blue


def models_in_order(models: set[tuple[str, str]]) -> list[tuple[str, str]]:
    """Pairs (kind, suffix): by suffix, the empty one first, and then in the order of kinds."""
    kinds = list(KIND_LABELS)
    return sorted(models, key=lambda model: (model[1], kinds.index(model[0])))


def frames_text(n_frames: int, frame_rate_hz: float) -> str:
    """The movie's length in words, e.g. ``900 frames at 30 Hz``."""
    return f"{n_frames} frames at {frame_rate_hz:g} Hz"


def check_not_empty(name: str, values: Sized) -> None:
    """Refuse a figure of nothing.

    Raises:
        ValueError: there is no entry.
    """
    if not len(values):
        raise ValueError(f"{name} must hold at least one entry, got none")
