"""Whether an encoder was still learning when its training ended, from its training curve.

Training is left to ``training``, what is said of it to ``report``.
"""

from __future__ import annotations

import numpy as np

TAIL = 0.2
"""Share of the steps at the end in which the trend is looked for."""
FEWEST_STEPS = 20
"""Of so few at the end, a trend and the noise of batches cannot be told apart."""
STANDARD_ERRORS = 3.0
SHARE = 0.1
"""A curve is level where as many steps again would add less than this share of what it reached."""
ANNEALED = 0.1
"""Below this share of its peak, the learning rate ended the training, not the number of steps."""


def late_rise_bits(goodness_of_fit_bits: np.ndarray, learning_rate: np.ndarray) -> float:
    """How many bits as many steps again would add, if the fit went on rising as it does at the end.

    A straight line through the last fifth of the curve, extrapolated over the length of the
    training. It is 0 where the slope is within three standard errors of 0 (the noise of batches),
    where it would add less than a tenth of the fit reached, where the learning rate has come down
    to less than a tenth of its peak, and where fewer than 20 steps are in the last fifth.

    Args:
        goodness_of_fit_bits: array (step,), of one training or the mean of several.
        learning_rate: array (step,).

    Returns:
        Bits; 0 where the curve is level or nobody can tell.

    Example:
        >>> steps = np.arange(1000)
        >>> late_rise_bits(1 - 0.5 * np.exp(-steps / 100), np.ones(1000))
        0.0
        >>> round(late_rise_bits(steps / 1000, np.ones(1000)), 2)
        1.0
    """
    bits = np.asarray(goodness_of_fit_bits, float)
    n_tail = int(TAIL * len(bits))
    tail = bits[len(bits) - n_tail :]
    if n_tail < FEWEST_STEPS or not np.isfinite(tail).all():
        return 0.0
    if learning_rate[-1] < ANNEALED * np.max(learning_rate):
        return 0.0
    slope, error = _slope(tail)
    rise = slope * len(bits)
    is_level = slope <= STANDARD_ERRORS * error or rise < SHARE * tail.mean()
    return 0.0 if is_level else float(rise)


def _slope(values: np.ndarray) -> tuple[float, float]:
    """Slope per step of the least-squares line, and its standard error."""
    steps = np.arange(len(values)) - (len(values) - 1) / 2
    square = float(steps @ steps)
    slope = float(steps @ values) / square
    residual = values - values.mean() - slope * steps
    return slope, float(np.sqrt(residual @ residual / (len(values) - 2) / square))
