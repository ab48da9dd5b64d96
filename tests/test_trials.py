"""Trials as trajectories: what is stacked and averaged, and which arrays are refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cebra_kedro.trials import class_average, first_trials, stack_trials, trial_classes

BINS = 5
EIGHT = range(8)


def session(classes, dim=3, seed=0, first_id=10):
    """Values (time, dim), class (time,) and trial (time,) of trials of the given classes."""
    values = np.random.default_rng(seed).normal(size=(len(classes) * BINS, dim))
    trial = np.repeat(np.arange(first_id, first_id + len(classes)), BINS)
    return values, np.repeat(classes, BINS), trial


@given(st.lists(st.integers(0, 7), min_size=1, max_size=20), st.integers(1, 4))
def test_average_is_the_mean_over_the_rows_of_a_class_at_the_same_bin(classes, dim):
    values, label, trial = session(classes, dim)
    average = class_average(values, label, trial, classes=EIGHT)
    assert average.shape == (8, BINS, dim)
    bin_in_trial = np.arange(len(label)) % BINS
    for class_id in range(8):
        for time_bin in range(BINS):
            rows = (label == class_id) & (bin_in_trial == time_bin)
            if not rows.any():
                assert np.isnan(average[class_id, time_bin]).all()
                continue
            expected = values[rows].mean(axis=0)
            # The same float64 sums in another order.
            np.testing.assert_allclose(average[class_id, time_bin], expected, atol=1e-12)


def test_normalised_average_is_the_average_on_the_unit_sphere():
    values, label, trial = session([0, 3, 0, 3, 6])
    average = class_average(values, label, trial, classes=EIGHT)
    unit = class_average(values, label, trial, classes=EIGHT, normalise=True)
    there = [0, 3, 6]
    # Exact maths in float64.
    np.testing.assert_allclose(np.sum(unit[there] ** 2, axis=-1), 1.0, atol=1e-12)
    cosine = np.sum(unit * average, axis=-1) / np.sqrt(np.sum(average**2, axis=-1))
    np.testing.assert_allclose(cosine[there], 1.0, atol=1e-12)
    assert np.isnan(unit[[1, 2, 4, 5, 7]]).all()


def test_order_of_trials_does_not_move_the_average():
    values, label, trial = session([4, 1, 4, 4, 1])
    order = np.concatenate([np.flatnonzero(trial == i) for i in (13, 10, 14, 12, 11)])
    average = class_average(values, label, trial, classes=EIGHT)
    again = class_average(values[order], label[order], trial[order], classes=EIGHT)
    np.testing.assert_allclose(again, average, atol=1e-12)  # order of addition


def test_small_floats_are_averaged_in_double_precision():
    values, label, trial = session([2] * 4)
    average = class_average((values + 1000).astype(np.float32), label, trial, classes=[2])
    assert average.dtype == np.float64
    expected = (values + 1000).astype(np.float32).astype(float).reshape(4, BINS, 3).mean(axis=0)
    np.testing.assert_allclose(average[0], expected, rtol=1e-15)


def test_stacked_trials_are_the_rows_of_each_trial_in_order_of_the_recording():
    values, label, trial = session([4, 0, 7])
    trial = (100 - trial).astype(np.uint8)  # ids need not increase
    stacked = stack_trials(values, trial)
    for number, trial_id in enumerate((90, 89, 88)):
        np.testing.assert_array_equal(stacked[number], values[trial == trial_id])
    np.testing.assert_array_equal(trial_classes(label, trial), [4, 0, 7])
    assert stack_trials(label, trial).shape == (3, BINS)


def test_classes_may_be_any_ids_in_any_order():
    values, label, trial = session([150, -3])
    average = class_average(values, label, trial, classes=[-3, 7, 150])
    np.testing.assert_array_equal(average[[2, 0]], values.reshape(2, BINS, 3))
    assert np.isnan(average[1]).all()


@given(st.lists(st.integers(0, 7), max_size=40), st.integers(1, 5))
def test_first_trials_are_the_earliest_of_each_class(classes, per_class):
    chosen = first_trials(np.array(classes, int), per_class)
    # Oracle: a count kept while walking through the session.
    seen = dict.fromkeys(range(8), 0)
    expected = []
    for place, class_id in enumerate(classes):
        if seen[class_id] < per_class:
            expected.append(place)
        seen[class_id] += 1
    assert chosen.tolist() == expected


def test_inputs_stay_as_they_were():
    arrays = session([0, 1])
    copies = [array.copy() for array in arrays]
    class_average(*arrays, classes=EIGHT, normalise=True)
    for array, copy in zip(arrays, copies, strict=True):
        np.testing.assert_array_equal(array, copy)


VALUES, LABEL, TRIAL = session([0, 1, 2])


@pytest.mark.parametrize(
    ("values", "label", "trial", "message"),
    [
        (VALUES[:-2], LABEL[:-2], TRIAL[:-2], "got 5 in trial 10 and 3 in trial 12"),
        (VALUES[:-1], LABEL, TRIAL, "values must have 15 rows like trial, got 14"),
        (VALUES, LABEL[:-1], TRIAL, "label must have 15 rows like trial, got 14"),
        (VALUES, LABEL, np.where(TRIAL == 12, 10, TRIAL), "trial 10 in 2 runs"),
        (VALUES, LABEL, np.where(TRIAL == 12, 11, TRIAL), "got 5 in trial 10 and 10 in trial 11"),
        (VALUES, np.arange(15) % 8, TRIAL, r"\[0 1 2 3 4\] in trial 10"),
        (VALUES, LABEL + 6, TRIAL, r"ids of classes, 0, 1, .*7, got \[6 7 8\]"),
        (VALUES, LABEL - 1, TRIAL, "ids of classes"),
        (VALUES, LABEL * 1.0, TRIAL, "integer ids, got dtype float64"),
        (VALUES[:, 0], LABEL, TRIAL, r"array \(time, d\)"),
        (np.where(VALUES > 1, np.nan, VALUES), LABEL, TRIAL, "must be finite"),
        (VALUES[:0], LABEL[:0], TRIAL[:0], "non-empty"),
        (VALUES * 0, LABEL, TRIAL, "class 0 at bin 0 is zero"),
    ],
)
def test_wrong_arrays_are_refused_by_name(values, label, trial, message):
    with pytest.raises(ValueError, match=message):
        class_average(values, label, trial, classes=EIGHT, normalise=True)


def test_no_trials_per_class_is_refused():
    with pytest.raises(ValueError, match="per_class must be at least 1, got 0"):
        first_trials(np.arange(8), 0)
