"""Curves whose end is known: level, rising, annealed, noisy, too short."""

import numpy as np
import pytest

from cebra_kedro.convergence import late_rise_bits

STEPS = np.arange(1000)
CONSTANT = np.ones(1000)
TO_ZERO = np.linspace(1, 0, 1000)


def noise(spread, seed=0, n=1000):
    return spread * np.random.default_rng(seed).normal(size=n)


def saturating(scale):
    """2 bits in the end; what is missing halves every ``0.7 scale`` steps."""
    return 2 * (1 - np.exp(-STEPS / scale))


def test_a_straight_rise_is_extrapolated_over_the_training():
    # Exact: the line through a line.
    assert late_rise_bits(STEPS / 500, CONSTANT) == pytest.approx(2.0, rel=1e-9)


@pytest.mark.parametrize("spread", [0.0, 0.05, 0.3])
def test_a_curve_that_is_level_is_level_whatever_the_noise(spread):
    assert late_rise_bits(saturating(50) + noise(spread), CONSTANT) == 0.0


@pytest.mark.parametrize("spread", [0.0, 0.05])
def test_a_curve_that_is_still_rising_is_found_through_the_noise(spread):
    # At the end of two time constants, 0.27 of 2 bits are missing; the slope promises more.
    assert late_rise_bits(saturating(500) + noise(spread), CONSTANT) > 0.27


def test_a_rise_that_is_lost_in_the_noise_is_not_claimed():
    assert late_rise_bits(saturating(500) + noise(20.0), CONSTANT) == 0.0


def test_a_rise_that_is_sure_but_small_is_level():
    assert late_rise_bits(2 + 0.1 * STEPS / 1000, CONSTANT) == 0.0  # 5 % of the fit reached


def test_a_falling_fit_does_not_rise():
    assert late_rise_bits(2 - STEPS / 1000, CONSTANT) == 0.0


def test_where_the_learning_rate_ends_at_zero_the_schedule_ended_the_training():
    assert late_rise_bits(STEPS / 500, TO_ZERO) == 0.0
    assert late_rise_bits(STEPS / 500, np.maximum(TO_ZERO, 0.5)) > 0


def test_noise_alone_is_called_a_rise_in_few_of_1000_trainings():
    # Three standard errors, on one side: 0.13 %; the fit reached is near 0, so any rise would do.
    found = [late_rise_bits(noise(1.0, seed), CONSTANT) > 0 for seed in range(1000)]
    assert np.mean(found) <= 0.005


@pytest.mark.parametrize(
    "bits", [np.empty(0), STEPS[:99] / 50, np.where(STEPS == 990, np.nan, STEPS / 500)]
)
def test_nothing_is_said_of_curves_that_cannot_tell(bits):
    assert late_rise_bits(bits, np.ones(len(bits))) == 0.0
