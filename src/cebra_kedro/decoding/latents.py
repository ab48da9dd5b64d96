"""Labels decoded from features by the score that fits their kind, and recovery of a true latent.

A continuous label is scored by R², a circular one as a point on the circle, a discrete one by its
hits. Train fits, valid chooses, test scores; which rows are which comes from ``splits``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from cebra_kedro.decoding.checks import check_features, check_finite, check_part
from cebra_kedro.decoding.knn import Metric, knn_classification
from cebra_kedro.decoding.scores import accuracy_percent, r2
from cebra_kedro.decoding.tidy import CHANCE_PREFIX
from cebra_kedro.recording import Label
from cebra_kedro.splits import PART_NAMES, rows

DECODERS: Mapping[str, str] = MappingProxyType(
    {"ridge": "continuous", "circular_ridge": "circular", "knn": "discrete"}
)
"""Decoder → the kind of label that it decodes."""

DEFAULT_ALPHAS = (1e-3, 1e-1, 1e1, 1e3)
DEFAULT_NEIGHBOURS = (1, 4, 9, 16, 25, 36, 64, 100)
_CHANCE_ANGLES = 720


@dataclass(frozen=True, eq=False)
class LabelDecoding:
    """Scores and predictions of one label on the test rows of one split.

    Attributes:
        decoder: one of :data:`DECODERS`.
        setting: what was chosen on the validation rows: the ridge penalty or the number of
            neighbours.
        scores: continuous: ``label_r2`` and ``label_r2_train``; circular: the same of cosine and
            sine, and ``angular_error_mean`` (deg); discrete: ``accuracy`` and
            ``balanced_accuracy`` (%); and ``chance_<metric>`` for each.
        test_rows: int array (test,), row numbers of the test part, ascending.
        predicted: array (test,) or (test, dim) in the form and unit of the label.
    """

    decoder: str
    setting: float
    scores: dict[str, float]
    test_rows: np.ndarray
    predicted: np.ndarray


def decode_label(
    features: np.ndarray,
    label: Label,
    part: np.ndarray,
    *,
    name: str = "label",
    decoder: str | None = None,
    alphas: Sequence[float] = DEFAULT_ALPHAS,
    neighbours: Sequence[int] = DEFAULT_NEIGHBOURS,
    metric: Metric = "euclidean",
) -> LabelDecoding:
    """Decode one label with the decoder of its kind.

    Ridge regression works on features standardised by the training rows, kNN on the features as
    they are (majority of the neighbours, the lowest class id among equals). A circular label is
    regressed as (cos, sin); the angle of the prediction is decoded.

    Chance is the best a predictor can do that knows the training labels but no features, on the
    same rows: the training mean for R², the constant angle with the smallest mean error on the
    training rows, the most frequent training class. ``balanced_accuracy`` is the mean over the
    classes in the test part, so its chance is that of always naming one of them.

    Args:
        features: array (time, dim), finite.
        label: what to decode; the values have ``time`` rows.
        part: int8 array (time,) of the codes of ``splits``: 0 train, 1 valid, 2 test.
        name: what errors call the label.
        decoder: one of :data:`DECODERS`; None takes that of the label's kind.
        alphas: ridge penalties to choose from.
        neighbours: numbers of neighbours to choose from; those above the training rows are left
            out.
        metric: distance between features for kNN.

    Raises:
        ValueError: the decoder does not fit the kind of label or is unknown, shapes differ, a part
            is empty, or a value is not finite.
    """
    decoder = _fitting_decoder(decoder, label, name)
    _check(features, label.values, part, name)
    split = _Split(features, part)
    if decoder == "knn":
        return _decode_classes(split, label.values, neighbours, metric)
    return _decode_by_ridge(split, label.values, alphas, circular=decoder == "circular_ridge")


def reconstruction_scores(
    features: np.ndarray, latent: np.ndarray, part: np.ndarray
) -> dict[str, float]:
    """How well an affine map of the features gives the true latent.

    Args:
        features: array (time, dim), finite.
        latent: array (time, latent dim), the truth.
        part: int8 array (time,) of the codes of ``splits``.

    Returns:
        ``reconstruction_r2``: fitted on the training rows, scored on the test rows (R² of each
        latent dimension, equal weights); ``reconstruction_r2_all_rows``: fitted and scored on all
        rows, as in Figure 1b of the paper; and ``chance_<metric>``: what the training mean gets,
        and what features independent of the latent get on average, dim / (time - 1).

    Raises:
        ValueError: shapes differ, a part is empty, or a value is not finite.
    """
    from sklearn.linear_model import LinearRegression

    _check(features, latent, part, "latent")
    train, test = rows(part, "train"), rows(part, "test")
    fitted = LinearRegression().fit(features[train], latent[train])
    everywhere = LinearRegression().fit(features, latent)
    return {
        "reconstruction_r2": r2(latent[test], fitted.predict(features[test])),
        "reconstruction_r2_all_rows": r2(latent, everywhere.predict(features)),
        f"{CHANCE_PREFIX}reconstruction_r2": r2(
            latent[test], _constant(latent[train].mean(axis=0), test)
        ),
        f"{CHANCE_PREFIX}reconstruction_r2_all_rows": features.shape[1] / (len(features) - 1),
    }


class _Split:
    """Features of each part, as they are and standardised by the training rows."""

    def __init__(self, features: np.ndarray, part: np.ndarray) -> None:
        self.train, self.valid, self.test = (rows(part, name) for name in PART_NAMES)
        self.features = features
        fitted = features[self.train].astype(np.float64)
        spread = fitted.std(axis=0)
        self.standard = (features - fitted.mean(axis=0)) / np.where(spread > 0, spread, 1.0)


def _decode_by_ridge(
    split: _Split, values: np.ndarray, alphas: Sequence[float], *, circular: bool
) -> LabelDecoding:
    from sklearn.linear_model import Ridge

    if not len(alphas) or min(alphas) <= 0:
        raise ValueError(f"alphas must hold at least one positive penalty, got {list(alphas)}")
    targets = values.reshape(len(values), -1).astype(np.float64)
    if circular:
        targets = np.column_stack([np.cos(targets), np.sin(targets)])
    train, valid, test = split.train, split.valid, split.test
    models = {a: Ridge(alpha=a).fit(split.standard[train], targets[train]) for a in alphas}

    def predict(alpha: float, part: np.ndarray) -> np.ndarray:
        return models[alpha].predict(split.standard[part]).reshape(len(part), -1)

    # of equals, the largest penalty
    best = max(models, key=lambda alpha: (r2(targets[valid], predict(alpha, valid)), alpha))
    predicted = predict(best, test)
    mean = targets[train].mean(axis=0)
    scores = {
        "label_r2": r2(targets[test], predicted),
        "label_r2_train": r2(targets[train], predict(best, train)),
        f"{CHANCE_PREFIX}label_r2": r2(targets[test], _constant(mean, test)),
        f"{CHANCE_PREFIX}label_r2_train": r2(targets[train], _constant(mean, train)),
    }
    if not circular:
        decoded = predicted.reshape((len(test), *values.shape[1:]))
        return LabelDecoding("ridge", float(best), scores, test, decoded)
    angle = np.arctan2(predicted[:, 1], predicted[:, 0]) % (2 * np.pi)
    constant = _best_constant_angle(values[train])
    scores["angular_error_mean"] = angular_error_deg(values[test], angle)
    scores[f"{CHANCE_PREFIX}angular_error_mean"] = angular_error_deg(
        values[test], np.full(len(test), constant)
    )
    return LabelDecoding("circular_ridge", float(best), scores, test, angle)


def angular_error_deg(true: np.ndarray, predicted: np.ndarray) -> float:
    """Mean absolute difference of angles along the shorter arc.

    Args:
        true: array (sample,) in rad.
        predicted: array (sample,) in rad.

    Returns:
        Degrees, 0 to 180.
    """
    turn = (np.asarray(predicted, np.float64) - np.asarray(true, np.float64)) % (2 * np.pi)
    return float(np.degrees(np.minimum(turn, 2 * np.pi - turn)).mean())


def _best_constant_angle(values: np.ndarray) -> float:
    """The angle of a fine grid with the smallest mean error."""
    grid = np.arange(_CHANCE_ANGLES) * (2 * np.pi / _CHANCE_ANGLES)
    errors = [angular_error_deg(values, np.full(len(values), angle)) for angle in grid]
    return float(grid[int(np.argmin(errors))])


def _decode_classes(
    split: _Split, values: np.ndarray, neighbours: Sequence[int], metric: Metric
) -> LabelDecoding:
    train, valid, test = split.train, split.valid, split.test
    candidates = [k for k in neighbours if k <= len(train)]
    validation, tested = (
        knn_classification(
            split.features[train],
            values[train],
            split.features[part],
            candidates=candidates,
            metric=metric,
        )
        for part in (valid, test)
    )
    # of equals, the largest number, as the smoothest decoder
    best = max(candidates, key=lambda k: (accuracy_percent(values[valid], validation[k]), k))
    classes, counts = np.unique(values[train], return_counts=True)
    frequent = _constant(classes[counts.argmax()], test)
    scores = {
        "accuracy": accuracy_percent(values[test], tested[best]),
        "balanced_accuracy": balanced_accuracy_percent(values[test], tested[best]),
        f"{CHANCE_PREFIX}accuracy": accuracy_percent(values[test], frequent),
        f"{CHANCE_PREFIX}balanced_accuracy": 100.0 / len(np.unique(values[test])),
    }
    return LabelDecoding("knn", float(best), scores, test, tested[best])


def balanced_accuracy_percent(true: np.ndarray, predicted: np.ndarray) -> float:
    """Share of right class ids in each class that occurs, averaged over these classes.

    Args:
        true: integer array (sample,), not empty.
        predicted: integer array (sample,).

    Returns:
        The share in percent, 0 to 100.
    """
    return float(
        np.mean([accuracy_percent(true[c], predicted[c]) for c in true == np.unique(true)[:, None]])
    )


def _constant(value: np.ndarray, part: np.ndarray) -> np.ndarray:
    return np.broadcast_to(value, (len(part), *np.shape(value)))


def _fitting_decoder(decoder: str | None, label: Label, name: str) -> str:
    of_kind = next(known for known, kind in DECODERS.items() if kind == label.kind)
    if decoder is None:
        return of_kind
    if decoder not in DECODERS:
        raise ValueError(f"decoder must be one of {', '.join(DECODERS)}, got {decoder!r}")
    if decoder != of_kind:
        raise ValueError(
            f"the decoder {decoder} is for {DECODERS[decoder]} labels, but {name} is {label.kind}; "
            f"use {of_kind}"
        )
    return decoder


def _check(features: np.ndarray, values: np.ndarray, part: np.ndarray, name: str) -> None:
    check_features(features)
    check_part(part, len(features))
    if len(values) != len(features):
        raise ValueError(
            f"{name} must have one row for each row of features ({len(features)}), "
            f"got {len(values)}"
        )
    check_finite(name, values)
