"""Where the hand is and which way the trial goes, decoded from features by neighbours and ridge.

Features may be an embedding or anything else with one row per time bin; the split comes from
outside and is kept strictly: train fits, valid chooses, test scores. What is fitted on one
recording may be scored on another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from cebra_kedro.decoding.checks import check_features, check_finite, check_part
from cebra_kedro.decoding.control import permuted_within
from cebra_kedro.decoding.knn import Metric, knn_regression
from cebra_kedro.decoding.scores import accuracy_percent, r2
from cebra_kedro.decoding.tidy import CHANCE_PREFIX
from cebra_kedro.splits import PART_NAMES, rows

Decoder = Literal["knn", "ridge"]
Predictor = Callable[[np.ndarray, Sequence[Any]], Mapping[Any, np.ndarray]]
"""Function (features (row, dim), candidates) → candidate → predicted targets (row, 2 + class)."""


@dataclass(frozen=True, eq=False)
class ReachingSamples:
    """What is known about each time bin of one recording.

    Attributes:
        features: array (time, dim), finite.
        position: array (time, 2), hand position, published in cm.
        target: integer array (time,), class ids of the direction.
        part: int8 array (time,) of the codes of ``splits``: 0 train, 1 valid, 2 test.

    Raises:
        ValueError: shapes differ, a part is empty, or a value is not finite.
    """

    features: np.ndarray
    position: np.ndarray
    target: np.ndarray
    part: np.ndarray

    def __post_init__(self) -> None:
        n_time = len(self.features)
        check_features(self.features)
        check_part(self.part, n_time)
        for name, shape in {"position": (n_time, 2), "target": (n_time,)}.items():
            if getattr(self, name).shape != shape:
                raise ValueError(
                    f"{name} must have shape {shape}, one row for each of features, got "
                    f"{getattr(self, name).shape}"
                )
        check_finite("position", self.position)
        if not np.issubdtype(self.target.dtype, np.integer):
            raise ValueError(
                f"target must hold integer class ids, got dtype {self.target.dtype}; cast it to "
                "int64"
            )


@dataclass(frozen=True, eq=False)
class ReachingDecoding:
    """Scores and predictions of one decoder on the test rows.

    Attributes:
        chosen: ``position`` and ``direction`` → the candidate (number of neighbours or ridge
            penalty) that did best on the validation rows.
        scores: ``position_r2``, ``position_error_median`` (unit of the position, Euclidean),
            ``direction_accuracy`` (%), and ``chance_<metric>`` for each.
        test_rows: int array (test,), row numbers of the test part, ascending.
        predicted_position: float64 array (test, 2), unit of the position.
        predicted_target: integer array (test,), class ids.
    """

    chosen: dict[str, float]
    scores: dict[str, float]
    test_rows: np.ndarray
    predicted_position: np.ndarray
    predicted_target: np.ndarray


def decode_reaching(
    fit: ReachingSamples,
    *,
    test: ReachingSamples | None = None,
    neighbours: Sequence[int],
    ridge_alphas: Sequence[float],
    metric: Metric = "euclidean",
    decoders: Sequence[Decoder] = ("knn", "ridge"),
    bin_step: int = 1,
    shuffle_seed: int | None = None,
) -> dict[str, ReachingDecoding]:
    """Decode hand position and direction, bin by bin, with several decoders.

    ``knn`` takes the mean position of the k nearest training bins and the most frequent target
    among them (of equals, the lowest id). ``ridge`` is linear regression with a penalty on
    standardised features, for the direction on the one-hot targets (scikit-learn's
    ``RidgeClassifier``), the largest column decides. Of either, the candidate is chosen on the
    validation rows of ``fit``, for the position by R² (as this experiment is published) and for the
    direction by accuracy (of equals, the largest, as the smoothest); what is fitted is always the
    training rows of ``fit``, never validation rows.

    Every bin is scored, also those before the movement, where direction can hardly be known.

    Chance is what can be done with the training labels but without features, on the same test
    rows: the mean position for R², the median x and y for the distance; for the direction, the
    expected accuracy of guesses as frequent as the targets are in training (12.5 % if all 8 are
    equally frequent there, however frequent they are among the few test trials).

    Args:
        fit: training and validation rows.
        test: whose test rows are scored, e.g. another recording embedded by the same encoder;
            None for those of ``fit``. Its other rows are not looked at.
        neighbours: candidates for k, each at most the number of training bins used.
        ridge_alphas: candidates for the penalty, positive.
        metric: distance between features, for ``knn``.
        decoders: which decoders.
        bin_step: use only each n-th training and validation bin, counted in each part. Neighbouring
            bins of 1 ms, smoothed with 40 ms, say almost the same, and n makes the search n² times
            cheaper. Test bins are all scored.
        shuffle_seed: the control: permute positions and targets together over the training bins,
            and over the validation bins, before anything is fitted; None for not. Needed where
            an encoder's labels were shuffled, since such an embedding still shows the activity,
            from which a decoder with true labels reads the movement.

    Returns:
        Decoder → chosen candidates, scores and predictions.

    Raises:
        ValueError: feature widths differ, no or an unknown decoder, or candidates out of range.
    """
    test = fit if test is None else test
    _check_arguments(fit, test, ridge_alphas, decoders, bin_step)
    train, valid = (rows(fit.part, name)[::bin_step] for name in PART_NAMES[:2])
    test_rows = rows(test.part, "test")
    classes = np.union1d(fit.target, test.target[test_rows])
    test_targets = _targets(test, classes)
    targets = permuted_within(_targets(fit, classes), (train, valid), shuffle_seed)
    chance = _chance_scores(targets[train], test_targets[test_rows])
    candidates_of: dict[str, Sequence[Any]] = {"knn": neighbours, "ridge": ridge_alphas}
    decoded = {}
    for decoder in decoders:
        predict = _fitted(decoder, fit.features[train], targets[train], metric)
        candidates = candidates_of[decoder]
        chosen = _choose(predict(fit.features[valid], candidates), targets[valid])
        predictions = predict(test.features[test_rows], sorted(set(chosen.values())))
        predicted = np.column_stack(
            [predictions[chosen["position"]][:, :2], predictions[chosen["direction"]][:, 2:]]
        )
        decoded[str(decoder)] = ReachingDecoding(
            chosen={name: float(value) for name, value in chosen.items()},
            scores=_scores(test_targets[test_rows], predicted) | chance,
            test_rows=test_rows,
            predicted_position=predicted[:, :2],
            predicted_target=classes[predicted[:, 2:].argmax(axis=1)],
        )
    return decoded


def _targets(samples: ReachingSamples, classes: np.ndarray) -> np.ndarray:
    """Position beside one-hot direction, float64 (time, 2 + class)."""
    one_hot = samples.target[:, None] == classes
    return np.column_stack([samples.position, one_hot]).astype(np.float64)


def _fitted(decoder: str, features: np.ndarray, targets: np.ndarray, metric: Metric) -> Predictor:
    if decoder == "ridge":
        return _fitted_ridge(features, targets)
    return lambda queries, candidates: knn_regression(
        features, targets, queries, candidates=candidates, metric=metric
    )


def _fitted_ridge(features_train: np.ndarray, targets_train: np.ndarray) -> Predictor:
    """One decomposition of the training rows serves all penalties."""
    x = features_train.astype(np.float64)
    mean, scale = x.mean(axis=0), x.std(axis=0)
    scale[scale == 0] = 1.0
    x = (x - mean) / scale
    intercept = targets_train.mean(axis=0)
    eigenvalue, eigenvector = np.linalg.eigh(x.T @ x)
    projected = eigenvector.T @ (x.T @ (targets_train - intercept))

    def predict(features: np.ndarray, alphas: Sequence[float]) -> Mapping[float, np.ndarray]:
        z = (features - mean) / scale @ eigenvector
        return {
            alpha: z @ (projected / (np.maximum(eigenvalue, 0) + alpha)[:, None]) + intercept
            for alpha in alphas
        }

    return predict


def _choose(predictions: Mapping[Any, np.ndarray], true: np.ndarray) -> dict[str, Any]:
    scores = {candidate: _scores(true, p) for candidate, p in predictions.items()}
    return {
        "position": max(scores, key=lambda c: (scores[c]["position_r2"], c)),
        "direction": max(scores, key=lambda c: (scores[c]["direction_accuracy"], c)),
    }


def _scores(true: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    distance = np.linalg.norm(predicted[:, :2] - true[:, :2], axis=1)
    return {
        "position_r2": r2(true[:, :2], predicted[:, :2]),
        "position_error_median": float(np.median(distance)),
        "direction_accuracy": accuracy_percent(
            true[:, 2:].argmax(axis=1), predicted[:, 2:].argmax(axis=1)
        ),
    }


def _chance_scores(train: np.ndarray, test: np.ndarray) -> dict[str, float]:
    mean = _scores(test, np.broadcast_to(train.mean(axis=0), test.shape))
    median = _scores(test, np.broadcast_to(np.median(train, axis=0), test.shape))
    guesses = 100 * float(train[:, 2:].mean(axis=0) @ test[:, 2:].mean(axis=0))
    chance = mean | {
        "position_error_median": median["position_error_median"],
        "direction_accuracy": guesses,
    }
    return {f"{CHANCE_PREFIX}{name}": value for name, value in chance.items()}


def _check_arguments(
    fit: ReachingSamples,
    test: ReachingSamples,
    ridge_alphas: Sequence[float],
    decoders: Sequence[str],
    bin_step: int,
) -> None:
    widths = fit.features.shape[1], test.features.shape[1]
    if widths[0] != widths[1]:
        raise ValueError(
            f"test must have features of the width of fit, got {widths[1]} and {widths[0]}; embed "
            "both with one encoder"
        )
    unknown = [name for name in decoders if name not in ("knn", "ridge")]
    if unknown or not decoders:
        raise ValueError(f"decoders must be knn, ridge or both, got {unknown or 'none'}")
    if "ridge" in decoders and (not len(ridge_alphas) or min(ridge_alphas) <= 0):
        raise ValueError(
            f"ridge_alphas must hold at least one number, all positive, got {list(ridge_alphas)}"
        )
    if bin_step < 1:
        raise ValueError(f"bin_step must be at least 1, got {bin_step}")
