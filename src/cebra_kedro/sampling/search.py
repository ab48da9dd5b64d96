"""The anchor whose label is nearest to a queried one, without comparing with every row.

cebra compares each query with each sample (``cebra/distributions/index.py``). Here equal labels
are merged first, then the search suits what is left: the Gram matrix where few distinct rows of
many dimensions come back again and again (movie frames), a k-d tree in few dimensions, matrix
products in blocks else.
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
Strategy = Literal["gram", "tree", "product"]

MAX_TREE_DIMENSION = 8
MAX_GRAM_ROWS = 4096
_BLOCK_BYTES = 2**20  # stays in cache
_TILE, _TILES_AT_ONCE, _QUERIES = 64, 32, 512


@dataclass(frozen=True, eq=False)
class LabelTable:
    """The distinct labels of a recording, and which of them each row carries.

    Attributes:
        values: float64 array (distinct, dim).
        of_row: int64 array (row,), number of the distinct label of each row.
    """

    values: np.ndarray
    of_row: np.ndarray

    @classmethod
    def of(cls, labels: np.ndarray) -> LabelTable:
        """Merge equal rows of finite labels (row, dim)."""
        labels = np.ascontiguousarray(labels) + 0.0  # −0.0 becomes 0.0
        # Rows are compared as bytes: sorting 768 columns one by one takes ten times as long.
        row = labels.view(np.dtype((np.void, labels.dtype.itemsize * labels.shape[1])))
        _, first, of_row = np.unique(row.ravel(), return_index=True, return_inverse=True)
        return cls(labels[first].astype(np.float64), of_row)

    @property
    def strategy(self) -> Strategy:
        """How nearest labels are found."""
        n_distinct, dim = self.values.shape
        if dim <= MAX_TREE_DIMENSION:
            return "tree"
        return "gram" if n_distinct <= MAX_GRAM_ROWS else "product"

    @cached_property
    def gram(self) -> np.ndarray:
        """Inner products of the distinct labels, (distinct, distinct)."""
        return self.values @ self.values.T

    def log_strategy(self) -> None:
        """Say once what the search costs."""
        logger.debug(
            "nearest label by %s: %d distinct of %d labels in %d dimensions",
            self.strategy,
            len(self.values),
            len(self.of_row),
            self.values.shape[1],
        )


class NearestAnchor:
    """Nearest-label search among some anchors (of one session, or of one class).

    Args:
        table: distinct labels of all rows.
        anchor: int64 array (candidate,), ascending anchor numbers.
        row: int64 array (candidate,), their rows.
        ties: among anchors of exactly equal label, ``first`` takes the earliest, as cebra does;
            ``uniform`` draws one.
    """

    def __init__(
        self, table: LabelTable, anchor: np.ndarray, row: np.ndarray, ties: Ties = "first"
    ) -> None:
        self._table = table
        self._ties = ties
        distinct, first, inverse, count = np.unique(
            table.of_row[row], return_index=True, return_inverse=True, return_counts=True
        )
        # Distinct labels in the order of their first anchor: a search that returns the lowest
        # number among equally near ones then returns the earliest, as cebra's argmin.
        order = np.argsort(first)
        self._distinct = distinct[order]
        self._first = anchor[first[order]]
        self._values = table.values[self._distinct]
        self._half_square = np.einsum("ij,ij->i", self._values, self._values) / 2
        if ties == "uniform":
            rank = np.empty(len(order), np.int64)
            rank[order] = np.arange(len(order))
            self._count = count[order]
            self._members = anchor[np.argsort(rank[inverse.reshape(-1)], kind="stable")]
            self._start = np.cumsum(self._count) - self._count

    def near_sum(
        self, base: np.ndarray, end: np.ndarray, start: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Anchor nearest to label(base) + label(end) − label(start).

        Args:
            base: int64 array (query,), rows.
            end: int64 array (query,), rows.
            start: int64 array (query,), rows.
            rng: breaks ties if they are uniform.

        Returns:
            int64 array (query,) of anchor numbers.
        """
        table = self._table
        a, b, c = table.of_row[base], table.of_row[end], table.of_row[start]
        if table.strategy == "gram":
            return self._pick(self._nearest_by_gram(a, b, c), rng)
        # The change first, as in cebra: with no change, the query is exactly label(base).
        return self.near(table.values[a] + (table.values[b] - table.values[c]), rng)

    def near(self, query: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Anchor nearest to each query (query, dim), Euclidean distance."""
        if self._table.strategy == "tree":
            return self._pick(self._nearest_by_tree(query), rng)
        return self._pick(self._nearest_by_product(query), rng)

    def _pick(self, nearest: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        if self._ties == "first":
            return self._first[nearest]
        place = (rng.random(len(nearest)) * self._count[nearest]).astype(np.int64)
        return self._members[self._start[nearest] + place]

    @cached_property
    def _tree(self) -> cKDTree:
        return cKDTree(self._values)

    @cached_property
    def _gram(self) -> np.ndarray:
        return np.ascontiguousarray(self._table.gram[:, self._distinct])

    @cached_property
    def _gram_of_base(self) -> np.ndarray:
        return self._gram - self._half_square

    def _nearest_by_gram(self, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
        """argmax_j G_bj − G_cj + (G_aj − |x_j|² / 2): no dimension left but the number of rows."""
        nearest = np.empty(len(a), np.int64)
        for part in _blocks(len(a), max(1, _BLOCK_BYTES // (8 * len(self._values)))):
            closeness = self._gram.take(b[part], axis=0)
            closeness -= self._gram.take(c[part], axis=0)
            closeness += self._gram_of_base.take(a[part], axis=0)
            nearest[part] = closeness.argmax(axis=1)
        return nearest

    def _nearest_by_tree(self, query: np.ndarray) -> np.ndarray:
        nearest = np.empty(len(query), np.int64)
        todo, n_neighbours = np.arange(len(query)), 0
        while len(todo):
            # Different labels at equal distance are a tie as well: look further until it ends.
            n_neighbours = min(4 * n_neighbours or 2, len(self._values))
            distance, index = self._tree.query(query[todo], k=range(1, n_neighbours + 1))
            tied = distance == distance[:, :1]
            nearest[todo] = np.where(tied, index, len(self._values)).min(axis=1)
            todo = todo[tied[:, -1]] if n_neighbours < len(self._values) else todo[:0]
        return nearest

    @cached_property
    def _center(self) -> np.ndarray:
        """Median label (of many): float32 sees differences to it best."""
        return np.median(self._values[:: -(-len(self._values) // 10_000)], axis=0)

    @cached_property
    def _tiles(self) -> np.ndarray:
        """Labels as float32 (tile, label, dim + 1), followed by −|x|² / 2; the last one again."""
        index = np.arange(-(-len(self._values) // _TILE) * _TILE)
        values = (
            self._values[np.minimum(index, len(self._values) - 1)] - self._center
        ) / self._scale
        tiles = np.empty((len(index), values.shape[1] + 1), np.float32)
        tiles[:, :-1] = values
        tiles[:, -1] = -0.5 * np.square(tiles[:, :-1]).sum(axis=1)
        return tiles.reshape(-1, _TILE, tiles.shape[1])

    @cached_property
    def _scale(self) -> float:
        """Largest distance from the centre, so that no square overflows float32."""
        return float(np.linalg.norm(self._values - self._center, axis=1).max()) or 1.0

    @cached_property
    def _radius(self) -> np.ndarray:
        """Largest distance from the centre in each tile, in units of the scale."""
        return np.sqrt(-2 * self._tiles[:, :, -1].min(axis=1))

    def _nearest_by_product(self, query: np.ndarray) -> np.ndarray:
        """The tiles that can hold the nearest label by float32 products, then exactly in these."""
        nearest = np.empty(len(query), np.int64)
        for part in _blocks(len(query), _QUERIES):
            nearest[part] = self._nearest_in_tiles(query[part], *self._promising(query[part]))
        return nearest

    def _promising(self, query: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Queries and tiles that may hold their nearest label, sorted by query, then tile."""
        tiles = self._tiles
        n_tiles, _, length = tiles.shape
        factor = np.ones((length, len(query)), np.float32)
        factor[:-1] = ((query - self._center) / self._scale).T
        best = np.empty((n_tiles, len(query)), np.float32)
        for part in _blocks(n_tiles, _TILES_AT_ONCE):
            score = tiles[part].reshape(-1, length) @ factor  # q · x − |x|² / 2
            best[part] = score.reshape(-1, _TILE, len(query)).max(axis=1)
        # Each factor, product and sum is rounded to float32, relative to |q| |x| and |x|².
        size, radius = np.linalg.norm(factor[:-1], axis=0), self._radius[:, None]
        rounding = 2 * (length + 4) * np.finfo(np.float32).eps * radius * (size + radius)
        asking, tile = np.nonzero((best + rounding >= (best - rounding).max(axis=0)).T)
        return asking, tile

    def _nearest_in_tiles(
        self, query: np.ndarray, asking: np.ndarray, tile: np.ndarray
    ) -> np.ndarray:
        """The nearest label of each query in the tiles that were found for it."""
        nearest, distance = np.empty(len(tile), np.int64), np.empty(len(tile))
        last = len(self._values) - 1
        for part in _blocks(len(tile), max(1, _BLOCK_BYTES // (8 * _TILE * query.shape[1]))):
            index = np.minimum(_TILE * tile[part, None] + np.arange(_TILE), last)
            square = np.square(self._values[index] - query[asking[part], None]).sum(axis=2)
            place = square.argmin(axis=1)
            row = np.arange(len(place))
            nearest[part], distance[part] = index[row, place], square[row, place]
        order = np.lexsort((tile, distance, asking))  # the first tile wins a tie
        _, first = np.unique(asking[order], return_index=True)
        return nearest[order[first]]


def _blocks(number: int, size: int) -> list[slice]:
    """Blocks of at most ``size`` that cover a range."""
    return [slice(begin, begin + size) for begin in range(0, number, size)]
