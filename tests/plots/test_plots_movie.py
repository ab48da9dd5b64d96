"""Activity during a movie, and the map of its frames."""

import numpy as np
import pytest

from cebra_kedro.plots import figure_movie_activity, plot_movie_activity, plot_movie_map


def activity(n_frames=90, n_neurons=20, bins_per_frame=1):
    """One neuron after the other, each with one bump."""
    frame = np.repeat(np.arange(n_frames), bins_per_frame)
    peak = np.linspace(5, n_frames - 6, n_neurons).round()
    return {
        "activity": np.exp(-(((frame[:, None] - peak) / 3) ** 2)),
        "frame": frame,
        "bin_width_s": 1 / 30 / bins_per_frame,
    }


def test_time_runs_in_seconds_and_neurons_from_top_to_bottom():
    shown = activity(bins_per_frame=4)
    drawn = plot_movie_activity(**shown, modality="neuropixels")
    left, right, bottom, top = drawn.ax.images[0].get_extent()
    # 90 frames at 30 Hz are 3 s
    assert (left, right) == pytest.approx((0, 3), abs=1e-12)
    assert (bottom, top) == (20, 0)
    np.testing.assert_array_equal(drawn.ax.images[0].get_array(), shown["activity"].T)
    assert (np.diff(drawn.data["peak_s"]) > 0).all()
    assert drawn.ax.get_xlabel() == "time since the start of the movie (s)"
    assert drawn.ax.get_title() == "Neuropixels spikes: 90 frames in 360 bins at 120 Hz"


def test_modalities_stand_below_each_other_on_one_time_axis():
    figure = figure_movie_activity(
        {"neuropixels": activity(bins_per_frame=4), "ca": activity()}, title="VISp"
    )
    calcium, spikes, bar = figure.axes
    assert calcium.get_title().startswith("Ca²⁺ events: 90 frames in 90 bins at 30 Hz")
    # the same 3 s, counted in bins of other widths
    assert calcium.get_xlim() == pytest.approx(spikes.get_xlim(), abs=1e-12)
    assert calcium.get_xlabel() == ""
    assert "share of each neuron's maximum" in bar.get_ylabel()
    figure.canvas.draw()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"frame": np.arange(5)}, r"frame an array \(time,\), got shapes \(90, 20\) and \(5,\)"),
        ({"activity": np.zeros(90)}, r"activity must be a non-empty array \(time, neuron\)"),
        ({"modality": "eeg"}, "modality must be one of ca, neuropixels, got 'eeg'"),
    ],
)
def test_wrong_activity_is_refused_by_name(change, message):
    with pytest.raises(ValueError, match=message):
        plot_movie_activity(**(activity() | {"modality": "ca"} | change))


def test_figures_of_nothing_or_of_unknown_modalities_are_refused():
    with pytest.raises(ValueError, match="activities must hold at least one entry"):
        figure_movie_activity({})
    with pytest.raises(ValueError, match="modality must be one of ca, neuropixels, got 'eeg'"):
        figure_movie_activity({"eeg": activity()})


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
