"""A seeded natural movie as the frame features a vision network would give, with its scenes.

This file invents what is on the screen; what cortex makes of it is ``simulate.cortex``'s business.
"""

from __future__ import annotations

import zlib

import numpy as np

FRAME_RATE_HZ = 30.0
N_FRAMES = 900
N_FEATURES = 768

_N_LATENTS = 24
_N_HIDDEN = 96
# Share of the variance of the path that is the scene's own, and not movement within it.
_SCENE_VARIANCE = 0.4
_MOVEMENT_S = 0.8


def simulate_movie(
    seed: int, *, n_frames: int = N_FRAMES, n_dims: int = N_FEATURES
) -> dict[str, np.ndarray]:
    """The movie as the areas see it: its features, and the scene of each frame.

    Args:
        seed: non-negative integer; that of the areas.
        n_frames: frames of the movie.
        n_dims: dimensions of the features.

    Returns:
        ``features`` float32 (n_frames, n_dims) and ``scene_of_frame`` int64 (n_frames,). The
        published file holds the features only.
    """
    return {
        "features": simulate_features(seed, n_frames=n_frames, n_dims=n_dims),
        "scene_of_frame": scene_of_frame(seed, n_frames=n_frames),
    }


def simulate_features(
    seed: int, *, n_frames: int = N_FRAMES, n_dims: int = N_FEATURES, n_scenes: int = 10
) -> np.ndarray:
    """Features of each movie frame: a path in time, smooth within scenes, broken by cuts.

    A pure function of its arguments: the same seed gives the same bits. The path through the
    space of what is seen does not depend on ``n_dims``, only its description by features does.

    Args:
        seed: non-negative integer; it also decides ``scene_of_frame``.
        n_frames: frames of the movie, at least 2 a scene. Published: 900, at 30 Hz.
        n_dims: features of a frame, at least 2. Published: 768.
        n_scenes: scenes, at least 1; neighbours are divided by a cut.

    Returns:
        float32 array (frame, feature); rows have unit length, as in the stock feature dump of the
        network (DINO ViT-B/8) whose output the published labels are.

    Raises:
        ValueError: an argument is out of its range.
    """
    if n_dims < 2:
        raise ValueError(f"n_dims must be at least 2 features, got {n_dims}")
    path = _path(seed, scene_of_frame(seed, n_frames=n_frames, n_scenes=n_scenes))
    rng = generator(seed, "features")
    into = rng.standard_normal((_N_LATENTS, _N_HIDDEN)) / np.sqrt(_N_LATENTS)
    bias = rng.normal(0, 0.5, _N_HIDDEN)
    features = np.tanh(path @ into + bias) @ rng.standard_normal((_N_HIDDEN, n_dims))
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    return features.astype(np.float32)


def scene_of_frame(seed: int, *, n_frames: int = N_FRAMES, n_scenes: int = 10) -> np.ndarray:
    """Scene shown in each frame of the movie of this seed.

    Args:
        seed: non-negative integer.
        n_frames: frames of the movie, at least 2 a scene.
        n_scenes: scenes, at least 1.

    Returns:
        int64 array (frame,): 0, 0, ..., ``n_scenes - 1``, in the order of the movie. No scene
        is shorter than half the mean.

    Raises:
        ValueError: an argument is out of its range.
    """
    if n_scenes < 1:
        raise ValueError(f"n_scenes must be at least 1, got {n_scenes}")
    if n_frames < 2 * n_scenes:
        raise ValueError(
            f"n_frames must be at least {2 * n_scenes} for {n_scenes} scenes (2 frames each), "
            f"got {n_frames}; lower n_scenes"
        )
    shortest = -(-n_frames // (2 * n_scenes))
    spare = n_frames - n_scenes * shortest
    cuts = np.sort(generator(seed, "scenes").integers(0, spare, n_scenes - 1, endpoint=True))
    length = shortest + np.diff(cuts, prepend=0, append=spare)
    return np.repeat(np.arange(n_scenes), length)


def generator(seed: int, *names: str | int) -> np.random.Generator:
    """Random numbers of one part of a simulation, independent of those of every other part.

    Args:
        seed: non-negative integer of the whole simulation.
        names: what the numbers are for, e.g. an area and a modality.

    Returns:
        A generator that depends on the arguments only.

    Raises:
        ValueError: the seed is negative or not an integer.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ValueError(f"seed must be a non-negative integer, got {seed!r}")
    # Python's own hash of a text differs from process to process.
    key = [zlib.crc32(str(name).encode()) for name in names]
    return np.random.default_rng(np.random.SeedSequence(int(seed), spawn_key=key))


def smooth_noise(rng: np.random.Generator, shape: tuple[int, ...], width: float) -> np.ndarray:
    """Stationary Gaussian noise of unit variance, smooth along the first axis.

    Args:
        rng: source of the numbers.
        shape: shape of the result, (time, ...).
        width: standard deviation of the smoothing kernel, in samples.

    Returns:
        float64 array of the given shape.
    """
    from scipy.ndimage import gaussian_filter1d

    margin = int(np.ceil(4 * width))
    white = rng.standard_normal((shape[0] + 2 * margin, *shape[1:]))
    smooth = gaussian_filter1d(white, width, axis=0, mode="constant")
    # A Gaussian kernel of this width leaves white noise the variance 1 / (2 sqrt(pi) width).
    scale = np.sqrt(2 * np.sqrt(np.pi) * width)
    return smooth[margin : margin + shape[0]] * scale


def _path(seed: int, scene: np.ndarray) -> np.ndarray:
    """What is seen in each frame, array (frame, latent) of about unit variance."""
    rng = generator(seed, "path")
    look = rng.standard_normal((scene[-1] + 1, _N_LATENTS))[scene]
    movement = np.concatenate(
        [
            smooth_noise(rng, (length, _N_LATENTS), _MOVEMENT_S * FRAME_RATE_HZ)
            for length in np.bincount(scene)
        ]
    )
    return np.sqrt(_SCENE_VARIANCE) * look + np.sqrt(1 - _SCENE_VARIANCE) * movement
