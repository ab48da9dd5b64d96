"""Positions of an animal → whether it walks on a line, and when it rests.

Which arrays are positions is guessed in ``guess``.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, log10

import numpy as np

from cebra_kedro.sources.alignment import epochs_where, speed, typical_step

_SMOOTHING_S = 0.25
_SHORTEST_S = 1.0
_OF_FASTEST = 0.15
_AT_REST = 0.3
_STRAIGHT = 0.9
_BOTH_WAYS = 0.15


@dataclass(frozen=True)
class Movement:
    """How an animal moves.

    Attributes:
        faster_than: speed that counts as movement, in the unit of the positions per s.
        shortest_s: shorter movements do not count.
        share_at_rest: of the samples.
        n_epochs: stretches of movement.
        share_back: of the movement, that which goes the rarer way along that line.
        on_a_line: share of the variance, while it moves, along the line of largest variance.
    """

    faster_than: float
    shortest_s: float
    share_at_rest: float
    n_epochs: int
    share_back: float
    on_a_line: float

    @property
    def rests(self) -> bool:
        """Whether there is enough rest to leave it out."""
        return self.share_at_rest >= _AT_REST and self.n_epochs > 1

    @property
    def turns(self) -> bool:
        """Whether it goes both ways, unlike on a wheel."""
        return self.share_back >= _BOTH_WAYS

    @property
    def is_straight(self) -> bool:
        """Whether one coordinate says where it is."""
        return self.on_a_line >= _STRAIGHT


def movement(position: np.ndarray, times_s: np.ndarray) -> Movement | None:
    """Look at positions; None if they say nothing.

    Args:
        position: array (sample,) or (sample, dim).
        times_s: array (sample,) in s, ascending.
    """
    position = np.asarray(position, float).reshape(len(position), -1)
    max_gap_s = 5 * typical_step(times_s)
    speeds = speed(position, times_s, _SMOOTHING_S, max_gap_s=max_gap_s)
    seen = np.isfinite(speeds) & np.isfinite(position).all(axis=1)
    if seen.sum() < 100 or not (fastest := float(np.percentile(speeds[seen], 99))) > 0:
        return None
    threshold = _rounded(_OF_FASTEST * fastest)
    fast = np.zeros(len(speeds), bool)
    fast[seen] = speeds[seen] > threshold
    epochs = epochs_where(fast, times_s, min_duration_s=_SHORTEST_S, max_gap_s=max_gap_s)
    if not len(epochs):
        return None
    epoch = np.searchsorted(epochs[:, 0], times_s, side="right") - 1
    moves = seen & (epoch >= 0) & (times_s < epochs[epoch, 1])
    centred = position[moves] - position[moves].mean(axis=0)
    variances, axes = np.linalg.eigh(centred.T @ centred)
    along = np.where(moves, np.nan_to_num(position) @ axes[:, -1], np.nan)
    steps = np.diff(along)
    back = float((steps[np.isfinite(steps) & (steps != 0)] < 0).mean())
    return Movement(
        faster_than=threshold,
        shortest_s=_SHORTEST_S,
        share_at_rest=1 - moves.sum() / seen.sum(),
        n_epochs=len(epochs),
        share_back=min(back, 1 - back),
        on_a_line=float(variances[-1] / variances.sum()) if variances.sum() > 0 else 0.0,
    )


def _rounded(value: float) -> float:
    """To one significant digit."""
    return round(value, -floor(log10(value)))
