"""What decoding a label of each kind means: what is regressed, what is scored, what chance is.

Decoding is left to ``decoders``, the choice of rows to the protocols.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from cebra_kedro.decoding.scores import (
    accuracy_percent,
    angular_error_deg,
    balanced_accuracy_percent,
    median_distance,
    r2,
)
from cebra_kedro.metrics import SCORES
from cebra_kedro.recording import LabelKind

TRAIN_SUFFIX = "_train"
"""``r2_train`` is ``r2`` on the training rows, to be seen beside it."""

_CHANCE_ANGLES = 720


@dataclass(frozen=True)
class KindScore:
    """One score of a kind of label.

    Attributes:
        score: function (values, predicted targets) → score.
        chance: function (values of the training rows, values of the scored rows) → the score of
            the best predictor that knows the training labels but no features.
        unit: the unit it is in; None for that of the label.
        on_train: whether it can be asked for on the training rows too.
    """

    score: Callable[[np.ndarray, np.ndarray], float]
    chance: Callable[[np.ndarray, np.ndarray], float]
    unit: str | None
    on_train: bool = False


@dataclass(frozen=True)
class Kind:
    """One kind of label.

    Values are what a recording holds, float64 (row, dim) or class ids (row,); targets are what a
    decoder predicts.

    Attributes:
        values: function of a label's array (row, ...) → values.
        targets: function of values → targets: the coordinates themselves, the cosine and sine of
            angles, class ids.
        decoded: function of predicted targets → values.
        scores: name → score.
        default_scores: those used if none are named; the first chooses among candidates.
    """

    values: Callable[[np.ndarray], np.ndarray]
    targets: Callable[[np.ndarray], np.ndarray]
    decoded: Callable[[np.ndarray], np.ndarray]
    scores: Mapping[str, KindScore]
    default_scores: tuple[str, ...]

    @property
    def score_names(self) -> tuple[str, ...]:
        """Every score that can be asked for, those on the training rows included."""
        on_train = [f"{name}{TRAIN_SUFFIX}" for name, s in self.scores.items() if s.on_train]
        return (*self.scores, *on_train)


def better(score: str) -> str:
    """``lower`` or ``higher``, by the table of all scores."""
    return SCORES[score].better


def _columns(array: np.ndarray) -> np.ndarray:
    return array.reshape(len(array), -1).astype(np.float64)


def _same(array: np.ndarray) -> np.ndarray:
    return array


def _on_circle(angles: np.ndarray) -> np.ndarray:
    return np.concatenate([np.cos(angles), np.sin(angles)], axis=1)


def _angles(points: np.ndarray) -> np.ndarray:
    """Angles in [0, 2π) of predicted cosines and sines, whatever the length of the arrow."""
    cosine, sine = np.split(points, 2, axis=1)
    return np.arctan2(sine, cosine) % (2 * np.pi)


def _best_constant_angles(train: np.ndarray) -> np.ndarray:
    """For each column, the angle of a fine grid with the smallest mean error."""
    grid = np.arange(_CHANCE_ANGLES) * (2 * np.pi / _CHANCE_ANGLES)
    errors = [
        [angular_error_deg(column, np.full(len(column), angle)) for angle in grid]
        for column in train.T
    ]
    return grid[np.argmin(errors, axis=1)]


def _most_frequent(train: np.ndarray) -> np.ndarray:
    classes, counts = np.unique(train, return_counts=True)
    return classes[counts.argmax()]


def _always(
    score: Callable[[np.ndarray, np.ndarray], float], constant: Callable[[np.ndarray], np.ndarray]
) -> Callable[[np.ndarray, np.ndarray], float]:
    """Score of always predicting what ``constant`` makes of the training values."""

    def chance(train: np.ndarray, true: np.ndarray) -> float:
        value = constant(train)
        return score(true, np.broadcast_to(value, (len(true), *np.shape(value))))

    return chance


def _mean(values: np.ndarray) -> np.ndarray:
    return values.mean(axis=0)


def _median(values: np.ndarray) -> np.ndarray:
    return np.median(values, axis=0)


def _circle_r2(true: np.ndarray, predicted: np.ndarray) -> float:
    return r2(_on_circle(true), predicted)


def _circle_error(true: np.ndarray, predicted: np.ndarray) -> float:
    return angular_error_deg(true, _angles(predicted))


def _one_of_its_classes(train: np.ndarray, true: np.ndarray) -> float:
    return 100.0 / len(np.unique(true))


KINDS: Mapping[LabelKind, Kind] = MappingProxyType(
    {
        "continuous": Kind(
            values=_columns,
            targets=_same,
            decoded=_same,
            scores={
                "error_median": KindScore(median_distance, _always(median_distance, _median), None),
                "r2": KindScore(r2, _always(r2, _mean), "", on_train=True),
            },
            default_scores=("error_median", "r2"),
        ),
        "discrete": Kind(
            values=_same,
            targets=_same,
            decoded=_same,
            scores={
                "accuracy": KindScore(
                    accuracy_percent, _always(accuracy_percent, _most_frequent), "%"
                ),
                "balanced_accuracy": KindScore(balanced_accuracy_percent, _one_of_its_classes, "%"),
            },
            default_scores=("accuracy", "balanced_accuracy"),
        ),
        "circular": Kind(
            values=_columns,
            targets=_on_circle,
            decoded=_angles,
            scores={
                "error_mean": KindScore(
                    _circle_error,
                    _always(angular_error_deg, _best_constant_angles),
                    "deg",
                ),
                "r2": KindScore(
                    _circle_r2,
                    _always(_circle_r2, lambda train: _mean(_on_circle(train))),
                    "",
                    on_train=True,
                ),
            },
            default_scores=("error_mean", "r2"),
        ),
    }
)
"""Kind of label → what decoding it means."""
