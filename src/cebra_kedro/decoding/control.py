"""The labels of a control's decoder; those of its encoder are permuted in ``training``."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np


def permuted_rows(n_time: int, parts: Iterable[np.ndarray], seed: int | None) -> np.ndarray:
    """For each row, the row whose labels it gets: another one of its part.

    ``values[permuted_rows(…)]`` are the labels of a control; labels taken by one result keep
    their relation to each other and lose that to the features.

    Args:
        n_time: number of rows.
        parts: row numbers of each part; other rows keep their own labels.
        seed: non-negative integer; None for every row's own.

    Returns:
        Int array (time,).
    """
    order = np.arange(n_time)
    if seed is None:
        return order
    from cebra_kedro.sampling import shuffle_rows  # brings scipy with it

    for rows_of_part in parts:
        order[rows_of_part] = shuffle_rows(rows_of_part, seed)
    return order
