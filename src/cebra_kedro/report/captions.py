"""Captions of figures by file name; a figure nobody foresaw is called by its name."""

from __future__ import annotations

from types import MappingProxyType

from cebra_kedro.plots import style

_CONTROLS = "the decoder of a shuffled encoder is fitted to shuffled labels too"
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
        "movie_map": "The frames of the movie in a t-SNE of their features, coloured by frame",
        "activity": (
            "Activity of all neurons in the test repeat, sorted by when each is most active in the "
            "other repeats"
        ),
        "frame_embedding": (
            "Embeddings of the test repeat coloured by frame, in the first three principal "
            "components"
        ),
        "frame_accuracy": (
            "Share of the frames of the test repeat that are decoded less than 1 s away: a dot is "
            "one seed, a bar their mean, the dashed line chance"
        ),
        "decoded_frames": (
            "Decoded against true frame in the test repeat; the band is less than 1 s away"
        ),
        "confusion": "Into which stretch of the movie the frames of each stretch are decoded",
        "neurons": "Share of frames decoded within 1 s, by number of Neuropixels units",
        "modality_consistency": (
            "R² of the linear map between the embeddings of calcium events and of spikes, within "
            "an area (diagonal) and between areas"
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
        "position_colours": (
            "Embeddings coloured by the position of the hand, x on the left and y on the right"
        ),
        "target_colours": "Embeddings coloured by the direction of the target",
        "trajectories": (
            "Mean of the held-out trials to each target, of the hand and in each embedding "
            "(put back onto the sphere); a circle marks the start, a triangle the end"
        ),
        "single_trials": (
            "The first held-out trial to each target, of the hand and in each embedding; a circle "
            "marks the start, a triangle the end"
        ),
        "transfer_trajectories": (
            "Active and passive trials in the space of the encoders of active trials: mean of the "
            "held-out trials to each target"
        ),
        "position": f"R² of the decoded hand position on the test trials; {_CONTROLS}: {_RUNS}",
        "position_error": (
            f"Distance of decoded and true hand position on the test trials; {_CONTROLS}: {_RUNS}"
        ),
        "direction": f"Bins of the test trials with the right direction; {_CONTROLS}: {_RUNS}",
        "transfer_position_error": (
            "Encoder and decoder fitted to active trials, scored on passive test trials, beside "
            f"those fitted to passive ones: distance of decoded and true hand position; {_RUNS}"
        ),
        "transfer_direction": (
            "Encoder and decoder fitted to active trials, scored on passive test trials, beside "
            f"those fitted to passive ones: bins with the right direction; {_RUNS}"
        ),
        "error": f"Decoding error of each variant on the test trials: {_RUNS}",
        "loss": (
            "InfoNCE loss and goodness of fit during training: thin lines are single folds and "
            "seeds, thick lines their mean; 0 bits is chance"
        ),
        "seed_consistency": "R² of the linear map between the embeddings of two seeds",
        "kind_consistency": "R² of the linear map between the embeddings of two kinds of encoders",
        "consistency_by_position": (
            "R² of the linear map between kinds of sessions, whose embeddings were averaged in "
            "cells of the plane that the hand visits in all of them"
        ),
        "consistency_by_target": (
            "R² of the linear map between kinds of sessions, whose embeddings were averaged over "
            "the trials to each target, moment by moment"
        ),
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
