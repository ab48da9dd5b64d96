"""Gaussian naive Bayes for many smoothings at once.

The same classifier as scikit-learn's, as matrix products over all classes: with one class per
movie frame, a loop over classes takes minutes where this takes a second. The choice among the
smoothings is left to who decodes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class _Gaussians:
    """One Gaussian with diagonal covariance per class.

    Attributes:
        classes: integer array (class,), ascending.
        log_prior: float64 array (class,), log share of the training rows.
        centre: float64 array (dim,), subtracted from all features.
        mean: float64 array (class, dim), of the centred features.
        variance: float64 array (class, dim), not smoothed.
        largest_variance: of a feature over all training rows; the unit of a smoothing.
    """

    classes: np.ndarray
    log_prior: np.ndarray
    centre: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    largest_variance: float


def bayes_classification(
    features_train: np.ndarray,
    classes_train: np.ndarray,
    features_query: np.ndarray,
    *,
    candidates: Sequence[float],
) -> dict[float, np.ndarray]:
    """Most probable class under one Gaussian per class, for every candidate smoothing.

    Each prediction equals ``sklearn.naive_bayes.GaussianNB(var_smoothing=smoothing)`` in float64:
    priors are the shares of the training rows, and the smoothing times the largest variance of a
    feature is added to every variance. Classes equally probable to within rounding may differ.

    Args:
        features_train: array (train, dim), finite.
        classes_train: integer array (train,) of class ids.
        features_query: array (query, dim), finite.
        candidates: smoothings, each a positive share of the largest variance; published are five
            from 1e-9 to 1e3.

    Returns:
        Candidate → integer array (query,) of class ids.

    Raises:
        ValueError: candidates are empty or not positive, or no feature varies.
    """
    if len(candidates) == 0 or not all(0 < c < np.inf for c in candidates):
        raise ValueError(
            f"candidates must be one or more positive finite smoothings, got {list(candidates)}"
        )
    gaussians = _fit(features_train, classes_train)
    query = np.asarray(features_query, np.float64) - gaussians.centre
    return {float(c): _predict(gaussians, query, float(c)) for c in candidates}


def _fit(features: np.ndarray, labels: np.ndarray) -> _Gaussians:
    order = np.argsort(labels, kind="stable")
    classes, start, count = np.unique(labels[order], return_index=True, return_counts=True)
    rows = np.asarray(features, np.float64)[order]
    # Distances do not depend on the origin; near the data, the squares below cancel least.
    centre = rows.mean(axis=0)
    rows -= centre
    largest_variance = float(rows.var(axis=0).max())
    if largest_variance == 0:
        raise ValueError(
            "features_train must vary over the training rows, got constant columns only; "
            "the encoder has collapsed or the neurons are silent"
        )
    mean = np.add.reduceat(rows, start, axis=0) / count[:, None]
    rows -= np.repeat(mean, count, axis=0)
    variance = np.add.reduceat(np.square(rows), start, axis=0) / count[:, None]
    return _Gaussians(classes, np.log(count / len(rows)), centre, mean, variance, largest_variance)


def _predict(gaussians: _Gaussians, query: np.ndarray, smoothing: float) -> np.ndarray:
    variance = gaussians.variance + smoothing * gaussians.largest_variance
    weighted_mean = gaussians.mean / variance
    # sum over features of (x - mean)² / variance, multiplied out
    distance = np.square(query) @ (1 / variance).T - 2 * query @ weighted_mean.T
    distance += (gaussians.mean * weighted_mean).sum(axis=1)
    log_joint = gaussians.log_prior - 0.5 * (np.log(variance).sum(axis=1) + distance)
    return gaussians.classes[log_joint.argmax(axis=1)]
