"""Nearest-neighbour regression and classification for many numbers of neighbours at once.

What the targets mean, and which number is chosen, is left to the protocols.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

if TYPE_CHECKING:
    from sklearn.neighbors import NearestNeighbors

Metric = Literal["euclidean", "cosine"]
_TARGETS_AT_ONCE = 2**22  # numbers gathered from the neighbours of a block of queries: 32 MiB
_FOUND_AT_ONCE = 2**21  # distances of some queries to all training rows
_QUERIES_AT_LEAST = 64
_ROWS_AT_ONCE = 2**12  # training rows in float64
_ROUNDING = 1e-12  # of squared distances; sums of thousands of float64 are off by some 1e-14
_FLOAT32 = 1e-6  # the same of what scikit-learn says of float32 features


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
    shape = (len(features_query), *targets_train.shape[1:])
    predictions = {int(k): np.empty(shape) for k in candidates}
    found = _nearest_rows(features_train, features_query, candidates, metric, targets_train[0].size)
    for block, neighbours in found:
        running_sum = np.cumsum(targets_train[neighbours], axis=1, dtype=np.float64)
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
    predictions = {int(k): np.empty(len(features_query), classes_train.dtype) for k in candidates}
    for block, neighbours in _nearest_rows(features_train, features_query, candidates, metric):
        classes = classes_train[neighbours]
        for k, predicted in predictions.items():
            predicted[block] = _most_frequent(classes[:, :k])
    return predictions


def _nearest_rows(
    features_train: np.ndarray,
    features_query: np.ndarray,
    candidates: Sequence[int],
    metric: Metric,
    n_targets: int = 1,
) -> Iterator[tuple[slice, np.ndarray]]:
    """Block of queries → its training rows by distance, int array (query, largest candidate).

    Equally far ones come by row.
    """
    from sklearn.neighbors import NearestNeighbors

    _check_search(len(features_train), candidates, metric)
    if metric == "cosine":
        features_train = _on_sphere(features_train, pad=True)
        features_query = _on_sphere(features_query, pad=False)
    search, n_nearest = NearestNeighbors().fit(features_train), max(candidates)
    step = max(1, _TARGETS_AT_ONCE // (n_nearest * n_targets))
    for start in range(0, len(features_query), step):
        block = slice(start, start + step)
        yield block, _in_order(search, features_train, features_query[block], n_nearest)


def _in_order(
    search: NearestNeighbors, train: np.ndarray, queries: np.ndarray, n_nearest: int
) -> np.ndarray:
    """The nearest rows of each query, in order."""
    n_found = min(n_nearest + 1, len(train))
    distance, found = search.kneighbors(queries, n_found)
    squared = distance**2
    rounding = _ROUNDING * (np.linalg.norm(queries, axis=1) + distance[:, -1]) ** 2
    may_be_equal = np.diff(squared) <= _FLOAT32 * squared[:, 1:] + rounding[:, None]
    rows = found[:, :n_nearest].copy()
    tied = np.flatnonzero(may_be_equal.any(axis=1))
    step = max(_QUERIES_AT_LEAST, _FOUND_AT_ONCE // len(train))
    for some in np.split(tied, range(step, len(tied), step)):
        limit = (1 + _FLOAT32) * squared[some, -1] + rounding[some]
        rows[some] = _equals_by_row(train, queries[some], limit, rounding[some], n_nearest)
    return rows


def _equals_by_row(
    train: np.ndarray, queries: np.ndarray, limit: np.ndarray, rounding: np.ndarray, n_nearest: int
) -> np.ndarray:
    """The nearest rows of each query, equally far ones by number.

    Args:
        train: array (train, dim).
        queries: array (query, dim).
        limit: array (query,) of squared distances: at least ``n_nearest`` rows are not farther.
        rounding: array (query,): squared distances that differ by less are equal.
        n_nearest: number of rows.
    """
    rows = np.empty((len(queries), n_nearest), np.int64)
    distances = _squared_distances(train, queries)
    for number, (squared, most, equal) in enumerate(zip(distances, limit, rounding, strict=True)):
        near = np.flatnonzero(squared <= most)
        rows[number] = near[_by_distance(squared[near], equal)[:n_nearest]]
    return rows


def _by_distance(squared: np.ndarray, rounding: float) -> np.ndarray:
    """The order of squared distances (row,), those that differ by rounding only as they come."""
    order = np.argsort(squared, kind="stable")
    step = np.diff(squared[order])
    is_farther = step > rounding
    if np.array_equal(is_farther, step != 0):  # equal ones are exactly equal, as of counts
        return order
    rank = np.concatenate([[0], np.cumsum(is_farther)])
    by_row: np.ndarray = order[np.lexsort((order, rank))]
    return by_row


def _squared_distances(train: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """Float64 array (query, train)."""
    queries = queries.astype(np.float64)
    squared = np.empty((len(queries), len(train)))
    for start in range(0, len(train), _ROWS_AT_ONCE):
        rows = train[start : start + _ROWS_AT_ONCE].astype(np.float64)
        part = np.matmul(-2 * queries, rows.T)
        part += np.einsum("ij,ij->i", rows, rows)
        part += np.einsum("ij,ij->i", queries, queries)[:, None]
        squared[:, start : start + _ROWS_AT_ONCE] = part
    return squared


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
