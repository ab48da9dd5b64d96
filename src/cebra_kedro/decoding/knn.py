"""Nearest-neighbour regression and classification for many numbers of neighbours at once.

What the targets mean, and which number is chosen, is left to the protocols.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

if TYPE_CHECKING:
    from sklearn.neighbors import NearestNeighbors

Metric = Literal["euclidean", "cosine"]
_TARGETS_AT_ONCE = 2**22  # numbers gathered from the neighbours of some queries: 32 MiB of float64
_FOUND_AT_ONCE = 2**21  # neighbours of some queries, with their distances
_ROUNDING = 1e-12  # of squared distances; sums of thousands of float64 are off by some 1e-14


def knn_regression(
    features_train: np.ndarray,
    targets_train: np.ndarray,
    features_query: np.ndarray,
    *,
    candidates: Sequence[int],
    metric: Metric = "euclidean",
) -> dict[int, np.ndarray]:
    """Mean target of the k nearest training rows, for every candidate k.

    One search for the largest k serves all: the neighbours come sorted by distance, so the
    prediction of a smaller k is a running mean. Each equals
    ``sklearn.neighbors.KNeighborsRegressor(k)`` except where the k-th and the next training row
    are equally far, as happens among raw spike counts: the earlier row is taken here, whichever
    the release of scikit-learn finds there.

    Args:
        features_train: array (train, dim).
        targets_train: array (train,) or (train, target).
        features_query: array (query, dim).
        candidates: numbers of neighbours, each in [1, train].
        metric: distance between features.

    Returns:
        Candidate → float64 array (query,) or (query, target).

    Raises:
        ValueError: candidates are empty or out of range, or the metric is unknown.
    """
    neighbours = _nearest_rows(features_train, features_query, candidates, metric)
    shape = (len(features_query), *targets_train.shape[1:])
    predictions = {int(k): np.empty(shape) for k in candidates}
    n_targets = neighbours.shape[1] * targets_train[0].size
    for start in range(0, len(neighbours), step := max(1, _TARGETS_AT_ONCE // n_targets)):
        block = slice(start, start + step)
        running_sum = np.cumsum(targets_train[neighbours[block]], axis=1, dtype=np.float64)
        for k, predicted in predictions.items():
            predicted[block] = running_sum[:, k - 1] / k
    return predictions


def knn_classification(
    features_train: np.ndarray,
    classes_train: np.ndarray,
    features_query: np.ndarray,
    *,
    candidates: Sequence[int],
    metric: Metric = "euclidean",
) -> dict[int, np.ndarray]:
    """Most frequent class among the k nearest training rows, for every candidate k.

    Of classes with equally many neighbours, the lowest id is taken. Each prediction equals
    ``sklearn.neighbors.KNeighborsClassifier(k)``, with the exception of :func:`knn_regression`.

    Args:
        features_train: array (train, dim).
        classes_train: integer array (train,) of class ids.
        features_query: array (query, dim).
        candidates: numbers of neighbours, each in [1, train].
        metric: distance between features.

    Returns:
        Candidate → integer array (query,) of class ids.

    Raises:
        ValueError: candidates are empty or out of range, or the metric is unknown.
    """
    neighbours = _nearest_rows(features_train, features_query, candidates, metric)
    classes = classes_train[neighbours]
    return {int(k): _most_frequent(classes[:, :k]) for k in candidates}


def _nearest_rows(
    features_train: np.ndarray,
    features_query: np.ndarray,
    candidates: Sequence[int],
    metric: Metric,
) -> np.ndarray:
    """Training rows by distance, equally far ones by row: int array (query, largest candidate)."""
    from sklearn.neighbors import NearestNeighbors

    _check_search(len(features_train), candidates, metric)
    if metric == "cosine":
        features_train = _on_sphere(features_train, pad=True)
        features_query = _on_sphere(features_query, pad=False)
    search = NearestNeighbors().fit(features_train)
    n_nearest = max(candidates)
    return _in_order(search, features_query, n_nearest, min(n_nearest + 1, len(features_train)))


def _in_order(
    search: NearestNeighbors, queries: np.ndarray, n_nearest: int, n_found: int
) -> np.ndarray:
    """The nearest rows of each query; where others are as far as the last, more are looked at."""
    n_train, step = search.n_samples_fit_, max(1, _FOUND_AT_ONCE // n_found)
    rows = np.empty((len(queries), n_nearest), np.intp)
    for start in range(0, len(queries), step):
        block = queries[start : start + step]
        distance, found = search.kneighbors(block, n_found)
        rank = _rank_of_distance(distance, np.linalg.norm(block, axis=1))
        ordered = np.take_along_axis(found, np.lexsort((found, rank)), 1)[:, :n_nearest]
        is_open = (rank[:, -1] == rank[:, n_nearest - 1]) & (n_found < n_train)
        if is_open.any():
            ordered[is_open] = _in_order(
                search, block[is_open], n_nearest, min(4 * n_found, n_train)
            )
        rows[start : start + step] = ordered
    return rows


def _rank_of_distance(distance: np.ndarray, norm: np.ndarray) -> np.ndarray:
    """Equal numbers for rows (query, found) that are equally far but for rounding."""
    longest = norm + distance[:, -1]  # no row that was found has a larger norm
    is_farther = np.diff(distance**2, axis=1) > _ROUNDING * longest[:, None] ** 2
    return np.cumsum(np.concatenate([np.zeros((len(distance), 1)), is_farther], 1), 1)


def _on_sphere(features: np.ndarray, *, pad: bool) -> np.ndarray:
    """Rows whose Euclidean distances come in the order of cosine distances.

    scikit-learn finds Euclidean neighbours several times faster, as it need not keep all distances.
    Of rows of norm 1, ``|q - x|² = 2 - 2 q·x``. A silent row cannot have norm 1; its cosine with
    all others counts 0. A further column, 1 for silent training rows and 0 for all queries, gives
    every training row norm 1 and changes no product.
    """
    norm = np.linalg.norm(features, axis=1, keepdims=True)
    unit = features / np.where(norm > 0, norm, 1)
    return np.concatenate([unit, (norm == 0) & pad], axis=1, dtype=unit.dtype)


def _most_frequent(classes: np.ndarray) -> np.ndarray:
    """The most frequent entry of each row of (query, k), the lowest of equals."""
    ascending = np.sort(classes, axis=1)
    column = np.arange(classes.shape[1])
    is_start = np.diff(ascending, axis=1, prepend=ascending[:, :1] - 1) != 0
    start = np.maximum.accumulate(np.where(is_start, column, 0), axis=1)
    # the longest run of equal ids ends farthest from its start; argmax takes the first of equals
    last_of_longest = (column - start).argmax(axis=1)
    return ascending[np.arange(len(classes)), last_of_longest]


def _check_search(n_train: int, candidates: Sequence[int], metric: str) -> None:
    if metric not in get_args(Metric):
        raise ValueError(f"metric must be one of {', '.join(get_args(Metric))}, got {metric!r}")
    if len(candidates) == 0:
        raise ValueError("candidates must hold at least one number of neighbours, got none")
    if min(candidates) < 1 or max(candidates) > n_train:
        raise ValueError(
            f"candidates must be in [1, {n_train}], the number of training rows, "
            f"got {list(candidates)}; drop the numbers outside"
        )
