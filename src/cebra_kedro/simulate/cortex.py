"""Six simulated visual areas: what their neurons prefer, and how fast they fire while a movie runs.

Which of these neurons stand in which published file, and as what, is left to ``simulate.allen``.

Each area is its own nonlinear read-out of the movie features. Its neurons obey what is known of
cortex: rates are heavy-tailed, a minority is tuned, arousal is shared with random loadings, and
excitability drifts slowly. The numbers below were set by hand, see ``simulate.allen``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from cebra_kedro.simulate.movie import FRAME_RATE_HZ, generator, simulate_features, smooth_noise

_N_READ = 24
_N_HIDDEN = 64
_AROUSAL_S = 2.0
_SATURATION_HZ = 100.0
_RATE_LOG_SD = 1.1
_GAIN_LOG_SD = 0.4


@dataclass(frozen=True)
class Area:
    """How reliably one area follows the movie.

    Attributes:
        tuned_fraction: share of neurons that depend on the movie, 0 to 1.
        gain: median standard deviation of a tuned neuron's log-rate over the movie.
        arousal: standard deviation of the log-rate by arousal, for a neuron of unit loading.
        drift: standard deviation of the log-rate's random walk, per repeat.
    """

    tuned_fraction: float
    gain: float
    arousal: float
    drift: float


# The published order of accuracy: VISp, then VISl and VISal, then VISpm and VISam, then VISrl.
AREAS = {
    "VISp": Area(tuned_fraction=0.30, gain=1.21, arousal=0.30, drift=0.15),
    "VISpm": Area(tuned_fraction=0.26, gain=1.06, arousal=0.36, drift=0.18),
    "VISam": Area(tuned_fraction=0.26, gain=1.05, arousal=0.38, drift=0.18),
    "VISrl": Area(tuned_fraction=0.22, gain=0.98, arousal=0.40, drift=0.20),
    "VISal": Area(tuned_fraction=0.28, gain=1.14, arousal=0.32, drift=0.16),
    "VISl": Area(tuned_fraction=0.28, gain=1.15, arousal=0.32, drift=0.16),
}
"""The simulated areas by their acronym."""


@dataclass(frozen=True)
class Neurons:
    """What a group of neurons does on average.

    Attributes:
        log_rate: natural logarithm of the rate in Hz, float64 array (frame, neuron).
        arousal_loading: effect of arousal on the log-rate, array (neuron,).
        drift: standard deviation of the log-rate's random walk, per repeat.
    """

    log_rate: np.ndarray
    arousal_loading: np.ndarray
    drift: float

    def __getitem__(self, index: np.ndarray) -> Neurons:
        """The neurons of these indices."""
        return Neurons(self.log_rate[:, index], self.arousal_loading[index], self.drift)

    def drifted(self, rng: np.random.Generator, n_repeats: float) -> Neurons:
        """The neurons after the time of so many repeats."""
        step = self.drift * np.sqrt(n_repeats) * rng.standard_normal(self.arousal_loading.size)
        return Neurons(self.log_rate + step, self.arousal_loading, self.drift)


def check_area(area: str) -> Area:
    """The area of this acronym.

    Raises:
        ValueError: there is no such area.
    """
    if area not in AREAS:
        raise ValueError(f"area must be one of {', '.join(AREAS)}, got {area!r}")
    return AREAS[area]


def draw_neurons(
    area: str, seed: int, modality: str, n_neurons: int, *, mean_rate_hz: float
) -> Neurons:
    """Neurons of one area, in random order.

    The area's read-out of the movie depends on the seed and the area; the neurons also on the
    modality, as other animals were recorded.

    Args:
        area: one of ``AREAS``.
        seed: non-negative integer of the movie and everything else.
        modality: name of the recording technique, e.g. ``calcium``.
        n_neurons: at least 1.
        mean_rate_hz: mean rate of the neurons in Hz; rates are log-normal about it.

    Returns:
        The neurons.
    """
    from scipy.stats import norm

    law = check_area(area)
    rng = generator(seed, area, modality, "neurons")
    # Stratified quantiles keep small populations alike from seed to seed.
    rank = rng.permutation(n_neurons)
    quantile = (rank + rng.uniform(size=n_neurons)) / n_neurons
    # Multiples of irrational numbers spread tuning and gain evenly over slow and fast neurons.
    tuned = (rank * np.sqrt(5) + rng.uniform()) % 1 < law.tuned_fraction
    evenly = (rank * np.sqrt(2) + rng.uniform()) % 1
    gain = tuned * np.exp(np.log(law.gain) + _GAIN_LOG_SD * norm.ppf(evenly))
    seen = _read_out(area, seed)
    drive = seen @ rng.standard_normal((seen.shape[1], n_neurons))
    response = gain * (drive - drive.mean(axis=0)) / drive.std(axis=0)
    response -= np.log(np.exp(response).mean(axis=0))
    mean_log_rate = np.log(mean_rate_hz) + _RATE_LOG_SD * norm.ppf(quantile) - _RATE_LOG_SD**2 / 2
    return Neurons(
        log_rate=mean_log_rate + response,
        arousal_loading=law.arousal * rng.normal(0.5, 1.0, n_neurons),
        drift=law.drift,
    )


def rates_by_repeat(
    rng: np.random.Generator, neurons: Neurons, *, n_repeats: int, bins_per_frame: int
) -> Iterator[np.ndarray]:
    """Firing rates of neurons recorded together, during one showing of the movie after the other.

    Args:
        rng: source of this recording's arousal and drift.
        neurons: those recorded.
        n_repeats: showings.
        bins_per_frame: time bins in a frame.

    Yields:
        For each repeat, the rate in Hz, float64 array (frame x bin, neuron).
    """
    n_frames, n_neurons = neurons.log_rate.shape
    n_bins = n_frames * bins_per_frame
    width = _AROUSAL_S * FRAME_RATE_HZ * bins_per_frame
    arousal = smooth_noise(rng, (n_repeats * n_bins,), width).reshape(n_repeats, n_bins)
    steps = neurons.drift * rng.standard_normal((n_repeats + 1, n_neurons))
    walk = np.cumsum(steps, axis=0) - steps[0]
    passed = ((np.arange(n_bins) + 0.5) / n_bins)[:, None]
    tuned = np.repeat(neurons.log_rate, bins_per_frame, axis=0)
    for repeat in range(n_repeats):
        log_rate = tuned + walk[repeat] * (1 - passed) + walk[repeat + 1] * passed
        log_rate += arousal[repeat][:, None] * neurons.arousal_loading
        rate_hz = np.exp(log_rate)
        yield rate_hz / (1 + rate_hz / _SATURATION_HZ)


def _read_out(area: str, seed: int) -> np.ndarray:
    """What the area makes of each frame, array (frame, hidden) between -1 and 1.

    The area sees a few random directions of feature space only, so that areas share some of what
    they represent and not all.
    """
    features = simulate_features(seed).astype(np.float64)
    features -= features.mean(axis=0)
    rng = generator(seed, area, "read-out")
    seen = features @ rng.standard_normal((features.shape[1], _N_READ))
    seen /= seen.std(axis=0)
    into = rng.standard_normal((_N_READ, _N_HIDDEN)) / np.sqrt(_N_READ)
    return np.tanh(1.5 * seen @ into + rng.normal(0, 0.7, _N_HIDDEN))
