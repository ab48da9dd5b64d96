"""Captions of picture files, made of what the drawings say of themselves in ``plots.figures``.

A picture nobody foresaw is called by its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from cebra_kedro.metrics import better, metric_label
from cebra_kedro.plots import style
from cebra_kedro.plots.figures import CAPTIONS

_PAPER = {
    f"figure_{number}": f"Figure {number} of the paper, from its published result files"
    for number in range(1, 6)
}
_SENTENCES: Mapping[str, str] = MappingProxyType(
    {**{name: sentence.strip().rstrip(".") for name, sentence in CAPTIONS.items()}, **_PAPER}
)


def caption(stem: str) -> str:
    """The sentence under a figure, without a full stop.

    What follows the name of a figure is appended as what it shows, as in ``scores_position_r2``
    or ``decoded_time_transductive``.

    Args:
        stem: file name without its ending.
    """
    known, rest = _parts(stem)
    if not known:
        return stem.replace("_", " ").strip() or stem
    return _SENTENCES[known] + (f" ({_shown(rest)})" if rest else "")


def caption_order(stem: str) -> tuple[int, str]:
    """Sort key that puts figures in the order of ``plots.figures``, the unforeseen ones last."""
    names, known = list(_SENTENCES), _parts(stem)[0]
    return (names.index(known) if known else len(names), stem)


def _parts(stem: str) -> tuple[str, str]:
    """The longest name of a figure that the stem is or begins with, and the rest."""
    fits = [name for name in CAPTIONS if stem == name or stem.startswith(f"{name}_")]
    known = max(fits, key=len, default=stem if stem in _PAPER else "")
    return known, stem.removeprefix(known).strip("_")


def _shown(rest: str) -> str:
    """A metric as its label, anything else as a variant, which is readable for any name."""
    return metric_label(rest) if better(rest) else style.variant_label(rest, long=True)
