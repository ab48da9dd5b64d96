"""Which anchors form positive pairs: by time, by change of a label, or by both.

Laws of discrete labels stand in ``class_laws``. References and negatives are drawn from a prior,
positives given the reference; each law is a pure function of (labels, configuration, seed, step).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cebra_kedro.sampling.anchors import Anchors
from cebra_kedro.sampling.draws import Pairs, assign_to_sessions, draw_uniform, step_rng
from cebra_kedro.sampling.search import LabelTable, NearestAnchor, Ties


@dataclass(frozen=True, eq=False)
class TimeLaw:
    """Positive = the anchor ``time_offset_bins`` later in the same segment.

    Follows ``cebra.distributions.TimeContrastive``; there, pairs cross trials.

    Attributes:
        anchors: where windows fit; one session.
        time_offset_bins: distance of a positive pair in bins, ≥ 1.
        seed: seed of the draws.
    """

    anchors: Anchors
    time_offset_bins: int
    seed: int

    def __post_init__(self) -> None:
        if self.anchors.n_sessions != 1:
            raise ValueError(
                "the time law pairs bins of one session, so sessions would not be brought "
                f"together; got {self.anchors.n_sessions} sessions, train each on its own, or pair "
                "bins of all by a label or a clock of the trials (delta_normal, time_delta)"
            )
        _check_offset(self.time_offset_bins)
        if len(self.eligible) == 0:
            longest = int(np.bincount(self.anchors.segment).max())
            raise ValueError(
                f"time_offset_bins must be below {longest}, the longest stretch of usable bins "
                f"within a trial, got {self.time_offset_bins}; lower time_offset_bins"
            )

    @cached_property
    def eligible(self) -> np.ndarray:
        """Anchors that have a successor at the offset in their own segment."""
        return _starts(self.anchors.segment, self.time_offset_bins)

    def positives_of(self, reference: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The successor of each reference anchor, which must be ``eligible``."""
        return reference + self.time_offset_bins

    def draw(self, step: int, batch_size: int, n_negatives: int) -> Pairs:
        """References and negatives uniform over anchors with a successor."""
        rng = step_rng(self.seed, step)
        reference = self.eligible[rng.integers(len(self.eligible), size=batch_size)]
        negative = self.eligible[rng.integers(len(self.eligible), size=n_negatives)]
        return Pairs(reference, (self.positives_of(reference, rng),), negative)


@dataclass(frozen=True, eq=False)
class TimeDeltaLaw:
    """Positive = the anchor whose label is nearest to label(reference) + a recorded change.

    The change is drawn from the label differences over ``time_offset_bins`` bins, taken within
    segments and pooled over sessions. With several sessions, the positives of a batch are
    assigned to sessions by a random permutation, equally many to each. Follows
    ``cebra.distributions.TimedeltaDistribution`` and ``MultisessionSampler``; the former also
    takes differences across trial joins and ``time_offset_bins`` artificial zeros.

    Attributes:
        anchors: where windows fit.
        labels: float array (row, dim) on all rows of all sessions.
        time_offset_bins: span of a label change in bins, ≥ 1.
        seed: seed of the draws.
        ties: which of several anchors with equal label is taken.
    """

    anchors: Anchors
    labels: np.ndarray
    time_offset_bins: int
    seed: int
    ties: Ties = "first"

    def __post_init__(self) -> None:
        _check_labels(self.labels, self.anchors)
        _check_offset(self.time_offset_bins)
        if len(self._change_start) == 0:
            longest = int(np.bincount(self.anchors.segment_of_row).max())
            raise ValueError(
                f"time_offset_bins must be below {longest}, the bins of the longest trial, "
                f"got {self.time_offset_bins}; lower time_offset_bins"
            )
        self.table.log_strategy()

    @cached_property
    def table(self) -> LabelTable:
        """The distinct labels."""
        return LabelTable.of(self.labels)

    @cached_property
    def _change_start(self) -> np.ndarray:
        """Rows that begin a change within their segment."""
        return _starts(self.anchors.segment_of_row, self.time_offset_bins)

    @cached_property
    def _index(self) -> list[NearestAnchor]:
        return _index_sessions(self.table, self.anchors, self.ties)

    def draw_changes(self, size: int, rng: np.random.Generator) -> np.ndarray:
        """Rows that begin a recorded change, uniformly; it ends ``time_offset_bins`` later."""
        return self._change_start[rng.integers(len(self._change_start), size=size)]

    def positives_of(self, reference: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """A positive anchor for each reference anchor."""
        start = self.draw_changes(len(reference), rng)
        base, end = self.anchors.row[reference], start + self.time_offset_bins
        parts = assign_to_sessions(len(reference), self.anchors.n_sessions, rng)
        positive = np.empty(len(reference), np.int64)
        for index, part in zip(self._index, parts, strict=True):
            positive[part] = index.near_sum(base[part], end[part], start[part], rng)
        return positive

    def draw(self, step: int, batch_size: int, n_negatives: int) -> Pairs:
        """References and negatives uniform over the anchors of each session."""
        rng = step_rng(self.seed, step)
        reference = draw_uniform(self.anchors, batch_size, rng)
        negative = draw_uniform(self.anchors, n_negatives, rng)
        return Pairs(reference, (self.positives_of(reference, rng),), negative)


@dataclass(frozen=True, eq=False)
class DeltaNormalLaw:
    """Positive = the anchor whose label is nearest to label(reference) + Gaussian noise.

    Follows ``cebra.distributions.DeltaNormalDistribution``; with several sessions, positives are
    assigned to them as in :class:`TimeDeltaLaw`.

    Attributes:
        anchors: where windows fit.
        labels: float array (row, dim) on all rows of all sessions.
        delta: standard deviation of the noise, in the unit of the labels, > 0.
        seed: seed of the draws.
        ties: which of several anchors with equal label is taken.
    """

    anchors: Anchors
    labels: np.ndarray
    delta: float
    seed: int
    ties: Ties = "first"

    def __post_init__(self) -> None:
        _check_labels(self.labels, self.anchors)
        if not self.delta > 0:
            raise ValueError(
                f"delta must be positive, got {self.delta}; choose about the change of the "
                "label that should still count as near"
            )
        self._table.log_strategy()

    @cached_property
    def _table(self) -> LabelTable:
        return LabelTable.of(self.labels)

    @cached_property
    def _index(self) -> list[NearestAnchor]:
        return _index_sessions(self._table, self.anchors, self.ties)

    def positives_of(self, reference: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """A positive anchor for each reference anchor."""
        mean = np.asarray(self.labels[self.anchors.row[reference]], np.float64)
        query = rng.normal(mean, self.delta)
        parts = assign_to_sessions(len(reference), self.anchors.n_sessions, rng)
        positive = np.empty(len(reference), np.int64)
        for index, part in zip(self._index, parts, strict=True):
            positive[part] = index.near(query[part], rng)
        return positive

    def draw(self, step: int, batch_size: int, n_negatives: int) -> Pairs:
        """References and negatives uniform over the anchors of each session."""
        rng = step_rng(self.seed, step)
        reference = draw_uniform(self.anchors, batch_size, rng)
        negative = draw_uniform(self.anchors, n_negatives, rng)
        return Pairs(reference, (self.positives_of(reference, rng),), negative)


@dataclass(frozen=True, eq=False)
class HybridLaw:
    """Two objectives on the same references: behaviour first, then time.

    Follows cebra's ``HybridDataLoader``: references and negatives are those of the time law.

    Attributes:
        behaviour: draws the positives of the first objective.
        time: draws references, negatives and the positives of the second; same anchors.
    """

    behaviour: TimeDeltaLaw
    time: TimeLaw

    def __post_init__(self) -> None:
        if self.behaviour.anchors is not self.time.anchors:
            raise ValueError(
                "the hybrid law numbers references once, but its two laws have different "
                "anchors; build both from the same Anchors"
            )

    def draw(self, step: int, batch_size: int, n_negatives: int) -> Pairs:
        """The time law's pairs, with a behaviour positive beside each time positive."""
        pairs = self.time.draw(step, batch_size, n_negatives)
        rng = step_rng(self.behaviour.seed, step, stream=1)
        behaviour = self.behaviour.positives_of(pairs.reference, rng)
        return Pairs(pairs.reference, (behaviour, *pairs.positives), pairs.negative)


def _starts(segment: np.ndarray, offset: int) -> np.ndarray:
    """Places whose segment is still the same ``offset`` places later."""
    return np.flatnonzero(segment[:-offset] == segment[offset:])


def _index_sessions(table: LabelTable, anchors: Anchors, ties: Ties) -> list[NearestAnchor]:
    """A search among the anchors of each session."""
    return [
        NearestAnchor(table, np.arange(part.start, part.stop), anchors.row[part], ties)
        for part in map(anchors.of_session, range(anchors.n_sessions))
    ]


def _check_offset(time_offset_bins: int) -> None:
    if time_offset_bins < 1:
        raise ValueError(
            f"time_offset_bins must be at least 1, got {time_offset_bins}; pairs span time forwards"
        )


def _check_labels(labels: np.ndarray, anchors: Anchors) -> None:
    n_rows = int(anchors.first_row[-1])
    if labels.ndim != 2 or labels.shape[0] != n_rows or labels.shape[1] == 0:
        raise ValueError(
            f"labels must have shape ({n_rows}, dim), one row per time bin, got {labels.shape}; "
            "a single label is a column, labels[:, None]"
        )
    if not np.isfinite(labels).all():
        raise ValueError(
            f"labels must be finite, got {int((~np.isfinite(labels)).sum())} values that are NaN "
            "or infinite; interpolate them or drop these bins"
        )
