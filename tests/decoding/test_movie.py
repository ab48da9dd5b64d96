from __future__ import annotations

import numpy as np
import pytest

from cebra_kedro.decoding import movie_activity, movie_map

BIN_S = 1 / 30


def tuned_neurons(n_neurons=40, n_frames=90, n_repeats=4, noise=0.0, bins_per_frame=1, seed=0):
    """Neurons with one bump of activity each, in random order of their bumps."""
    rng = np.random.default_rng(seed)
    peak = rng.permutation(np.linspace(10, n_frames - 10, n_neurons).round())
    frame = np.tile(np.repeat(np.arange(n_frames), bins_per_frame), n_repeats)
    repeat = np.repeat(np.arange(n_repeats), n_frames * bins_per_frame)
    bump = np.exp(-(((frame[:, None] - peak) / 4) ** 2))
    return bump + noise * rng.random(bump.shape), frame, repeat, peak


@pytest.mark.parametrize("bins_per_frame", [1, 4])
def test_neurons_come_in_the_order_of_their_peaks(bins_per_frame):
    neural, frame, repeat, peak = tuned_neurons(bins_per_frame=bins_per_frame)
    shown = movie_activity(
        neural, frame, repeat, shown_repeat=2, bin_width_s=BIN_S / bins_per_frame, smoothing_s=0.05
    )
    assert (np.diff(peak[shown.neuron]) >= 0).all()
    assert shown.activity.shape == (90 * bins_per_frame, 40)
    np.testing.assert_array_equal(shown.frame, frame[repeat == 2])
    # each neuron is scaled to its own largest value, in float32
    np.testing.assert_allclose(shown.activity.max(axis=0), 1, rtol=1e-6)


def test_noise_makes_no_diagonal():
    rng = np.random.default_rng(1)
    neural = rng.poisson(0.3, (4 * 300, 200))
    frame, repeat = np.tile(np.arange(300), 4), np.repeat(np.arange(4), 300)
    shown = movie_activity(neural, frame, repeat, shown_repeat=3, bin_width_s=BIN_S)
    rank = np.corrcoef(np.arange(200), shown.activity.argmax(axis=0))[0, 1]
    # correlation of independent ranks: sd 1 / sqrt(199) = 0.07; five of it
    assert abs(rank) < 0.36


def test_a_silent_neuron_stays_at_zero():
    neural, frame, repeat, _ = tuned_neurons()
    neural[:, 3] = 0
    shown = movie_activity(neural, frame, repeat, shown_repeat=0, bin_width_s=BIN_S)
    assert not shown.activity[:, shown.neuron == 3].any()
    assert np.isfinite(shown.activity).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shown_repeat": 9}, r"one of at least two repeats, got 9 of \[0, 1, 2, 3\]"),
        ({"smoothing_s": 0.0}, "smoothing_s and bin_width_s must be positive, got 0.0"),
    ],
)
def test_wrong_arguments_are_refused_by_name(change, message):
    options = {"shown_repeat": 0, "bin_width_s": BIN_S} | change
    with pytest.raises(ValueError, match=message):
        movie_activity(*tuned_neurons()[:3], **options)


def test_one_repeat_alone_cannot_be_sorted_by_the_others():
    with pytest.raises(ValueError, match="at least two repeats"):
        movie_activity(*tuned_neurons(n_repeats=1)[:3], shown_repeat=0, bin_width_s=BIN_S)


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
