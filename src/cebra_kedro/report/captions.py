"""Captions of figures by file name; a figure nobody foresaw is called by its name."""

from __future__ import annotations

from types import MappingProxyType

from cebra_kedro.plots import style

_EMBEDDING = (
    "coloured by position, one colormap for each running direction; "
    "with more than three dimensions, the first three principal components"
)
_RUNS = "a dot is one fold and seed, the short line their mean, the dashed line chance"

# In the order of the page. A longer name ("embedding_grid") stands before its beginning.
CAPTIONS = MappingProxyType(
    {
        "embedding_grid": f"Embeddings of all variants, {_EMBEDDING}",
        "embeddings": f"Embeddings of all variants, {_EMBEDDING}",
        "embedding": f"Embedding, {_EMBEDDING}",
        "error_by_variant": f"Decoding error of each variant: {_RUNS}",
        "decoded_position": (
            "Decoded (dots) and true (line) position along the test trials, laid end to end; "
            "a thin vertical line stands where trials that are not neighbours meet"
        ),
        "loss_curves": (
            "InfoNCE loss and goodness of fit during training: thin lines are single folds and "
            "seeds, thick lines their mean; 0 bits is chance"
        ),
        "loss": "InfoNCE loss during training: thin lines are single folds and seeds",
        "consistency": "Consistency: R² of the linear map from each source to each target",
    }
)


def caption(stem: str) -> str:
    """The sentence under a figure, without a full stop.

    The rest of a known name is appended as the variant it shows, as in
    ``decoded_position_time``; a name that begins with a metric is a score by variant.

    Args:
        stem: file name without its ending.
    """
    known = _known_beginning(stem)
    if known in CAPTIONS:
        return CAPTIONS[known] + _variant_part(stem.removeprefix(known))
    if known:
        label = style.metric_label(known)
        return f"{label[0].upper()}{label[1:]} of each variant: {_RUNS}"
    return stem.replace("_", " ").strip() or stem


def caption_order(stem: str) -> tuple[int, str]:
    """Sort key that puts figures in the order of the page, the unforeseen ones last."""
    names = [*CAPTIONS, *style.known_metrics()]
    known = _known_beginning(stem)
    return (names.index(known) if known else len(names), stem)


def _known_beginning(stem: str) -> str:
    for name in (*CAPTIONS, *style.known_metrics()):
        if stem == name or stem.startswith(f"{name}_"):
            return name
    return ""


def _variant_part(rest: str) -> str:
    variant = rest.strip("_")
    return f" ({style.variant_label(variant, long=True)})" if variant else ""
