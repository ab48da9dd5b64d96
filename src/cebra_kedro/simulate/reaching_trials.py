"""Hand path and spikes of single reaching trials: the building blocks of ``monkey_reaching``.

Which trials there are, and how they are laid out in a file, is decided there.

The numbers below were set by hand so that paths span the axes of the published figures: active
trials about ±12 cm, passive ones about ±7 cm in x and ±4 cm in y.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

N_TARGETS = 8
TRIAL_S = 0.6
ONSET_S = 0.1
SMOOTHING_S = 0.04
"""Standard deviation of the Gaussian with which spikes are smoothed."""

_KERNEL_WIDTH_SD = 6
_REACH_CM, _BUMP_CM = 10.5, np.array([5.4, 3.0])
_BUMP_RISE_S, _BUMP_RETURN_S, _BUMP_STAYS = 0.14, 0.30, 0.3
_WOBBLE_CM = 0.1
_FORESEEN = 0.85
_N_STATES = 2
_MAX_RATE_HZ = 150.0


@dataclass(frozen=True, eq=False)
class HandPath:
    """Where the hand is in a trial and beside it, as far as the smoothing reaches.

    Attributes:
        position_cm: float64 array (time, 2), x and y.
        velocity_cm_s: float64 array (time, 2).
        drive: float64 array (time, 2), direction of the movement intended (active) or felt
            (passive): a vector towards the target, of length 1 once the hand is there. An
            active trial has most of it from before the movement, a bump comes unforeseen.
        passive: whether the hand was bumped.
    """

    position_cm: np.ndarray
    velocity_cm_s: np.ndarray
    drive: np.ndarray
    passive: bool

    def during_trial(self, trial_len: int) -> HandPath:
        """The trial itself, without the bins beside it."""
        first = kernel_size(trial_len) // 2
        inside = slice(first, first + trial_len)
        return HandPath(
            self.position_cm[inside], self.velocity_cm_s[inside], self.drive[inside], self.passive
        )


@dataclass(frozen=True, eq=False)
class Units:
    """Tuning of the neurons; the first axis of a pair is active, passive.

    Attributes:
        baseline_hz: array (unit,).
        position_gain: array (2, 2, unit), change of the log rate at 10 cm in x and y.
        velocity_gain: array (2, 2, unit), the same at 40 cm/s.
        direction_gain: array (2, 2, unit), the same of the drive.
        state_gain: array (state, unit), change of the log rate with slow fluctuations that all
            neurons share and that have nothing to do with the task.
        trial_sd: standard deviation of the log rate from trial to trial.
    """

    baseline_hz: np.ndarray
    position_gain: np.ndarray
    velocity_gain: np.ndarray
    direction_gain: np.ndarray
    state_gain: np.ndarray
    trial_sd: float


def kernel_size(trial_len: int) -> int:
    """Bins of the smoothing kernel: 6 standard deviations, 240 at 1 ms."""
    return int(_KERNEL_WIDTH_SD * SMOOTHING_S / TRIAL_S * trial_len)


def smoothing_kernel(trial_len: int) -> np.ndarray:
    """Gaussian weights (kernel,) with sum 1, symmetric."""
    size = kernel_size(trial_len)
    offset_s = (np.arange(size) - (size - 1) / 2) * TRIAL_S / trial_len
    weight = np.exp(-0.5 * (offset_s / SMOOTHING_S) ** 2)
    return weight / weight.sum()


def path_times_s(trial_len: int) -> np.ndarray:
    """Times (time,) in s from movement onset: the trial and what the smoothing sees beside it."""
    size = kernel_size(trial_len)
    first = -(size // 2)
    return np.arange(first, first + trial_len + size - 1) * TRIAL_S / trial_len - ONSET_S


def hand_path(
    rng: np.random.Generator, time_s: np.ndarray, target: int, *, passive: bool
) -> HandPath:
    """Path of one trial.

    Args:
        rng: source of the variability.
        time_s: array (time,), s from the onset of the movement, evenly spaced.
        target: 0…7, direction as angle / 45°.
        passive: a bump instead of a reach.
    """
    angle = target * 2 * np.pi / N_TARGETS
    towards = np.array([np.cos(angle), np.sin(angle)])
    start_cm = rng.normal(0, 0.35, 2)
    progress, aim_cm = (_bump if passive else _reach)(rng, time_s, towards)
    across = np.array([-aim_cm[1], aim_cm[0]])
    # a bulge to one side in mid-movement, 0 at both ends
    bulge = rng.normal(0, 0.08) * np.sin(np.pi * np.clip(progress, 0, 1)) ** 2
    position = start_cm + progress[:, None] * aim_cm + bulge[:, None] * across
    position += _WOBBLE_CM * _slow_waves(rng, time_s, 2)
    velocity = np.gradient(position, time_s, axis=0)
    foreseen = 0.0 if passive else _FORESEEN
    drive = (foreseen + (1 - foreseen) * np.maximum.accumulate(progress))[:, None] * towards
    return HandPath(position, velocity, drive, passive)


def draw_units(rng: np.random.Generator, n_units: int, rate_scale: float) -> Units:
    """Neurons with heavy-tailed rates and cosine tuning; passive tuning resembles the active."""
    # stratified quantiles keep the rates alike from seed to seed
    from scipy.stats import norm

    quantile = rng.permutation((np.arange(n_units) + rng.uniform(size=n_units)) / n_units)
    baseline_hz = rate_scale * np.exp(np.log(4.5) + 0.95 * norm.ppf(quantile))
    return Units(
        baseline_hz=baseline_hz,
        position_gain=_cosine_gains(rng, n_units, 0.7, 0.4),
        velocity_gain=_cosine_gains(rng, n_units, 0.3, 0.15),
        direction_gain=_cosine_gains(rng, n_units, 0.5, 1.2),
        state_gain=rng.normal(0, 0.55, (_N_STATES, n_units)),
        trial_sd=0.15,
    )


def smoothed_spikes(
    rng: np.random.Generator, units: Units, path: HandPath, trial_len: int
) -> np.ndarray:
    """Poisson spikes along a path, smoothed before the trial is cut, float64 (trial_len, unit).

    As ``numpy.convolve(spikes, kernel, "same")`` of the recording around the trial, so the
    smoothing is not causal and reaches over the edges of the trial.
    """
    kind = int(path.passive)
    log_rate = (
        path.position_cm / 10 @ units.position_gain[kind]
        + path.velocity_cm_s / 40 @ units.velocity_gain[kind]
        + path.drive @ units.direction_gain[kind]
        + _slow_waves(rng, path_times_s(trial_len), _N_STATES) @ units.state_gain
        + rng.normal(0, units.trial_sd, units.baseline_hz.size)
    )
    rate_hz = np.minimum(units.baseline_hz * np.exp(log_rate), _MAX_RATE_HZ)
    counts = rng.poisson(rate_hz * (TRIAL_S / trial_len)).astype(np.float64)
    kernel = smoothing_kernel(trial_len)
    banded = np.zeros((trial_len, len(counts)))
    np.lib.stride_tricks.sliding_window_view(banded, kernel.size, axis=1, writeable=True)[
        np.arange(trial_len), np.arange(trial_len)
    ] = kernel
    return banded @ counts


def _reach(
    rng: np.random.Generator, time_s: np.ndarray, towards: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Progress (time,) from 0 to 1, and the way to go (2,) in cm."""
    duration_s = rng.lognormal(np.log(0.42), 0.12)
    aim_cm = _REACH_CM * towards * rng.normal(1, 0.04) + rng.normal(0, 0.5, 2)
    return _minimum_jerk(time_s / duration_s), aim_cm


def _bump(
    rng: np.random.Generator, time_s: np.ndarray, towards: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Progress (time,) from 0 to 1 and most of the way back, and the displacement (2,) in cm."""
    rise_s = _BUMP_RISE_S * rng.lognormal(0, 0.1)
    back = _minimum_jerk((time_s - rise_s) / (_BUMP_RETURN_S * rng.lognormal(0, 0.1)))
    stays = np.clip(rng.normal(_BUMP_STAYS, 0.1), 0, 1)
    aim_cm = _BUMP_CM * towards * rng.normal(1, 0.08) + rng.normal(0, 0.2, 2)
    return _minimum_jerk(time_s / rise_s) - (1 - stays) * back, aim_cm


def _minimum_jerk(fraction: np.ndarray) -> np.ndarray:
    """Smoothest way from 0 to 1 while ``fraction`` of the time goes by (Flash & Hogan 1985)."""
    s = np.clip(fraction, 0, 1)
    return s**3 * (10 - 15 * s + 6 * s**2)


def _slow_waves(rng: np.random.Generator, time_s: np.ndarray, n: int) -> np.ndarray:
    """Smooth random series of unit variance and 0.2 to 1.5 Hz, array (time, n)."""
    frequency_hz = rng.uniform(0.2, 1.5, (3, 1, n))
    phase = rng.uniform(0, 2 * np.pi, (3, 1, n))
    waves = np.cos(2 * np.pi * frequency_hz * time_s[None, :, None] + phase)
    return (rng.normal(0, np.sqrt(2 / 3), (3, 1, n)) * waves).sum(axis=0)


def _cosine_gains(
    rng: np.random.Generator, n_units: int, active_depth: float, passive_depth: float
) -> np.ndarray:
    """Gains (2, 2, unit): for active and passive, x and y; passive directions turned a little."""
    preferred = rng.uniform(0, 2 * np.pi, n_units) + np.array(
        [np.zeros(n_units), rng.normal(0, 0.3, n_units)]
    )
    depth = np.outer([active_depth, passive_depth], rng.gamma(2.0, 0.5, n_units) ** 0.5)
    return np.stack([depth * np.cos(preferred), depth * np.sin(preferred)], axis=1)
