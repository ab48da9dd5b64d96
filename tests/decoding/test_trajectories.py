"""Trials as trajectories: what is stacked and averaged, and which arrays are refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cebra_kedro.decoding.trajectories import (
    direction_average,
    first_trials,
    stack_trials,
    trial_targets,
)

BINS = 5


def session(targets, dim=3, seed=0, first_id=10):
    """Values (time, dim), target (time,) and trial (time,) of trials of the given targets."""
    values = np.random.default_rng(seed).normal(size=(len(targets) * BINS, dim))
    trial = np.repeat(np.arange(first_id, first_id + len(targets)), BINS)
    return values, np.repeat(targets, BINS), trial


@given(st.lists(st.integers(0, 7), min_size=1, max_size=20), st.integers(1, 4))
def test_average_is_the_mean_over_the_rows_of_a_direction_at_the_same_bin(targets, dim):
    values, target, trial = session(targets, dim)
    average = direction_average(values, target, trial, BINS)
    assert average.shape == (8, BINS, dim)
    bin_in_trial = np.arange(len(target)) % BINS
    for direction in range(8):
        for time_bin in range(BINS):
            rows = (target == direction) & (bin_in_trial == time_bin)
            if not rows.any():
                assert np.isnan(average[direction, time_bin]).all()
                continue
            expected = values[rows].mean(axis=0)
            # The same float64 sums in another order.
            np.testing.assert_allclose(average[direction, time_bin], expected, atol=1e-12)


def test_normalised_average_is_the_average_on_the_unit_sphere():
    values, target, trial = session([0, 3, 0, 3, 6])
    average = direction_average(values, target, trial, BINS)
    unit = direction_average(values, target, trial, BINS, normalise=True)
    there = [0, 3, 6]
    # Exact maths in float64.
    np.testing.assert_allclose(np.sum(unit[there] ** 2, axis=-1), 1.0, atol=1e-12)
    cosine = np.sum(unit * average, axis=-1) / np.sqrt(np.sum(average**2, axis=-1))
    np.testing.assert_allclose(cosine[there], 1.0, atol=1e-12)
    assert np.isnan(unit[[1, 2, 4, 5, 7]]).all()


def test_order_of_trials_does_not_move_the_average():
    values, target, trial = session([4, 1, 4, 4, 1])
    order = np.concatenate([np.flatnonzero(trial == i) for i in (13, 10, 14, 12, 11)])
    average = direction_average(values, target, trial, BINS)
    again = direction_average(values[order], target[order], trial[order], BINS)
    np.testing.assert_allclose(again, average, atol=1e-12)  # order of addition


def test_small_floats_are_averaged_in_double_precision():
    values, target, trial = session([2] * 4)
    average = direction_average((values + 1000).astype(np.float32), target, trial, BINS)
    assert average.dtype == np.float64
    expected = (values + 1000).astype(np.float32).astype(float).reshape(4, BINS, 3).mean(axis=0)
    np.testing.assert_allclose(average[2], expected, rtol=1e-15)


def test_stacked_trials_are_the_rows_of_each_trial_in_order_of_the_recording():
    values, target, trial = session([4, 0, 7])
    trial = (100 - trial).astype(np.uint8)  # ids need not increase
    stacked = stack_trials(values, trial, BINS)
    for number, trial_id in enumerate((90, 89, 88)):
        np.testing.assert_array_equal(stacked[number], values[trial == trial_id])
    np.testing.assert_array_equal(trial_targets(target, trial, BINS), [4, 0, 7])
    assert stack_trials(target, trial, BINS).shape == (3, BINS)


def test_more_directions_than_eight_are_averaged_on_request():
    values, target, trial = session([15, 0])
    average = direction_average(values, target, trial, BINS, n_directions=16)
    np.testing.assert_array_equal(average[15], values[:BINS])


@given(st.lists(st.integers(0, 7), max_size=40), st.integers(1, 5))
def test_first_trials_are_the_earliest_of_each_direction(targets, per_direction):
    chosen = first_trials(np.array(targets, int), per_direction)
    # Oracle: a count kept while walking through the session.
    seen = dict.fromkeys(range(8), 0)
    expected = []
    for place, target in enumerate(targets):
        if seen[target] < per_direction:
            expected.append(place)
        seen[target] += 1
    assert chosen.tolist() == expected


def test_inputs_stay_as_they_were():
    arrays = session([0, 1])
    copies = [array.copy() for array in arrays]
    direction_average(*arrays, BINS, normalise=True)
    for array, copy in zip(arrays, copies, strict=True):
        np.testing.assert_array_equal(array, copy)


VALUES, TARGET, TRIAL = session([0, 1, 2])


@pytest.mark.parametrize(
    ("values", "target", "trial", "message"),
    [
        (VALUES[:-2], TARGET[:-2], TRIAL[:-2], "got 3 in trial 12"),
        (VALUES[:-1], TARGET, TRIAL, "values must have 15 rows like trial, got 14"),
        (VALUES, TARGET[:-1], TRIAL, "target must have 15 rows like trial, got 14"),
        (VALUES, TARGET, np.where(TRIAL == 12, 10, TRIAL), "trial 10 in 2 runs"),
        (VALUES, TARGET, np.where(TRIAL == 12, 11, TRIAL), "got 10 in trial 11"),
        (VALUES, np.arange(15) % 8, TRIAL, r"\[0 1 2 3 4\] in trial 10"),
        (VALUES, TARGET + 6, TRIAL, r"in 0 … 7, got \[6 7 8\]"),
        (VALUES, TARGET - 1, TRIAL, "in 0 … 7"),
        (VALUES, TARGET * 1.0, TRIAL, "integer ids, got dtype float64"),
        (VALUES[:, 0], TARGET, TRIAL, r"array \(time, d\)"),
        (np.where(VALUES > 1, np.nan, VALUES), TARGET, TRIAL, "must be finite"),
        (VALUES[:0], TARGET[:0], TRIAL[:0], "non-empty"),
        (VALUES * 0, TARGET, TRIAL, "direction 0 at bin 0 is zero"),
    ],
)
def test_wrong_arrays_are_refused_by_name(values, target, trial, message):
    with pytest.raises(ValueError, match=message):
        direction_average(values, target, trial, BINS, normalise=True)


def test_no_trials_per_direction_is_refused():
    with pytest.raises(ValueError, match="per_direction must be at least 1, got 0"):
        first_trials(np.arange(8), 0)
