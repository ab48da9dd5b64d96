"""Scores of predictions against the truth: pure functions of two arrays of one shape.

Which rows are scored, and what a score is called in a table, is decided elsewhere.
"""

from __future__ import annotations

import numpy as np


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
