"""Features that need no training, the controls beside every encoder."""

from __future__ import annotations

import numpy as np


def window_sums(neural: np.ndarray, segment: np.ndarray, window_bins: int) -> np.ndarray:
    """Activity summed over a window around each bin, inside its segment.

    The window of ``w`` bins covers ``[t - w // 2, t - w // 2 + w)``, as an encoder's does; at a
    border, the missing bins are left out and the sum is scaled up to ``w`` bins.

    Args:
        neural: array (time, neuron).
        segment: int array (time,) of contiguous runs.
        window_bins: length of the window in bins, ≥ 1.

    Returns:
        float32 array (time, neuron).
    """
    start = np.flatnonzero(np.diff(segment, prepend=segment[:1] - 1))
    length = np.diff(np.append(start, len(segment)))
    first, last = np.repeat(start, length), np.repeat(start + length, length)
    begin = np.arange(len(neural)) - window_bins // 2
    end = np.minimum(begin + window_bins, last)
    begin = np.maximum(begin, first)
    total = np.concatenate(
        [np.zeros((1, neural.shape[1])), np.cumsum(neural, axis=0, dtype=np.float64)]
    )
    sums = (total[end] - total[begin]) * (window_bins / (end - begin))[:, None]
    return sums.astype(np.float32)


def pca_features(neural: np.ndarray, train_rows: np.ndarray, components: int) -> np.ndarray:
    """Projection on the principal components of the training rows.

    Args:
        neural: array (time, neuron).
        train_rows: int array, rows to fit on.
        components: number of components, ≤ number of neurons.

    Returns:
        float32 array (time, component).

    Raises:
        ValueError: there are fewer neurons than components.
    """
    from sklearn.decomposition import PCA

    if components > neural.shape[1]:
        raise ValueError(
            f"pca_components must be at most the number of neurons ({neural.shape[1]}), "
            f"got {components}"
        )
    # The exact solver: deterministic, and fast enough for tens to thousands of neurons.
    pca = PCA(n_components=components, svd_solver="covariance_eigh")
    return pca.fit(neural[train_rows]).transform(neural).astype(np.float32)
