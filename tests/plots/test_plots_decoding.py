"""Decoded against true values: traces of test rows laid end to end, and classes."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import rat_results
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from cebra_kedro.plots.decoded_classes import plot_confusion, plot_decoded_ids
from cebra_kedro.plots.decoded_traces import plot_decoded
from cebra_kedro.plots.decoding import decoded_figure, error_text
from cebra_kedro.plots.results import Predicted
from cebra_kedro.plots.style import colours
from cebra_kedro.recording import Label

BIN_S = 0.025
CM = Label(np.zeros(1), "continuous", "cm")


def traces(trials, bins_per_trial=4):
    """Time, true and decoded position of the named trials of a session."""
    bins = np.concatenate([np.arange(bins_per_trial) + t * bins_per_trial for t in trials])
    true = np.abs(np.sin(bins / 5.0))
    return bins * BIN_S, true, true + 0.1


def trace(*arrays, **options):
    return plot_decoded(*arrays, **{"name": "position"} | options)


def join_positions(ax):
    lines = [line for line in ax.lines if line.get_color() == "0.75"]
    return [line.get_xdata()[0] for line in lines]


@settings(max_examples=40)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=8, unique=True).map(sorted))
def test_stretches_are_runs_of_neighbouring_trials(trials):
    runs = 1 + sum(b - a > 1 for a, b in itertools.pairwise(trials))
    ids = np.repeat(trials, 4)
    time_s, true, predicted = traces(trials)
    by_time = trace(time_s, true, predicted)
    # The same trials, where the caller has already laid the time end to end.
    end_to_end_s = np.arange(len(ids)) * BIN_S
    by_trial = trace(end_to_end_s, true, predicted, trial=ids)
    for drawn in (by_time, by_trial):
        assert drawn.data["stretch"].nunique() == runs
        assert len(join_positions(drawn.ax)) == runs - 1


def test_trials_are_laid_end_to_end_in_seconds_with_lines_at_the_joins():
    time_s, true, predicted = traces([0, 1, 5, 9])
    drawn = trace(time_s, true, predicted)
    # Times are sums of 25 ms steps in float64.
    np.testing.assert_allclose(drawn.data["test_time_s"], np.arange(16) * BIN_S, atol=1e-12)
    np.testing.assert_allclose(join_positions(drawn.ax), [8 * BIN_S, 12 * BIN_S], atol=1e-12)
    np.testing.assert_array_equal(drawn.data["time_s"], time_s)
    np.testing.assert_array_equal(drawn.data["stretch"], np.repeat([0, 0, 1, 2], 4))


def test_no_line_of_true_position_crosses_a_join():
    drawn = trace(*traces([0, 5, 9]))
    black = [line for line in drawn.ax.lines if line.get_color() == "black"]
    assert [len(line.get_xdata()) for line in black] == [4, 4, 4]
    np.testing.assert_array_equal(
        np.concatenate([line.get_ydata() for line in black]), drawn.data["true"]
    )


def test_boolean_trial_marks_the_first_bin_after_a_join():
    n = 10
    starts = np.zeros(n, bool)
    starts[[0, 3, 7]] = True
    drawn = trace(np.arange(n) * 1.0, np.zeros(n), np.zeros(n), trial=starts)
    assert drawn.data["stretch"].tolist() == [0, 0, 0, 1, 1, 1, 1, 2, 2, 2]


def test_legend_names_true_and_decoded_once_and_axes_have_units():
    drawn = trace(*traces([0, 5]), label=CM, title="buddy, fold 0")
    assert [t.get_text() for t in drawn.ax.get_legend().get_texts()] == ["true", "decoded"]
    assert drawn.ax.get_ylabel() == "position (cm)"
    assert drawn.ax.get_xlabel().endswith("(s)")
    assert drawn.ax.get_title(loc="left") == "buddy, fold 0"


def test_given_axes_are_used():
    ax = Figure().subplots()
    assert trace(*traces([0]), ax=ax).ax is ax


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
        trace(**{**valid, **arguments})


def test_angles_are_drawn_within_one_turn_and_no_line_falls_from_its_end():
    true = np.array([6.0, 6.2, 6.4, 6.6])  # passes 2π between the second and the third
    label = Label(true, "circular", "rad")
    drawn = trace(np.arange(4.0), true, true - 7, name="heading", label=label)
    np.testing.assert_allclose(drawn.data["true"], true % (2 * np.pi))
    np.testing.assert_allclose(drawn.data["predicted"], (true - 7) % (2 * np.pi))
    (line,) = [line for line in drawn.ax.lines if line.get_color() == "black"]
    assert np.isnan(line.get_ydata()).tolist() == [False, False, True, False]
    assert [t.get_text() for t in drawn.ax.get_yticklabels()] == ["0", "π", "2π"]


def test_angles_given_in_degrees_are_drawn_in_degrees():
    true = np.array([6.0, 6.2, 6.4, 6.6])  # rad, passes a turn between the second and the third
    label = Label(true, "circular", "deg")
    drawn = trace(np.arange(4.0), true, true - 7, name="heading", label=label)
    np.testing.assert_allclose(drawn.data["true"], np.rad2deg(true) % 360)
    np.testing.assert_allclose(drawn.data["predicted"], np.rad2deg(true - 7) % 360)
    (line,) = [line for line in drawn.ax.lines if line.get_color() == "black"]
    assert np.isnan(line.get_ydata()).tolist() == [False, False, True, False]
    assert [t.get_text() for t in drawn.ax.get_yticklabels()] == ["0", "180", "360"]
    assert drawn.ax.get_ylabel() == "heading (deg)"
    low, high = drawn.ax.get_ylim()
    assert low < 0
    assert high > 360


@pytest.mark.parametrize(("unit", "text"), [("rad", "0.50 rad"), ("deg", "28.6 deg")])
def test_the_mean_error_of_an_angle_is_in_the_unit_of_the_label(unit, text):
    true = np.array([0.1, 6.2])
    label = Label(true, "circular", unit)
    off = np.array([0.5, 2 * np.pi - 0.5])
    assert error_text(true, true + off, label) == f"mean error {text}"


def test_long_names_of_classes_end_with_dots_and_stand_upright_where_they_are_wide():
    true = np.array([0, 1])
    names = ["retrosplenial cortex, dysgranular", "CA1"]
    ax = plot_confusion(true, true, name="region", names=names).ax
    below = ax.get_xticklabels()
    assert [one.get_text() for one in below] == ["retrosplenial cortex, d…", "CA1"]
    assert {one.get_rotation() for one in below} == {90}
    ax = plot_confusion(true, true, name="region", names=["CA3", "CA1"]).ax
    assert {one.get_rotation() for one in ax.get_xticklabels()} == {0}


def test_names_of_classes_stand_once_a_row_and_once_a_column():
    figure = decoded_figure(rat_results.results(), "buddy", labels=["target"])
    panels = [ax for ax in figure.axes if ax.images]
    assert len(panels) == 7  # two rows: four, and three
    left = [ax.yaxis.get_tick_params()["labelleft"] for ax in panels]
    below = [ax.xaxis.get_major_ticks()[0].label1.get_visible() for ax in panels]
    assert left == [True, False, False, False, True, False, False]
    assert below == [False, False, False, True, True, True, True]


def test_confusion_holds_shares_of_each_true_class():
    true = np.array([0, 0, 0, 0, 2, 2])
    predicted = np.array([0, 0, 0, 2, 2, 1])
    drawn = plot_confusion(true, predicted, name="target", ids=np.arange(4))
    expected = [[75, 0, 25, 0], [np.nan] * 4, [0, 50, 50, 0], [np.nan] * 4]
    np.testing.assert_array_equal(drawn.data.to_numpy(), expected)
    np.testing.assert_array_equal(drawn.ax.images[0].get_array().filled(np.nan), expected)
    assert (drawn.ax.get_xlabel(), drawn.ax.get_ylabel()) == ("decoded target", "true target")
    written = {t.get_position()[::-1]: t.get_text() for t in drawn.ax.texts}
    assert written[0, 2] == "25"
    assert len(written) == 8


def test_many_classes_are_dots_at_their_ids():
    true, predicted = np.arange(50), np.arange(50)[::-1]
    drawn = plot_decoded_ids(true, predicted, name="frame")
    offsets = drawn.ax.collections[0].get_offsets()
    np.testing.assert_array_equal(offsets, np.column_stack([true, predicted]))
    np.testing.assert_array_equal(drawn.data, np.column_stack([true, predicted]))


def test_classes_of_a_confusion_are_called_by_their_names():
    true = np.array([0, 1, 1])
    drawn = plot_confusion(true, true, name="side", names=["left", "right"])
    ticks = [text.get_text() for text in drawn.axes[0].get_xticklabels()]
    assert ticks == ["left", "right"]


@pytest.mark.parametrize("plot", [plot_confusion, plot_decoded_ids])
def test_classes_that_do_not_pair_are_refused(plot):
    for true, predicted in ((np.zeros(0, int),) * 2, (np.zeros(2, int), np.zeros(3, int))):
        with pytest.raises(ValueError, match="true and predicted must be"):
            plot(true, predicted, name="target")
    with pytest.raises(ValueError, match=r"every class \(\[0, 5\]\)"):
        plot_confusion(np.array([0]), np.array([5]), name="target", ids=np.arange(3))


@pytest.mark.parametrize(
    ("kind", "true", "predicted", "text"),
    [
        ("continuous", [0.0, 0.0, 0.0], [0.1, -0.2, 0.9], "median error 0.200 m"),
        ("continuous", [[0.0, 0.0]] * 2, [[0.3, 0.4]] * 2, "median error 0.500 m"),
        ("circular", [0.1, 0.1], [2 * np.pi - 0.1, 0.3], "mean error 0.20 rad"),
        ("discrete", [1, 1, 2, 3], [1, 2, 2, 3], "75.0 % right"),
    ],
)
def test_titles_say_how_far_off_by_kind_of_label(kind, true, predicted, text):
    label = Label(np.array(true), kind, "" if kind == "discrete" else "m")
    assert error_text(np.array(true), np.array(predicted), label) == text


def panels(figure):
    """Axes but colour bars."""
    return [ax for ax in figure.axes if ax.get_label() != "<colorbar>"]


def test_each_variant_has_a_row_with_its_own_error_in_its_own_colour():
    off = {"position": 0.25, "pca": -0.5}

    def predicted(session, variant, label):
        if label != "position" or variant not in off:
            return None
        true = rat_results.recording().labels[label].values[300:]
        return Predicted(np.arange(300, 400), true, {"knn": true + off[variant]})

    figure = decoded_figure(rat_results.results(predicted=predicted), "buddy")
    first, last = panels(figure)
    assert [ax.get_title(loc="left") for ax in (first, last)] == [
        "position: median error 0.250 m",
        "PCA: median error 0.500 m",
    ]
    assert figure.get_suptitle().startswith("buddy: decoded position by knn")
    assert first.get_xlim() == last.get_xlim()
    assert first.get_ylim() == last.get_ylim()
    assert (first.get_xlabel(), last.get_xlabel()) == ("", "test time, end to end (s)")
    assert (first.get_legend() is None, last.get_legend() is None) == (False, True)
    dots = [line.get_color() for line in last.lines if line.get_marker() == "."]
    assert set(dots) == {colours(rat_results.VARIANTS)["pca"]}


def test_the_name_of_a_label_is_no_longer_than_its_panel():
    true = rat_results.recording().labels["position"].values[300:400]
    label = replace(rat_results.recording().labels["position"], unit="cm/s")
    recording = replace(rat_results.recording(), labels={"smoothed_running_speed": label})
    results = replace(
        rat_results.results(
            predicted=lambda *_: Predicted(np.arange(300, 400), true, {"knn": true + 0.1})
        ),
        recording=lambda *_: recording,
    )
    figure = decoded_figure(results, "buddy")
    figure.canvas.draw()
    for ax in panels(figure):
        assert ax.get_ylabel().split("\n") == ["smoothed", "running", "speed (cm/s)"]
        name = ax.yaxis.label.get_window_extent()
        assert name.height <= 1.05 * ax.get_window_extent().height


def test_kinds_of_labels_are_drawn_in_their_own_ways():
    labels = ["hand", "heading", "target", "frame", "not_there"]
    figure = decoded_figure(rat_results.results(), "buddy", labels=labels)
    figure.canvas.draw()
    n = len(rat_results.VARIANTS)
    axes = panels(figure)
    assert len(axes) == 2 * n + n + n + n
    assert [ax.get_ylabel() for ax in axes[:2]] == ["hand x (cm)", "hand y (cm)"]
    assert {bool(ax.images) for ax in axes[3 * n : 4 * n]} == {True}
    assert {len(ax.collections) for ax in axes[4 * n :]} == {1}
    assert len(figure.axes) == len(axes) + 1  # the colour bar of confusions
    assert figure.subfigs[2].get_suptitle() == "target (knn)"


def test_all_decoded_labels_are_drawn_unless_named():
    figure = decoded_figure(rat_results.results(), "buddy")
    names = [part.get_suptitle().split()[0] for part in figure.subfigs]
    assert names == ["position", "hand", "heading", "direction", "target", "frame"]


def test_the_decoder_can_be_chosen_and_must_be_there():
    figure = decoded_figure(rat_results.results(), "buddy", labels=["position"], decoder="ridge")
    true, predicted = (
        rat_results.predicted("buddy", "position", "position").true,
        rat_results.predicted("buddy", "position", "position").predicted["ridge"],
    )
    (dots,) = [line for line in panels(figure)[1].lines if line.get_marker() == "."]
    np.testing.assert_array_equal(dots.get_ydata(), predicted)
    assert len(true) == len(predicted)
    with pytest.raises(ValueError, match="decoder must be one of knn, ridge, got 'bayes'"):
        decoded_figure(rat_results.results(), "buddy", decoder="bayes")


def test_without_a_decoded_label_there_is_no_figure():
    assert decoded_figure(rat_results.results(), "buddy", labels=["not_there"]) is None
    nothing = rat_results.results(predicted=lambda *_: None)
    assert decoded_figure(nothing, "buddy") is None
