"""Which anchors form positive pairs when a discrete label decides, alone or with a continuous one.

Everything else about laws stands in ``laws``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from cebra_kedro.sampling.anchors import Anchors
from cebra_kedro.sampling.draws import Pairs, assign_to_sessions, draw_uniform, step_rng
from cebra_kedro.sampling.laws import TimeDeltaLaw
from cebra_kedro.sampling.search import NearestAnchor, Ties

Prior = Literal["empirical", "uniform"]


@dataclass(frozen=True, eq=False)
class ClassLaw:
    """Positive = an anchor of the reference's class, uniformly.

    With several sessions, positives are assigned to them as in
    :class:`~cebra_kedro.sampling.laws.TimeDeltaLaw`. Follows
    ``cebra.distributions.DiscreteEmpirical``, ``DiscreteUniform`` and
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
        _check_classes(self.classes, self.anchors)
        for session, found in enumerate(self._members.count):
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

    def positives_of(self, reference: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """A positive anchor for each reference anchor."""
        session = np.empty(len(reference), np.int64)
        parts = assign_to_sessions(len(reference), self.anchors.n_sessions, rng)
        for number, part in enumerate(parts):
            session[part] = number
        return self._members.draw(session, self._class_of_anchor[reference], rng)

    def draw(self, step: int, batch_size: int, n_negatives: int) -> Pairs:
        """References and negatives from the prior, positives of the same class."""
        rng = step_rng(self.seed, step)
        reference = self.draw_prior(batch_size, rng)
        negative = self.draw_prior(n_negatives, rng)
        return Pairs(reference, (self.positives_of(reference, rng),), negative)


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
        # What is wrong with either part is said here, not at the first draw.
        _ = self._change, self._class

    @cached_property
    def _change(self) -> TimeDeltaLaw:
        return TimeDeltaLaw(self.anchors, self.labels, self.time_offset_bins, self.seed, self.ties)

    @cached_property
    def _class(self) -> ClassLaw:
        return ClassLaw(self.anchors, self.classes, self.seed, self.prior)

    @cached_property
    def _index(self) -> dict[int, NearestAnchor]:
        """A search among the anchors of each class."""
        of_anchor = self.classes[self.anchors.row]
        found = {int(c): np.flatnonzero(of_anchor == c) for c in np.unique(of_anchor)}
        return {
            class_id: NearestAnchor(self._change.table, anchor, self.anchors.row[anchor], self.ties)
            for class_id, anchor in found.items()
        }

    def positives_of(self, reference: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """A positive anchor for each reference anchor."""
        start = self._change.draw_changes(len(reference), rng)
        base, end = self.anchors.row[reference], start + self.time_offset_bins
        positive = np.empty(len(reference), np.int64)
        for class_id, index in self._index.items():
            same = np.flatnonzero(self.classes[base] == class_id)
            positive[same] = index.near_sum(base[same], end[same], start[same], rng)
        return positive

    def draw(self, step: int, batch_size: int, n_negatives: int) -> Pairs:
        """References and negatives from the prior over classes."""
        rng = step_rng(self.seed, step)
        reference = self._class.draw_prior(batch_size, rng)
        negative = self._class.draw_prior(n_negatives, rng)
        return Pairs(reference, (self.positives_of(reference, rng),), negative)


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


def _check_classes(classes: np.ndarray, anchors: Anchors) -> None:
    n_rows = int(anchors.first_row[-1])
    if classes.shape != (n_rows,):
        raise ValueError(
            f"classes must have shape ({n_rows},), one class id per time bin, got {classes.shape}"
        )
