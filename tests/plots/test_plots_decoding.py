"""Decoded against true position along concatenated test trials."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from cebra_kedro.plots import plot_decoded_position

BIN_S = 0.025


def traces(trials, bins_per_trial=4):
    """Time, true and decoded position of the named trials of a session."""
    bins = np.concatenate([np.arange(bins_per_trial) + t * bins_per_trial for t in trials])
    true = np.abs(np.sin(bins / 5.0))
    return bins * BIN_S, true, true + 0.1


def join_positions(ax):
    lines = [line for line in ax.lines if line.get_color() == "0.75"]
    return [line.get_xdata()[0] for line in lines]


@settings(max_examples=40)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=8, unique=True).map(sorted))
def test_stretches_are_runs_of_neighbouring_trials(trials):
    runs = 1 + sum(b - a > 1 for a, b in itertools.pairwise(trials))
    ids = np.repeat(trials, 4)
    time_s, true, predicted = traces(trials)
    by_time = plot_decoded_position(time_s, true, predicted)
    # The same trials, where the caller has already laid the time end to end.
    end_to_end_s = np.arange(len(ids)) * BIN_S
    by_trial = plot_decoded_position(end_to_end_s, true, predicted, trial=ids)
    for drawn in (by_time, by_trial):
        assert drawn.data["stretch"].nunique() == runs
        assert len(join_positions(drawn.ax)) == runs - 1


def test_trials_are_laid_end_to_end_in_seconds_with_lines_at_the_joins():
    time_s, true, predicted = traces([0, 1, 5, 9])
    drawn = plot_decoded_position(time_s, true, predicted)
    # Times are sums of 25 ms steps in float64.
    np.testing.assert_allclose(drawn.data["test_time_s"], np.arange(16) * BIN_S, atol=1e-12)
    np.testing.assert_allclose(join_positions(drawn.ax), [8 * BIN_S, 12 * BIN_S], atol=1e-12)
    np.testing.assert_array_equal(drawn.data["time_s"], time_s)
    np.testing.assert_array_equal(drawn.data["stretch"], np.repeat([0, 0, 1, 2], 4))


def test_no_line_of_true_position_crosses_a_join():
    drawn = plot_decoded_position(*traces([0, 5, 9]))
    black = [line for line in drawn.ax.lines if line.get_color() == "black"]
    assert [len(line.get_xdata()) for line in black] == [4, 4, 4]
    np.testing.assert_array_equal(
        np.concatenate([line.get_ydata() for line in black]), drawn.data["true"]
    )


def test_boolean_trial_marks_the_first_bin_after_a_join():
    n = 10
    starts = np.zeros(n, bool)
    starts[[0, 3, 7]] = True
    drawn = plot_decoded_position(np.arange(n) * 1.0, np.zeros(n), np.zeros(n), trial=starts)
    assert drawn.data["stretch"].tolist() == [0, 0, 0, 1, 1, 1, 1, 2, 2, 2]


def test_legend_names_true_and_decoded_once_and_axes_have_units():
    drawn = plot_decoded_position(*traces([0, 5]), unit="cm", title="buddy, fold 0")
    assert [t.get_text() for t in drawn.ax.get_legend().get_texts()] == ["true", "decoded"]
    assert drawn.ax.get_ylabel() == "position (cm)"
    assert drawn.ax.get_xlabel().endswith("(s)")
    assert drawn.ax.get_title(loc="left") == "buddy, fold 0"


def test_given_axes_are_used():
    ax = Figure().subplots()
    assert plot_decoded_position(*traces([0]), ax=ax).ax is ax


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"time_s": np.zeros(1)}, "n >= 2"),
        ({"true": np.zeros(3)}, "true must have shape"),
        ({"predicted": np.zeros((4, 1))}, "predicted must have shape"),
        ({"trial": np.zeros(5, int)}, "trial must have shape"),
        ({"time_s": np.array([0.0, 1.0, 1.0, 2.0])}, "time_s must increase"),
        ({"time_s": np.array([0.0, 1.0, np.nan, 2.0])}, "time_s must increase"),
    ],
)
def test_wrong_input_is_refused_by_name(arguments, message):
    valid = {"time_s": np.arange(4.0), "true": np.zeros(4), "predicted": np.zeros(4)}
    with pytest.raises(ValueError, match=message):
        plot_decoded_position(**{**valid, **arguments})
