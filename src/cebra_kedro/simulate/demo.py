"""Seeded demonstration sets, one for each kind of label, in which there is something to find.

cebra's own ``demo-*`` sets are independent noise, labels included, good for testing that code runs
but with nothing to recover. These have their layout and a structure: the label moves slowly, and
each neuron is a saturating function of it with noise, so that recovery can be scored. The
published synthetic recipe stands in ``synthetic``.
"""

from __future__ import annotations

import numpy as np

_TIME_CONSTANT_BINS = 25.0
_STAY_BINS = 20.0
_TURN_RAD = 0.15
_GAIN = 1.5


def simulate_continuous(
    *,
    seed: int,
    n_time: int = 1000,
    n_neurons: int = 30,
    n_label_dims: int = 3,
    noise: float = 0.5,
) -> dict[str, np.ndarray]:
    """A slow Gaussian label of one or many dimensions; the latent is the label itself.

    Args:
        seed: non-negative integer.
        n_time: time bins, at least 10.
        n_neurons: neurons, at least 1.
        n_label_dims: dimensions of the label, at least 1.
        noise: standard deviation of the noise of a neuron, whose signal is of size 1; ≥ 0.

    Returns:
        ``neural``: float32 (time, neuron); ``label``: float32 (time, dim); ``latent``: the same.
    """
    _check(seed, n_time, n_neurons, noise, n_label_dims=n_label_dims)
    path_rng, neuron_rng, noise_rng = _streams(seed, 3)
    label = _slow(n_time, n_label_dims, path_rng)
    neural = _read_out(label, n_neurons, noise, neuron_rng, noise_rng)
    return {"neural": neural, "label": label.astype(np.float32), "latent": label.astype(np.float32)}


def simulate_circular(
    *, seed: int, n_time: int = 1000, n_neurons: int = 30, noise: float = 0.5
) -> dict[str, np.ndarray]:
    """An angle that drifts round and round; the latent is its point on the circle.

    Args:
        seed: non-negative integer.
        n_time: time bins, at least 10.
        n_neurons: neurons, at least 1.
        noise: standard deviation of the noise of a neuron, whose signal is of size 1; ≥ 0.

    Returns:
        ``neural``: float32 (time, neuron); ``angle``: float32 (time,) in rad, [0, 2π);
        ``latent``: float32 (time, 2), cosine and sine.
    """
    _check(seed, n_time, n_neurons, noise)
    path_rng, neuron_rng, noise_rng = _streams(seed, 3)
    angle = np.cumsum(path_rng.normal(0.5 * _TURN_RAD, _TURN_RAD, n_time)) % (2 * np.pi)
    latent = np.column_stack([np.cos(angle), np.sin(angle)])
    neural = _read_out(latent, n_neurons, noise, neuron_rng, noise_rng)
    # the float32 below 2π is not reached from below: its rounding may be above
    angle32 = np.minimum(angle.astype(np.float32), np.nextafter(np.float32(2 * np.pi), 0))
    return {"neural": neural, "angle": angle32, "latent": latent.astype(np.float32)}


def simulate_discrete(
    *,
    seed: int,
    n_time: int = 1000,
    n_neurons: int = 30,
    n_classes: int = 10,
    noise: float = 0.5,
) -> dict[str, np.ndarray]:
    """A class that lasts some 20 bins; the latent is its place on a circle, with jitter.

    Args:
        seed: non-negative integer.
        n_time: time bins, at least 10.
        n_neurons: neurons, at least 1.
        n_classes: number of classes, at least 2.
        noise: standard deviation of the noise of a neuron, whose signal is of size 1; ≥ 0.

    Returns:
        ``neural``: float32 (time, neuron); ``class``: int64 (time,); ``latent``: float32 (time, 2).
    """
    _check(seed, n_time, n_neurons, noise, n_classes=n_classes)
    path_rng, neuron_rng, noise_rng = _streams(seed, 3)
    classes = _visited_classes(n_time, n_classes, path_rng)
    angle = 2 * np.pi * classes / n_classes
    latent = 1.5 * np.column_stack([np.cos(angle), np.sin(angle)])
    latent += 0.15 * path_rng.standard_normal(latent.shape)
    neural = _read_out(latent, n_neurons, noise, neuron_rng, noise_rng)
    return {"neural": neural, "class": classes, "latent": latent.astype(np.float32)}


def simulate_mixed(
    *, seed: int, n_time: int = 1000, n_neurons: int = 30, n_classes: int = 3, noise: float = 0.5
) -> dict[str, np.ndarray]:
    """A slow number and a class that lasts some 20 bins; the latent is (number, class place).

    Args:
        seed: non-negative integer.
        n_time: time bins, at least 10.
        n_neurons: neurons, at least 1.
        n_classes: number of classes, at least 2.
        noise: standard deviation of the noise of a neuron, whose signal is of size 1; ≥ 0.

    Returns:
        ``neural``: float32 (time, neuron); ``label``: float32 (time, 1); ``class``: int64 (time,);
        ``latent``: float32 (time, 2), the label and the class id, both of unit variance.
    """
    _check(seed, n_time, n_neurons, noise, n_classes=n_classes)
    path_rng, neuron_rng, noise_rng = _streams(seed, 3)
    label = _slow(n_time, 1, path_rng)
    classes = _visited_classes(n_time, n_classes, path_rng)
    place = (classes - (n_classes - 1) / 2) / np.sqrt((n_classes**2 - 1) / 12)
    latent = np.column_stack([label, place])
    return {
        "neural": _read_out(latent, n_neurons, noise, neuron_rng, noise_rng),
        "label": label.astype(np.float32),
        "class": classes,
        "latent": latent.astype(np.float32),
    }


def simulate_session(
    *,
    seed: int,
    session: int,
    n_time: int = 1000,
    n_neurons: int = 20,
    n_label_dims: int = 2,
    noise: float = 0.5,
) -> dict[str, np.ndarray]:
    """One of several sessions, with neurons and a path of its own through one label space.

    Args:
        seed: non-negative integer, the same for all sessions.
        session: its number, from 0.
        n_time: time bins, at least 10.
        n_neurons: neurons, at least 1.
        n_label_dims: dimensions of the label, at least 1.
        noise: standard deviation of the noise of a neuron, whose signal is of size 1; ≥ 0.

    Returns:
        ``neural``: float32 (time, neuron); ``label`` and ``latent``: float32 (time, dim).
    """
    _check(seed, n_time, n_neurons, noise, n_label_dims=n_label_dims)
    if session < 0:
        raise ValueError(f"session must be a number from 0, got {session}")
    path_rng, neuron_rng, noise_rng = _streams(seed, 3, session)
    label = _slow(n_time, n_label_dims, path_rng)
    neural = _read_out(label, n_neurons, noise, neuron_rng, noise_rng)
    return {"neural": neural, "label": label.astype(np.float32), "latent": label.astype(np.float32)}


def _streams(seed: int, number: int, *key: int) -> list[np.random.Generator]:
    children = np.random.SeedSequence(seed, spawn_key=key).spawn(number)
    return [np.random.default_rng(child) for child in children]


def _slow(n_time: int, dims: int, rng: np.random.Generator) -> np.ndarray:
    """Stationary Gaussian series (time, dim) of unit variance that forgets in 25 bins."""
    from scipy.signal import lfilter

    keep = np.exp(-1 / _TIME_CONSTANT_BINS)
    steps = rng.standard_normal((n_time, dims))
    steps[1:] *= np.sqrt(1 - keep**2)
    return lfilter([1.0], [1.0, -keep], steps, axis=0)


def _visited_classes(n_time: int, n_classes: int, rng: np.random.Generator) -> np.ndarray:
    """Int64 (time,): each visit lasts 20 bins on average and goes to another class."""
    moves = rng.uniform(size=n_time) < 1 / _STAY_BINS
    moves[0] = False
    steps = np.where(moves, rng.integers(1, n_classes, n_time), 0)
    steps[0] = rng.integers(n_classes)
    return np.cumsum(steps) % n_classes


def _read_out(
    latent: np.ndarray,
    n_neurons: int,
    noise: float,
    neuron_rng: np.random.Generator,
    noise_rng: np.random.Generator,
) -> np.ndarray:
    """Float32 (time, neuron): each neuron saturates along a direction of its own, with noise."""
    weights = neuron_rng.standard_normal((latent.shape[1], n_neurons))
    weights *= _GAIN / np.linalg.norm(weights, axis=0)
    signal = np.tanh(latent @ weights + neuron_rng.uniform(-1, 1, n_neurons))
    return (signal + noise * noise_rng.standard_normal(signal.shape)).astype(np.float32)


def _check(seed: int, n_time: int, n_neurons: int, noise: float, **at_least: int) -> None:
    if seed < 0:
        raise ValueError(f"seed must be a non-negative integer, got {seed}")
    minimum = {"n_time": 10, "n_neurons": 1, "n_label_dims": 1, "n_classes": 2}
    for name, value in {"n_time": n_time, "n_neurons": n_neurons, **at_least}.items():
        if value < minimum[name]:
            raise ValueError(f"{name} must be at least {minimum[name]}, got {value}")
    if not noise >= 0:
        raise ValueError(f"noise must be a standard deviation, at least 0, got {noise}")
