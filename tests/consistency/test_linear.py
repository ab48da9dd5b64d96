from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression

from cebra_kedro.consistency.linear import linear_r2, linear_r2_to_many


def sklearn_score(source, target):
    return LinearRegression().fit(source, target).score(source, target)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(12, 200),
    dim_source=st.integers(1, 10),
    dim_target=st.integers(1, 5),
)
def test_equals_sklearns_regression_score(seed, n, dim_source, dim_target):
    rng = np.random.default_rng(seed)
    source = rng.normal(size=(n, dim_source)) + 3
    target = source[:, :1] ** 2 + rng.normal(size=(n, dim_target))
    # exact maths in float64, two different decompositions
    assert linear_r2(source, target) == pytest.approx(sklearn_score(source, target), abs=1e-10)


def test_an_exact_affine_map_scores_one():
    rng = np.random.default_rng(0)
    source = rng.normal(size=(100, 3))
    target = source @ rng.normal(size=(3, 5)) - 7
    # exact maths in float64
    assert linear_r2(source, target) == pytest.approx(1, abs=1e-12)


def test_independent_noise_scores_what_fitting_noise_yields():
    rng = np.random.default_rng(1)
    n, dim = 2000, 3
    score = linear_r2(rng.normal(size=(n, dim)), rng.normal(size=(n, dim)))
    # each target's R² is Beta(dim/2, (n-1-dim)/2): mean dim/(n-1) = 0.0015, sd 0.0012; five sd
    assert score == pytest.approx(dim / (n - 1), abs=0.006)


def test_it_is_not_symmetric():
    angle = np.linspace(0, 2 * np.pi, 1001)[:-1]
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    # a circle predicts its own shadow, the shadow only half of the circle
    assert linear_r2(circle, circle[:, :1]) == pytest.approx(1, abs=1e-12)
    assert linear_r2(circle[:, :1], circle) == pytest.approx(0.5, abs=1e-12)


def test_it_ignores_any_invertible_affine_change_of_the_source():
    rng = np.random.default_rng(2)
    source, target = rng.normal(size=(2, 80, 3))
    changed = source @ rng.normal(size=(3, 3)) + 5
    # float64, condition number of the change below 100
    assert linear_r2(changed, target) == pytest.approx(linear_r2(source, target), abs=1e-10)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_source_in_a_plane_scores_like_its_two_coordinates(dtype):
    rng = np.random.default_rng(3)
    plane = rng.normal(size=(500, 2))
    target = plane[:, :1] + rng.normal(size=(500, 2))
    # three of the five directions are rounding noise, of float32 or float64
    source = (plane @ rng.normal(size=(2, 5))).astype(dtype)
    tolerance = 1e-6 if dtype == np.float32 else 1e-12
    assert linear_r2(source, target) == pytest.approx(linear_r2(plane, target), abs=tolerance)


def test_a_target_in_a_plane_can_be_predicted():
    rng = np.random.default_rng(4)
    plane = rng.normal(size=(100, 2))
    # exact maths in float64
    assert linear_r2(plane, plane @ rng.normal(size=(2, 3))) == pytest.approx(1, abs=1e-12)


def test_a_constant_source_predicts_nothing():
    assert linear_r2(np.ones((50, 2)), np.random.default_rng(5).normal(size=(50, 2))) == 0


def test_many_targets_score_as_one_by_one():
    rng = np.random.default_rng(6)
    source = rng.normal(size=(60, 3))
    targets = {"a": rng.normal(size=(60, 2)), "b": rng.normal(size=(60, 4))}
    assert linear_r2_to_many(source, targets) == {
        name: linear_r2(source, target) for name, target in targets.items()
    }


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        (np.zeros(9), np.zeros((9, 1)), r"source must be an array \(n, dim\)"),
        (np.eye(4), np.eye(4), "source must have at least 6 rows for 4 dimensions, got 4"),
        (np.full((9, 2), np.nan), np.eye(9), "source holds NaN"),
        (np.eye(9)[:, :3], np.eye(8), r"target must be an array \(9, dim\).*aligned first"),
        (np.eye(9)[:, :3], np.full((9, 2), np.inf), "target holds NaN or infinite"),
        (np.eye(9)[:, :3], np.c_[np.eye(9)[:, 0], np.ones(9)], r"but \[1\] is constant"),
    ],
)
def test_embeddings_that_cannot_be_compared_are_refused(source, target, message):
    with pytest.raises(ValueError, match=message):
        linear_r2(source, target)
