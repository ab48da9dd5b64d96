"""The recorded row whose label is nearest to a queried label, without comparing with every row.

cebra compares each query with each sample (``cebra/distributions/index.py``). Here equal labels
are merged first, then the search suits what is left: a k-d tree in few dimensions, a matrix
product in blocks in many.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from scipy.spatial import cKDTree

logger = logging.getLogger(__name__)

Ties = Literal["first", "uniform"]
MAX_TREE_DIMENSION = 8
_BLOCK_BYTES = 64 * 2**20


@dataclass(frozen=True, eq=False)
class NearestLabel:
    """Search structure over the labels of all anchors.

    Attributes:
        labels: float array (anchor, dim).
    """

    labels: np.ndarray

    @cached_property
    def _groups(self) -> _Groups:
        return _group_equal_rows(np.ascontiguousarray(self.labels, dtype=np.float64))

    @cached_property
    def strategy(self) -> str:
        """``tree`` or ``product``; logged once, so that a user sees what the search costs."""
        n_unique, dim = self._groups.values.shape
        chosen = "tree" if dim <= MAX_TREE_DIMENSION else "product"
        logger.debug(
            "nearest-label search: %s over %d distinct of %d labels (%d-D)",
            chosen,
            n_unique,
            len(self.labels),
            dim,
        )
        return chosen

    @cached_property
    def _tree(self) -> cKDTree:
        return cKDTree(self._groups.values)

    def nearest(
        self, query: np.ndarray, *, ties: Ties = "first", uniform: np.ndarray | None = None
    ) -> np.ndarray:
        """Anchor number of the nearest label (Euclidean distance) for each query.

        Args:
            query: float array (query, dim).
            ties: among anchors of exactly equal label, ``first`` takes the earliest, as cebra
                does; ``uniform`` picks with the given random numbers.
            uniform: float array (query,) in [0, 1), needed for ``uniform``.

        Returns:
            int64 array (query,).
        """
        group = self._nearest_group(np.asarray(query, dtype=np.float64))
        groups = self._groups
        if ties == "first":
            return groups.first[group]
        if uniform is None:
            raise ValueError("ties='uniform' needs random numbers; pass uniform=rng.random(n)")
        position = (uniform * groups.count[group]).astype(np.int64)
        return groups.members[groups.start[group] + position]

    def _nearest_group(self, query: np.ndarray) -> np.ndarray:
        if self.strategy == "product":
            return _nearest_by_product(self._groups.values, query)
        if len(self._groups.values) == 1:
            return np.zeros(len(query), np.int64)
        # Two neighbours, because two different labels at equal distance are a tie as well.
        distance, index = self._tree.query(query, k=2)
        earlier = self._groups.first[index[:, 1]] < self._groups.first[index[:, 0]]
        tie = (distance[:, 0] == distance[:, 1]) & earlier
        return np.where(tie, index[:, 1], index[:, 0])


@dataclass(frozen=True)
class _Groups:
    """Distinct label rows and the anchors that carry each."""

    values: np.ndarray  # (group, dim)
    first: np.ndarray  # (group,) earliest anchor
    count: np.ndarray  # (group,)
    start: np.ndarray  # (group,) offset into members
    members: np.ndarray  # (anchor,) anchors ordered by group, ascending within a group


def _group_equal_rows(labels: np.ndarray) -> _Groups:
    values, first, inverse, count = np.unique(
        labels, axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    members = np.argsort(inverse.reshape(-1), kind="stable")
    start = np.concatenate([[0], np.cumsum(count)[:-1]])
    return _Groups(values, first, count, start, members)


def _nearest_by_product(values: np.ndarray, query: np.ndarray) -> np.ndarray:
    """argmin_j |x_j|² − 2 q·x_j in blocks of queries, so that memory stays bounded."""
    square = np.einsum("ij,ij->i", values, values)
    block = max(1, _BLOCK_BYTES // (8 * len(values)))
    nearest = np.empty(len(query), np.int64)
    for begin in range(0, len(query), block):
        part = slice(begin, begin + block)
        nearest[part] = np.argmin(square - 2.0 * (query[part] @ values.T), axis=1)
    return nearest
