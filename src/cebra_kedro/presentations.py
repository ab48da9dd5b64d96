"""Time bins of a movie recording → one row for each time that a frame was on the screen.

Decoding the frame is left to ``decoding``, comparing what encoders made of it to ``consistency``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class FramePresentations:
    """One row for each time that a frame was on the screen, in order of time.

    Attributes:
        values: array (presentation, dim), means over the bins of each presentation.
        frame: int64 array (presentation,), frame ids.
        repeat: int64 array (presentation,), repeat ids.
        first_bin: int64 array (presentation,), the row of the first bin of each.
    """

    values: np.ndarray
    frame: np.ndarray
    repeat: np.ndarray
    first_bin: np.ndarray


def average_over_frames(
    values: np.ndarray, frame: np.ndarray, repeat: np.ndarray
) -> FramePresentations:
    """Mean over the time bins of each presentation of a frame.

    How many bins a presentation has is read from the ids, and may differ between presentations.
    Where every presentation has one bin, the values pass unchanged.

    Args:
        values: array (time, dim).
        frame: integer array (time,) of frame ids, 0 for the first frame of the movie.
        repeat: integer array (time,) of repeat ids.

    Returns:
        The means in order of time; float32, or the type of ``values`` if that is a float type or
        there was nothing to average.

    Raises:
        ValueError: shapes differ, an id is no integer or negative, or a frame comes back within
            its repeat.
    """
    _check_ids(len(values), frame, repeat)
    starts = (np.diff(frame) != 0) | (np.diff(repeat) != 0)
    first_bin = np.concatenate([[0], np.flatnonzero(starts) + 1])
    frames, repeats = (ids[first_bin].astype(np.int64) for ids in (frame, repeat))
    _check_no_return(frames, repeats)
    if len(first_bin) == len(values):
        return FramePresentations(values, frames, repeats, first_bin)
    dtype = values.dtype if np.issubdtype(values.dtype, np.floating) else np.float32
    n_bins = np.diff(first_bin, append=len(values)).astype(dtype)
    means = np.add.reduceat(values, first_bin, axis=0, dtype=dtype) / n_bins[:, None]
    return FramePresentations(means, frames, repeats, first_bin)


def _check_ids(n_time: int, frame: np.ndarray, repeat: np.ndarray) -> None:
    for name, ids in {"frame": frame, "repeat": repeat}.items():
        if ids.shape != (n_time,) or n_time == 0:
            raise ValueError(f"{name} must have shape ({n_time},), at least 1, got {ids.shape}")
        if not np.issubdtype(ids.dtype, np.integer):
            raise ValueError(
                f"{name} must hold integer ids, got dtype {ids.dtype}; cast it to int64"
            )
    if frame.min() < 0:
        raise ValueError(
            f"frame must hold ids from 0 on, got {frame.min()}; drop the bins without the movie"
        )


def _check_no_return(frame: np.ndarray, repeat: np.ndarray) -> None:
    pairs, count = np.unique(np.stack([repeat, frame]), axis=1, return_counts=True)
    if (count > 1).any():
        repeat_id, frame_id = pairs[:, count > 1][:, 0].tolist()
        raise ValueError(
            f"frame {frame_id} comes back within repeat {repeat_id}; a presentation must be one "
            "run of bins: sort the bins by time and give each repeat its own id"
        )
