"""Seconds to a quality: validation error of position against training time, cebra's and ours.

    python benchmarks/time_to_quality.py --figure docs/images/time_to_quality.png

The published rat "buddy" (``CEBRA_KEDRO_DATA`` names the recordings). cebra's own loader and solver
are trained with the settings of its demonstration and looked at now and then, which is not counted;
ours are trained anew for each number of steps, as their schedules depend on it, set-up included.
The two take turns in one process, fold by fold. Errors are medians over validation trials (test
trials are not looked at), nearest neighbours fitted to the embedding of training trials, the best
of some numbers of neighbours. The table says how long each takes to reach the error that cebra ends
with.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch
from training_speed import cebra_trainer
from workloads import Workload

from cebra_kedro.decoding.knn import knn_regression
from cebra_kedro.io import PublishedPickleDataset
from cebra_kedro.plots.canvas import house_style, new_figure
from cebra_kedro.splits import nested_trial_folds, segment_ids, trials_from_direction
from cebra_kedro.training.config import TrainingConfig
from cebra_kedro.training.data import TrainingData
from cebra_kedro.training.loop import train
from cebra_kedro.training.model import EncoderModel

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LOOKS = (100, 200, 400, 700, 1000, 1500, 2000, 3000, 4000, 5000, 7000, 10000)
STEPS = (25, 50, 75, 100, 150, 200, 300, 400, 600)
NEIGHBOURS = (1, 4, 9, 16, 25, 36, 64, 100)
DEMO: dict[str, Any] = {
    "encoder": {"architecture": "offset10-model", "hidden_units": 32, "output_dimension": 3},
    "pairs": {"law": "time_delta", "time_offset_bins": 10},
    "loss": {"temperature": 1.0},
    "optimizer": {"learning_rate": 3e-4},
    "batch_size": 512,
}
WAYS: dict[str, dict[str, Any]] = {
    "ours, cebra's settings": {},
    "ours, constant 2.05e-3": {
        "loss": {"temperature": 1.266},
        "optimizer": {"learning_rate": 2.05e-3},
    },
    "ours, one cycle to 5e-3": {
        "loss": {"temperature": 1.266},
        "optimizer": {"learning_rate": 5e-3},
        "schedule": {"name": "one_cycle", "warmup_fraction": 0.3},
    },
    "ours, the same, batch 1024": {
        "loss": {"temperature": 1.266},
        "optimizer": {"learning_rate": 5e-3},
        "schedule": {"name": "one_cycle", "warmup_fraction": 0.3},
        "batch_size": 1024,
    },
}
DEMO_RATE_STEPS = (400, 700, 1000, 2000)
"""Of ours with cebra's settings: they are as slow to learn as cebra's, but not as slow to step."""


def main() -> None:
    """Measure, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--folds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=LOOKS[-1], help="of cebra")
    parser.add_argument("--figure", type=Path)
    given = parser.parse_args()
    runs = [(fold, seed) for fold in given.folds for seed in given.seeds]
    rows = [row for fold, seed in runs for row in curves(fold, seed, given.steps)]
    columns = ["way", "steps", "seconds", "error"]
    table = pd.DataFrame(rows, columns=columns).groupby(["way", "steps"], sort=False).mean()
    print(table.round({"seconds": 2, "error": 4}).to_string())
    print(reached(table).to_string())
    if given.figure:
        with house_style():
            drawing(table).savefig(given.figure, dpi=160)


def curves(fold: int, seed: int, cebra_steps: int) -> Iterator[tuple[str, int, float, float]]:
    """Way, steps, seconds and error of one fold and seed."""
    rat = Rat(fold)
    ours = {way: STEPS if changes else DEMO_RATE_STEPS for way, changes in WAYS.items()}
    train(rat.fitted(), config(WAYS["ours, constant 2.05e-3"], 3, seed), name=None)  # what is once
    for way, numbers in ours.items():
        for steps in numbers:
            started = time.perf_counter()
            model = train(rat.fitted(), config(WAYS[way], steps, seed), name=None)
            yield way, steps, time.perf_counter() - started, rat.error(model)
    for steps, seconds, model in cebra_models(rat, seed, cebra_steps):
        yield "cebra", steps, seconds, rat.error(model)


def config(changes: dict[str, Any], steps: int, seed: int) -> TrainingConfig:
    """The demonstration's settings, changed."""
    return TrainingConfig.model_validate(DEMO | changes | {"steps": steps, "seed": seed})


class Rat:
    """The published rat in one fold of three."""

    def __init__(self, fold: int) -> None:
        file = Path(os.environ.get("CEBRA_KEDRO_DATA", "data/01_raw"), "rat_hippocampus/buddy.jl")
        content = PublishedPickleDataset(filepath=file).load().content
        self.neural = np.asarray(content["spikes"], np.float32)
        self.labels = np.asarray(content["position"], np.float32)
        self.trial = trials_from_direction(self.labels[:, 2].astype(int))
        part = nested_trial_folds(self.trial, 3)[fold]
        self.rows = {"train": np.flatnonzero(part == 0), "valid": np.flatnonzero(part == 1)}

    def fitted(self) -> TrainingData:
        """The training trials."""
        rows = self.rows["train"]
        return TrainingData(self.neural[rows], segment_ids(rows, self.trial), self.labels[rows])

    def error(self, model: EncoderModel) -> float:
        """Median error of position in validation trials, in m."""
        embedding = model.transform(self.neural, self.trial)
        position, known, asked = self.labels[:, :1], self.rows["train"], self.rows["valid"]
        guesses = knn_regression(
            embedding[known], position[known], embedding[asked], candidates=NEIGHBOURS
        )
        return min(float(np.median(np.abs(g - position[asked]))) for g in guesses.values())


def cebra_models(rat: Rat, seed: int, steps: int) -> Iterator[tuple[int, float, EncoderModel]]:
    """Steps, seconds since the beginning, and the encoder that cebra has then."""
    rows, settings = rat.rows["train"], config({}, 1, seed)
    data = TrainingData(rat.neural[rows], segment_ids(rows, rat.trial), rat.labels[rows])
    template = train(data, settings, name=None)
    torch.manual_seed(seed)
    started = time.perf_counter()
    load = Workload("buddy", (data,), (settings.encoder,), 10, settings.batch_size)
    trainer = cebra_trainer(load, "cpu", settings.loss.temperature)
    seconds, done = time.perf_counter() - started, 0
    for look in (number for number in LOOKS if number <= steps):
        seconds += trainer(look - done)
        done = look
        state = {f"0.{name}": value.clone() for name, value in trainer.network.state_dict().items()}
        yield done, seconds, replace(template, state=state)


def reached(table: pd.DataFrame) -> pd.DataFrame:
    """When each way first is as good as cebra at its end, and its best."""
    goal = float(table.loc["cebra", "error"].iloc[-1])
    found = []
    for way, curve in table.groupby(level="way", sort=False):
        good = curve[curve["error"] <= goal]
        first = good.iloc[0] if len(good) else None
        found.append(
            {
                "way": way,
                "steps to cebra's last": None if first is None else int(first.name[1]),
                "seconds": None if first is None else round(first["seconds"], 2),
                "best error": round(curve["error"].min(), 4),
            }
        )
    result = pd.DataFrame(found).set_index("way")
    whole = float(table.loc["cebra", "seconds"].iloc[-1])
    return result.assign(
        times_faster=(result.loc["cebra", "seconds"] / result["seconds"]).round(1),
        than_its_whole=(whole / result["seconds"]).round(1),
    )


def drawing(table: pd.DataFrame) -> Figure:
    """Error against seconds."""
    figure = new_figure((7.2, 3.4))
    axis = figure.subplots()
    for way, curve in table.groupby(level="way", sort=False):
        style = {"color": "0.3", "lw": 2} if way == "cebra" else {}
        axis.plot(curve["seconds"], curve["error"], "o-", ms=3, label=way, **style)
    goal = table.loc["cebra", "error"].iloc[-1]
    axis.axhline(goal, color="0.5", lw=0.8, ls=(0, (4, 3)))
    axis.set(xscale="log", xlabel="seconds of training", ylim=(0.1, None))
    axis.set_ylabel("error in validation trials (m)")
    figure.legend(loc="outside right upper")
    return figure


if __name__ == "__main__":
    main()
