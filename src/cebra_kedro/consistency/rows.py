"""The rows of a recording that are compared: checked once, for labels and presentations alike."""

from __future__ import annotations

import numpy as np

from cebra_kedro.recording import Recording


def check_rows(owner: str, embedding: np.ndarray, recording: Recording, rows: np.ndarray) -> None:
    """Refuse an embedding that is not of this recording, and rows that it does not have.

    Args:
        owner: what errors call the embedding.
        embedding: array (time, dim) of the whole recording.
        recording: what it was made from.
        rows: integer array (row,), each at most once, in any order.

    Raises:
        ValueError: the embedding has not one row a bin, or rows are none, no integers, out of
            range or repeated.
    """
    if embedding.ndim != 2 or len(embedding) != recording.n_time:
        raise ValueError(
            f"{owner}: embedding must have shape ({recording.n_time}, dim), a row for each bin of "
            f"recording {recording.name}, got {embedding.shape}; choose rows by the argument rows"
        )
    if rows.ndim != 1 or not np.issubdtype(rows.dtype, np.integer):
        raise ValueError(
            f"{owner}: rows must be an integer array (row,), got {rows.dtype} of shape "
            f"{rows.shape}; turn a mask into rows with np.flatnonzero"
        )
    if rows.size == 0 or rows.min() < 0 or rows.max() >= recording.n_time:
        got = f"{rows.min()} to {rows.max()}" if rows.size else "none"
        raise ValueError(
            f"{owner}: rows must lie in 0 … {recording.n_time - 1}, at least one, got {got}; "
            "take them from the splits of this recording"
        )
    if len(np.unique(rows)) != len(rows):
        raise ValueError(f"{owner}: rows must name a bin once, but some repeat; use np.unique")
