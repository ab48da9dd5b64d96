"""Seeded synthetic recordings with a known latent, by the recipe published with CEBRA.

A label u drives a two-dimensional latent z; a random, smooth and invertible network mixes it into
the log rates of many neurons; one of six kinds of noise gives what is observed. Sets with other
kinds of labels stand in ``demo``; turning arrays into a ``Recording`` is left to
``sources.synthetic``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

N_LATENTS = 2
MAX_LOG_RATE = 2.2
"""Rates lie in (exp(-2.2), exp(2.2)), that is (0.111, 9.03)."""

_N_BLOCKS = 4
_LAYERS_PER_BLOCK = 2
_REFRACTORY_WINDOW_S = 3.0
_REFRACTORY_S = 0.01
_RATE_SCALE_HZ = 50.0
_MAX_LAPLACE = 1000.0

Noise = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def simulate_continuous_label(
    *, seed: int, noise: str, n_samples: int = 15_000, n_neurons: int = 100
) -> dict[str, np.ndarray]:
    """One of the six published recipes ``continuous-label-<noise>``.

    u ~ U(0, 2π); z₁ ~ N(u, var 0.6 - 0.3 |sin u|), z₂ ~ N(2 sin u, var 0.3 |sin u|); the rates are
    λ = exp(2.2 tanh(f(z))) with a network f of four blocks; x is λ with noise. The samples are
    independent, so a row and the next have nothing in common.

    The published files cannot be made again (their networks come from an unseeded TensorFlow);
    these have the same structure with networks of their own. How well z can be recovered depends
    on the network, which one seed fixes together with everything else.

    Args:
        seed: non-negative integer. Sets of one seed differ in their noise only.
        noise: one of ``t``, ``uniform``, ``laplace``, ``poisson``, ``gaussian``,
            ``refractory_poisson``.
        n_samples: number of samples, at least 1. Published: 15000.
        n_neurons: number of neurons, even and at least 8. Published: 100.

    Returns:
        ``u``: float64 (sample, 1) in [0, 2π); ``z``: float64 (sample, neuron), zero beyond the
        first two columns; ``lam``: float32 (sample, neuron); ``x``: (sample, neuron), int64 for
        ``poisson``, float32 for ``refractory_poisson``, float64 otherwise.

    Raises:
        ValueError: an argument is out of its range.

    Source:
        CEBRA's ``generate_synthetic_data.py`` and the coupling layers of pi-VAE
        (``pi_vae_code/pi_vae.py``).
    """
    _check_arguments(seed, noise, n_samples, n_neurons)
    latent_rng, mixing_rng, noise_rng = (
        np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(3)
    )
    u = latent_rng.uniform(0, 2 * np.pi, n_samples)
    z = _latent(u, n_neurons, latent_rng)
    lam = np.exp(MAX_LOG_RATE * np.tanh(mix(z, mixing_rng)))
    x = NOISES[noise](lam, noise_rng)
    return {"z": z, "u": u[:, None], "lam": lam.astype(np.float32), "x": x}


def mix(z: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A random, smooth and invertible map of many dimensions onto as many.

    Four blocks of two coupling layers each, and a fixed permutation of the dimensions between
    blocks. A coupling layer keeps one half ``a`` and transforms the other,
    ``[a, b] → [b exp(0.1 tanh s) + t, a]`` with (s, t) a network of ``a`` with two hidden layers.
    Weights are those of untrained Keras layers (Glorot uniform, no bias), as published.

    Args:
        z: float array (sample, dim), dim even.
        rng: draws weights and permutations.

    Returns:
        float64 array (sample, dim).
    """
    for block in range(_N_BLOCKS):
        for _ in range(_LAYERS_PER_BLOCK):
            z = _couple(z, rng)
        if block < _N_BLOCKS - 1:
            z = z[:, rng.permutation(z.shape[1])]
    return z


def _couple(z: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    half = z.shape[1] // 2
    kept, changed = z[:, :half], z[:, half:]
    hidden = _relu(_dense(kept, half // 2, rng))
    hidden = _relu(_dense(hidden, half // 2, rng))
    scale, shift = np.split(_dense(hidden, 2 * half, rng), 2, axis=1)
    return np.concatenate([changed * np.exp(0.1 * np.tanh(scale)) + shift, kept], axis=1)


def _dense(values: np.ndarray, units: int, rng: np.random.Generator) -> np.ndarray:
    """A linear layer with the weights of an untrained ``keras.layers.Dense``."""
    limit = np.sqrt(6 / (values.shape[1] + units))
    return values @ rng.uniform(-limit, limit, (values.shape[1], units))


def _relu(values: np.ndarray) -> np.ndarray:
    return np.maximum(values, 0)


def _latent(u: np.ndarray, n_columns: int, rng: np.random.Generator) -> np.ndarray:
    z = np.zeros((len(u), n_columns))
    spread = np.abs(np.sin(u))
    mean = np.column_stack([u, 2 * np.sin(u)])
    variance = np.column_stack([0.6 - 0.3 * spread, 0.3 * spread])
    z[:, :N_LATENTS] = mean + np.sqrt(variance) * rng.standard_normal((len(u), N_LATENTS))
    return z


def _poisson(lam: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return rng.poisson(lam)


def _gaussian(lam: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    # scipy's truncnorm(0, inf, loc=lam), as published: half a normal above the rate
    return lam + np.abs(rng.standard_normal(lam.shape))


def _laplace(lam: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.clip(rng.laplace(lam, 1.0), 0, _MAX_LAPLACE)


def _uniform(lam: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return lam + rng.uniform(0, 2, lam.shape)


def _student_t(lam: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return lam + rng.standard_t(2, lam.shape)


def _refractory_poisson(lam: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Spikes in 3 s of a renewal process with intervals Exp(mean 1 / (50 λ)) + 10 ms.

    At least n spikes fit if a Gamma(n) waiting time fits into what n dead times leave:
    P(N ≥ n) = gammainc(n, 50 λ (3 s - n · 10 ms)). The count is the largest n for which this is
    above a uniform number, found by bisection.
    """
    from scipy.special import gammainc

    uniform = rng.uniform(size=lam.shape)
    fits = np.zeros(lam.shape, np.int64)
    fails = np.full(lam.shape, round(_REFRACTORY_WINDOW_S / _REFRACTORY_S))
    while (fails - fits).max() > 1:
        middle = (fits + fails) // 2
        left_s = _REFRACTORY_WINDOW_S - middle * _REFRACTORY_S
        reached = (middle == 0) | (gammainc(middle, _RATE_SCALE_HZ * lam * left_s) > uniform)
        fits, fails = np.where(reached, middle, fits), np.where(reached, fails, middle)
    return fits.astype(np.float32)


NOISES: Mapping[str, Noise] = MappingProxyType(
    {
        "t": _student_t,
        "uniform": _uniform,
        "laplace": _laplace,
        "poisson": _poisson,
        "gaussian": _gaussian,
        "refractory_poisson": _refractory_poisson,
    }
)
"""Noise name → function (rates, rng) → observations of the same shape."""


def _check_arguments(seed: int, noise: str, n_samples: int, n_neurons: int) -> None:
    if seed < 0:
        raise ValueError(f"seed must be a non-negative integer, got {seed}")
    if noise not in NOISES:
        raise ValueError(f"noise must be one of {', '.join(NOISES)}, got {noise!r}")
    if n_samples < 1:
        raise ValueError(f"n_samples must be at least 1, got {n_samples}")
    if n_neurons < 8 or n_neurons % 2:
        raise ValueError(f"n_neurons must be even and at least 8, got {n_neurons}")
