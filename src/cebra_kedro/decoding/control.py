"""The labels of a control's decoder; those of its encoder are permuted in ``training``."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np


def permuted_within(
    labels: np.ndarray, parts: Iterable[np.ndarray], seed: int | None
) -> np.ndarray:
    """The labels, permuted within each part.

    Args:
        labels: array (row, …); whole rows are permuted.
        parts: row numbers of each part; other rows stay as they are.
        seed: non-negative integer; None for the labels as they are.

    Returns:
        A new array, or ``labels`` itself without a seed.
    """
    if seed is None:
        return labels
    from cebra_kedro.sampling import shuffle_rows  # brings scipy with it

    permuted = labels.copy()
    for rows_of_part in parts:
        permuted[rows_of_part] = shuffle_rows(labels[rows_of_part], seed)
    return permuted
