"""Encoders, losses, schedules and the loop that fits them; torch and cebra load on first use.

Which pairs are drawn is decided in ``sampling``; what becomes of an embedding in ``decoding``,
``consistency`` and ``plots``.
"""

from cebra_kedro.training.config import (
    EncoderConfig,
    LossConfig,
    OptimizerConfig,
    PairsConfig,
    ScheduleConfig,
    TrainingConfig,
)

__all__ = [
    "EncoderConfig",
    "LossConfig",
    "OptimizerConfig",
    "PairsConfig",
    "ScheduleConfig",
    "TrainingConfig",
]
