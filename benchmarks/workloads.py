"""Seeded arrays of the shapes that people train on; values do not matter for speed, labels do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cebra_kedro.training import EncoderConfig, LossConfig, OptimizerConfig, PairsConfig
from cebra_kedro.training.config import TrainingConfig
from cebra_kedro.training.data import TrainingData


@dataclass(frozen=True)
class Workload:
    """Data of one or several sessions, and the networks that cebra's demos use for them."""

    name: str
    sessions: tuple[TrainingData, ...]
    encoders: tuple[EncoderConfig, ...]
    time_offset_bins: int
    batch_size: int

    def config(
        self,
        steps: int,
        precision: str = "float32",
        device: str = "auto",
        cuda_graphs: bool = False,
    ) -> TrainingConfig:
        """Our configuration of the training that :func:`cebra_steps` does with cebra."""
        return TrainingConfig.model_validate(
            {
                "encoder": self.encoders[0],
                "session_encoders": self.encoders if len(self.encoders) > 1 else (),
                "pairs": PairsConfig(
                    law="time_delta", time_offset_bins=self.time_offset_bins, windows="cebra"
                ),
                "loss": LossConfig(temperature=1.0),
                "optimizer": OptimizerConfig(learning_rate=3e-4),
                "steps": steps,
                "batch_size": self.batch_size,
                "precision": precision,
                "device": device,
                "cuda_graphs": cuda_graphs,
            }
        )


def workload(name: str) -> Workload:
    """One of :data:`WORKLOADS`."""
    return WORKLOADS[name]()


def _session(neural: np.ndarray, labels: np.ndarray) -> TrainingData:
    return TrainingData(neural, np.zeros(len(neural), np.int64), labels.astype(np.float32))


def _rat(batch_size: int, name: str) -> Workload:
    """Rat: 6577 bins, 48 units, position and one-hot direction on laps."""
    rng = np.random.default_rng(0)
    phase = np.cumsum(rng.gamma(2.0, 0.006, 6577)) % 2
    position = 1.6 * np.where(phase < 1, phase, 2 - phase)
    labels = np.column_stack([position, phase < 1, phase >= 1])
    neural = rng.poisson(0.023, (6577, 48)).astype(np.uint8)
    encoder = EncoderConfig(architecture="offset10-model", hidden_units=32, output_dimension=3)
    return Workload(name, (_session(neural, labels),), (encoder,), 10, batch_size)


def _monkey() -> Workload:
    """Monkey: 115800 bins of smoothed rates, 65 units, 2-D hand position."""
    rng = np.random.default_rng(1)
    neural = rng.random((115_800, 65)).astype(np.float32)
    labels = np.cumsum(rng.normal(0, 0.02, (115_800, 2)), axis=0)
    encoder = EncoderConfig(architecture="offset10-model", hidden_units=32, output_dimension=3)
    return Workload("monkey", (_session(neural, labels),), (encoder,), 10, 512)


def _movie(repeats: int, bins_per_frame: int) -> np.ndarray:
    """768-D features of 900 frames, smooth over time, for every bin of every repeat."""
    features = np.cumsum(np.random.default_rng(2).normal(0, 0.03, (900, 768)), axis=0)
    return np.tile(np.repeat(features, bins_per_frame, axis=0), (repeats, 1))


def _calcium() -> tuple[TrainingData, EncoderConfig]:
    neural = np.random.default_rng(3).exponential(0.1, (8100, 800)).astype(np.float32)
    encoder = EncoderConfig(architecture="offset1-model", hidden_units=128, output_dimension=128)
    return _session(neural, _movie(9, 1)), encoder


def _neuropixels() -> tuple[TrainingData, EncoderConfig]:
    neural = np.random.default_rng(4).poisson(0.05, (32_400, 800)).astype(np.uint8)
    encoder = EncoderConfig(architecture="resample1-model", hidden_units=128, output_dimension=128)
    return _session(neural, _movie(9, 4)), encoder


def _allen(name: str, *parts: tuple[TrainingData, EncoderConfig]) -> Workload:
    sessions, encoders = zip(*parts, strict=True)
    return Workload(name, sessions, encoders, 1, 512)


WORKLOADS = {
    "rat": lambda: _rat(512, "rat"),
    "monkey": _monkey,
    "ca": lambda: _allen("ca", _calcium()),
    "neuropixels": lambda: _allen("neuropixels", _neuropixels()),
    "joint": lambda: _allen("joint", _calcium(), _neuropixels()),
    "rat_batch20000": lambda: _rat(20_000, "rat_batch20000"),
}
