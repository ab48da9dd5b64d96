"""Linear decoders on features standardised by the training rows, for many penalties at once.

Which penalty is chosen is left to the protocols.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

Predictor = Callable[[np.ndarray, Sequence[float]], dict[float, np.ndarray]]
"""Function (features (row, dim), penalties) → penalty → predictions (row, ...)."""

_LOGISTIC_STEPS = 10_000  # of the solver, at most; separable classes with 1e-3 need some hundreds


@dataclass(frozen=True, eq=False)
class Standard:
    """Mean and standard deviation of each feature over the training rows; 1 where it is constant.

    Attributes:
        mean: float64 array (dim,).
        scale: float64 array (dim,).
    """

    mean: np.ndarray
    scale: np.ndarray

    @classmethod
    def of(cls, features_train: np.ndarray) -> Standard:
        """Mean and deviation of these rows."""
        x = features_train.astype(np.float64)
        scale = x.std(axis=0)
        scale[scale == 0] = 1.0
        return cls(x.mean(axis=0), scale)

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Float64 array (row, dim), in deviations from the mean."""
        return (features.astype(np.float64) - self.mean) / self.scale


def fitted_ridge(features_train: np.ndarray, targets_train: np.ndarray) -> Predictor:
    """Ridge regression of every target on standardised features; one fit serves all penalties.

    Predictions equal those of ``sklearn.linear_model.Ridge(alpha)`` on
    ``StandardScaler``'s features, to rounding.

    Args:
        features_train: array (train, dim).
        targets_train: float64 array (train, target).

    Returns:
        Function of features and positive penalties → penalty → float64 array (row, target).
    """
    standard = Standard.of(features_train)
    x = standard(features_train)
    intercept = targets_train.mean(axis=0)
    eigenvalue, eigenvector = _principal_axes(x)
    projected = eigenvector.T @ (x.T @ (targets_train - intercept))

    def predict(features: np.ndarray, alphas: Sequence[float]) -> dict[float, np.ndarray]:
        z = standard(features) @ eigenvector
        return {
            alpha: z @ (projected / (np.maximum(eigenvalue, 0) + alpha)[:, None]) + intercept
            for alpha in alphas
        }

    return predict


def fitted_logistic(features_train: np.ndarray, classes_train: np.ndarray) -> Predictor:
    """Logistic regression with one output per class on standardised features.

    ``sklearn.linear_model.LogisticRegression`` with ``C = 1 / alpha``. Where the training rows
    have one class only, it is always predicted.

    Args:
        features_train: array (train, dim).
        classes_train: integer array (train,) of class ids.

    Returns:
        Function of features and positive penalties → penalty → integer array (row,).
    """
    from sklearn.linear_model import LogisticRegression

    standard = Standard.of(features_train)
    x, only = standard(features_train), np.unique(classes_train)
    models: dict[float, LogisticRegression] = {}

    def predict(features: np.ndarray, alphas: Sequence[float]) -> dict[float, np.ndarray]:
        if len(only) == 1:
            return {alpha: np.full(len(features), only[0]) for alpha in alphas}
        for alpha in alphas:
            if alpha not in models:
                model = LogisticRegression(C=1 / alpha, max_iter=_LOGISTIC_STEPS)
                models[alpha] = model.fit(x, classes_train)
        return {alpha: models[alpha].predict(standard(features)) for alpha in alphas}

    return predict


def _principal_axes(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues and -vectors of xᵀx; where x is wider than long, those above zero only."""
    if x.shape[1] <= len(x):
        eigenvalue, eigenvector = np.linalg.eigh(x.T @ x)
        return eigenvalue, eigenvector
    eigenvalue, eigenvector = np.linalg.eigh(x @ x.T)
    kept = eigenvalue > eigenvalue[-1] * len(x) * np.finfo(float).eps
    return eigenvalue[kept], x.T @ eigenvector[:, kept] / np.sqrt(eigenvalue[kept])
