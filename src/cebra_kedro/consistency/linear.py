"""R² of the best affine map from one embedding to another.

Rows must already correspond, by time or by label bin; making them do so is ``alignment``'s job.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

# as scikit-learn's LinearRegression (tol): directions of the source that vary less than this share
# of its largest are rounding noise of float32, and no map is fitted on them
RANK_TOLERANCE = 1e-6
# averages of a constant in float64 differ by less than this share of it, by rounding
CONSTANT_TOLERANCE = 1e-12


def linear_r2(source: np.ndarray, target: np.ndarray) -> float:
    """R² of the least-squares affine map source → target, fitted and scored on all rows.

    Equals ``LinearRegression().fit(source, target).score(source, target)``, the score that cebra
    uses (``integrations/sklearn/metrics.py``, ``_consistency_scores``): the R² of each target
    dimension, averaged with equal weights. It is not symmetric. Because the map is scored where
    it is fitted, independent noise scores about dim_source / (n - 1), not 0. A source that does
    not fill its dimensions is treated as the lower-dimensional one it is.

    Args:
        source: array (n, dim_source), finite.
        target: array (n, dim_target), finite.

    Returns:
        R² in [0, 1].

    Raises:
        ValueError: rows differ, are fewer than dim_source + 2, hold NaN, or a target dimension is
            constant (a collapsed embedding, for which R² is not defined; cebra's score returns 1
            or 0 by rounding).
    """
    return linear_r2_to_many(source, {"target": target})["target"]


def linear_r2_to_many(
    source: np.ndarray, targets: Mapping[str, np.ndarray], *, source_name: str = "source"
) -> dict[str, float]:
    """:func:`linear_r2` from one source to several targets, decomposing the source once.

    Args:
        source: array (n, dim_source), finite.
        targets: name → array (n, dim_target), finite; dimensions may differ among them.
        source_name: what errors call the source.

    Returns:
        Target name → R².

    Raises:
        ValueError: as :func:`linear_r2`.
    """
    _check_source(source, source_name)
    basis = _centred_basis(source)
    for name, target in targets.items():
        _check_target(target, name, len(basis), source_name)
    return {name: _explained_share(basis, target) for name, target in targets.items()}


def _centred_basis(source: np.ndarray) -> np.ndarray:
    """Orthonormal columns (n, rank) spanning what affine maps of the source can reach."""
    centred = source.astype(np.float64) - source.mean(axis=0, dtype=np.float64)
    left, singular, _ = np.linalg.svd(centred, full_matrices=False)
    return left[:, singular > RANK_TOLERANCE * singular[0]]


def _explained_share(basis: np.ndarray, target: np.ndarray) -> float:
    centred = target.astype(np.float64) - target.mean(axis=0, dtype=np.float64)
    explained = ((basis.T @ centred) ** 2).sum(axis=0)
    return float(np.mean(explained / (centred**2).sum(axis=0)))


def _check_source(source: np.ndarray, name: str) -> None:
    if source.ndim != 2 or source.shape[1] == 0:
        raise ValueError(f"{name} must be an array (n, dim), got shape {source.shape}")
    n, dim = source.shape
    if n < dim + 2:
        raise ValueError(
            f"{name} must have at least {dim + 2} rows for {dim} dimensions, got {n}: with fewer, "
            "every target is fitted exactly; compare more rows or bins"
        )
    _check_finite(source, name)


def _check_target(target: np.ndarray, name: str, n: int, source_name: str) -> None:
    if target.ndim != 2 or len(target) != n or target.shape[1] == 0:
        raise ValueError(
            f"{name} must be an array ({n}, dim) with the rows of {source_name}, got shape "
            f"{target.shape}; embeddings of different recordings must be aligned first"
        )
    _check_finite(target, name)
    constant = np.ptp(target, axis=0) <= CONSTANT_TOLERANCE * np.abs(target).max(axis=0)
    if constant.any():
        raise ValueError(
            f"{name} must vary in every dimension, but {np.flatnonzero(constant).tolist()} is "
            "constant, so R² is not defined; the encoder has collapsed or all rows have one label"
        )


def _check_finite(embedding: np.ndarray, name: str) -> None:
    if not np.isfinite(embedding).all():
        raise ValueError(f"{name} holds NaN or infinite values; drop these rows in all embeddings")
