"""Controls without training: windows stay in their segment, components see training rows only."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cebra_kedro.training.baselines import (
    FEATURES,
    TRANSDUCTIVE,
    baseline_features,
    check_features,
    pca_features,
    window_sums,
)


def naive_window_sums(neural, segment, window_bins):
    """The definition, row by row."""
    sums = np.zeros(neural.shape)
    for row in range(len(neural)):
        begin = row - window_bins // 2
        inside = [
            other
            for other in range(begin, begin + window_bins)
            if 0 <= other < len(neural) and segment[other] == segment[row]
        ]
        sums[row] = neural[inside].sum(axis=0) * window_bins / len(inside)
    return sums


@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=5),
    window_bins=st.integers(1, 12),
    seed=st.integers(0, 10),
)
@settings(deadline=None)
def test_windows_equal_their_definition(lengths, window_bins, seed):
    segment = np.repeat(np.arange(len(lengths)) * 3 - 2, lengths)
    neural = np.random.default_rng(seed).poisson(2.0, (len(segment), 2)).astype(np.uint8)
    sums = window_sums(neural, segment, window_bins)
    assert sums.dtype == np.float32
    # Sums of small integers, scaled once: exact up to the rounding to float32.
    np.testing.assert_allclose(sums, naive_window_sums(neural, segment, window_bins), rtol=1e-6)


def test_a_window_of_one_bin_is_the_activity_itself():
    neural = np.arange(12, dtype=np.uint8).reshape(6, 2)
    np.testing.assert_array_equal(window_sums(neural, np.zeros(6, int), 1), neural)


def test_counts_beyond_their_type_are_summed():
    neural = np.full((10, 1), 255, np.uint8)
    np.testing.assert_array_equal(window_sums(neural, np.zeros(10, int), 10), 2550)


def test_constant_activity_is_constant_up_to_the_borders():
    neural = np.full((20, 3), 2, np.uint8)
    segment = np.repeat([4, 9], 10)
    np.testing.assert_array_equal(window_sums(neural, segment, 10), 20)


def test_activity_of_another_segment_is_not_seen():
    neural = np.zeros((20, 1), np.uint8)
    segment = np.repeat([0, 1], 10)
    quiet = window_sums(neural, segment, 6)[:10]
    loud = neural.copy()
    loud[10:] = 100
    np.testing.assert_array_equal(window_sums(loud, segment, 6)[:10], quiet)


@pytest.fixture
def neural():
    rng = np.random.default_rng(0)
    return (rng.standard_normal((60, 2)) @ rng.standard_normal((2, 6)) * 3).astype(np.float32)


def test_components_are_those_of_the_covariance_of_the_training_rows(neural):
    train = np.arange(0, 60, 2)
    features = pca_features(neural, neural[train], 2)
    assert (features.shape, features.dtype) == ((60, 2), np.float32)
    centred = neural.astype(float) - neural[train].astype(float).mean(axis=0)
    _, vectors = np.linalg.eigh(centred[train].T @ centred[train])
    expected = centred @ vectors[:, [-1, -2]]
    # A component has no sign. float32 features of size ~10.
    np.testing.assert_allclose(np.abs(features), np.abs(expected), atol=1e-4)


def test_test_rows_do_not_move_the_components(neural):
    train = np.arange(30)
    before = pca_features(neural, neural[train], 2)
    changed = neural.copy()
    changed[30:] = 1000 * np.random.default_rng(1).standard_normal((30, 6))
    np.testing.assert_array_equal(pca_features(changed, changed[train], 2)[:30], before[:30])


def test_training_rows_move_the_components(neural):
    before = pca_features(neural, neural[:30], 2)
    assert not np.allclose(pca_features(neural, neural[30:], 2)[:30], before[:30], atol=0.01)


def test_the_same_input_gives_the_same_bits(neural):
    first, again = (pca_features(neural, neural[:40], 3) for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_more_components_than_neurons_are_refused(neural):
    with pytest.raises(ValueError, match=r"at most the number of neurons \(6\), got 7"):
        pca_features(neural, neural[:30], 7)


def test_integer_counts_are_accepted():
    counts = np.random.default_rng(0).poisson(1.0, (40, 4)).astype(np.uint8)
    features = pca_features(counts, counts[:20], 3)
    assert np.isfinite(features).all()
    # Variances of the training rows fall from component to component.
    assert (np.diff(features[:20].var(axis=0)) <= 0).all()


def test_rows_of_another_recording_may_be_what_is_fitted(neural):
    other = neural[::-1] * 2 + 1
    features = pca_features(neural, other, 2)
    # the mean and the axes are those of the other one
    expected = pca_features(np.concatenate([neural, other]), other, 2)[: len(neural)]
    np.testing.assert_allclose(features, expected, atol=1e-4)  # float32 features of size ~10


SEGMENT = np.repeat([0, 1], 30)


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("raw", {}, lambda neural: neural),
        ("raw_window", {"bins": 4}, lambda neural: window_sums(neural, SEGMENT, 4)),
        ("pca", {"components": 2}, lambda neural: pca_features(neural, neural[:30], 2)),
        ("pca", {}, lambda neural: pca_features(neural, neural[:30], 3)),
    ],
)
def test_each_name_stands_for_its_features(neural, name, options, expected):
    features = baseline_features(name, neural, SEGMENT, neural[:30], **options)
    assert features.dtype == np.float32
    np.testing.assert_array_equal(features, expected(neural))


@pytest.mark.parametrize("name", FEATURES)
def test_only_what_is_said_to_be_transductive_lets_test_rows_move_training_rows(name, neural):
    options = {"raw_window": {"bins": 4}, "tsne": {"perplexity": 5, "max_iter": 250}}.get(name, {})
    if name == "umap":
        pytest.importorskip("umap", exc_type=ImportError)
    changed = neural.copy()
    changed[30:] = 100 * np.random.default_rng(1).standard_normal((30, 6))
    before, after = (
        baseline_features(name, one, SEGMENT, neural[:30], **options)[:30]
        for one in (neural, changed)
    )
    assert np.array_equal(before, after) == (name not in TRANSDUCTIVE)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("ica", {}, "no features 'ica'; there are raw, raw_window, pca, tsne, umap"),
        ("raw", {"bins": 3}, "features raw have no option bins; they take no options"),
        ("raw_window", {}, "features raw_window need bins; they take bins"),
        ("pca", {"n": 3}, "features pca have no option n; they take components"),
        ("raw_window", {"window": 3}, "raw_window have no option window, need bins; they take bin"),
    ],
)
def test_names_and_options_that_there_are_not_are_refused(name, options, message):
    with pytest.raises(ValueError, match=message):
        check_features(name, options)
    with pytest.raises(ValueError, match=message):
        baseline_features(name, np.zeros((4, 2)), np.zeros(4, int), np.zeros((2, 2)), **options)
