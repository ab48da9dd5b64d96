"""The synthetic recipe: structure of the published files, and each step's own statistics."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cebra_kedro.simulate.synthetic import NOISES, mix, simulate_continuous_label

DTYPES = {
    "t": np.float64,
    "uniform": np.float64,
    "laplace": np.float64,
    "poisson": np.int64,
    "gaussian": np.float64,
    "refractory_poisson": np.float32,
}


@pytest.mark.parametrize("noise", NOISES)
def test_the_structure_is_that_of_the_published_file(noise):
    content = simulate_continuous_label(seed=0, noise=noise, n_samples=50, n_neurons=20)
    assert set(content) == {"z", "u", "lam", "x"}
    assert content["u"].shape == (50, 1)
    assert {content[name].shape for name in ("z", "lam", "x")} == {(50, 20)}
    assert {name: content[name].dtype for name in content} == {
        "z": np.float64,
        "u": np.float64,
        "lam": np.float32,
        "x": DTYPES[noise],
    }
    assert not content["z"][:, 2:].any()
    assert (content["z"][:, :2] != 0).all()


@pytest.mark.parametrize("noise", NOISES)
def test_a_seed_fixes_every_bit(noise):
    first, again, other = (
        simulate_continuous_label(seed=seed, noise=noise, n_samples=30, n_neurons=8)
        for seed in (4, 4, 5)
    )
    for name, values in first.items():
        np.testing.assert_array_equal(values, again[name])
        assert not np.array_equal(values, other[name])


def test_sets_of_one_seed_differ_in_their_noise_only():
    sets = [simulate_continuous_label(seed=1, noise=n, n_samples=30, n_neurons=8) for n in NOISES]
    for content in sets[1:]:
        for name in ("z", "u", "lam"):
            np.testing.assert_array_equal(content[name], sets[0][name])
        assert not np.array_equal(content["x"], sets[0]["x"])


def test_label_and_latent_follow_the_recipe():
    content = simulate_continuous_label(seed=2, noise="poisson", n_samples=40_000, n_neurons=8)
    u, z = content["u"][:, 0], content["z"]
    assert 0 <= u.min() < 0.01
    assert 2 * np.pi - 0.01 < u.max() < 2 * np.pi
    sine = np.abs(np.sin(u))
    deviation = np.column_stack([z[:, 0] - u, z[:, 1] - 2 * np.sin(u)])
    expected = np.column_stack([0.6 - 0.3 * sine, 0.3 * sine])
    standard = deviation / np.sqrt(expected)
    # 40000 independent standard normals: the mean varies by 0.005, the variance by 0.007; 5 sigma
    np.testing.assert_allclose(standard.mean(axis=0), 0, atol=0.025)
    np.testing.assert_allclose(standard.var(axis=0), 1, atol=0.035)
    assert abs(np.corrcoef(standard.T)[0, 1]) < 0.025


def test_rates_keep_their_bounds():
    lam = simulate_continuous_label(seed=0, noise="t", n_samples=2000)["lam"]
    assert np.exp(-2.2) * (1 - 1e-6) <= lam.min() < 0.12  # tanh saturates at both ends
    assert 8.5 < lam.max() <= np.exp(2.2) * (1 + 1e-6)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 100), half=st.integers(4, 12))
def test_mixing_keeps_different_latents_apart(seed, half):
    # the map is invertible: its Jacobian has full rank everywhere, here by central differences
    rng = np.random.default_rng(seed)
    z, step = rng.normal(size=2 * half), 1e-6
    shifted = np.concatenate([z + step * np.eye(2 * half), z - step * np.eye(2 * half)])
    outputs = mix(shifted, np.random.default_rng(seed + 1))
    jacobian = (outputs[: 2 * half] - outputs[2 * half :]) / (2 * step)
    # |det| is the product of exp(0.1 tanh s) over 8 layers and half the dimensions: never below
    assert abs(np.linalg.det(jacobian)) > 0.5 * np.exp(-0.1 * 8 * half)


RATES = np.repeat([[0.12, 1.0, 8.0]], 40_000, axis=0)


def noisy(name):
    return NOISES[name](RATES, np.random.default_rng(0))


# Of 40000 draws, a mean varies by sd / 200; each tolerance below is 5 of these, at most.
def test_poisson_has_equal_mean_and_variance():
    x = noisy("poisson")
    np.testing.assert_allclose(x.mean(axis=0), RATES[0], atol=5 * np.sqrt(8) / 200)
    np.testing.assert_allclose(x.var(axis=0) / x.mean(axis=0), 1, atol=0.1)


def test_gaussian_is_half_a_normal_above_the_rate():
    above = noisy("gaussian") - RATES
    assert (above >= 0).all()
    np.testing.assert_allclose(above.mean(axis=0), np.sqrt(2 / np.pi), atol=0.02)


def test_laplace_is_clipped_at_zero_and_centred_on_high_rates():
    x = noisy("laplace")
    assert x.min() == 0
    assert np.median(x[:, 2]) == pytest.approx(8, abs=0.05)
    assert np.abs(x[:, 2] - 8).mean() == pytest.approx(1, abs=0.03)


def test_uniform_adds_up_to_two():
    above = noisy("uniform") - RATES
    assert above.min() >= -1e-12  # rounding of λ + u − λ
    assert above.max() <= 2 + 1e-12
    np.testing.assert_allclose(above.mean(axis=0), 1, atol=0.02)


def test_student_t_has_quartiles_of_two_degrees_of_freedom():
    quartiles = np.quantile(noisy("t") - RATES, [0.25, 0.5, 0.75])
    # ± sqrt(2/3) exactly; 120000 draws
    np.testing.assert_allclose(quartiles, [-np.sqrt(2 / 3), 0, np.sqrt(2 / 3)], atol=0.03)


def test_refractory_counts_are_those_of_the_renewal_process():
    rate = np.array([0.12, 1.0, 8.0])
    rng = np.random.default_rng(1)
    direct = np.zeros((3000, 3))
    for sample in range(3000):  # interval by interval
        intervals = rng.exponential(1 / (50 * rate), (300, 3)) + 0.01
        direct[sample] = (np.cumsum(intervals, axis=0) <= 3).sum(axis=0)
    x = noisy("refractory_poisson")
    assert (x == np.rint(x)).all()
    error = direct.std(axis=0) / np.sqrt(3000)
    np.testing.assert_array_less(np.abs(x.mean(axis=0) - direct.mean(axis=0)), 5 * error)
    # a standard deviation of 3000 draws varies by 1.3 %
    np.testing.assert_allclose(x.std(axis=0), direct.std(axis=0), rtol=0.07)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": -1}, "seed must be a non-negative integer, got -1"),
        ({"noise": "pink"}, "noise must be one of t, uniform, .*got 'pink'"),
        ({"n_samples": 0}, "n_samples must be at least 1, got 0"),
        ({"n_neurons": 9}, "n_neurons must be even and at least 8, got 9"),
    ],
)
def test_arguments_out_of_range_are_refused_by_name(changes, message):
    with pytest.raises(ValueError, match=message):
        simulate_continuous_label(**({"seed": 0, "noise": "poisson"} | changes))
