"""Linear decoders for many penalties equal scikit-learn's for each."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from cebra_kedro.decoding.linear import fitted_logistic, fitted_ridge

ALPHAS = (1e-3, 1e-1, 1e1, 1e3)


@settings(deadline=None, max_examples=25)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_train=st.integers(2, 60),
    dim=st.integers(1, 90),
    dtype=st.sampled_from([np.float64, np.float32]),
)
def test_ridge_equals_sklearn_whether_long_or_wide(seed, n_train, dim, dtype):
    rng = np.random.default_rng(seed)
    scale, shift = rng.lognormal(size=dim), rng.normal(size=dim)
    train, query = ((shift + scale * rng.normal(size=(n, dim))).astype(dtype) for n in (n_train, 9))
    targets = rng.normal(size=(n_train, 3))
    for alpha, ours in fitted_ridge(train, targets)(query, ALPHAS).items():
        model = make_pipeline(StandardScaler(), Ridge(alpha)).fit(train.astype(float), targets)
        theirs = model.predict(query.astype(float))
        # of a nearly singular matrix, 1e-3 beside squares of up to 60 rows: lost are 5 digits, and
        # as many by a deviation of two rows that is small
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-7 * max(1, np.abs(theirs).max()))


def test_constant_features_are_harmless():
    rng = np.random.default_rng(0)
    train = np.column_stack([np.full(30, 7.0), rng.normal(size=30)])
    predict = fitted_ridge(train, train[:, 1:])
    # a penalty of 1e-3 on 30 rows
    np.testing.assert_allclose(predict(train, [1e-3])[1e-3], train[:, 1:], atol=1e-4)


def test_logistic_regression_equals_sklearn():
    rng = np.random.default_rng(1)
    classes = rng.choice([2, 5, 9], 90)
    train = classes[:, None] * [1.0, 100.0] + rng.normal(size=(90, 2)) * [3, 300]
    for alpha, ours in fitted_logistic(train, classes)(train[:40], ALPHAS).items():
        model = make_pipeline(StandardScaler(), LogisticRegression(C=1 / alpha, max_iter=1000))
        np.testing.assert_array_equal(ours, model.fit(train, classes).predict(train[:40]))


def test_logistic_regression_of_separable_classes_ends_without_a_warning():
    classes = np.repeat([0, 1], 100)
    train = classes[:, None] + 0.01 * np.random.default_rng(2).normal(size=(200, 5))
    predicted = fitted_logistic(train, classes)(train, ALPHAS)  # warnings are errors here
    np.testing.assert_array_equal(predicted[1e-3], classes)


@pytest.mark.parametrize("n_rows", [1, 5])
def test_one_class_is_always_predicted(n_rows):
    predict = fitted_logistic(np.arange(n_rows * 2.0).reshape(-1, 2), np.full(n_rows, 4))
    np.testing.assert_array_equal(predict(np.zeros((3, 2)), [1.0])[1.0], [4, 4, 4])
