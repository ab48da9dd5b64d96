"""The protocol ``frames``: which frame of a movie was shown, by neighbours or naive Bayes.

The split comes from outside and is kept strictly: train fits, valid chooses, both fit again, test
scores once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np

from cebra_kedro.decoding.control import permuted_rows
from cebra_kedro.decoding.knn import knn_classification
from cebra_kedro.decoding.naive_bayes import bayes_classification
from cebra_kedro.decoding.protocols import check_request
from cebra_kedro.decoding.samples import Decoded, Samples, scored_samples
from cebra_kedro.decoding.scores import accuracy_percent, best_candidate
from cebra_kedro.decoding.settings import DecoderSettings
from cebra_kedro.metrics import CHANCE_PREFIX
from cebra_kedro.presentations import FramePresentations, average_over_frames
from cebra_kedro.recording import Recording
from cebra_kedro.splits import rows

REPEAT, SCENE = "repeat", "scene"
"""Discrete labels that a recording has beside the frame; there may be no scenes."""

UNITS: Mapping[str, str] = MappingProxyType(
    {
        "frame_accuracy_1s": "%",
        "frame_error_mean": "frames",
        "frame_error_median": "frames",
        "scene_accuracy": "%",
    }
)
"""Score → unit."""

PUBLISHED = DecoderSettings(neighbours=(1, 9, 25, 49, 100), metric="cosine")
"""The published candidates."""


def decode_frames(
    fit: Samples,
    test: Samples | None = None,
    *,
    labels: tuple[str, ...] = ("frame",),
    decoders: tuple[str, ...] = (),
    scores: tuple[str, ...] | None = None,
    settings: DecoderSettings = PUBLISHED,
    shuffle_seed: int | None = None,
) -> list[Decoded]:
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
        fit: training and validation rows, whole repeats each. The recording has the discrete label
            ``repeat`` and, where scenes are to be scored, ``scene``, one for each frame.
        test: whose test rows are scored, whole repeats; None for those of ``fit``.
        labels: name of the frame, discrete (time,), 0 for the first frame of the movie.
        decoders: ``knn``, ``bayes`` or both.
        scores: None; they are ``frame_accuracy_1s`` (%), ``frame_error_mean``,
            ``frame_error_median`` (frames), and ``scene_accuracy`` (%) where there are scenes.
        settings: for ``knn``, ``neighbours`` (published 1, 9, 25, 49, 100), each at most the number
            of training presentations, and ``metric``, which must be cosine; for ``bayes``,
            ``smoothings`` (published five from 1e-9 to 1e3); ``window_frames``; ``bin_step`` must
            be 1.
        shuffle_seed: the control, of the frames of presentations; see ``DecodingProtocol``.

    Returns:
        One result for each decoder, a row being the first bin of a presentation.

    Raises:
        ValueError: a label or setting is of another kind, a repeat has several parts, or a frame
            several scenes.
        KeyError: a recording has no label of this name, or no repeats.

    Source:
        ``Demo_Allen.ipynb`` of cebra 0.6.1; its test repeat is 10, its validation repeat 9.
    """
    decoders = check_request("frames", labels=labels, decoders=decoders, scores=scores)
    _check_settings(settings, decoders)
    test = scored_samples(fit, test)
    (name,) = labels
    shown = _presented(fit, name)
    scored = shown if test is fit else _presented(test, name)
    scene = _scene_of_frame([fit.recording, test.recording], name)
    train, valid = rows(shown.part, "train"), rows(shown.part, "valid")
    frame = shown.of.frame[permuted_rows(len(shown.part), (train, valid), shuffle_seed)]
    fitted, row = rows(shown.part, "train", "valid"), rows(scored.part, "test")
    true, window = scored.of.frame[row], settings.window_frames
    chance = _scores(true[:, None], np.unique(frame[fitted])[None, :], scene, window)
    values, decoded = shown.of.values, []
    for decoder in decoders:
        classify, candidates = _classifier(decoder, settings)
        guesses = classify(values[train], frame[train], values[valid], candidates=candidates)
        errors = {c: float(np.abs(guess - frame[valid]).sum()) for c, guess in guesses.items()}
        chosen = best_candidate(errors, "lower")
        predicted = classify(
            values[fitted], frame[fitted], scored.of.values[row], candidates=[chosen]
        )[chosen]
        found = _scores(true, predicted, scene, window)
        decoded.append(
            Decoded(
                decoder=decoder,
                scores=found | {f"{CHANCE_PREFIX}{metric}": c for metric, c in chance.items()},
                units={metric: UNITS[metric] for metric in found},
                row=scored.of.first_bin[row],
                true={name: true},
                predicted={name: predicted},
                chosen={name: float(chosen)},
            )
        )
    return decoded


@dataclass(frozen=True, eq=False)
class _Presented:
    """Presentations, and int8 array (presentation,) of the part of each."""

    of: FramePresentations
    part: np.ndarray


def _presented(samples: Samples, name: str) -> _Presented:
    frame, repeat = (_ids(samples.recording, label) for label in (name, REPEAT))
    shown = average_over_frames(samples.features, frame, repeat)
    return _Presented(shown, _part_of_presentations(samples.part, repeat, shown))


def _ids(recording: Recording, name: str) -> np.ndarray:
    label = recording.label(name)
    if label.kind != "discrete" or label.values.ndim != 1:
        raise ValueError(
            f"{name} must be a discrete label (time,) to decode frames, got a {label.kind} one of "
            f"shape {label.values.shape}"
        )
    return label.values


def _scene_of_frame(recordings: Sequence[Recording], name: str) -> np.ndarray | None:
    """Int array (frame,), the scene to which each frame belongs, -1 where none was shown."""
    if any(SCENE not in recording.labels for recording in recordings):
        return None
    frame = np.concatenate([_ids(recording, name) for recording in recordings])
    scene = np.concatenate([_ids(recording, SCENE) for recording in recordings])
    of_frame = np.full(int(frame.max()) + 1, -1)
    of_frame[frame] = scene
    several = np.unique(frame[of_frame[frame] != scene])
    if len(several):
        raise ValueError(
            f"{SCENE} must be one for each frame of the movie, got several for frame "
            f"{', '.join(map(str, several[:5]))}; correct the label or leave it out"
        )
    return of_frame


def _classifier(
    decoder: str, settings: DecoderSettings
) -> tuple[Callable[..., Mapping[Any, np.ndarray]], Sequence[Any]]:
    if decoder == "bayes":
        return bayes_classification, settings.smoothings
    return partial(knn_classification, metric="cosine"), settings.neighbours


def _check_settings(settings: DecoderSettings, decoders: Sequence[str]) -> None:
    if "knn" in decoders and settings.metric != "cosine":
        raise ValueError(
            f"metric must be cosine to decode frames by knn, as published, got {settings.metric}"
        )
    if settings.bin_step != 1:
        raise ValueError(
            f"bin_step must be 1 to decode frames, got {settings.bin_step}: bins of a presentation "
            "are averaged already"
        )


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
