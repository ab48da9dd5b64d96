"""Which rows can stand in the middle of an encoder's window without crossing a border.

Pair laws draw anchors, the training loop turns them into windows; neither looks at borders again.
Sessions are numbered through: anchor 0 is the first of session 0, and rows count on from one
session to the next, so that every law handles one session and several alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True, eq=False)
class Anchors:
    """Rows whose whole window ``[row - left, row + right)`` lies in one segment.

    Attributes:
        row: int64 array (anchor,), ascending row numbers over all sessions.
        segment: int64 array (anchor,), the contiguous run (trial) of each anchor, different in
            different sessions. Within a segment, anchors are consecutive rows.
        segment_of_row: int64 array (row,), the same for every row.
        first: int64 array (session + 1,), the first anchor of each session, then their number.
        first_row: int64 array (session + 1,), the first row of each session, then their number.
    """

    row: np.ndarray
    segment: np.ndarray
    segment_of_row: np.ndarray
    first: np.ndarray
    first_row: np.ndarray

    def __len__(self) -> int:
        return len(self.row)

    @property
    def n_sessions(self) -> int:
        """Number of sessions."""
        return len(self.first) - 1

    @cached_property
    def count(self) -> np.ndarray:
        """Anchors of each session, int64 array (session,)."""
        return np.diff(self.first)

    def of_session(self, session: int) -> slice:
        """The anchors of one session."""
        return slice(int(self.first[session]), int(self.first[session + 1]))


def find_anchors(
    segments: Sequence[np.ndarray], windows: Sequence[tuple[int, int]], *, clamp: bool = False
) -> Anchors:
    """The rows that can be references, positives or negatives.

    cebra clamps windows at the ends of the whole array and lets them cross trials
    (``cebra/data/base.py``); here a row too close to a border is simply never drawn.

    Args:
        segments: per session, int array (time,); equal ids mark a contiguous run of rows.
        windows: per session, bins before the row (≥ 0) and from the row on (≥ 1).
        clamp: every row is an anchor, as in cebra: windows are clamped to the session's ends
            when they are cut, and cross trials.

    Raises:
        ValueError: no segment of a session is as long as its window.
    """
    rows, groups, group_of_row = [], [], []
    first, first_row, n_groups = [0], [0], 0
    for session, (segment, (left, right)) in enumerate(zip(segments, windows, strict=True)):
        run = np.zeros(len(segment), np.int64) if clamp else _runs(segment)
        fits = _window_fits(run, left, right, session)
        row = np.arange(len(segment)) if clamp else np.flatnonzero(fits)
        rows.append(row + first_row[-1])
        groups.append(run[row] + n_groups)
        group_of_row.append(run + n_groups)
        n_groups += int(run[-1]) + 1
        first.append(first[-1] + len(row))
        first_row.append(first_row[-1] + len(segment))
    return Anchors(
        row=np.concatenate(rows),
        segment=np.concatenate(groups),
        segment_of_row=np.concatenate(group_of_row),
        first=np.array(first),
        first_row=np.array(first_row),
    )


def _runs(segment: np.ndarray) -> np.ndarray:
    """Number of the contiguous run of each row."""
    change = np.empty(len(segment), np.int64)
    change[:1] = 0
    change[1:] = segment[1:] != segment[:-1]
    return np.cumsum(change, out=change)


def _window_fits(run: np.ndarray, left: int, right: int, session: int) -> np.ndarray:
    length = np.bincount(run)
    start = np.cumsum(length) - length
    row = np.arange(len(run))
    fits = (row - start[run] >= left) & ((start + length)[run] - row >= right)
    if not fits.any():
        raise ValueError(
            f"the receptive field is {left + right} bins but the longest uninterrupted stretch "
            f"of session {session} has {int(length.max(initial=0))}; choose an encoder with a "
            "shorter receptive field or longer trials"
        )
    return fits
