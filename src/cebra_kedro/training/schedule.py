"""Learning rate and weights of each step as closed forms; nothing steps them elsewhere."""

from __future__ import annotations

import math

from cebra_kedro.training.config import ScheduleConfig


def learning_rates(schedule: ScheduleConfig, peak: float, steps: int) -> list[float]:
    """Learning rate of every step.

    Args:
        schedule: the curve.
        peak: highest learning rate.
        steps: number of steps.
    """
    return [peak * learning_rate_fraction(schedule, step, steps) for step in range(steps)]


def learning_rate_fraction(schedule: ScheduleConfig, step: int, steps: int) -> float:
    """Learning rate of a step as a fraction of the peak.

    Args:
        schedule: the curve.
        step: number of the step, 0 … steps − 1.
        steps: total number of steps.
    """
    if schedule.name == "constant":
        return 1.0
    last = max(steps - 1, 1)
    if schedule.name == "cosine":
        return _cosine(1.0, schedule.final_fraction, step / last)
    peak = max(1.0, schedule.warmup_fraction * last)
    if step <= peak:
        return _cosine(schedule.initial_fraction, 1.0, step / peak)
    return _cosine(1.0, schedule.final_fraction, (step - peak) / max(last - peak, 1.0))


def ramp(step: int, steps: int, ramp_up: tuple[float, float]) -> float:
    """How far a weight has risen, from 0 to 1 in a straight line.

    Args:
        step: number of the step, 0 … steps − 1.
        steps: total number of steps.
        ramp_up: shares of the steps between which it rises.
    """
    begin, end = (share * steps for share in ramp_up)
    risen = (step - begin) / (end - begin) if end > begin else float(step >= end)
    return min(max(risen, 0.0), 1.0)


def _cosine(start: float, end: float, progress: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * min(progress, 1.0))) / 2
