"""Captions of figures by file name; a figure nobody foresaw is called by its name."""

from __future__ import annotations

from types import MappingProxyType

from cebra_kedro.plots import style

_RUNS = "a dot is one fold and seed, the short line their mean, the dashed line chance"

# In the order of the page.
CAPTIONS = MappingProxyType(
    {
        "embedding": (
            "Embeddings coloured by position, one colormap for each running direction; "
            "with more than three dimensions, the first three principal components"
        ),
        "decoded_position": (
            "Decoded (dots) and true (line) position along the test trials, laid end to end; "
            "a thin vertical line stands where trials that are not neighbours meet"
        ),
        "overview": (
            "The default encoder's embedding in the plane, in space and over time, and the label "
            "over time; colours are the label's"
        ),
        "variants": "Embeddings of encoders and baselines, coloured by the label",
        "recovery": f"Recovery of the true latent by a linear map of each embedding: {_RUNS}",
        "label": f"Decoding of continuous and circular labels by ridge regression: {_RUNS}",
        "class": f"Decoding of classes by nearest neighbours: {_RUNS}",
        "sweep": "Mean score of every combination of the swept parameters",
        "error": f"Decoding error of each variant on the test trials: {_RUNS}",
        "loss": (
            "InfoNCE loss and goodness of fit during training: thin lines are single folds and "
            "seeds, thick lines their mean; 0 bits is chance"
        ),
        "seed_consistency": "R² of the linear map between the embeddings of two seeds",
        "consistency": "R² of the linear map from each source (row) to each target (column)",
        **{
            f"figure_{number}": f"Figure {number} of the paper, from its published result files"
            for number in range(1, 6)
        },
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
    """The name of the table that the stem is, or that it is with a variant or more appended."""
    for name in CAPTIONS:
        rest = stem.removeprefix(f"{name}_")
        if stem == name or (rest != stem and rest in style.VARIANT_STYLES):
            return name
    metrics = (m for m in style.known_metrics() if stem == m or stem.startswith(f"{m}_"))
    return next(metrics, "")


def _variant_part(rest: str) -> str:
    variant = rest.strip("_")
    return f" ({style.variant_label(variant, long=True)})" if variant else ""
