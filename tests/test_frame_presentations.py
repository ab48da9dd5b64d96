from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cebra_kedro.presentations import average_over_frames


def presentations(bins_per_presentation, n_frames, dim=3, seed=0, dtype=float):
    """Bins of a movie whose presentations have the given lengths, in order of time."""
    lengths = np.asarray(bins_per_presentation)
    number = np.repeat(np.arange(len(lengths)), lengths)
    values = np.random.default_rng(seed).normal(10, 3, (len(number), dim)).astype(dtype)
    return values, number % n_frames, number // n_frames, number


@settings(deadline=None)
@given(
    lengths=st.lists(st.integers(1, 6), min_size=1, max_size=40),
    n_frames=st.integers(2, 9),
    dtype=st.sampled_from([np.float64, np.float32, np.uint8]),
)
def test_each_presentation_is_the_mean_of_its_own_bins(lengths, n_frames, dtype):
    values, frame, repeat, number = presentations(lengths, n_frames, dtype=dtype)
    shown = average_over_frames(values, frame, repeat)
    expected = np.stack([values[number == i].mean(axis=0) for i in range(len(lengths))])
    # means of up to 6 values near 10, in float32 where the values are no float64
    np.testing.assert_allclose(shown.values, expected, rtol=1e-12 if dtype is np.float64 else 1e-6)
    np.testing.assert_array_equal(shown.frame, np.arange(len(lengths)) % n_frames)
    np.testing.assert_array_equal(shown.repeat, np.arange(len(lengths)) // n_frames)
    np.testing.assert_array_equal(number[shown.first_bin], np.arange(len(lengths)))


def test_one_bin_per_frame_passes_unchanged():
    values, frame, repeat, _ = presentations([1] * 12, 4, dtype=np.float32)
    shown = average_over_frames(values, frame, repeat)
    np.testing.assert_array_equal(shown.values, values)
    assert shown.values.dtype == np.float32


def test_large_counts_do_not_overflow_their_small_type():
    values = np.full((6, 1), 250, np.uint8)
    shown = average_over_frames(values, np.array([0, 0, 0, 1, 1, 1]), np.zeros(6, np.uint8))
    np.testing.assert_array_equal(shown.values, [[250], [250]])


def test_the_last_frame_of_a_repeat_and_the_same_frame_at_the_next_stay_apart():
    frame, repeat = np.array([2, 2, 2, 2]), np.array([0, 0, 1, 1])
    shown = average_over_frames(np.array([[1.0], [3.0], [5.0], [7.0]]), frame, repeat)
    np.testing.assert_array_equal(shown.values, [[2], [6]])


@pytest.mark.parametrize(
    ("frame", "repeat", "message"),
    [
        ([0, 0, 1], [0, 0, 0, 0], r"frame must have shape \(4,\)"),
        ([0, 0, 1, 1], [0, 0, 0], r"repeat must have shape \(4,\)"),
        ([0.0, 0.0, 1.0, 1.0], [0] * 4, "frame must hold integer ids, got dtype float64"),
        ([-1, 0, 1, 1], [0] * 4, "ids from 0 on, got -1; drop the bins without the movie"),
        ([0, 1, 0, 1], [3] * 4, "frame 0 comes back within repeat 3"),
    ],
)
def test_wrong_ids_are_refused_by_name(frame, repeat, message):
    with pytest.raises(ValueError, match=message):
        average_over_frames(np.zeros((4, 2)), np.array(frame), np.array(repeat))
