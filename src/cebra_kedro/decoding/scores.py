"""Scores of predictions against the truth: pure functions of two arrays of one shape.

Which rows are scored, and what a score is called in a table, is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import numpy as np

Candidate = TypeVar("Candidate", bound=float)


def best_candidate(scores: Mapping[Candidate, float], better: str) -> Candidate:
    """The candidate with the best score; of equals, the largest, as the smoothest decoder.

    Args:
        scores: candidate → score on the validation rows.
        better: ``lower`` or ``higher``.
    """
    sign = {"lower": -1, "higher": 1}[better]
    return max(scores, key=lambda candidate: (sign * scores[candidate], candidate))


def median_distance(true: np.ndarray, predicted: np.ndarray) -> float:
    """Median of the Euclidean distances.

    Args:
        true: array (sample, dim), any unit.
        predicted: array (sample, dim), same unit.

    Returns:
        The distance in the unit of the arguments.

    Raises:
        ValueError: the shapes differ or there are no samples.
    """
    _check_shapes(true, predicted, min_samples=1)
    return float(np.median(np.linalg.norm(predicted - true, axis=1)))


def median_absolute_error(true: np.ndarray, predicted: np.ndarray) -> float:
    """Median of the absolute errors.

    Args:
        true: array (sample,), any unit.
        predicted: array (sample,), same unit.

    Returns:
        The error in the unit of the arguments.

    Raises:
        ValueError: the shapes differ or there are no samples.
    """
    _check_shapes(true, predicted, min_samples=1)
    return float(np.median(np.abs(predicted - true)))


def r2(true: np.ndarray, predicted: np.ndarray) -> float:
    """Coefficient of determination, averaged with equal weights over columns.

    As ``sklearn.metrics.r2_score``: 0 is as good as the mean of ``true``, negative is worse; a
    column of ``true`` that never changes counts 1 if predicted exactly, else 0.

    Args:
        true: array (sample,) or (sample, target).
        predicted: array of the same shape.

    Returns:
        R² as a fraction, at most 1.

    Raises:
        ValueError: the shapes differ or there are fewer than 2 samples.
    """
    from sklearn.metrics import r2_score

    _check_shapes(true, predicted, min_samples=2)
    return float(r2_score(true, predicted))


def accuracy_percent(true: np.ndarray, predicted: np.ndarray) -> float:
    """Share of exactly right class ids.

    Args:
        true: integer array (sample,).
        predicted: integer array (sample,).

    Returns:
        The share in percent, 0 to 100.

    Raises:
        ValueError: the shapes differ or there are no samples.
    """
    _check_shapes(true, predicted, min_samples=1)
    return float(100.0 * np.mean(true == predicted))


def balanced_accuracy_percent(true: np.ndarray, predicted: np.ndarray) -> float:
    """Share of right class ids in each class that occurs, averaged over these classes.

    Args:
        true: integer array (sample,).
        predicted: integer array (sample,).

    Returns:
        The share in percent, 0 to 100.

    Raises:
        ValueError: the shapes differ or there are no samples.
    """
    _check_shapes(true, predicted, min_samples=1)
    return float(
        np.mean([accuracy_percent(true[c], predicted[c]) for c in true == np.unique(true)[:, None]])
    )


def angular_error_deg(true: np.ndarray, predicted: np.ndarray) -> float:
    """Mean absolute difference of angles along the shorter arc.

    Args:
        true: array (sample,) or (sample, dim) in rad.
        predicted: array of the same shape in rad.

    Returns:
        Degrees, 0 to 180.

    Raises:
        ValueError: the shapes differ or there are no samples.
    """
    _check_shapes(true, predicted, min_samples=1)
    turn = (np.asarray(predicted, np.float64) - np.asarray(true, np.float64)) % (2 * np.pi)
    return float(np.degrees(np.minimum(turn, 2 * np.pi - turn)).mean())


def _check_shapes(true: np.ndarray, predicted: np.ndarray, *, min_samples: int) -> None:
    # (n,) against (n, 1) would broadcast to (n, n) and give a plausible wrong number
    if true.shape != predicted.shape:
        raise ValueError(
            f"true and predicted must have one shape, got {true.shape} and {predicted.shape}; "
            "select the same rows and columns of both"
        )
    if len(true) < min_samples:
        raise ValueError(
            f"this score needs at least {min_samples} samples, got {len(true)}; "
            "give the scored part more trials"
        )
