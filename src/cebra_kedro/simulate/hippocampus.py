"""Seeded rat-on-a-linear-track arrays, in the structure of the published hippocampus files.

This file invents spikes and positions; turning them into a ``Recording`` is the business of
``sources.hippocampus``, which treats simulated and published arrays alike.

The numbers below were set by hand so that ``simulate_rat(seed=..., n_jumps=6)`` resembles the
published rat "buddy": running speeds, firing rates, theta rhythm, how variable spike counts are,
and how well raw activity tells the position; never by what an encoder reaches. Place cells fire
far more variably from pass to pass than a Poisson process of their mean rate would (Fenton &
Muller, PNAS 95, 3182, 1998): rates carry a gain of each run, bursts of each unit, and an
excitability that all share. ``benchmarks/simulated_rat.py`` sets the simulated rats beside the
published one: median error of nearest neighbours on counts summed over 10 bins 0.133 m (published
0.134), Fano factor of a unit's counts about their mean in 0.25 s and in 1 s 2.3 and 3.4 (2.2 and
3.6), of all units' counts together 2.4 and 4.1 (2.1 and 3.8), correlation of two units' counts
0.011 (0.011). Single bins tell less here (0.33 m against 0.26).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

TRACK_LENGTH_M = 1.6
BIN_WIDTH_S = 0.025
MIN_BINS_PER_RUN = 40
MAX_BINS_PER_RUN = 400

_THETA_HZ = 8.8
_SILENT_FRACTION = 0.06
_INTERNEURON_FRACTION = 0.06
_BIDIRECTIONAL_FRACTION = 0.4
_MAX_MEAN_RATE_HZ = 7.5
_SATURATION_HZ = 100.0
_BURST_S = 0.1
_BURST_LOG_SD = 0.9


def simulate_rat(
    *,
    seed: int,
    n_trials: int = 29,
    n_units: int = 48,
    n_bins: int | None = None,
    right_is_increasing: bool = False,
    n_jumps: int = 0,
    rate_scale: float = 1.0,
) -> dict[str, np.ndarray]:
    """Simulate CA1 place cells of a rat running to and fro on a 1.6 m track, in 25 ms bins.

    A pure function of its arguments: the same seed gives the same bits. The seed's trajectory
    does not depend on ``n_units``.

    Args:
        seed: non-negative integer.
        n_trials: round trips, at least 2. The nested 3-fold split needs 16.
        n_units: number of units, at least 1; about 6 % of them stay silent.
        n_bins: exact number of time bins, 80 to 800 a trial; by default what the running speed
            gives, about 220 a trial.
        right_is_increasing: whether the first direction column ("right") is the run towards
            larger positions, as in rat achilles, or the run back, as in buddy.
        n_jumps: how many runs, 0 to ``2 * n_trials``, jump ahead by 0.10-0.26 m within one bin,
            as happens where the publisher joined running epochs (buddy 6, achilles 2).
        rate_scale: factor on all firing rates, 0 (exclusive) to 20; 1 gives about 0.9 Hz a unit.

    Returns:
        ``spikes``: float64 array (time, unit) of spike counts per bin;
        ``position``: float64 array (time, 3), position in m spanning exactly [0, 1.6], and one
        one-hot column for each running direction. The first run has the first column set.

    Raises:
        ValueError: an argument is out of its range.

    Source:
        Layout and statistics of ``rat_hippocampus/buddy.jl`` as published with CEBRA
        (Grosmark & Buzsaki 2016, CRCNS hc-11).
    """
    _check_arguments(
        seed=seed,
        n_trials=n_trials,
        n_units=n_units,
        n_bins=n_bins,
        n_jumps=n_jumps,
        rate_scale=rate_scale,
    )
    path_rng, unit_rng, spike_rng = (
        np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(3)
    )
    path = _run_to_and_fro(path_rng, 2 * n_trials, n_bins, n_jumps, right_is_increasing)
    rate_hz = _tuned_rates(unit_rng, path, n_units)
    rate_hz *= rate_scale * _variability(unit_rng, path, rate_hz.mean(axis=0))
    rate_hz /= 1 + rate_hz / _SATURATION_HZ
    spikes = spike_rng.poisson(rate_hz * BIN_WIDTH_S).astype(np.float64)
    right = path.increasing == right_is_increasing
    position = np.column_stack([path.position_m, right, ~right]).astype(np.float64)
    return {"spikes": spikes, "position": position}


@dataclass(frozen=True)
class _Path:
    """Where the rat is: every array has shape (time,)."""

    position_m: np.ndarray
    increasing: np.ndarray
    run: np.ndarray


def _check_arguments(
    *, seed: int, n_trials: int, n_units: int, n_bins: int | None, n_jumps: int, rate_scale: float
) -> None:
    if seed < 0:
        raise ValueError(f"seed must be a non-negative integer, got {seed}")
    if n_trials < 2:
        raise ValueError(f"n_trials must be at least 2 round trips, got {n_trials}")
    if n_units < 1:
        raise ValueError(f"n_units must be at least 1, got {n_units}")
    n_runs = 2 * n_trials
    if n_bins is not None and not MIN_BINS_PER_RUN <= n_bins / n_runs <= MAX_BINS_PER_RUN:
        raise ValueError(
            f"n_bins must be in [{MIN_BINS_PER_RUN * n_runs}, {MAX_BINS_PER_RUN * n_runs}] "
            f"for {n_trials} trials (two runs of 1-10 s each), got {n_bins}; change n_trials too"
        )
    if not 0 <= n_jumps <= n_runs:
        raise ValueError(
            f"n_jumps must be in [0, {n_runs}], at most one in each of the {n_runs} runs, "
            f"got {n_jumps}"
        )
    if not 0 < rate_scale <= 20:
        raise ValueError(f"rate_scale must be above 0 and at most 20, got {rate_scale}")


def _run_to_and_fro(
    rng: np.random.Generator,
    n_runs: int,
    n_bins: int | None,
    n_jumps: int,
    first_is_increasing: bool,
) -> _Path:
    clocks = [_run_clock(rng) for _ in range(n_runs)]
    lengths = _run_lengths(np.array([elapsed_s[-1] for _, elapsed_s in clocks]), n_bins)
    jumping = set(rng.choice(n_runs, n_jumps, replace=False).tolist())
    travelled = [
        _sample_run(rng, travelled_m, elapsed_s, n, index in jumping)
        for index, ((travelled_m, elapsed_s), n) in enumerate(zip(clocks, lengths, strict=True))
    ]
    run = np.repeat(np.arange(n_runs), lengths)
    increasing = (run % 2 == 0) == first_is_increasing
    forward_m = np.concatenate(travelled)
    position_m = np.where(increasing, forward_m, TRACK_LENGTH_M - forward_m)
    position_m = (position_m - position_m.min()) / np.ptp(position_m) * TRACK_LENGTH_M
    return _Path(position_m, increasing, run)


def _run_clock(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Distance travelled in m and the time in s at which it is reached, on a fine grid."""
    start_m, stop_m = rng.exponential(0.004), TRACK_LENGTH_M - rng.exponential(0.012)
    travelled_m = np.linspace(start_m, stop_m, 801)
    to_end_m = np.minimum(travelled_m, TRACK_LENGTH_M - travelled_m)
    cruise_m_s = rng.lognormal(np.log(0.82), 0.16)
    hesitation = _autoregressive(rng, travelled_m.size, 0.12 / (travelled_m[1] - travelled_m[0]))
    slow_at_ends = 0.35 + 0.65 * np.minimum(1, to_end_m / 0.2)
    speed_m_s = cruise_m_s * slow_at_ends * np.exp(0.38 * hesitation)
    step_s = np.gradient(travelled_m) / speed_m_s
    for _ in range(rng.poisson(0.6)):  # pauses
        where = rng.integers(80, 720)
        step_s[where : where + 10] += rng.uniform(0.15, 1.0) / 10
    return travelled_m, np.cumsum(step_s)


def _run_lengths(duration_s: np.ndarray, n_bins: int | None) -> np.ndarray:
    """Bins of each run; in proportion to the durations when their sum is prescribed."""
    total = round(duration_s.sum() / BIN_WIDTH_S) if n_bins is None else n_bins
    borders = np.rint(np.cumsum(duration_s) / duration_s.sum() * total).astype(int)
    return np.diff(borders, prepend=0)


def _sample_run(
    rng: np.random.Generator,
    travelled_m: np.ndarray,
    elapsed_s: np.ndarray,
    n: int,
    jumps: bool,
) -> np.ndarray:
    """Distance from the run's starting end in m at each of its ``n`` bins."""
    forward_m = np.interp(np.linspace(elapsed_s[0], elapsed_s[-1], n), elapsed_s, travelled_m)
    if jumps:
        gap_m = rng.uniform(0.10, 0.26)
        shrink = 1 - gap_m / TRACK_LENGTH_M
        at = rng.integers(n // 4, 3 * n // 4)
        forward_m = forward_m * shrink + gap_m * (np.arange(n) >= at)
    head_m = 0.004 * _autoregressive(rng, n, 4.0)
    return forward_m + head_m * np.minimum(1, np.minimum(np.arange(n), np.arange(n)[::-1]) / 8)


def _tuned_rates(rng: np.random.Generator, path: _Path, n_units: int) -> np.ndarray:
    """Mean firing rate in Hz, array (time, unit), without variability."""
    kind = rng.permutation((np.arange(n_units) + 0.5) / n_units)
    # Stratified quantiles keep the rate distribution alike from seed to seed.
    quantile = rng.permutation((np.arange(n_units) + rng.uniform(size=n_units)) / n_units)
    rates = np.zeros((path.run.size, n_units))
    for unit in range(n_units):
        if kind[unit] < _SILENT_FRACTION:
            continue
        if kind[unit] > 1 - _INTERNEURON_FRACTION:
            rates[:, unit] = _interneuron(rng, path)
        else:
            rates[:, unit] = _place_cell(rng, path, quantile[unit])
    return rates


def _interneuron(rng: np.random.Generator, path: _Path) -> np.ndarray:
    """Rate in Hz (time,): tonic, with a broad dependence on position and direction."""
    phase = rng.uniform(0, 2 * np.pi, 2)[path.increasing.astype(int)]
    wave = np.cos(2 * np.pi * path.position_m / TRACK_LENGTH_M + phase)
    return rng.lognormal(np.log(2.0), 0.4) * (1 + 0.75 * wave)


def _place_cell(rng: np.random.Generator, path: _Path, quantile: float) -> np.ndarray:
    """Rate in Hz (time,): 0-2 fields in each direction, most cells remapping between them."""
    from scipy.stats import norm

    peak_hz = np.exp(np.log(3.4) + 1.4 * norm.ppf(quantile))
    n_fields = rng.choice(3, size=2, p=[0.15, 0.7, 0.15])
    if not n_fields.any():
        n_fields[rng.integers(2)] = 1
    # Strong cells of the published rat are also the wide ones.
    width_m = rng.uniform(0.10, 0.30) * (1 + 1.8 * quantile**4)
    centre_m = rng.uniform(-0.05, TRACK_LENGTH_M + 0.05, (2, 2))
    if rng.uniform() < _BIDIRECTIONAL_FRACTION:
        centre_m[1] = centre_m[0] + rng.normal(0, 0.08, 2)
    rate_hz = np.full(path.run.size, 0.01 * peak_hz)
    for direction, count in enumerate(n_fields):
        here = path.increasing == bool(direction)
        for centre in centre_m[direction, :count]:
            height_hz = peak_hz * rng.uniform(0.3, 1)
            bump = np.exp(-4 * np.log(2) * ((path.position_m - centre) / width_m) ** 2)
            rate_hz += here * height_hz * bump
    return rate_hz * min(1.0, _MAX_MEAN_RATE_HZ / rate_hz.mean())


def _variability(rng: np.random.Generator, path: _Path, mean_rate_hz: np.ndarray) -> np.ndarray:
    """Factor of mean about 1, array (time, unit): gain of each run, excitability, theta, speed."""
    n_time, n_runs, n_units = path.run.size, path.run[-1] + 1, mean_rate_hz.size
    # Units that fire much do so more reliably from run to run.
    shape = 0.85 + 0.28 * mean_rate_hz
    run_gain = rng.gamma(shape, 1 / shape, (n_runs, n_units))[path.run]
    excitability = np.exp(0.2 * _autoregressive(rng, n_time, 0.4 / BIN_WIDTH_S))
    phase = 2 * np.pi * _THETA_HZ * BIN_WIDTH_S * np.arange(n_time)
    phase += 0.12 * np.cumsum(rng.standard_normal(n_time))
    preferred = rng.normal(0, 0.7, n_units)
    theta = 1 + 0.65 * np.cos(phase[:, None] - preferred)
    speed_m_s = np.abs(np.gradient(path.position_m)) / BIN_WIDTH_S
    bursts = _bursts(rng, n_time, n_units)
    return (
        run_gain * bursts * theta * (excitability * (0.8 + 0.4 * np.minimum(1, speed_m_s)))[:, None]
    )


def _bursts(rng: np.random.Generator, n_time: int, n_units: int) -> np.ndarray:
    """Factor of mean 1, array (time, unit): a unit fires more, or less, for about 0.1 s."""
    series = [_autoregressive(rng, n_time, _BURST_S / BIN_WIDTH_S) for _ in range(n_units)]
    return np.exp(_BURST_LOG_SD * np.stack(series, axis=1) - _BURST_LOG_SD**2 / 2)


def _autoregressive(rng: np.random.Generator, n: int, time_constant: float) -> np.ndarray:
    """Stationary Gaussian series (n,) of unit variance, ``time_constant`` in samples."""
    from scipy.signal import lfilter

    keep = np.exp(-1 / time_constant)
    noise = rng.standard_normal(n)
    noise[1:] *= np.sqrt(1 - keep**2)
    return lfilter([1.0], [1.0, -keep], noise)
