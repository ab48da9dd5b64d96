"""The nearest anchor is the one a comparison with every anchor finds, whatever the strategy.

The oracle measures each distance as a sum of squared differences in float64 and takes the first
minimum. Labels on a grid of small integers make every distance exact, so ties are ties for both.
"""

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from cebra_kedro.sampling import LabelTable, NearestAnchor, search

RNG = np.random.default_rng(0)  # for searches whose ties are not random

# Strategy → number of label dimensions and limit of distinct rows that lead to it.
STRATEGIES = {"tree": ((1, 8), 4096), "gram": ((9, 14), 4096), "product": ((9, 14), 0)}


@pytest.fixture(params=STRATEGIES, scope="module")
def strategy(request):
    with mock.patch.object(search, "MAX_GRAM_ROWS", STRATEGIES[request.param][1]):
        yield request.param


def grid_labels(rng, n_rows, dim):
    """Small integers: many duplicates and equidistant labels."""
    return rng.integers(-2, 3, size=(n_rows, dim)).astype(np.float64)


def tiled_labels(rng, n_rows, dim):
    """A film shown again and again: the same distinct rows repeated in order."""
    frames = rng.integers(-2, 3, size=(rng.integers(1, 9), dim))
    return np.resize(frames, (n_rows, dim)).astype(np.float64)


def class_labels(rng, n_rows, dim):
    """One column a class, 1 where it holds: every two classes are equally far apart."""
    return np.eye(dim)[rng.integers(dim, size=n_rows)]


EXACT_LABELS = (grid_labels, tiled_labels, class_labels)


def draw_labels(data, strategy, makers):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1), label="seed"))
    dim = data.draw(st.integers(*STRATEGIES[strategy][0]), label="dim")
    n_rows = data.draw(st.integers(1, 300), label="n_rows")
    make = data.draw(st.sampled_from(makers), label="labels")
    return make(rng, n_rows, dim), rng


def draw_candidates(data, n_rows):
    """Some of the rows, with anchor numbers that differ from row numbers."""
    left_out = data.draw(st.sets(st.integers(0, n_rows - 1), max_size=n_rows - 1))
    row = np.setdiff1d(np.arange(n_rows), list(left_out))
    return row, 100 + 3 * np.arange(len(row))


def squared_distances(query, candidates):
    return ((query[:, None] - candidates[None]) ** 2).sum(axis=2)


@settings(deadline=None)
@given(data=st.data())
def test_near_is_the_first_of_the_nearest_anchors(strategy, data):
    labels, rng = draw_labels(data, strategy, EXACT_LABELS)
    row, anchor = draw_candidates(data, len(labels))
    table = LabelTable.of(labels)
    assert table.strategy == strategy
    # Half-integers lie between grid labels, so that up to 2^dim labels are equally near.
    query = rng.integers(-6, 7, size=(20, labels.shape[1])) / 2
    found = NearestAnchor(table, anchor, row).near(query, RNG)
    expected = anchor[squared_distances(query, labels[row]).argmin(axis=1)]
    assert found.dtype == np.int64
    np.testing.assert_array_equal(found, expected)


@settings(deadline=None)
@given(data=st.data())
def test_near_sum_is_the_first_anchor_nearest_to_the_sum(strategy, data):
    labels, rng = draw_labels(data, strategy, EXACT_LABELS)
    row, anchor = draw_candidates(data, len(labels))
    base, end, start = rng.integers(len(labels), size=(3, 30))
    found = NearestAnchor(LabelTable.of(labels), anchor, row).near_sum(base, end, start, RNG)
    query = labels[base] + labels[end] - labels[start]
    expected = anchor[squared_distances(query, labels[row]).argmin(axis=1)]
    np.testing.assert_array_equal(found, expected)


@settings(deadline=None)
@given(
    data=st.data(), dtype=st.sampled_from([np.float32, np.float64]), mean=st.sampled_from([0, 9])
)
def test_no_anchor_is_nearer_than_the_one_found_among_real_numbers(strategy, data, dtype, mean):
    def real_labels(rng, n_rows, dim):
        return rng.normal(mean, 1, size=(n_rows, dim)).astype(dtype)

    labels, rng = draw_labels(data, strategy, [real_labels])
    row = np.arange(len(labels))
    index = NearestAnchor(LabelTable.of(labels), row, row)
    base, end, start = rng.integers(len(labels), size=(3, 30))
    labels = labels.astype(np.float64)
    query = labels[base] + labels[end] - labels[start]
    squared = squared_distances(query, labels)
    # Gram matrix and product subtract numbers of the size of |x|² ≤ 14 · 15², each rounded to
    # 2e-16 of itself some dozen times.
    tolerance = 14 * 15**2 * 2e-16 * 20
    for found in (index.near_sum(base, end, start, RNG), index.near(query, RNG)):
        assert (squared[np.arange(30), found] <= squared.min(axis=1) + tolerance).all()
        second = np.sort(squared, axis=1)[:, 1] if len(labels) > 1 else np.inf
        clear = second > squared.min(axis=1) + tolerance
        np.testing.assert_array_equal(found[clear], squared.argmin(axis=1)[clear])


@pytest.mark.parametrize("far", [0.0, 1e4, 1e12], ids=["near", "one far", "one very far"])
def test_products_are_exact_where_float32_cannot_tell_labels_apart(far):
    # One label far away, and all others on a grid so fine beside it that float32 sees one point.
    rng = np.random.default_rng(1)
    labels = rng.integers(-3, 4, size=(500, 12)) / 1024
    labels[0] += far
    row = np.arange(len(labels))
    query = rng.integers(-3, 4, size=(40, 12)) / 1024
    with mock.patch.object(search, "MAX_GRAM_ROWS", 0):
        table = LabelTable.of(labels)
        assert table.strategy == "product"
        found = NearestAnchor(table, row, row).near(query, RNG)
    np.testing.assert_array_equal(found, squared_distances(query, labels).argmin(axis=1))


def test_a_label_far_away_does_not_make_float32_doubt_the_others():
    rng = np.random.default_rng(1)
    labels = np.cumsum(rng.normal(size=(5000, 12)), axis=0)
    labels[100] += 1e4
    row, query = np.arange(5000), labels[rng.integers(5000, size=200)] + rng.normal(size=(200, 12))
    with mock.patch.object(search, "MAX_GRAM_ROWS", 0):
        asking, _ = NearestAnchor(LabelTable.of(labels), row, row)._promising(query)
    assert len(asking) < 400  # at most its own tile is looked at beside the right one


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1), dim=st.integers(1, 8))
def test_without_a_change_the_positive_has_the_label_of_the_reference(seed, dim):
    # Numbers of very different size: base + end − start would lose the small ones. (With many
    # dimensions, squares are subtracted, which loses more than that in any case.)
    rng = np.random.default_rng(seed)
    labels = rng.normal(size=(40, dim)) * 10.0 ** rng.integers(-9, 10, size=(40, 1))
    row = np.arange(40)
    base, moment = rng.integers(40, size=(2, 30))
    found = NearestAnchor(LabelTable.of(labels), row, row).near_sum(base, moment, moment, RNG)
    np.testing.assert_array_equal(found, base)


def test_blocks_of_queries_give_what_one_block_gives(strategy):
    rng = np.random.default_rng(1)
    dim = STRATEGIES[strategy][0][1]
    labels, row = rng.normal(size=(300, dim)), np.arange(300)
    index = NearestAnchor(LabelTable.of(labels), row, row)
    base, end, start = rng.integers(300, size=(3, 1000))
    whole = index.near_sum(base, end, start, RNG)
    small = {"_BLOCK_BYTES": 7 * 8 * 300, "_QUERIES": 7, "_TILES_AT_ONCE": 2}  # seven queries
    with mock.patch.multiple(search, **small):
        np.testing.assert_array_equal(index.near_sum(base, end, start, RNG), whole)


def test_a_circle_of_labels_around_the_query_is_one_tie():
    # 5525 = 5² · 13 · 17 is a sum of two squares in 48 ways: more labels than a leaf of the tree
    # holds, in random order behind one that is farther away.
    x, y = np.mgrid[-75:76, -75:76]
    circle = np.argwhere(x**2 + y**2 == 5525) - 75
    assert len(circle) == 48
    for seed in range(20):
        labels = np.array([(80, 0), *np.random.default_rng(seed).permutation(circle)], float)
        row = np.arange(len(labels))
        index = NearestAnchor(LabelTable.of(labels), row, row)
        np.testing.assert_array_equal(index.near(np.zeros((3, 2)), RNG), [1, 1, 1])


@settings(deadline=None, max_examples=30)
@given(data=st.data())
def test_uniform_ties_choose_among_anchors_with_the_label_that_first_ties_choose(strategy, data):
    labels, rng = draw_labels(data, strategy, EXACT_LABELS)
    row, anchor = draw_candidates(data, len(labels))
    table = LabelTable.of(labels)
    base, end, start = rng.integers(len(labels), size=(3, 30))
    first = NearestAnchor(table, anchor, row).near_sum(base, end, start, RNG)
    drawn = NearestAnchor(table, anchor, row, "uniform").near_sum(base, end, start, rng)
    assert np.isin(drawn, anchor).all()
    label_of = dict(zip(anchor.tolist(), labels[row].tolist(), strict=True))
    assert [label_of[a] for a in drawn] == [label_of[a] for a in first]


def test_uniform_ties_are_uniform(strategy):
    rng = np.random.default_rng(2)
    dim = STRATEGIES[strategy][0][1]
    frames = rng.normal(size=(4, dim))
    of_row = rng.permutation(np.repeat(np.arange(4), [1, 5, 9, 15]))
    labels, row = frames[of_row], np.arange(30)
    index = NearestAnchor(LabelTable.of(labels), row, row, "uniform")
    for frame in range(4):
        same = np.flatnonzero(of_row == frame)
        base = np.full(5000, same[0])
        found = index.near_sum(base, base, base, rng)
        counts = np.bincount(found, minlength=30)
        assert counts[of_row != frame].sum() == 0
        # Seeded; a uniform choice gives less for one seed in a million.
        assert len(same) == 1 or stats.chisquare(counts[same]).pvalue > 1e-6


def test_uniform_ties_depend_on_the_generator_only():
    labels = np.repeat(np.arange(3.0), 10)[:, None]
    index = NearestAnchor(LabelTable.of(labels), np.arange(30), np.arange(30), "uniform")
    query = np.zeros((20, 1))
    one, again, other = (index.near(query, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()


@settings(deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.tuples(st.integers(1, 60), st.integers(1, 12)),
    dtype=st.sampled_from([np.float32, np.float64, np.int64]),
)
def test_a_table_holds_each_distinct_label_once(seed, shape, dtype):
    labels = np.random.default_rng(seed).integers(-1, 2, size=shape).astype(dtype)
    table = LabelTable.of(labels)
    np.testing.assert_array_equal(table.values[table.of_row], labels)
    assert table.values.dtype == np.float64
    assert table.of_row.shape == (len(labels),)
    assert len(table.values) == len({tuple(row) for row in labels.tolist()})


def test_negative_zero_is_zero():
    table = LabelTable.of(np.array([[0.0], [-0.0], [-1.0]], np.float32))
    assert len(table.values) == 2
    assert table.of_row[0] == table.of_row[1]


def test_labels_in_any_memory_order_give_the_same_table():
    labels = np.random.default_rng(3).integers(0, 2, size=(50, 3)).astype(np.float32)
    for same in (np.asfortranarray(labels), np.repeat(labels, 2, axis=1)[:, ::2]):
        table = LabelTable.of(same)
        np.testing.assert_array_equal(table.values[table.of_row], labels)
