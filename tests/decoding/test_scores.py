from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cebra_kedro.decoding.scores import accuracy_percent, median_absolute_error, r2

FLOATS = st.floats(-100, 100, allow_nan=False)


def test_median_absolute_error_is_the_middle_error():
    # errors 0, 1, 4; float64 sums of small integers are exact
    assert median_absolute_error(np.array([1.0, 2.0, 3.0]), np.array([1.0, 3.0, -1.0])) == 1.0


@given(arrays(float, 9, elements=FLOATS), st.floats(-50, 50))
def test_median_absolute_error_of_a_constant_shift_is_the_shift(true, shift):
    # values up to 150 carry rounding errors of 1e-14
    assert median_absolute_error(true, true + shift) == pytest.approx(abs(shift), abs=1e-12)


def test_r2_of_the_mean_is_zero_and_of_the_truth_is_one():
    true = np.random.default_rng(0).normal(size=(50, 2))
    assert r2(true, true) == 1.0
    # exact maths in float64
    assert r2(true, np.broadcast_to(true.mean(axis=0), true.shape)) == pytest.approx(0, abs=1e-12)


def test_r2_averages_columns_with_equal_weights_whatever_their_scale():
    rng = np.random.default_rng(1)
    true = rng.normal(size=(200, 2)) * [1.0, 1000.0]
    predicted = true + rng.normal(size=(200, 2)) * [0.5, 10.0]
    residual = ((true - predicted) ** 2).sum(axis=0) / ((true - true.mean(axis=0)) ** 2).sum(axis=0)
    # exact maths in float64
    assert r2(true, predicted) == pytest.approx(np.mean(1 - residual), abs=1e-12)


@given(st.lists(st.booleans(), min_size=1, max_size=30))
def test_accuracy_counts_exact_hits(hits):
    true = np.arange(len(hits))
    predicted = np.where(hits, true, -1)
    # one division of small integers
    assert accuracy_percent(true, predicted) == pytest.approx(100 * sum(hits) / len(hits), abs=1e-9)


@pytest.mark.parametrize("score", [median_absolute_error, r2, accuracy_percent])
def test_shapes_that_would_broadcast_are_refused(score):
    with pytest.raises(ValueError, match=r"one shape, got \(5,\) and \(5, 1\)"):
        score(np.zeros(5), np.zeros((5, 1)))


@pytest.mark.parametrize(
    ("score", "n"), [(median_absolute_error, 0), (r2, 1), (accuracy_percent, 0)]
)
def test_too_few_samples_are_refused(score, n):
    with pytest.raises(ValueError, match=f"samples, got {n}"):
        score(np.zeros(n), np.zeros(n))
