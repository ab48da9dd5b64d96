"""Which anchors form positive pairs: by time, by change of a label, or both.

Numbers are drawn from a counter-based generator keyed by (seed, step), so step 700 of a resumed
run draws what step 700 of an uninterrupted run draws.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from cebra_kedro.sampling.anchors import Anchors
from cebra_kedro.sampling.search import NearestLabel, Ties


@dataclass(frozen=True)
class Pairs:
    """The indices of one training step, as anchor numbers.

    Attributes:
        reference: int64 array (batch,).
        positives: one int64 array (batch,) per objective, each paired with ``reference``.
            A hybrid law has two (behaviour, time), every other law one.
        negative: int64 array (negatives,), shared by all references.
    """

    reference: np.ndarray
    positives: tuple[np.ndarray, ...]
    negative: np.ndarray


class PairLaw(Protocol):
    """Anything that draws the pairs of a step."""

    def draw(self, step: int, batch_size: int, n_negatives: int) -> Pairs:
        """The pairs of one step; the same arguments give the same pairs."""
        ...


@dataclass(frozen=True, eq=False)
class TimeLaw:
    """Positive = the anchor ``time_offset_bins`` later in the same segment.

    Follows ``cebra.distributions.TimeContrastive``; there, pairs cross trials.

    Attributes:
        anchors: where windows fit.
        time_offset_bins: distance of a positive pair in bins, ≥ 1.
        seed: seed of the draws.
    """

    anchors: Anchors
    time_offset_bins: int
    seed: int

    def __post_init__(self) -> None:
        if len(self._eligible) == 0:
            longest = int(np.bincount(self.anchors.segment).max())
            raise ValueError(
                f"time_offset_bins must be below {longest}, the longest stretch of usable bins "
                f"within a trial, got {self.time_offset_bins}; lower time_offset_bins"
            )

    @cached_property
    def _eligible(self) -> np.ndarray:
        """Anchors that have a successor at the offset in their own segment."""
        n, offset = len(self.anchors), self.time_offset_bins
        if offset >= n:
            return np.empty(0, np.int64)
        segment = self.anchors.segment
        return np.flatnonzero(segment[: n - offset] == segment[offset:])

    def draw(self, step: int, batch_size: int, n_negatives: int) -> Pairs:
        """References and negatives uniform over anchors with a successor."""
        rng = step_rng(self.seed, step)
        reference = self._eligible[rng.integers(len(self._eligible), size=batch_size)]
        negative = self._eligible[rng.integers(len(self._eligible), size=n_negatives)]
        return Pairs(reference, (reference + self.time_offset_bins,), negative)


@dataclass(frozen=True, eq=False)
class TimeDeltaLaw:
    """Positive = the anchor whose label is nearest to label(reference) + a recorded change.

    The change is drawn from the label differences over ``time_offset_bins`` bins, taken within
    segments. Follows ``cebra.distributions.TimedeltaDistribution``, which also takes
    differences across trial joins and ``time_offset_bins`` artificial zeros.

    Attributes:
        anchors: where windows fit.
        labels: float array (time, dim) on all rows of the recording.
        segment: int array (time,), the segment of each row.
        time_offset_bins: span of a label change in bins, ≥ 1.
        seed: seed of the draws.
        ties: which of several anchors with equal label is taken.
    """

    anchors: Anchors
    labels: np.ndarray
    segment: np.ndarray
    time_offset_bins: int
    seed: int
    ties: Ties = "first"

    def __post_init__(self) -> None:
        if len(self.labels) != self.anchors.n_rows:
            raise ValueError(
                f"labels must have one row per time bin ({self.anchors.n_rows}), "
                f"got {len(self.labels)}"
            )
        if len(self._changes) == 0:
            raise ValueError(
                f"no two bins of one trial are {self.time_offset_bins} bins apart; "
                "lower time_offset_bins"
            )

    @cached_property
    def _changes(self) -> np.ndarray:
        offset = self.time_offset_bins
        change = self.labels[offset:].astype(np.float64) - self.labels[: len(self.labels) - offset]
        within = self.segment[offset:] == self.segment[: len(self.segment) - offset]
        return change[within]

    @cached_property
    def _anchor_labels(self) -> np.ndarray:
        return np.asarray(self.labels, dtype=np.float64)[self.anchors.row]

    @cached_property
    def _index(self) -> NearestLabel:
        return NearestLabel(self._anchor_labels)

    def positives_of(self, reference: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """A positive anchor for each reference anchor."""
        change = self._changes[rng.integers(len(self._changes), size=len(reference))]
        query = self._anchor_labels[reference] + change
        uniform = rng.random(len(reference)) if self.ties == "uniform" else None
        return self._index.nearest(query, ties=self.ties, uniform=uniform)

    def draw(self, step: int, batch_size: int, n_negatives: int) -> Pairs:
        """References and negatives uniform over all anchors."""
        rng = step_rng(self.seed, step)
        reference = rng.integers(len(self.anchors), size=batch_size)
        negative = rng.integers(len(self.anchors), size=n_negatives)
        return Pairs(reference, (self.positives_of(reference, rng),), negative)


@dataclass(frozen=True, eq=False)
class HybridLaw:
    """Two objectives on the same references: behaviour first, then time.

    Follows cebra's hybrid loader: references and negatives are those of the time law.
    """

    behaviour: TimeDeltaLaw
    time: TimeLaw

    def draw(self, step: int, batch_size: int, n_negatives: int) -> Pairs:
        """The time law's pairs, with a behaviour positive beside each time positive."""
        pairs = self.time.draw(step, batch_size, n_negatives)
        rng = step_rng(self.behaviour.seed, step, stream=1)
        behaviour = self.behaviour.positives_of(pairs.reference, rng)
        return Pairs(pairs.reference, (behaviour, *pairs.positives), pairs.negative)


def step_rng(seed: int, step: int, stream: int = 0) -> np.random.Generator:
    """Independent random numbers for each (seed, step, stream)."""
    return np.random.Generator(np.random.Philox(key=[seed, stream], counter=[0, 0, step, 0]))


def shuffle_rows(labels: np.ndarray, seed: int) -> np.ndarray:
    """The labels with their rows permuted: same values, no relation to the neural data.

    Args:
        labels: array (time, dim).
        seed: seed of the permutation.
    """
    return np.random.default_rng(seed).permutation(labels, axis=0)


