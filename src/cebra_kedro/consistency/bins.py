"""Means of an embedding in bins of a label.

Which bins are common to several embeddings is decided in ``alignment``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def bin_edges(labels: Sequence[np.ndarray], n_bins: int) -> np.ndarray | None:
    """Equidistant edges from the lowest to the highest label, as cebra lays them.

    Args:
        labels: arrays (time,), one per recording, in one unit.
        n_bins: number of edges; the ranges between them are one fewer.

    Returns:
        Float array (n_bins,), or None if there are no labels.

    Raises:
        ValueError: all labels are one value.
    """
    if not labels:
        return None
    # in the label's own precision, as in cebra: labels on an edge must fall on the same side
    low = min(np.min(label) for label in labels)
    high = max(np.max(label) for label in labels)
    if low == high:
        raise ValueError(f"continuous is {low} in every row of every embedding; nothing to align")
    return np.linspace(low, high, n_bins)


def bin_means(
    embedding: np.ndarray,
    continuous: np.ndarray | None,
    class_ids: np.ndarray,
    classes: np.ndarray,
    edges: np.ndarray | None,
    *,
    min_samples: int,
    max_widening: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Mean of the embedding in each bin: a class, or a class and a range of the label.

    Args:
        embedding: array (time, dim).
        continuous: array (time,), or None to make one bin per class.
        class_ids: integer array (time,).
        classes: integer array (class,), ascending.
        edges: array (edge,) for ``continuous``, or None.
        min_samples: a bin with fewer borrows from neighbours of its class.
        max_widening: how many ranges away it may borrow.

    Returns:
        Means, float64 (class × range, dim), NaN where there is no sample; and the numbers of
        samples behind them, borrowed ones included, int (class × range,).
    """
    n_ranges = 1 if edges is None else len(edges) - 1
    sums = np.zeros((len(classes), n_ranges, embedding.shape[1]))
    counts = np.zeros((len(classes), n_ranges), np.int64)
    for i, class_id in enumerate(classes):
        rows = class_ids == class_id
        values = embedding[rows].astype(np.float64)
        if edges is None or continuous is None:
            sums[i], counts[i] = values.sum(axis=0), len(values)
        else:
            sums[i], counts[i] = _range_sums(
                values, continuous[rows], edges, min_samples, max_widening
            )
    means = sums / np.where(counts > 0, counts, np.nan)[..., None]
    return means.reshape(-1, embedding.shape[1]), counts.ravel()


def _range_sums(
    values: np.ndarray,
    label: np.ndarray,
    edges: np.ndarray,
    min_samples: int,
    max_widening: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Sums (range, dim) and counts (range,), widened where samples are short."""
    # samples exactly at the last edge get an index of their own, which only neighbours may use
    index = np.digitize(label, edges) - 1
    own_counts = np.bincount(index, minlength=len(edges))
    own_sums = np.stack(
        [np.bincount(index, weights=column, minlength=len(edges)) for column in values.T], axis=1
    )
    sums, counts = own_sums, own_counts
    for reach in range(1, max_widening + 1):
        short = counts < min_samples
        sums = np.where(short[:, None], _moving_sum(own_sums, reach), sums)
        counts = np.where(short, _moving_sum(own_counts, reach), counts)
    return sums[:-1], counts[:-1]


def _moving_sum(values: np.ndarray, reach: int) -> np.ndarray:
    """Sum over rows from ``-reach`` to ``+reach`` around each row, fewer at the ends."""
    padding = [(reach, reach)] + [(0, 0)] * (values.ndim - 1)
    windows = np.lib.stride_tricks.sliding_window_view(
        np.pad(values, padding), 2 * reach + 1, axis=0
    )
    return windows.sum(axis=-1)
