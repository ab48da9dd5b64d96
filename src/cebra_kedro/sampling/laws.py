"""Which anchors form positive pairs: by time, by change of a label, by class, or by two of these.

References and negatives are drawn from a prior, positives given the reference; each law is a pure
function of (labels, configuration, seed, step).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from cebra_kedro.sampling.anchors import Anchors
from cebra_kedro.sampling.draws import Pairs, step_rng
from cebra_kedro.sampling.search import LabelTable, NearestAnchor, Ties

Prior = Literal["empirical", "uniform"]


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
                f"together; got {self.anchors.n_sessions} sessions, train each on its own"
            )
        if len(self._eligible) == 0:
            longest = int(np.bincount(self.anchors.segment).max())
            raise ValueError(
                f"time_offset_bins must be below {longest}, the longest stretch of usable bins "
                f"within a trial, got {self.time_offset_bins}; lower time_offset_bins"
            )

    @cached_property
    def _eligible(self) -> np.ndarray:
        """Anchors that have a successor at the offset in their own segment."""
        offset, segment = self.time_offset_bins, self.anchors.segment
        return np.flatnonzero(segment[:-offset] == segment[offset:])

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
        _check_rows(self.labels, self.anchors)
        if len(self._change_start) == 0:
            raise ValueError(
                f"no two bins of one trial are {self.time_offset_bins} bins apart; "
                "lower time_offset_bins"
            )
        self._table.log_strategy()

    @cached_property
    def _change_start(self) -> np.ndarray:
        """Rows that begin a change within their segment."""
        offset, segment = self.time_offset_bins, self.anchors.segment_of_row
        return np.flatnonzero(segment[:-offset] == segment[offset:])

    @cached_property
    def _table(self) -> LabelTable:
        return LabelTable.of(self.labels)

    @cached_property
    def _index(self) -> list[NearestAnchor]:
        return [
            _index_of(self._table, self.anchors, np.arange(part.start, part.stop), self.ties)
            for part in map(self.anchors.of_session, range(self.anchors.n_sessions))
        ]

    def positives_of(self, reference: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """A positive anchor for each reference anchor."""
        start = self._change_start[rng.integers(len(self._change_start), size=len(reference))]
        base, end = self.anchors.row[reference], start + self.time_offset_bins
        positive = np.empty(len(reference), np.int64)
        for index, assigned in zip(
            self._index, _assign(len(reference), self.anchors.n_sessions, rng), strict=True
        ):
            positive[assigned] = index.near_sum(base[assigned], end[assigned], start[assigned], rng)
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

    Follows ``cebra.distributions.DeltaNormalDistribution``.

    Attributes:
        anchors: where windows fit.
        labels: float array (row, dim) on all rows of all sessions.
        delta: standard deviation of the noise, in the unit of the labels.
        seed: seed of the draws.
        ties: which of several anchors with equal label is taken.
    """

    anchors: Anchors
    labels: np.ndarray
    delta: float
    seed: int
    ties: Ties = "first"

    def __post_init__(self) -> None:
        _check_rows(self.labels, self.anchors)
        self._table.log_strategy()

    @cached_property
    def _table(self) -> LabelTable:
        return LabelTable.of(self.labels)

    @cached_property
    def _index(self) -> list[NearestAnchor]:
        return [
            _index_of(self._table, self.anchors, np.arange(part.start, part.stop), self.ties)
            for part in map(self.anchors.of_session, range(self.anchors.n_sessions))
        ]

    def draw(self, step: int, batch_size: int, n_negatives: int) -> Pairs:
        """References and negatives uniform over the anchors of each session."""
        rng = step_rng(self.seed, step)
        reference = draw_uniform(self.anchors, batch_size, rng)
        negative = draw_uniform(self.anchors, n_negatives, rng)
        mean = np.asarray(self.labels[self.anchors.row[reference]], np.float64)
        query = rng.normal(mean, self.delta)
        positive = np.empty(len(reference), np.int64)
        for index, assigned in zip(
            self._index, _assign(len(reference), self.anchors.n_sessions, rng), strict=True
        ):
            positive[assigned] = index.near(query[assigned], rng)
        return Pairs(reference, (positive,), negative)


@dataclass(frozen=True, eq=False)
class ClassLaw:
    """Positive = an anchor of the reference's class, uniformly.

    Follows ``cebra.distributions.DiscreteEmpirical``, ``DiscreteUniform`` and
    ``DiscreteMultisessionSampler``. cebra's uniform prior also gives a share to class ids that do
    not occur below the highest one; here, classes are those that occur.

    Attributes:
        anchors: where windows fit.
        classes: int array (row,) of class ids on all rows of all sessions.
        seed: seed of the draws.
        prior: ``empirical`` draws references and negatives uniformly over anchors, ``uniform``
            draws each class equally often.
    """

    anchors: Anchors
    classes: np.ndarray
    seed: int
    prior: Prior = "empirical"

    def __post_init__(self) -> None:
        _check_rows(self.classes, self.anchors)
        members = self._members
        for session, found in enumerate(members.count):
            if (found == 0).any():
                missing = self._class_ids[found == 0].tolist()
                raise ValueError(
                    f"session {session} has no usable bin of class {missing}; every class must "
                    "occur in every session, drop these bins from the others"
                )

    @cached_property
    def _class_ids(self) -> np.ndarray:
        return np.unique(self.classes[self.anchors.row])

    @cached_property
    def _class_of_anchor(self) -> np.ndarray:
        return np.searchsorted(self._class_ids, self.classes[self.anchors.row])

    @cached_property
    def _members(self) -> ClassMembers:
        return ClassMembers.of(self.anchors, self._class_of_anchor, len(self._class_ids))

    def draw_prior(self, size: int, rng: np.random.Generator) -> np.ndarray:
        """Anchors of each session, int64 array (session · size,)."""
        if self.prior == "empirical":
            return draw_uniform(self.anchors, size, rng)
        session = np.repeat(np.arange(self.anchors.n_sessions), size)
        chosen = rng.integers(len(self._class_ids), size=len(session))
        return self._members.draw(session, chosen, rng)

    def draw(self, step: int, batch_size: int, n_negatives: int) -> Pairs:
        """References and negatives from the prior, positives of the same class."""
        rng = step_rng(self.seed, step)
        reference = self.draw_prior(batch_size, rng)
        negative = self.draw_prior(n_negatives, rng)
        session = np.empty(len(reference), np.int64)
        for number, assigned in enumerate(_assign(len(reference), self.anchors.n_sessions, rng)):
            session[assigned] = number
        positive = self._members.draw(session, self._class_of_anchor[reference], rng)
        return Pairs(reference, (positive,), negative)


@dataclass(frozen=True, eq=False)
class MixedLaw:
    """Positive = nearest label after a recorded change, among anchors of the reference's class.

    Follows ``cebra.distributions.MixedTimeDeltaDistribution``: references and negatives come
    from the uniform prior over classes.

    Attributes:
        anchors: where windows fit; one session.
        labels: float array (row, dim).
        classes: int array (row,) of class ids.
        time_offset_bins: span of a label change in bins, ≥ 1.
        seed: seed of the draws.
        prior: see :class:`ClassLaw`.
        ties: which of several anchors with equal label is taken.
    """

    anchors: Anchors
    labels: np.ndarray
    classes: np.ndarray
    time_offset_bins: int
    seed: int
    prior: Prior = "uniform"
    ties: Ties = "first"

    def __post_init__(self) -> None:
        if self.anchors.n_sessions != 1:
            raise ValueError(
                f"the mixed law handles one session, got {self.anchors.n_sessions}; "
                "use time_delta with the class among the labels"
            )

    @cached_property
    def _change(self) -> TimeDeltaLaw:
        return TimeDeltaLaw(
            self.anchors, self.labels, self.time_offset_bins, self.seed, self.ties
        )

    @cached_property
    def _class(self) -> ClassLaw:
        return ClassLaw(self.anchors, self.classes, self.seed, self.prior)

    @cached_property
    def _index(self) -> dict[int, NearestAnchor]:
        of_anchor = self.classes[self.anchors.row]
        return {
            int(class_id): _index_of(
                self._change._table, self.anchors, np.flatnonzero(of_anchor == class_id), self.ties
            )
            for class_id in np.unique(of_anchor)
        }

    def draw(self, step: int, batch_size: int, n_negatives: int) -> Pairs:
        """References and negatives from the prior over classes."""
        rng = step_rng(self.seed, step)
        reference = self._class.draw_prior(batch_size, rng)
        negative = self._class.draw_prior(n_negatives, rng)
        starts = self._change._change_start
        start = starts[rng.integers(len(starts), size=batch_size)]
        base, end = self.anchors.row[reference], start + self.time_offset_bins
        positive = np.empty(batch_size, np.int64)
        for class_id, index in self._index.items():
            same = np.flatnonzero(self.classes[base] == class_id)
            positive[same] = index.near_sum(base[same], end[same], start[same], rng)
        return Pairs(reference, (positive,), negative)


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


@dataclass(frozen=True, eq=False)
class ClassMembers:
    """Anchors by session and class, for uniform draws.

    Attributes:
        ordered: int64 array (anchor,), sorted by session, then class.
        start: int64 array (session, class), where each group begins in ``ordered``.
        count: int64 array (session, class).
    """

    ordered: np.ndarray
    start: np.ndarray
    count: np.ndarray

    @classmethod
    def of(cls, anchors: Anchors, class_of_anchor: np.ndarray, n_classes: int) -> ClassMembers:
        """Group the anchors; ``class_of_anchor`` numbers the classes from 0."""
        session = np.repeat(np.arange(anchors.n_sessions), anchors.count)
        group = session * n_classes + class_of_anchor
        count = np.bincount(group, minlength=anchors.n_sessions * n_classes)
        start = np.cumsum(count) - count
        shape = (anchors.n_sessions, n_classes)
        return cls(np.argsort(group, kind="stable"), start.reshape(shape), count.reshape(shape))

    def draw(
        self, session: np.ndarray, class_number: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """One anchor of each (session, class), uniformly."""
        place = rng.random(len(session)) * self.count[session, class_number]
        return self.ordered[self.start[session, class_number] + place.astype(np.int64)]


def draw_uniform(anchors: Anchors, size: int, rng: np.random.Generator) -> np.ndarray:
    """``size`` anchors of each session, uniformly: int64 array (session · size,)."""
    return np.concatenate(
        [
            rng.integers(anchors.first[session], anchors.first[session + 1], size=size)
            for session in range(anchors.n_sessions)
        ]
    )


def _assign(
    n_references: int, n_sessions: int, rng: np.random.Generator
) -> list[np.ndarray] | list[slice]:
    """Which references find their positive in which session: a random equal partition."""
    if n_sessions == 1:
        return [slice(None)]
    return np.split(rng.permutation(n_references), n_sessions)


def _index_of(
    table: LabelTable, anchors: Anchors, chosen: np.ndarray, ties: Ties
) -> NearestAnchor:
    return NearestAnchor(table, chosen, anchors.row[chosen], ties)


def _check_rows(labels: np.ndarray, anchors: Anchors) -> None:
    n_rows = int(anchors.first_row[-1])
    if len(labels) != n_rows:
        raise ValueError(f"labels must have one row per time bin ({n_rows}), got {len(labels)}")
