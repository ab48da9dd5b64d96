"""Activity during a movie, and the map of its frames."""

from dataclasses import replace

import movie_results
import numpy as np
import pytest

from cebra_kedro.plots.movie import (
    activity_figure,
    movie_map_figure,
    plot_movie_activity,
    plot_movie_map,
)
from cebra_kedro.plots.movie_data import movie_activity, movie_map
from cebra_kedro.plots.results import Variant


def activity(population="ca"):
    return movie_activity(movie_results.recording("VISp", population), 2)


def without_labels(*names):
    def recording(session, population):
        usual = movie_results.recording(session, population)
        kept = {name: label for name, label in usual.labels.items() if name not in names}
        return replace(usual, labels=kept)

    return movie_results.results(recording=recording)


def test_time_runs_in_seconds_and_neurons_from_top_to_bottom():
    shown = activity("neuropixels")
    drawn = plot_movie_activity(shown, name="spikes")
    left, right, bottom, top = drawn.ax.images[0].get_extent()
    # 90 frames at 30 Hz are 3 s
    assert (left, right) == pytest.approx((0, 3), abs=1e-12)
    assert (bottom, top) == (20, 0)
    np.testing.assert_array_equal(drawn.ax.images[0].get_array(), shown.activity.T)
    assert (np.diff(drawn.data["peak_s"]) > 0).all()
    assert drawn.ax.get_xlabel() == "time since the start of the movie (s)"
    assert drawn.ax.get_title() == "spikes: 90 frames in 360 bins at 120 Hz"


def test_populations_stand_below_each_other_on_one_time_axis():
    figure = activity_figure(movie_results.results(), "VISp")
    calcium, spikes, bar = figure.axes
    assert calcium.get_title() == "Ca²⁺: 90 frames in 90 bins at 30 Hz"
    assert spikes.get_title() == "Neuropixels: 90 frames in 360 bins at 120 Hz"
    # the same 3 s, counted in bins of other widths
    assert calcium.get_xlim() == pytest.approx(spikes.get_xlim(), abs=1e-12)
    assert calcium.get_xlabel() == ""
    assert "share of each neuron's maximum" in bar.get_ylabel()
    assert figure.get_suptitle() == "VISp: activity in the test repeat"
    figure.draw_without_rendering()


def test_the_repeat_shown_is_that_of_the_test():
    rng = np.random.default_rng(0)

    def recording(session, population):
        usual = movie_results.recording(session, population)
        return replace(usual, neural=usual.neural + rng.random(usual.neural.shape))

    made = {name: recording("VISp", name) for name in ("ca", "neuropixels")}
    results = movie_results.results(recording=lambda session, population: made[population])
    image = activity_figure(results, "VISp", smoothing_s=0.1).axes[0].images[0]
    # `part` says: the last but one of four repeats
    expected = movie_activity(made["ca"], 2, smoothing_s=0.1).activity
    np.testing.assert_array_equal(image.get_array(), expected.T)


def test_a_session_with_one_recording_is_named_by_itself():
    results = movie_results.results(
        variants=(Variant("time", "encoder"),),
        recording=lambda session, population: movie_results.recording(session, "ca"),
        part=lambda session, population: movie_results.part(session, "ca"),
    )
    figure = activity_figure(results, "VISp")
    assert figure.axes[0].get_title() == "VISp: 90 frames in 90 bins at 30 Hz"


def test_without_a_movie_there_is_no_figure():
    assert activity_figure(without_labels("repeat"), "VISp") is None
    assert movie_map_figure(without_labels("features")) is None
    with pytest.raises(ValueError, match="activity is that of one session"):
        activity_figure(movie_results.results(), None)


def test_the_map_is_that_of_the_features_of_each_frame():
    results = movie_results.results()
    figure = movie_map_figure(results, seed=3, perplexity=10.0)
    features = results.recording("VISp", "ca").label("features").table
    expected = movie_map(features, seed=3, perplexity=10.0)
    np.testing.assert_array_equal(figure.axes[0].collections[0].get_offsets(), expected)
    with pytest.raises(ValueError, match="lower perplexity"):
        movie_map_figure(results, perplexity=90.0)


def test_the_map_shows_every_frame_in_its_colour():
    points = np.random.default_rng(0).normal(size=(90, 2))
    drawn = plot_movie_map(points)
    dots = drawn.ax.collections[0]
    np.testing.assert_array_equal(dots.get_offsets(), points)
    np.testing.assert_array_equal(dots.get_array(), np.arange(90))
    np.testing.assert_array_equal(drawn.ax.lines[0].get_xydata(), points)
    assert drawn.figure.axes[-1].get_ylabel() == "frame (of 90 frames at 30 Hz)"


def test_points_that_are_no_map_are_refused():
    with pytest.raises(ValueError, match=r"points must be an array \(frame, 2\)"):
        plot_movie_map(np.zeros((90, 3)))
