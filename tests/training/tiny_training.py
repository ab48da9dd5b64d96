"""Recordings and configurations small enough that training takes a fraction of a second."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cebra_kedro.training import TrainingConfig
from cebra_kedro.training.batch_embedder import BatchEmbedder
from cebra_kedro.training.checkpoint import Checkpoint
from cebra_kedro.training.data import TrainingData

TINY: dict[str, Any] = {
    "encoder": {"architecture": "offset5-model", "hidden_units": 4, "output_dimension": 3},
    "pairs": {"law": "time", "time_offset_bins": 2},
    "steps": 12,
    "batch_size": 16,
    "threads": 1,
    "device": "cpu",
}

# A valid block of pair settings for every law.
LAWS: dict[str, dict[str, Any]] = {
    "time": {"law": "time", "time_offset_bins": 2},
    "time_delta": {"law": "time_delta", "time_offset_bins": 2},
    "delta_normal": {"law": "delta_normal", "delta": 0.1},
    "discrete": {"law": "discrete"},
    "mixed": {"law": "mixed", "time_offset_bins": 2},
    "hybrid": {"law": "hybrid", "time_offset_bins": 2},
}


def tiny_config(**changes: Any) -> TrainingConfig:
    """The tiny configuration with some blocks changed; a dict changes single settings."""
    settings = dict(TINY)
    for name, value in changes.items():
        merge = isinstance(value, dict) and name != "pairs"
        settings[name] = {**settings.get(name, {}), **value} if merge else value
    return TrainingConfig.model_validate(settings)


def tiny_data(
    n_time: int = 150, n_neurons: int = 6, n_trials: int = 2, seed: int = 0
) -> TrainingData:
    """A noisy rotation that the neurons see, with its phase as label and its quadrant as class."""
    rng = np.random.default_rng(seed)
    phase = np.cumsum(rng.normal(0.2, 0.1, n_time))
    circle = np.stack([np.cos(phase), np.sin(phase)], axis=1)
    neural = circle @ rng.normal(size=(2, n_neurons)) + rng.normal(0, 0.5, (n_time, n_neurons))
    return TrainingData(
        neural=neural.astype(np.float32),
        segment=np.repeat(np.arange(n_trials), -(-n_time // n_trials))[:n_time],
        labels=circle,
        classes=(phase // (np.pi / 2) % 4).astype(np.int64),
    )


def tiny_counts(**shape: int) -> TrainingData:
    """The same with spike counts, of which few are not zero."""
    data = tiny_data(**shape)
    spikes = data.neural - np.quantile(data.neural, 0.92, axis=0)
    return replace(data, neural=np.ceil(spikes.clip(min=0)).astype(np.uint8))


def embed(embedder: BatchEmbedder, rows: torch.Tensor) -> torch.Tensor:
    """What training does with the rows of a batch."""
    return embedder(embedder.look_up(rows))


@dataclass
class WatchedCheckpoint(Checkpoint):
    """A checkpoint that notes the steps it is asked about, and can kill the process."""

    asked_at: list[int] = field(default_factory=list)
    kill_at: int | None = None

    def save_if_due(self, state, fingerprint):
        self.asked_at.append(state.step)
        super().save_if_due(state, fingerprint)
        if state.step == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)


def train_until_killed(
    path: Path,
    config: TrainingConfig,
    data: TrainingData,
    validation: TrainingData | None,
    kill_at: int,
) -> None:
    """Train with a checkpoint each 3 steps and die by SIGKILL; runs in a process of its own."""
    from cebra_kedro.training.loop import train

    checkpoint = WatchedCheckpoint(path, every_steps=3, kill_at=kill_at)
    train(data, config, validation=validation, checkpoint=checkpoint, name=None)
