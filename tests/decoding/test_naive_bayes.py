from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.naive_bayes import GaussianNB

from cebra_kedro.decoding.naive_bayes import bayes_classification

SMOOTHINGS = (1e-9, 1e-6, 1e-3, 1.0, 1e3)


def gaussian_classes(seed, n_classes, rows_per_class, dim, far=0.0):
    """Overlapping classes with other means, variances and numbers of rows."""
    rng = np.random.default_rng(seed)
    ids = rng.choice(1000, n_classes, replace=False)
    labels = np.repeat(ids, rng.integers(2, rows_per_class + 1, n_classes))
    mean = dict(zip(ids, rng.normal(size=(n_classes, dim)), strict=True))
    scale = dict(zip(ids, rng.lognormal(size=(n_classes, dim)), strict=True))
    rng.shuffle(labels)
    noise = rng.normal(size=(len(labels), dim))
    features = np.stack([mean[i] + scale[i] * z for i, z in zip(labels, noise, strict=True)])
    return far + features, labels, far + rng.normal(size=(50, dim))


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_classes=st.integers(2, 12),
    dim=st.integers(1, 8),
    far=st.sampled_from([0.0, 100.0]),
)
def test_predictions_equal_those_of_sklearn(seed, n_classes, dim, far):
    train, labels, query = gaussian_classes(seed, n_classes, 6, dim, far)
    predicted = bayes_classification(train, labels, query, candidates=SMOOTHINGS)
    assert list(predicted) == list(SMOOTHINGS)
    for smoothing, ours in predicted.items():
        theirs = GaussianNB(var_smoothing=smoothing).fit(train, labels)
        # float64 rounds the squares, multiplied out, to about 1e-15 of the largest of them (times
        # few classes and features, and as much again in sklearn); a closer race either may win
        squares = np.square(query[:, None] - train.mean(axis=0)) / theirs.var_
        rounding = 1e-12 * squares.sum(axis=2).max(axis=1)
        if far:  # sklearn's own sums are that much larger
            rounding = rounding * far
        log_joint = np.sort(theirs.predict_joint_log_proba(query), axis=1)
        clear = log_joint[:, -1] - log_joint[:, -2] > rounding
        assert clear.mean() > 0.5
        np.testing.assert_array_equal(ours[clear], theirs.predict(query)[clear])


def test_sparse_counts_with_neurons_silent_in_a_class_equal_sklearn():
    rng = np.random.default_rng(5)
    labels = np.tile(np.arange(40), 9)
    rate = rng.lognormal(-1.5, 1.0, (40, 60))
    train = rng.poisson(rate[labels]).astype(float)
    query = rng.poisson(rate).astype(float)
    assert (np.stack([train[labels == c].var(axis=0) for c in range(40)]) == 0).any()
    for smoothing, ours in bayes_classification(
        train, labels, query, candidates=SMOOTHINGS
    ).items():
        theirs = GaussianNB(var_smoothing=smoothing).fit(train, labels).predict(query)
        np.testing.assert_array_equal(ours, theirs)


def test_the_more_frequent_class_wins_where_features_say_nothing():
    train = np.array([[-1.0], [1.0], [-1.0], [1.0], [-1.0], [1.0]])
    labels = np.array([7, 7, 3, 3, 7, 7])
    predicted = bayes_classification(train, labels, np.array([[0.5]]), candidates=[1e-9])
    assert predicted[1e-9].tolist() == [7]


def test_inputs_are_not_changed():
    arrays = gaussian_classes(0, 4, 5, 3)
    copies = [array.copy() for array in arrays]
    bayes_classification(*arrays, candidates=SMOOTHINGS)
    for array, copy in zip(arrays, copies, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize("candidates", [[], [0.0], [-1.0], [np.inf], [np.nan]])
def test_smoothings_that_are_not_positive_are_refused(candidates):
    with pytest.raises(ValueError, match="candidates must be one or more positive"):
        bayes_classification(*gaussian_classes(0, 3, 4, 2), candidates=candidates)


def test_features_that_never_vary_are_refused():
    with pytest.raises(ValueError, match="features_train must vary"):
        bayes_classification(
            np.full((6, 2), 3.0), np.repeat([0, 1], 3), np.zeros((1, 2)), candidates=[1.0]
        )
