"""The simulated movie moves smoothly within scenes and jumps between them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cebra_kedro.simulate.movie import (
    generator,
    scene_of_frame,
    simulate_features,
    simulate_movie,
    smooth_noise,
)


@pytest.fixture(scope="module", params=[0, 1, 2])
def seed(request):
    return request.param


def similarity(features):
    """Products of rows about their mean, for pairs of frames too far apart to share a scene."""
    centred = features - features.mean(axis=0)
    return (centred @ centred.T)[np.triu_indices(len(features), 300)]


def test_features_have_the_published_structure(seed):
    features = simulate_features(seed)
    assert features.shape == (900, 768)
    assert features.dtype == np.float32
    # float32 rounding of 768 squares.
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1, atol=1e-5)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**40), n_scenes=st.integers(1, 30), data=st.data())
def test_scenes_follow_one_another_and_none_is_short(seed, n_scenes, data):
    n_frames = data.draw(st.integers(2 * n_scenes, 1000))
    scene = scene_of_frame(seed, n_frames=n_frames, n_scenes=n_scenes)
    assert scene.shape == (n_frames,)
    assert scene[0] == 0
    assert set(np.diff(scene)) <= {0, 1}
    length = np.bincount(scene)
    assert len(length) == n_scenes
    assert length.min() >= n_frames / n_scenes / 2


def test_steps_are_small_within_scenes_and_large_at_cuts(seed):
    step = np.linalg.norm(np.diff(simulate_features(seed), axis=0), axis=1)
    cut = np.diff(scene_of_frame(seed)) > 0
    assert cut.sum() == 9
    # A cut goes to an unrelated place, a frame moves by 1/24 of the movement's time scale.
    assert step[cut].min() > 3 * step[~cut].max()


def test_frames_of_a_scene_grow_apart_with_time_and_stay_nearer_than_other_scenes(seed):
    features, scene = simulate_features(seed), scene_of_frame(seed)
    # Rows have unit length; rounding may make the square of no distance negative.
    distance = np.sqrt(np.maximum(0, 2 - 2 * features @ features.T))
    lag = np.abs(np.arange(900)[:, None] - np.arange(900))
    same = scene[:, None] == scene
    near, later = (distance[same & (lag == frames)].mean() for frames in (5, 30))
    # 5 frames are 0.17 s, 30 are 1 s; the movement's kernel has a standard deviation of 0.8 s.
    assert 2 * near < later < distance[~same].mean()


def test_number_of_features_changes_the_description_and_not_the_path(seed):
    many, few = (similarity(simulate_features(seed, n_dims=n)) for n in (768, 256))
    other = similarity(simulate_features(seed + 3))
    # 256 random projections keep products to about 1/sqrt(256) of their scale.
    assert np.corrcoef(many, few)[0, 1] > 0.9
    assert np.corrcoef(many, other)[0, 1] < 0.5


def test_same_seed_gives_the_same_bits_and_another_seed_does_not():
    np.testing.assert_array_equal(simulate_features(5), simulate_features(5))
    np.testing.assert_array_equal(scene_of_frame(5), scene_of_frame(5))
    assert not np.array_equal(simulate_features(5), simulate_features(6))
    assert not np.array_equal(scene_of_frame(5), scene_of_frame(6))


def test_movie_holds_features_and_scenes_of_the_same_seed():
    movie = simulate_movie(4)
    np.testing.assert_array_equal(movie["features"], simulate_features(4))
    np.testing.assert_array_equal(movie["scene_of_frame"], scene_of_frame(4))


def test_generators_of_different_parts_are_uncorrelated_and_reproducible():
    parts = [(0, "VISp", 1), (0, "VISp", 2), (0, "VISl", 1), (1, "VISp", 1), (0, "VISp")]
    drawn = np.array([generator(*part).standard_normal(10_000) for part in parts])
    again = np.array([generator(*part).standard_normal(10_000) for part in parts])
    np.testing.assert_array_equal(again, drawn)
    # Correlations of 10000 independent pairs have standard deviation 0.01.
    assert np.abs(np.corrcoef(drawn) - np.eye(len(parts))).max() < 0.05


@pytest.mark.parametrize("width", [3.0, 12.0])
def test_smooth_noise_has_unit_variance_and_a_gaussian_autocorrelation(width):
    noise = smooth_noise(np.random.default_rng(0), (2000, 300), width)
    assert noise.shape == (2000, 300)
    # 2000 * 300 / (about 3.5 widths) independent values: 1 % on the variance.
    assert noise.var() == pytest.approx(1, abs=0.05)
    lag = int(2 * width)
    assert (noise[lag:] * noise[:-lag]).mean() == pytest.approx(np.exp(-1), abs=0.03)
    # The ends are as variable as the middle: 300 values have a variance to 8 %.
    assert noise[0].var() == pytest.approx(1, abs=0.3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: simulate_features(-1), "seed must be a non-negative integer, got -1"),
        (lambda: scene_of_frame(1.5), r"seed must be a non-negative integer, got 1\.5"),
        (lambda: simulate_features(0, n_dims=1), "n_dims must be at least 2 features, got 1"),
        (lambda: simulate_features(0, n_frames=19), "n_frames must be at least 20 for 10 scenes"),
        (lambda: scene_of_frame(0, n_scenes=0), "n_scenes must be at least 1, got 0"),
    ],
)
def test_arguments_out_of_range_are_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()
