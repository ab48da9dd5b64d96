"""What a figure of a movie recording needs computed: a map of its frames, neurons by peak time.

Drawing is left to ``plots``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cebra_kedro.decoding.presentations import average_over_frames


@dataclass(frozen=True, eq=False)
class MovieActivity:
    """Activity during one repeat of a movie, neurons sorted by when they are active.

    Attributes:
        activity: float32 array (time, neuron), each neuron from 0 to 1, its largest value.
        frame: integer array (time,), frame ids.
        bin_width_s: width of a time bin in s.
        repeat: the repeat shown.
        neuron: int array (neuron,), column of each neuron in the recording.
    """

    activity: np.ndarray
    frame: np.ndarray
    bin_width_s: float
    repeat: int
    neuron: np.ndarray


def movie_map(features: np.ndarray, *, seed: int, perplexity: float = 30.0) -> np.ndarray:
    """Map of the frames of a movie in the plane, by t-SNE of their features.

    Args:
        features: array (frame, dim), finite.
        seed: of the t-SNE.
        perplexity: effective number of neighbours of a frame, below the number of frames.

    Returns:
        Float32 array (frame, 2), without unit.

    Raises:
        ValueError: the shape is another, or there are too few frames for the perplexity.
    """
    from sklearn.manifold import TSNE

    if features.ndim != 2 or len(features) <= perplexity:
        raise ValueError(
            f"features must be an array (frame, dim) with more than perplexity={perplexity} "
            f"frames, got shape {features.shape}; lower perplexity"
        )
    return TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(features)


def movie_activity(
    neural: np.ndarray,
    frame: np.ndarray,
    repeat: np.ndarray,
    *,
    shown_repeat: int,
    bin_width_s: float,
    smoothing_s: float = 0.2,
) -> MovieActivity:
    """Activity during one repeat, with neurons sorted by their peak in the mean of the others.

    Sorted by the repeat shown, noise too would make a diagonal; by the others, a diagonal says
    that neurons are active at the same moment of the movie again.

    Args:
        neural: array (time, neuron), counts or events.
        frame: integer array (time,) of frame ids.
        repeat: integer array (time,) of repeat ids.
        shown_repeat: the repeat to show; its bins are contiguous.
        bin_width_s: width of a time bin in s.
        smoothing_s: standard deviation in s of the Gaussian that smooths in time.

    Returns:
        The repeat's activity, sorted.

    Raises:
        ValueError: the repeat does not occur, there is no other, or smoothing is not positive.
    """
    from scipy.ndimage import gaussian_filter1d

    shown = repeat == shown_repeat
    if not shown.any() or shown.all():
        raise ValueError(
            f"shown_repeat must be one of at least two repeats, got {shown_repeat} of "
            f"{np.unique(repeat).tolist()}"
        )
    if smoothing_s <= 0 or bin_width_s <= 0:
        raise ValueError(
            f"smoothing_s and bin_width_s must be positive, got {smoothing_s} and {bin_width_s}"
        )
    bins = smoothing_s / bin_width_s
    activity = gaussian_filter1d(neural[shown].astype(np.float32), bins, axis=0, mode="reflect")
    others = _mean_over_repeats(neural[~shown], frame[~shown], repeat[~shown])
    # The others are in frames; a frame lasts for as many bins as in the shown repeat.
    bins_per_frame = shown.sum() / len(np.unique(frame[shown]))
    tuning = gaussian_filter1d(others, bins / bins_per_frame, axis=0, mode="reflect")
    neuron = np.argsort(tuning.argmax(axis=0), kind="stable")
    peak = activity.max(axis=0)
    scaled = np.divide(activity, peak, out=np.zeros_like(activity), where=peak > 0)
    return MovieActivity(scaled[:, neuron], frame[shown], bin_width_s, int(shown_repeat), neuron)


def _mean_over_repeats(neural: np.ndarray, frame: np.ndarray, repeat: np.ndarray) -> np.ndarray:
    """Mean activity at each frame, float64 array (frame, neuron), frames ascending."""
    presentations = average_over_frames(neural, frame, repeat)
    _, number, count = np.unique(presentations.frame, return_inverse=True, return_counts=True)
    total = np.zeros((len(count), neural.shape[1]))
    np.add.at(total, number, presentations.values)
    return total / count[:, None]
