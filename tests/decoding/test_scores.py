from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cebra_kedro.decoding.scores import (
    accuracy_percent,
    angular_error_deg,
    balanced_accuracy_percent,
    best_candidate,
    median_absolute_error,
    median_distance,
    r2,
)

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


@given(arrays(float, 9, elements=FLOATS), arrays(float, 9, elements=FLOATS))
def test_the_median_distance_on_a_line_is_the_median_absolute_error(true, predicted):
    on_line = median_distance(true[:, None], predicted[:, None])
    # the square of what is smaller than 1e-162 is 0
    assert on_line == pytest.approx(median_absolute_error(true, predicted), rel=1e-12, abs=1e-150)


def test_the_median_distance_is_euclidean():
    true = np.zeros((3, 2))
    assert median_distance(true, np.array([[3.0, 4.0], [0.0, 1.0], [6.0, 8.0]])) == 5


def test_balanced_accuracy_counts_each_class_once():
    true = np.array([0, 0, 0, 0, 1])
    assert balanced_accuracy_percent(true, np.zeros(5, int)) == 50
    assert balanced_accuracy_percent(true, np.array([0, 0, 1, 1, 1])) == 75


@settings(deadline=None)
@given(
    true=st.lists(st.floats(-20, 20), min_size=1, max_size=20),
    shift=st.floats(-np.pi, np.pi),
    turns=st.integers(-3, 3),
)
def test_angular_errors_go_the_short_way_whatever_the_turns(true, shift, turns):
    true = np.array(true)
    error = angular_error_deg(true, true + shift + 2 * np.pi * turns)
    assert error == pytest.approx(np.degrees(abs(shift)), abs=1e-8)


def test_the_best_candidate_is_the_largest_of_equals():
    scores = {1: 0.3, 16: 0.1, 25: 0.1, 4: 0.3}
    assert best_candidate(scores, "lower") == 25
    assert best_candidate(scores, "higher") == 4


@pytest.mark.parametrize(
    "score",
    [median_absolute_error, r2, accuracy_percent, balanced_accuracy_percent, angular_error_deg],
)
def test_shapes_that_would_broadcast_are_refused(score):
    with pytest.raises(ValueError, match=r"one shape, got \(5,\) and \(5, 1\)"):
        score(np.zeros(5), np.zeros((5, 1)))


@pytest.mark.parametrize(
    ("score", "n"),
    [(median_absolute_error, 0), (r2, 1), (accuracy_percent, 0), (angular_error_deg, 0)],
)
def test_too_few_samples_are_refused(score, n):
    with pytest.raises(ValueError, match=f"samples, got {n}"):
        score(np.zeros(n), np.zeros(n))
