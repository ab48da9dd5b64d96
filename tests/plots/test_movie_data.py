"""What is computed of a movie recording: neurons by peak time, the map of frames, confusions."""

from __future__ import annotations

from dataclasses import replace

import movie_results
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cebra_kedro.plots.movie_data import (
    frame_confusion,
    frame_count,
    frame_features,
    movie_activity,
    movie_map,
)
from cebra_kedro.recording import Label, Recording


def recording_of(neural, frame, repeat, bin_width_s=1 / 30):
    labels = {"frame": Label(frame, "discrete"), "repeat": Label(repeat, "discrete")}
    return Recording(neural, labels, bin_width_s, "movie")


def tuned_neurons(n_neurons=40, n_frames=90, n_repeats=4, bins_per_frame=1, seed=0):
    """Neurons with a bump of activity each, in random order of their bumps; and these peaks."""
    rng = np.random.default_rng(seed)
    peak = rng.permutation(np.linspace(10, n_frames - 10, n_neurons).round())
    frame = np.tile(np.repeat(np.arange(n_frames), bins_per_frame), n_repeats)
    repeat = np.repeat(np.arange(n_repeats), n_frames * bins_per_frame)
    neural = np.exp(-(((frame[:, None] - peak) / 4) ** 2))
    return recording_of(neural, frame, repeat, 1 / 30 / bins_per_frame), peak


@pytest.mark.parametrize("bins_per_frame", [1, 4])
def test_neurons_come_in_the_order_of_their_peaks(bins_per_frame):
    recording, peak = tuned_neurons(bins_per_frame=bins_per_frame)
    shown = movie_activity(recording, 2, smoothing_s=0.05)
    assert (np.diff(peak[shown.neuron]) >= 0).all()
    assert shown.activity.shape == (90 * bins_per_frame, 40)
    repeat = recording.label("repeat").values
    np.testing.assert_array_equal(shown.frame, recording.label("frame").values[repeat == 2])
    assert shown.bin_width_s == recording.bin_width_s
    # each neuron is scaled to its own largest value, in float32
    np.testing.assert_allclose(shown.activity.max(axis=0), 1, rtol=1e-6)


def test_noise_makes_no_diagonal():
    rng = np.random.default_rng(1)
    neural = rng.poisson(0.3, (4 * 300, 200))
    frame, repeat = np.tile(np.arange(300), 4), np.repeat(np.arange(4), 300)
    shown = movie_activity(recording_of(neural, frame, repeat), 3)
    rank = np.corrcoef(np.arange(200), shown.activity.argmax(axis=0))[0, 1]
    # correlation of independent ranks: sd 1 / sqrt(199) = 0.07; five of it
    assert abs(rank) < 0.36


def test_a_silent_neuron_stays_at_zero():
    recording, _ = tuned_neurons()
    neural = recording.neural.copy()
    neural[:, 3] = 0
    shown = movie_activity(replace(recording, neural=neural), 0)
    assert not shown.activity[:, shown.neuron == 3].any()
    assert np.isfinite(shown.activity).all()


def test_wrong_arguments_are_refused_by_name():
    recording, _ = tuned_neurons()
    with pytest.raises(ValueError, match=r"one of at least two repeats, got 9 of \[0, 1, 2, 3\]"):
        movie_activity(recording, 9)
    with pytest.raises(ValueError, match=r"smoothing_s must be positive, got 0\.0"):
        movie_activity(recording, 0, smoothing_s=0.0)
    with pytest.raises(KeyError, match="no label frame"):
        movie_activity(replace(recording, labels={}), 0)


def test_one_repeat_alone_cannot_be_sorted_by_the_others():
    with pytest.raises(ValueError, match="at least two repeats"):
        movie_activity(tuned_neurons(n_repeats=1)[0], 0)


def test_the_map_keeps_scenes_together_and_depends_on_the_seed_only():
    rng = np.random.default_rng(0)
    scene = np.repeat(np.arange(4), 20)
    features = 8 * rng.normal(size=(4, 10))[scene] + rng.normal(size=(80, 10))
    points = movie_map(features, seed=1, perplexity=10)
    assert points.shape == (80, 2)
    distance = np.linalg.norm(points[:, None] - points, axis=2)
    np.fill_diagonal(distance, np.inf)
    # scenes are eight noise widths apart: every nearest neighbour is of the same scene
    np.testing.assert_array_equal(scene[distance.argmin(axis=1)], scene)
    np.testing.assert_array_equal(points, movie_map(features, seed=1, perplexity=10))


def test_too_few_frames_for_the_perplexity_are_refused():
    with pytest.raises(ValueError, match=r"more than perplexity=30\.0 frames"):
        movie_map(np.zeros((30, 4)), seed=0)


def test_frames_are_counted_by_their_features_or_by_the_last_one_shown():
    tabled = movie_results.recording("VISp", "ca")
    labels = {**tabled.labels, "frame": Label(np.zeros(tabled.n_time, int), "discrete")}
    assert frame_count(replace(tabled, labels=labels)) == movie_results.N_FRAMES
    np.testing.assert_array_equal(frame_features(tabled), tabled.label("features").table)
    bare = movie_results.recording("VISp", "ca", tabled=False)
    assert frame_features(bare) is None
    assert frame_count(bare) == movie_results.N_FRAMES


@given(
    frames=st.lists(st.tuples(st.integers(0, 44), st.integers(0, 44)), min_size=1, max_size=60),
    width=st.integers(1, 50),
)
def test_confusion_counts_pairs_of_stretches_and_its_rows_sum_to_one(frames, width):
    true, predicted = np.array(frames).T
    confusion = frame_confusion(true, predicted, n_frames=45, frames_per_bin=width)
    n_bins = len(range(0, 45, width))
    assert confusion.shape == (n_bins, n_bins)
    for row in range(n_bins):
        inside = [p // width for t, p in frames if t // width == row]
        expected = [inside.count(column) / len(inside) for column in range(n_bins)] if inside else 0
        np.testing.assert_array_equal(confusion[row], expected if inside else np.nan)


def test_confusion_refuses_frames_outside_the_movie():
    with pytest.raises(ValueError, match=r"predicted must hold frames in \[0, 9\], got 3 to 10"):
        frame_confusion(np.array([1, 2]), np.array([3, 10]), n_frames=10)
    with pytest.raises(ValueError, match="frames_per_bin must be at least 1, got 0"):
        frame_confusion(np.array([1]), np.array([3]), n_frames=10, frames_per_bin=0)
