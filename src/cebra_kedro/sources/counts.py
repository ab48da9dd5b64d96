"""Spike counts as publishers store them → the smallest integers that hold them.

What the arrays belong to is left to the publishers' files beside this one.
"""

from __future__ import annotations

import numpy as np

from cebra_kedro.recording import RecordingError

_ROWS_AT_ONCE = 4096
"""Keeps what is computed on the way small beside the array."""


def as_counts(values: np.ndarray, *, owner: str, what: str) -> np.ndarray:
    """Refuse what cannot be counts, and keep the rest small.

    Args:
        values: numeric array (time, neuron), not empty; often float64 as published.
        owner: what the message begins with, e.g. the subject.
        what: name of the array in messages.

    Returns:
        The same numbers in the smallest unsigned integer type that holds them.

    Raises:
        RecordingError: a value is negative, not whole, or not finite; the first one is named.

    Example:
        >>> as_counts(np.array([[0.0, 3.0]]), owner="buddy", what="spikes").dtype
        dtype('uint8')
    """
    for start in range(0, len(values), _ROWS_AT_ONCE):
        block = values[start : start + _ROWS_AT_ONCE]
        wrong = (block < 0) | (block != np.rint(block)) | ~np.isfinite(block)
        if wrong.any():
            time, neuron = np.argwhere(wrong)[0]
            raise RecordingError(
                f"{owner}: {what} must hold non-negative whole numbers, got {block[time, neuron]} "
                f"at bin {start + time}, neuron {neuron}; give counts, not rates"
            )
    return values.astype(np.min_scalar_type(int(values.max())))
