"""What figures of a movie recording need computed: neurons by peak time, a map of frames.

Drawing is left to ``movie`` and ``decoded_frames``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cebra_kedro.presentations import average_over_frames
from cebra_kedro.recording import Recording


@dataclass(frozen=True, eq=False)
class MovieActivity:
    """Activity during one repeat of a movie, neurons sorted by when they are active.

    Attributes:
        activity: float32 array (time, neuron), each neuron from 0 to 1, its largest value.
        frame: integer array (time,), frame ids.
        bin_width_s: width of a time bin in s.
        neuron: int array (neuron,), column of each neuron in the recording.
    """

    activity: np.ndarray
    frame: np.ndarray
    bin_width_s: float
    neuron: np.ndarray


def movie_activity(
    recording: Recording, shown_repeat: int, *, smoothing_s: float = 0.2
) -> MovieActivity:
    """Activity during one repeat, with neurons sorted by their peak in the mean of the others.

    Sorted by the repeat shown, noise too would make a diagonal; by the others, a diagonal says
    that neurons are active at the same moment of the movie again.

    Args:
        recording: with the labels ``frame`` and ``repeat``.
        shown_repeat: the repeat to show; its bins are contiguous.
        smoothing_s: standard deviation in s of the Gaussian that smooths in time.

    Returns:
        The repeat's activity, sorted.

    Raises:
        KeyError: a label is missing.
        ValueError: the repeat does not occur, there is no other, or smoothing is not positive.
    """
    from scipy.ndimage import gaussian_filter1d

    frame, repeat = recording.label("frame").values, recording.label("repeat").values
    shown = repeat == shown_repeat
    if not shown.any() or shown.all():
        raise ValueError(
            f"shown_repeat must be one of at least two repeats, got {shown_repeat} of "
            f"{np.unique(repeat).tolist()}"
        )
    if smoothing_s <= 0:
        raise ValueError(f"smoothing_s must be positive, got {smoothing_s}")
    bins = smoothing_s / recording.bin_width_s
    neural = recording.neural
    activity = gaussian_filter1d(neural[shown].astype(np.float32), bins, axis=0, mode="reflect")
    others = _mean_over_repeats(neural[~shown], frame[~shown], repeat[~shown])
    # The others are in frames; a frame lasts for as many bins as in the shown repeat.
    bins_per_frame = shown.sum() / len(np.unique(frame[shown]))
    tuning = gaussian_filter1d(others, bins / bins_per_frame, axis=0, mode="reflect")
    neuron = np.argsort(tuning.argmax(axis=0), kind="stable")
    peak = activity.max(axis=0)
    scaled = np.divide(activity, peak, out=np.zeros_like(activity), where=peak > 0)
    return MovieActivity(scaled[:, neuron], frame[shown], recording.bin_width_s, neuron)


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


def frame_features(recording: Recording) -> np.ndarray | None:
    """Float array (frame, dim): the first label that is a table of frames; None without one."""
    return next((x.table for x in recording.labels.values() if x.table is not None), None)


def frame_count(recording: Recording) -> int:
    """Frames of the movie: those that have features, or up to the last one shown.

    Raises:
        KeyError: there are no features, and no label ``frame`` either.
    """
    features = frame_features(recording)
    return int(recording.label("frame").values.max()) + 1 if features is None else len(features)


def frame_confusion(
    true: np.ndarray, predicted: np.ndarray, *, n_frames: int, frames_per_bin: int = 30
) -> np.ndarray:
    """How often presentations in one stretch of the movie are decoded into each stretch.

    Args:
        true: integer array (presentation,) of frame ids.
        predicted: integer array (presentation,) of frame ids.
        n_frames: frames in the movie.
        frames_per_bin: length of a stretch; the last one may be shorter.

    Returns:
        Float64 array (true stretch, decoded stretch), shares of each row in [0, 1]; NaN in rows
        without presentations.

    Raises:
        ValueError: shapes differ, a frame is outside the movie, or a stretch has no frame.
    """
    if true.shape != predicted.shape or true.ndim != 1:
        raise ValueError(
            f"true and predicted must be arrays (presentation,), got {true.shape} and "
            f"{predicted.shape}"
        )
    if frames_per_bin < 1:
        raise ValueError(f"frames_per_bin must be at least 1, got {frames_per_bin}")
    for name, frames in (("true", true), ("predicted", predicted)):
        if frames.size and not (frames.min() >= 0 and frames.max() < n_frames):
            raise ValueError(
                f"{name} must hold frames in [0, {n_frames - 1}], got {frames.min()} to "
                f"{frames.max()}; give the movie's n_frames"
            )
    n_bins = -(-n_frames // frames_per_bin)
    counts = np.zeros((n_bins, n_bins))
    np.add.at(counts, (true // frames_per_bin, predicted // frames_per_bin), 1)
    totals = counts.sum(axis=1, keepdims=True)
    return np.divide(counts, totals, out=np.full_like(counts, np.nan), where=totals > 0)


def _mean_over_repeats(neural: np.ndarray, frame: np.ndarray, repeat: np.ndarray) -> np.ndarray:
    """Mean activity at each frame, float64 array (frame, neuron), frames ascending."""
    presentations = average_over_frames(neural, frame, repeat)
    _, number, count = np.unique(presentations.frame, return_inverse=True, return_counts=True)
    total = np.zeros((len(count), neural.shape[1]))
    np.add.at(total, number, presentations.values)
    return total / count[:, None]
