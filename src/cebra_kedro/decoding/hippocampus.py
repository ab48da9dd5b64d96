"""Where the rat is and which way it runs, decoded from features by nearest neighbours.

Features may be an embedding or anything else with one row per time bin; the split comes from
outside and is kept strictly: train fits, valid chooses, test scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cebra_kedro.decoding.checks import check_features, check_finite, check_part
from cebra_kedro.decoding.knn import Metric, knn_regression, select_knn
from cebra_kedro.decoding.scores import accuracy_percent, median_absolute_error, r2
from cebra_kedro.decoding.tidy import CHANCE_PREFIX
from cebra_kedro.splits import PART_NAMES, rows


@dataclass(frozen=True, eq=False)
class DecodingResult:
    """Scores and predictions on the test rows of one split.

    Attributes:
        k: number of neighbours chosen on the validation rows.
        scores: ``position_error_median`` (unit of the position), ``position_r2``, ``total_r2``,
            ``direction_accuracy`` (%), and ``chance_<metric>`` for each.
        test_rows: int array (test,), row numbers of the test part, ascending.
        predicted_position: float64 array (test,), unit of the position.
        predicted_direction: integer array (test,), class ids.
    """

    k: int
    scores: dict[str, float]
    test_rows: np.ndarray
    predicted_position: np.ndarray
    predicted_direction: np.ndarray


def decode_hippocampus(
    features: np.ndarray,
    position: np.ndarray,
    direction: np.ndarray,
    part: np.ndarray,
    *,
    candidates: Sequence[int],
    metric: Metric = "euclidean",
) -> DecodingResult:
    """Decode position and running direction with k nearest neighbours.

    Follows the decoder built into cebra (``datasets/hippocampus.py``, ``decode``): regression on
    position and one-hot direction side by side. ``total_r2`` is that of the published result
    files: the R² over position and the one-hot columns of the decoded direction (0 or 1; cebra's
    own ``decode`` scores the share of neighbours, which comes out higher), equal weights for all
    columns. The direction is the class with the largest share, that is the majority among the
    neighbours; of equal shares, the lowest class id. k is the candidate with the lowest median
    absolute position error on the validation rows, the largest of equals; the neighbours
    are always training rows, never validation rows.

    Chance is the best a predictor can do that knows the training labels but no features,
    scored on the same test rows: the training median of the position for the error, the training
    means for R², the most frequent training class for the direction. It is harder to beat than a
    shuffled pairing of features and labels.

    Args:
        features: array (time, dim), finite.
        position: array (time,), published in m.
        direction: integer array (time,), class ids.
        part: int8 array (time,) of the codes of ``splits``: 0 train, 1 valid, 2 test.
        candidates: numbers of neighbours to choose from; published: 1, 4, 9, 16, 25.
        metric: distance between features, ``euclidean`` or ``cosine``.

    Returns:
        Chosen k, scores and predictions.

    Raises:
        ValueError: shapes differ, a part is empty, a value is not finite, or a candidate exceeds
            the number of training rows.
    """
    _check_arrays(features, position, direction)
    check_part(part, len(features))
    train, valid, test = (rows(part, name) for name in PART_NAMES)
    classes, targets = _targets(position, direction)
    selection = select_knn(
        features[train],
        targets[train],
        features[valid],
        targets[valid],
        candidates=candidates,
        loss=lambda true, predicted: median_absolute_error(true[:, 0], predicted[:, 0]),
        metric=metric,
    )
    predicted = knn_regression(
        features[train], targets[train], features[test], candidates=[selection.k], metric=metric
    )[selection.k]
    chance = _chance_scores(targets[train], targets[test])
    return DecodingResult(
        k=selection.k,
        scores=_scores(targets[test], predicted)
        | {f"{CHANCE_PREFIX}{name}": value for name, value in chance.items()},
        test_rows=test,
        predicted_position=predicted[:, 0],
        predicted_direction=classes[predicted[:, 1:].argmax(axis=1)],
    )


def _targets(position: np.ndarray, direction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Class ids (class,), and position beside one-hot direction, float64 (time, 1 + class)."""
    classes = np.unique(direction)
    one_hot = direction[:, None] == classes
    return classes, np.column_stack([position, one_hot]).astype(np.float64)


def _scores(true: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    decided = np.eye(predicted.shape[1] - 1)[predicted[:, 1:].argmax(axis=1)]
    return {
        "position_error_median": median_absolute_error(true[:, 0], predicted[:, 0]),
        "position_r2": r2(true[:, 0], predicted[:, 0]),
        "total_r2": r2(true, np.column_stack([predicted[:, 0], decided])),
        "direction_accuracy": accuracy_percent(
            true[:, 1:].argmax(axis=1), predicted[:, 1:].argmax(axis=1)
        ),
    }


def _chance_scores(train: np.ndarray, test: np.ndarray) -> dict[str, float]:
    # the mean is best for R² and its largest one-hot share is the most frequent class;
    # absolute errors are smallest around the median
    mean = np.broadcast_to(train.mean(axis=0), test.shape)
    median = np.full(len(test), np.median(train[:, 0]))
    return _scores(test, mean) | {
        "position_error_median": median_absolute_error(test[:, 0], median),
        "total_r2": r2(test, mean),
    }


def _check_arrays(features: np.ndarray, position: np.ndarray, direction: np.ndarray) -> None:
    check_features(features)
    for name, array in {"position": position, "direction": direction}.items():
        if array.shape != (len(features),):
            raise ValueError(
                f"{name} must have shape ({len(features)},) as features, got {array.shape}"
            )
    if not np.issubdtype(direction.dtype, np.integer):
        raise ValueError(
            f"direction must hold integer class ids, got dtype {direction.dtype}; cast it to int64"
        )
    check_finite("position", position)
