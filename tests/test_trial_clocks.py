"""Clocks start anew in each trial: seconds, or the share of the trial that has passed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cebra_kedro.recording import Label, Recording, RecordingError
from cebra_kedro.trial_clocks import TRIAL_CLOCKS, read_clock

LENGTHS = st.lists(st.integers(1, 9), min_size=1, max_size=8)


def recorded(trial, **labels):
    return Recording(np.ones((4, 2)), labels, 0.5, "buddy", trial)


@given(LENGTHS, st.permutations(range(8)))
def test_a_clock_counts_the_bins_of_each_trial_whatever_its_id(lengths, ids):
    trial = np.repeat(ids[: len(lengths)], lengths)
    bins = np.concatenate([np.arange(length) for length in lengths])
    np.testing.assert_allclose(read_clock("time_in_trial", trial, 0.2), 0.2 * bins, rtol=1e-15)
    last = np.repeat(np.maximum(np.array(lengths) - 1, 1), lengths)
    np.testing.assert_allclose(read_clock("phase_of_trial", trial, 0.2), bins / last, rtol=1e-15)


def test_every_recording_with_trials_has_both_clocks():
    clocks = [recorded(np.array([3, 3, 3, 1])).label(name) for name in TRIAL_CLOCKS]
    assert [clock.values.tolist() for clock in clocks] == [[0, 0.5, 1, 0], [0, 0.5, 1, 0]]
    assert [(clock.kind, clock.unit) for clock in clocks] == [
        ("continuous", "s"),
        ("continuous", ""),
    ]


def test_a_recording_without_trials_has_no_clock():
    with pytest.raises(RecordingError, match="time_in_trial needs trials, but recording buddy has"):
        recorded(None).label("time_in_trial")


def test_a_label_of_the_recording_goes_before_a_clock_of_its_name():
    own = Label(np.arange(4.0), "continuous", "min")
    assert recorded(np.zeros(4, int), time_in_trial=own).label("time_in_trial") is own
