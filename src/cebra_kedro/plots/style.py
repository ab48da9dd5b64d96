"""The shared look of all figures: names and colours of variants, sizes, rc settings.

Nothing is drawn here and matplotlib is not imported, so the report can use the same names. What
scores are called is in ``metrics``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import cycle
from types import MappingProxyType

from cebra_kedro.plots.results import Variant

DPI = 150
"""Dots per inch of saved figures."""

RC = MappingProxyType(
    {
        "figure.dpi": DPI,
        "figure.facecolor": "white",
        "savefig.dpi": DPI,
        "savefig.facecolor": "white",
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],
        "font.size": 9,
        "axes.titlesize": 10,
        "axes.labelsize": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.8,
        "grid.color": "0.85",
        "xtick.labelsize": 8,
        "ytick.labelsize": 8,
        "legend.fontsize": 8,
        "legend.title_fontsize": 8,
        "legend.frameon": False,
        "text.usetex": False,
    }
)
"""Settings for ``matplotlib.rc_context``; never applied globally."""

NORMAL_INCHES = 6.5
"""Widest figure that the report shows in one of its columns; a wider one has a row of its own."""
WIDEST_INCHES = 10.4
"""Width at which 8 points are still 8 points where a page shows the figure 1000 pixels wide."""
NOTE_POINTS = 8
"""Size of the smallest text."""
WIDE_INCHES = (9.0, 2.8)
EMBEDDING_INCHES = (5.2, 4.2)
SMALL_PANEL_INCHES = (2.25, 2.35)
"""Size (width, height) of one cell of a grid; the wider ones are single figures."""
LETTER_INCHES = 0.07
"""Width of a letter of tick labels, on average."""
TITLE_LETTER_INCHES = 0.082
"""Width of a letter of the title of axes, on average."""
LINE_INCHES = 0.17
"""Height of a line of such a title."""

TRANSDUCTIVE_MARK = "†"
UNKNOWN_SPLIT_MARK = "‡"
_TRANSDUCTIVE_SUFFIX = "_transductive"
_UNKNOWN_SPLIT_SUFFIX = "_unknown_split"
_TRANSDUCTIVE_METHODS = ("tsne", "umap")
"""Methods that embed the test rows together with the others, because they know no other way."""

_CAUTIONS = MappingProxyType(
    {
        TRANSDUCTIVE_MARK: "transductive: the encoder saw the neural data of the test trials "
        "(never their labels); not comparable with encoders fitted on training trials only",
        UNKNOWN_SPLIT_MARK: "unknown split: the encoder is from a file that does not say which "
        "trials it was trained on, so that test trials and their labels may be among them",
    }
)

# Okabe and Ito without yellow, which is too pale on white; then muted ones of Paul Tol.
_ENCODER_COLOURS = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00"),
    *("#999933", "#882255", "#332288", "#117733", "#AA4499", "#44AA99"),
)
_CONTROL_COLOURS = ("#B0B0B0", "#666666", "#8C8C8C", "#4A4A4A")
_BASELINE_COLOURS = ("#222222", "#6B3A1E", "#5A2D91", "#7A0019", "#14532D")

_WORDS = MappingProxyType(
    {
        "pca": "PCA",
        "tsne": "t-SNE",
        "umap": "UMAP",
        "ca": "Ca²⁺",
        "neuropixels": "Neuropixels",
        "mse": "MSE",
    }
)
"""Parts of names that are written in their own way: methods, and what is recorded."""


def variant_label(variant: Variant | str, *, long: bool = False) -> str:
    """Readable name of a variant: without underscores, with † where it saw test data, ‡ if unknown.

    Args:
        variant: the variant, or its name in tables, e.g. ``time_transductive``.
        long: for captions and tables: say what † means, and what is a control or no encoder.

    Example:
        >>> variant_label("joint_ca_10frames")
        'joint Ca²⁺ 10 frames'
    """
    name = _name(variant).removesuffix(_TRANSDUCTIVE_SUFFIX).removesuffix(_UNKNOWN_SPLIT_SUFFIX)
    words = [_WORDS.get(word, _numbered(word)) for word in name.split("_")]
    label = "raw activity" if name == "raw" else " ".join(words)
    if not long:
        return f"{label} {caution_mark(variant)}".rstrip()
    remarks = {"control": "control", "baseline": "no encoder", "encoder": ""}[_kind(variant)]
    if caution_mark(variant) == UNKNOWN_SPLIT_MARK:
        remarks = "unknown split: may have been trained on test trials"
    elif is_transductive(variant):
        encoder = _kind(variant) == "encoder"
        remarks = "transductive: encoder saw test neural data" if encoder else "transductive"
    return f"{label} ({remarks})" if remarks else label


def colours(variants: Iterable[Variant | str]) -> dict[str, str]:
    """A colour for each variant, by kind and order: name → ``#rrggbb``.

    Encoders are colourful, controls grey, baselines dark. All figures of an experiment are given
    its variants, so that one keeps its colour throughout. After twelve encoders, colours repeat.

    Args:
        variants: the variants in their order, or their names; a name tells its kind by how it
            begins (``shuffled``; ``raw``, ``pca``, ``tsne``, ``umap``).
    """
    palettes = {
        "encoder": cycle(_ENCODER_COLOURS),
        "control": cycle(_CONTROL_COLOURS),
        "baseline": cycle(_BASELINE_COLOURS),
    }
    unique = {_name(variant): variant for variant in variants}
    return {name: next(palettes[_kind(variant)]) for name, variant in unique.items()}


def caution_mark(variant: Variant | str) -> str:
    """† of what saw test data, ‡ of an encoder of which nobody knows it; else empty."""
    if _name(variant).endswith(_UNKNOWN_SPLIT_SUFFIX):
        return UNKNOWN_SPLIT_MARK
    return TRANSDUCTIVE_MARK if is_transductive(variant) else ""


def is_transductive(variant: Variant | str) -> bool:
    """Whether the encoder or method of this variant saw the neural data of the test split."""
    if isinstance(variant, Variant) and variant.transductive:
        return True
    return _name(variant).endswith(_TRANSDUCTIVE_SUFFIX) or _name(variant) in _TRANSDUCTIVE_METHODS


def transductive_footnote(variants: Iterable[Variant | str]) -> str:
    """The explanation of † and ‡ if any of the variants carries them, else an empty string."""
    marks = {caution_mark(variant) for variant in variants}
    return "; ".join(f"{mark} {text}" for mark, text in _CAUTIONS.items() if mark in marks)


def _name(variant: Variant | str) -> str:
    return variant.name if isinstance(variant, Variant) else variant


def _kind(variant: Variant | str) -> str:
    if isinstance(variant, Variant):
        return variant.kind
    if variant.startswith("shuffled"):
        return "control"
    return "baseline" if variant.startswith(("raw", "pca", "tsne", "umap")) else "encoder"


def _numbered(word: str) -> str:
    """``10 frames`` for ``10frames``."""
    return re.sub(r"^(\d+)(?=[a-z])", r"\1 ", word)
