from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from cebra_kedro.decoding.knn import knn_classification, knn_regression


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("n_dims", [3, 40])
@pytest.mark.parametrize("target_shape", [(), (3,)])
def test_every_candidate_equals_sklearns_own_fit(metric, n_dims, target_shape):
    rng = np.random.default_rng(0)
    train, query = rng.normal(size=(120, n_dims)), rng.normal(size=(40, n_dims))
    targets = rng.normal(size=(120, *target_shape))
    candidates = [1, 4, 9, 120]
    predictions = knn_regression(train, targets, query, candidates=candidates, metric=metric)
    assert list(predictions) == candidates
    for k in candidates:
        oracle = KNeighborsRegressor(k, metric=metric).fit(train, targets).predict(query)
        # the same neighbours summed in another order, in float64
        np.testing.assert_allclose(predictions[k], oracle, rtol=0, atol=1e-12)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_train=st.integers(1, 40),
    candidates=st.lists(st.integers(1, 40), min_size=1, max_size=5),
)
def test_any_candidates_in_any_order_equal_sklearn(seed, n_train, candidates):
    rng = np.random.default_rng(seed)
    candidates = [min(k, n_train) for k in candidates]
    # normal variates: distances have no ties
    train, query, targets = (
        rng.normal(size=(n_train, 2)),
        rng.normal(size=(7, 2)),
        rng.normal(size=n_train),
    )
    predictions = knn_regression(train, targets, query, candidates=candidates)
    for k in candidates:
        oracle = KNeighborsRegressor(k).fit(train, targets).predict(query)
        # the same neighbours summed in another order, in float64
        np.testing.assert_allclose(predictions[k], oracle, rtol=0, atol=1e-12)


def in_order_by_hand(train, query, k):
    """Exact distances of small integers, sorted by distance, then by row."""
    squared = ((query[:, None].astype(int) - train[None].astype(int)) ** 2).sum(2)
    return np.argsort(squared, axis=1, kind="stable")[:, :k]


@pytest.mark.parametrize("n_dims", [2, 30])  # a tree, and all distances
@pytest.mark.parametrize("at_once", [None, 7])
@pytest.mark.parametrize("unit", [np.float32(1), np.float64(0.3)], ids=["counts", "rates"])
def test_of_equally_far_rows_the_earlier_are_taken(monkeypatch, n_dims, at_once, unit):
    """Most are zero: many rows are equal, and many more equally far; as rates, but for rounding."""
    for name in ("FOUND_AT_ONCE", "QUERIES_AT_LEAST", "ROWS_AT_ONCE") if at_once else ():
        monkeypatch.setattr(f"cebra_kedro.decoding.knn._{name}", at_once)
    rng = np.random.default_rng(0)
    train, query = (rng.poisson(2 / n_dims, (n, n_dims)).astype(np.float32) for n in (300, 40))
    targets, classes = rng.normal(size=300), rng.integers(0, 5, 300)
    known, asked = train * unit, query * unit
    predicted = knn_regression(known, targets, asked, candidates=[1, 4, 9])
    voted = knn_classification(known, classes, asked, candidates=[4])[4]
    for k, ours in predicted.items():
        nearest = targets[in_order_by_hand(train, query, k)]
        # the same neighbours summed in another order, in float64
        np.testing.assert_allclose(ours, nearest.mean(1), rtol=0, atol=1e-12)
    votes = classes[in_order_by_hand(train, query, 4)]
    np.testing.assert_array_equal(voted, [np.bincount(one).argmax() for one in votes])


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_where_all_rows_are_equal_the_first_are_taken(metric):
    train = np.full((500, 20), 0.3, np.float32)
    targets = np.arange(500.0)
    predicted = knn_regression(train, targets, train[:3], candidates=[1, 5], metric=metric)
    np.testing.assert_array_equal(predicted[1], 0.0)
    np.testing.assert_array_equal(predicted[5], 2.0)  # the mean of 0 … 4 is exact


def test_integer_targets_do_not_overflow():
    train, targets = np.arange(200.0)[:, None], np.full(200, 2, np.int8)
    predicted = knn_regression(train, targets, train[:3], candidates=[200])[200]
    # 400 exceeds int8; the mean of twos is exact
    np.testing.assert_array_equal(predicted, 2.0)


def test_queries_in_blocks_are_predicted_as_at_once(monkeypatch):
    rng = np.random.default_rng(2)
    train, query, targets = (rng.normal(size=(n, 3)) for n in (50, 23, 50))
    classes = rng.integers(0, 4, 50)
    at_once = knn_regression(train, targets, query, candidates=[1, 7])
    classes_at_once = knn_classification(train, classes, query, candidates=[1, 7])
    for numbers in (1, 50):  # one query at a time, and two
        monkeypatch.setattr("cebra_kedro.decoding.knn._TARGETS_AT_ONCE", numbers)
        in_blocks = knn_regression(train, targets, query, candidates=[1, 7])
        classes_in_blocks = knn_classification(train, classes, query, candidates=[1, 7])
        for k in (1, 7):
            np.testing.assert_array_equal(in_blocks[k], at_once[k])
            np.testing.assert_array_equal(classes_in_blocks[k], classes_at_once[k])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"candidates": []}, "at least one number of neighbours"),
        ({"candidates": [0, 4]}, r"in \[1, 10\].*got \[0, 4\]"),
        ({"candidates": [4, 11]}, r"in \[1, 10\], the number of training rows, got \[4, 11\]"),
        ({"metric": "manhattan"}, "euclidean, cosine, got 'manhattan'"),
    ],
)
def test_bad_searches_are_refused(change, message):
    features = np.arange(10.0)[:, None]
    arguments = {"candidates": [1]} | change
    with pytest.raises(ValueError, match=message):
        knn_regression(features, features, features, **arguments)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    metric=st.sampled_from(["euclidean", "cosine"]),
    dtype=st.sampled_from([np.int64, np.uint8]),
)
def test_classes_equal_those_of_sklearns_classifier(seed, metric, dtype):
    rng = np.random.default_rng(seed)
    train, query = rng.normal(size=(60, 4)), rng.normal(size=(20, 4))
    classes = rng.integers(0, 9, 60).astype(dtype)
    predicted = knn_classification(train, classes, query, candidates=[1, 2, 9, 60], metric=metric)
    for k, ours in predicted.items():
        # many votes are tied here: both take the lowest class of a tie
        theirs = KNeighborsClassifier(k, metric=metric).fit(train, classes).predict(query)
        np.testing.assert_array_equal(ours, theirs)
