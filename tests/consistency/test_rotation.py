"""Embeddings of two recordings brought into one space: the answer is known where one was turned."""

import numpy as np
import pytest
from scipy.stats import ortho_group

from cebra_kedro.consistency import LabelledEmbedding, fit_rotation


def curve(position, direction=0):
    """A closed curve on the sphere that each position and direction has a point of."""
    angle = 3 * position + 0.5 * direction
    points = np.stack([np.cos(angle), np.sin(angle), 0.5 * np.cos(2 * angle + direction)], axis=1)
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def visited(seed, n_time=3000):
    rng = np.random.default_rng(seed)
    return rng.uniform(0, 1.6, n_time), rng.integers(2, size=n_time)


def embedded(name, seed, turn=None, shift=0.0, noise=0.0, n_time=3000):
    position, direction = visited(seed, n_time)
    points = curve(position, direction) @ (np.eye(3) if turn is None else turn) + shift
    points = points + np.random.default_rng(seed).normal(0, noise, points.shape)
    return LabelledEmbedding(name, points, position, direction, unit="m")


@pytest.mark.parametrize("seed", range(3))
def test_a_turned_embedding_is_turned_back(seed):
    turn = ortho_group.rvs(3, random_state=seed)  # reflections too
    moving, fixed = embedded("cicero", 1, turn), embedded("buddy", 2)
    rotation = fit_rotation(moving, fixed)
    np.testing.assert_allclose(rotation.matrix @ rotation.matrix.T, np.eye(3), atol=1e-12)
    # means of 15 samples in a bin of 1.6 cm differ by up to 0.02, of which few survive the sums
    np.testing.assert_allclose(rotation.matrix, turn.T, atol=2e-3)
    expected = curve(moving.continuous, moving.discrete)
    np.testing.assert_allclose(rotation.turned(moving.embedding), expected, atol=5e-3)


def test_noise_of_single_bins_averages_out():
    turn = ortho_group.rvs(3, random_state=7)
    rotation = fit_rotation(embedded("cicero", 1, turn, noise=0.3), embedded("buddy", 2, noise=0.3))
    # 0.3 / sqrt(3000 bins) is 0.005 in each of two embeddings
    np.testing.assert_allclose(rotation.matrix, turn.T, atol=0.05)


def test_centres_come_together_only_where_spaces_have_none_of_their_own():
    moving, fixed = embedded("cicero", 1, shift=5.0), embedded("buddy", 2, shift=-2.0)
    centred = fit_rotation(moving, fixed, centred=True)
    expected = curve(moving.continuous, moving.discrete) - 2.0
    np.testing.assert_allclose(centred.turned(moving.embedding), expected, atol=0.02)
    about_origin = fit_rotation(moving, fixed)
    assert not about_origin.centre.any()
    norms = [
        np.linalg.norm(rows, axis=1)
        for rows in (moving.embedding, about_origin.turned(moving.embedding))
    ]
    np.testing.assert_allclose(*norms, rtol=1e-12)


def test_it_is_the_best_of_all_rotations():
    moving, fixed = embedded("cicero", 1, noise=0.5), embedded("buddy", 2, noise=0.5)
    best = fit_rotation(moving, fixed).matrix

    def agreement(matrix):
        from cebra_kedro.consistency import align

        means = align([moving, fixed], unit_norm=False).embeddings
        return float(((means["cicero"] @ matrix - means["buddy"]) ** 2).sum())

    others = ortho_group.rvs(3, size=200, random_state=0)
    assert agreement(best) <= min(map(agreement, others)) + 1e-9


def test_half_a_million_bins_are_aligned_by_their_means_alone():
    """A distance between every two of them would take 2 TB."""
    n_time = 500_000
    turn = ortho_group.rvs(3, random_state=1)
    moving, fixed = (embedded(*one, n_time=n_time) for one in (("a", 1, turn), ("b", 2)))
    np.testing.assert_allclose(fit_rotation(moving, fixed).matrix, turn.T, atol=1e-3)


def test_dimensions_must_be_the_same_and_the_dtype_stays():
    fixed = embedded("buddy", 2)
    position, direction = visited(1)
    flat = LabelledEmbedding("cicero", np.ones((3000, 2)), position, direction, unit="m")
    with pytest.raises(ValueError, match=r"cicero has 2 dimensions and buddy 3.*output_dimension"):
        fit_rotation(flat, fixed)
    rows = fixed.embedding[:5].astype(np.float32)
    assert fit_rotation(fixed, embedded("c", 3)).turned(rows).dtype == np.float32
