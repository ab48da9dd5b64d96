"""Simulated cortical neurons obey the statistical laws that their description claims."""

from itertools import pairwise

import numpy as np
import pytest

from cebra_kedro.simulate.cortex import AREAS, Neurons, draw_neurons, rates_by_repeat

FAINT = -6.0  # log-rate so low that saturation at 100 Hz takes less than 0.01 %


def draw(area="VISp", seed=0, modality="neuropixels", n_neurons=600):
    return draw_neurons(area, seed, modality, n_neurons, mean_rate_hz=4.0)


def likeness(log_rate):
    """Which frames are alike for a population, for pairs too far apart to share a scene."""
    centred = (log_rate - log_rate.mean(axis=0))[::5]
    return (centred @ centred.T)[np.triu_indices(len(centred), 60)]


def log_rates(neurons, *, seed=0, n_repeats=10, bins_per_frame=1):
    rates = rates_by_repeat(
        np.random.default_rng(seed), neurons, n_repeats=n_repeats, bins_per_frame=bins_per_frame
    )
    return np.log(np.stack(list(rates)))


def test_mean_rates_are_heavy_tailed():
    rate_hz = np.exp(draw(n_neurons=2000).log_rate).mean(axis=0)
    # Stratified, the mean of a log-normal law of log s.d. 1.1 varies by a few percent.
    assert rate_hz.mean() == pytest.approx(4.0, rel=0.1)
    busiest = np.sort(rate_hz)[::-1][:200].sum() / rate_hz.sum()
    # Phi(1.1 - 1.28) = 0.43 of all spikes come from a tenth of the neurons; a Gaussian law of the
    # same coefficient of variation would give 0.3, equal rates 0.1.
    assert busiest == pytest.approx(0.43, abs=0.05)
    assert np.median(rate_hz) < 0.65 * rate_hz.mean()


@pytest.mark.parametrize("area", AREAS)
def test_a_minority_is_tuned_with_the_gain_of_the_area(area):
    modulation = draw(area).log_rate.std(axis=0)
    # The rest is constant to rounding.
    tuned = modulation > 1e-9
    # Evenly spread among 600 neurons: to within a few of them.
    assert tuned.mean() == pytest.approx(AREAS[area].tuned_fraction, abs=0.01)
    assert np.median(modulation[tuned]) == pytest.approx(AREAS[area].gain, rel=0.1)


def test_tuned_neurons_are_as_frequent_among_slow_as_among_fast_ones():
    log_rate = draw().log_rate
    order = np.argsort(np.exp(log_rate).mean(axis=0))
    tuned = (log_rate.std(axis=0) > 1e-9)[order]
    # Each fifth has 120 neurons; evenly spread means within a few of 36.
    for fifth in tuned.reshape(5, 120):
        assert fifth.sum() == pytest.approx(36, abs=4)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_areas_represent_the_same_movie_differently(seed):
    """Two groups of one area agree better on which frames are alike than groups of two areas."""
    keys = [(area, modality) for area in AREAS for modality in ("neuropixels", "calcium")]
    populations = [draw(area, seed, modality).log_rate for area, modality in keys]
    agreement = np.corrcoef([likeness(log_rate) for log_rate in populations])
    same = np.array([[a[0] == b[0] and a != b for b in keys] for a in keys])
    other = np.array([[a[0] != b[0] for b in keys] for a in keys])
    assert agreement[same].min() > agreement[other].max()
    # Yet all see one movie; with unrelated movies this is 0 on average, see the next test.
    assert agreement[other].mean() > 0.2


def test_areas_of_different_movies_do_not_agree():
    agreement = np.corrcoef([likeness(draw(seed=seed).log_rate) for seed in range(6)])
    # Ten scenes a movie leave each pair of movies a correlation of about 0.1, of either sign.
    assert abs(agreement[np.triu_indices(6, 1)].mean()) < 0.1


def test_excitability_drifts_as_a_random_walk():
    drift = 0.15
    neurons = Neurons(np.full((40, 4000), FAINT), np.zeros(4000), drift)
    level = log_rates(neurons).mean(axis=1)
    for apart in (1, 3, 9):
        moved = (level[apart:] - level[:-apart]).var(axis=1).mean()
        # Levels are means over steps interpolated within a repeat, which costs half a step.
        # 4000 neurons give a variance to 2 %.
        assert moved == pytest.approx(drift**2 * (apart - 0.5), rel=0.1)


def test_drift_has_no_jump_between_repeats():
    rates = log_rates(Neurons(np.full((50, 20), FAINT), np.zeros(20), 0.15))
    for before, after in pairwise(rates):
        # A repeat of 50 bins moves by at most about 4 * 0.15, a bin by a 50th of that.
        assert np.abs(after[0] - before[-1]).max() < 0.02


def test_drifting_for_days_widens_with_the_square_root_of_time():
    neurons = Neurons(np.zeros((2, 20_000)), np.zeros(20_000), 0.15)
    later = neurons.drifted(np.random.default_rng(0), 9)
    # 20000 neurons give a standard deviation to 0.5 %; sqrt(9) * 0.15 = 0.45.
    assert later.log_rate[0].std() == pytest.approx(0.45, rel=0.03)
    np.testing.assert_array_equal(later.log_rate[0], later.log_rate[1])
    assert (neurons.log_rate == 0).all()


def test_arousal_is_one_slow_signal_shared_by_all_neurons_of_a_recording():
    loading = np.random.default_rng(1).normal(0.15, 0.3, 30)
    neurons = Neurons(np.full((900, 30), FAINT), loading, 0.0)
    fluctuation = log_rates(neurons).reshape(9000, 30) - FAINT
    _, size, direction = np.linalg.svd(fluctuation, full_matrices=False)
    # Rank one but for saturation.
    assert size[1] < 1e-3 * size[0]
    assert abs(direction[0] @ loading) == pytest.approx(np.linalg.norm(loading), rel=1e-4)
    signal = fluctuation @ loading / (loading @ loading)
    second, minute = (np.corrcoef(signal[lag:], signal[:-lag])[0, 1] for lag in (30, 1800))
    # exp(-(1 s / 2 s)^2 / 4) = 0.94 after 1 s; after a minute, noise of about 0.15.
    assert second > 0.9
    assert abs(minute) < 0.5


def test_recordings_do_not_share_arousal():
    neurons = Neurons(np.full((900, 1), FAINT), np.ones(1), 0.0)
    first, second = (log_rates(neurons, seed=seed).ravel() for seed in (0, 1))
    # 300 s hold about 40 independent values.
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.5


def test_rates_stay_below_saturation_and_bins_of_a_frame_share_their_tuning():
    neurons = Neurons(np.array([[0.0], [20.0], [3.0]]), np.zeros(1), 0.0)
    rates = np.exp(log_rates(neurons, n_repeats=1, bins_per_frame=4)[0, :, 0])
    expected = [np.exp(x) / (1 + np.exp(x) / 100) for x in (0.0, 20.0, 3.0)]
    np.testing.assert_allclose(rates, np.repeat(expected, 4), rtol=1e-12)
    assert rates.max() <= 100


def test_unknown_area_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"area must be one of VISp, .*, got 'V1'"):
        draw("V1")
