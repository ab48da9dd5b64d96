"""Which settings a draft should say: encoders of the real rat, scored on validation trials only.

Usage: python benchmarks/draft_settings.py FOLDER [--folds 0 1 2] [--seed 0]

FOLDER holds spikes.mat and trajectory.videoPositionTracking of the experiment linear_track. Each
row changes one thing of what a draft says. Errors are the median over the bins of validation
trials, the mean of the folds, by the best of some numbers of nearest neighbours; test trials are
not looked at.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from cebra_kedro.decoding.knn import knn_regression
from cebra_kedro.io import MatDataset, TrodesDataset
from cebra_kedro.recording import Recording
from cebra_kedro.sources.registry import typed_options
from cebra_kedro.sources.signals import read_signals
from cebra_kedro.splits import interleaved_trial_folds, rows
from cebra_kedro.training import EncoderConfig, LossConfig, OptimizerConfig, PairsConfig
from cebra_kedro.training.baselines import window_sums
from cebra_kedro.training.config import TrainingConfig
from cebra_kedro.training.data import session_data, spread
from cebra_kedro.training.loop import train

DESCRIPTION = Path(__file__).parents[1] / "conf" / "paper" / "parameters_linear_track.yml"
LABELS = ("position", "direction")
NEIGHBOURS = (9, 25, 36, 64, 100)
AS_DRAFTED: dict[str, Any] = {
    "units": 64,
    "dimension": 8,
    "steps": 750,
    "rate": 3e-3,
    "learnt": True,
    "temperature": 1.0,
    "offset": 10,
    "standardise": True,
}
CHANGES: Mapping[str, dict[str, Any]] = {
    "as drafted": {},
    "3 dimensions": {"dimension": 3},
    "32 units": {"units": 32},
    "temperature 1": {"learnt": False},
    "temperature 0.3": {"learnt": False, "temperature": 0.3},
    "250 steps": {"steps": 250},
    "1500 steps": {"steps": 1500},
    "rate 1e-3": {"rate": 1e-3},
    "offset 5": {"offset": 5},
    "offset 20": {"offset": 20},
    "labels in own units": {"standardise": False},
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--folds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    recording = read_rat(options.folder)
    part = interleaved_trial_folds(recording.segment())[options.folds]
    sums = window_sums(recording.neural, recording.segment(), 10)
    print(f"{'':<22}{'error, px':>10}{'seconds a fold':>16}")
    print(f"{'sums of the window':<22}{error(recording, part, [sums] * len(part)):>10.1f}")
    for name, change in CHANGES.items():
        settings, started = AS_DRAFTED | change, time.perf_counter()
        embeddings = [embed(recording, fold, settings, options.seed) for fold in part]
        seconds = (time.perf_counter() - started) / len(part)
        print(f"{name:<22}{error(recording, part, embeddings):>10.1f}{seconds:>16.1f}", flush=True)


def read_rat(folder: Path) -> Recording:
    """The recording as the experiment reads it."""
    parts = {
        "spikes": MatDataset(filepath=folder / "spikes.mat").load(),
        "tracking": TrodesDataset(filepath=folder / "trajectory.videoPositionTracking").load(),
    }
    source = yaml.safe_load(DESCRIPTION.read_text())["linear_track"]["source"]
    options = {key: value for key, value in source.items() if key != "name"}
    return read_signals(parts, session="rat", **typed_options("signals", options))


def embed(
    recording: Recording, fold: np.ndarray, settings: Mapping[str, Any], seed: int
) -> np.ndarray:
    """Train on the training trials of a fold, embed all bins."""
    fitted, spreads = rows(fold, "train"), {}
    if settings["standardise"]:
        spreads["position"] = spread([recording.label("position").matrix()[fitted]])
    config = TrainingConfig(
        encoder=EncoderConfig(
            architecture="offset10-model",
            hidden_units=settings["units"],
            output_dimension=settings["dimension"],
        ),
        pairs=PairsConfig(law="time_delta", time_offset_bins=settings["offset"]),
        loss=LossConfig(
            temperature=settings["temperature"],
            learnable_temperature=settings["learnt"],
            min_temperature=0.1 if settings["learnt"] else None,
        ),
        optimizer=OptimizerConfig(learning_rate=settings["rate"]),
        steps=settings["steps"],
        seed=seed,
    )
    model = train(session_data(recording, fitted, LABELS, spreads=spreads), config, name=None)
    return model.transform(recording.neural, recording.segment())


def error(recording: Recording, part: np.ndarray, features: list[np.ndarray]) -> float:
    """Median error on validation trials, mean of the folds."""
    position, errors = recording.label("position").values, []
    for fold, embedding in zip(part, features, strict=True):
        fitted, held_out = rows(fold, "train"), rows(fold, "valid")
        found = knn_regression(
            embedding[fitted], position[fitted], embedding[held_out], candidates=NEIGHBOURS
        )
        errors.append(min(np.median(np.abs(p - position[held_out])) for p in found.values()))
    return float(np.mean(errors))


if __name__ == "__main__":
    main()
