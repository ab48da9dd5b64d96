"""Which rows can stand in the middle of an encoder's window without crossing a border.

Pair laws draw anchors, the training loop turns them into windows; neither looks at borders again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Anchors:
    """Rows whose whole window ``[row - left, row + right)`` lies in one segment.

    Attributes:
        row: int64 array (anchor,), ascending row numbers in the recording.
        segment: int64 array (anchor,), the segment (trial, session) of each anchor. Within a
            segment, anchors are consecutive rows.
        n_rows: number of rows of the recording.
    """

    row: np.ndarray
    segment: np.ndarray
    n_rows: int

    def __len__(self) -> int:
        return len(self.row)


def find_anchors(segment: np.ndarray, left: int, right: int) -> Anchors:
    """The rows that can be references, positives or negatives.

    cebra clamps windows at the ends of the whole array and lets them cross trials
    (``cebra/data/base.py``); here a row too close to a border is simply never drawn.

    Args:
        segment: int array (time,); equal ids mark a contiguous run of rows.
        left: bins of the window before the row, ≥ 0.
        right: bins from the row on, the row itself included, ≥ 1.

    Raises:
        ValueError: no segment is as long as the window.
    """
    n_rows = len(segment)
    start = np.flatnonzero(np.diff(segment, prepend=segment[:1] - 1))
    stop = np.append(start[1:], n_rows)
    row = np.arange(n_rows)
    which = np.repeat(np.arange(len(start)), stop - start)
    fits = (row - start[which] >= left) & (stop[which] - row >= right)
    if not fits.any():
        raise ValueError(
            f"the receptive field is {left + right} bins but the longest uninterrupted stretch "
            f"of the recording has {int((stop - start).max())}; choose an encoder with a shorter "
            "receptive field or longer trials"
        )
    return Anchors(row=row[fits], segment=which[fits], n_rows=n_rows)
