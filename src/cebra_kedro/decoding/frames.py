"""Which frame of a movie was shown, decoded from features by neighbours or naive Bayes.

Features may be an embedding or raw activity with one row per time bin. The split comes from
outside and is kept strictly: train fits, valid chooses, both fit again, test scores once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from cebra_kedro.decoding.checks import check_features, check_part
from cebra_kedro.decoding.control import permuted_within
from cebra_kedro.decoding.knn import knn_classification
from cebra_kedro.decoding.naive_bayes import bayes_classification
from cebra_kedro.decoding.presentations import FramePresentations, average_over_frames
from cebra_kedro.decoding.scores import accuracy_percent
from cebra_kedro.decoding.tidy import CHANCE_PREFIX
from cebra_kedro.splits import rows

Decoder = Literal["knn", "bayes"]
Predictions = dict[float, np.ndarray]
"""Candidate → integer array (presentation,) of frame ids."""


@dataclass(frozen=True, eq=False)
class FrameDecoding:
    """Scores and predictions on the test presentations.

    Attributes:
        decoder: ``knn`` or ``bayes``.
        chosen: number of neighbours or smoothing, chosen on the validation presentations.
        validation_error: candidate → sum of absolute errors there, in frames.
        scores: ``frame_accuracy_1s`` (%), ``frame_error_mean``, ``frame_error_median`` (frames),
            ``scene_accuracy`` (%) where scenes were given, and ``chance_<metric>`` for each.
        frame: integer array (test presentation,), true frame ids.
        repeat: integer array (test presentation,), repeat ids.
        predicted_frame: integer array (test presentation,), decoded frame ids.
    """

    decoder: Decoder
    chosen: float
    validation_error: Mapping[float, float]
    scores: dict[str, float]
    frame: np.ndarray
    repeat: np.ndarray
    predicted_frame: np.ndarray


def decode_frames(
    features: np.ndarray,
    frame: np.ndarray,
    repeat: np.ndarray,
    part: np.ndarray,
    *,
    decoder: Decoder,
    candidates: Sequence[float],
    scene_of_frame: np.ndarray | None = None,
    window_frames: int = 30,
    shuffle_seed: int | None = None,
) -> FrameDecoding:
    """Decode the frame on the screen at each test presentation of a movie.

    As in the demo notebook of cebra: features are averaged over the bins of a presentation; the
    decoder is a classifier with one class per frame, either the majority among the nearest
    neighbours by cosine distance or Gaussian naive Bayes; the candidate with the lowest sum of
    absolute errors on the validation presentations is fitted again on training and validation
    together. A regression on frame numbers would place a bin that resembles two far moments of
    the movie half-way between them, where it resembles nothing; the majority names one of the two.
    Of equally frequent frames, the lowest number is taken (as published); of candidates with
    equal errors, the largest, as the smoothest.

    The decoded scene is that of the decoded frame. Chance is exact, not sampled: the expected
    score of a guess that is uniform over the frames the decoder can name; for the median error,
    the median over all guesses.

    Args:
        features: array (time, dim), finite.
        frame: integer array (time,) of frame ids, 0 for the first frame of the movie.
        repeat: integer array (time,) of repeat ids.
        part: int8 array (time,) of the codes of ``splits``: 0 train, 1 valid, 2 test; whole
            repeats.
        decoder: ``knn`` or ``bayes``.
        candidates: numbers of neighbours (published 1, 9, 25, 49, 100) or smoothings (published
            five from 1e-9 to 1e3).
        scene_of_frame: integer array (frame,), the scene to which each frame belongs, or None.
        window_frames: a frame counts as right if it is less than this far off; the frames that
            are shown in 1 s.
        shuffle_seed: the control: permute the frames of the training presentations, and those
            of the validation presentations, before anything is fitted; None for not. Needed where
            an encoder's labels were shuffled, since such an embedding still shows the activity,
            from which a decoder with true labels reads the movie.

    Returns:
        The candidate chosen, scores and predictions.

    Raises:
        ValueError: shapes differ, a value is not finite, a part is empty or shares a repeat with
            another, or the decoder or a candidate is unknown or out of range.

    Source:
        ``Demo_Allen.ipynb`` of cebra 0.6.1; its test repeat is 10, its validation repeat 9.
    """
    check_features(features)
    check_part(part, len(features))
    shown = average_over_frames(features, frame, repeat)
    part = _part_of_presentations(part, repeat, shown)
    scene = None if scene_of_frame is None else _checked_scenes(scene_of_frame, frame)
    if window_frames < 1:
        raise ValueError(f"window_frames must be at least 1, got {window_frames}")
    classify = _classifier(decoder)
    train, valid, test = (rows(part, name) for name in ("train", "valid", "test"))
    labels = permuted_within(shown.frame, (train, valid), shuffle_seed)

    def predict(fitted: np.ndarray, query: np.ndarray, wanted: Sequence[float]) -> Predictions:
        values = shown.values
        return classify(values[fitted], labels[fitted], values[query], candidates=wanted)

    guesses = predict(train, valid, candidates)
    errors = {c: float(np.abs(guess - labels[valid]).sum()) for c, guess in guesses.items()}
    chosen = min(errors, key=lambda candidate: (errors[candidate], -candidate))
    fitted = rows(part, "train", "valid")
    predicted = predict(fitted, test, [chosen])[chosen]
    true = shown.frame[test]
    chance = _chance_scores(true, np.unique(shown.frame[fitted]), scene, window_frames)
    return FrameDecoding(
        decoder=decoder,
        chosen=chosen,
        validation_error=errors,
        scores=_scores(true, predicted, scene, window_frames)
        | {f"{CHANCE_PREFIX}{name}": value for name, value in chance.items()},
        frame=true,
        repeat=shown.repeat[test],
        predicted_frame=predicted,
    )


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


def _classifier(decoder: str) -> Callable[..., Predictions]:
    if decoder == "knn":
        return _cosine_neighbours
    if decoder == "bayes":
        return bayes_classification
    raise ValueError(f"decoder must be one of {', '.join(get_args(Decoder))}, got {decoder!r}")


def _cosine_neighbours(
    train: np.ndarray, frame: np.ndarray, query: np.ndarray, *, candidates: Sequence[float]
) -> Predictions:
    if any(k != int(k) for k in candidates):
        raise ValueError(f"candidates of knn must be whole numbers, got {list(candidates)}")
    numbers = [int(k) for k in candidates]
    found = knn_classification(train, frame, query, candidates=numbers, metric="cosine")
    return {float(k): predicted for k, predicted in found.items()}


def _scores(
    true: np.ndarray, predicted: np.ndarray, scene: np.ndarray | None, window_frames: int
) -> dict[str, float]:
    """Scores of paired frames; arrays that broadcast against each other are all pairs of them."""
    error = np.abs(true - predicted)
    scores = {
        "frame_accuracy_1s": 100.0 * float(np.mean(error < window_frames)),
        "frame_error_mean": float(error.mean()),
        "frame_error_median": float(np.median(error)),
    }
    if scene is not None:
        pair = np.broadcast_arrays(scene[true], scene[predicted])
        scores["scene_accuracy"] = accuracy_percent(*pair)
    return scores


def _chance_scores(
    true: np.ndarray, classes: np.ndarray, scene: np.ndarray | None, window_frames: int
) -> dict[str, float]:
    return _scores(true[:, None], classes[None, :], scene, window_frames)


def _part_of_presentations(
    part: np.ndarray, repeat: np.ndarray, shown: FramePresentations
) -> np.ndarray:
    ids, number = np.unique(repeat, return_inverse=True)
    lowest = np.full(len(ids), np.iinfo(part.dtype).max, part.dtype)
    highest = np.zeros(len(ids), part.dtype)
    np.minimum.at(lowest, number, part)
    np.maximum.at(highest, number, part)
    if (lowest != highest).any():
        raise ValueError(
            f"part must give whole repeats to train, valid or test, got several parts in repeat "
            f"{ids[lowest != highest].tolist()}; neighbouring bins leak, split by repeat"
        )
    return part[shown.first_bin]


def _checked_scenes(scene_of_frame: np.ndarray, frame: np.ndarray) -> np.ndarray:
    if scene_of_frame.ndim != 1 or len(scene_of_frame) <= frame.max():
        raise ValueError(
            f"scene_of_frame must be an array (frame,) for frames up to {frame.max()}, "
            f"got shape {scene_of_frame.shape}"
        )
    return scene_of_frame
