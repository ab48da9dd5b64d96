"""Seconds to a quality: validation error of position against training time, cebra's and ours.

    python benchmarks/time_to_quality.py --figure docs/images/time_to_quality.png
    python benchmarks/time_to_quality.py --recording monkey --steps 400

The published rat "buddy" (``CEBRA_KEDRO_DATA`` names the recordings), three folds; or a simulated
monkey's active session at the published size, which has one. cebra's own loader and solver are
trained with the settings of its demonstration and looked at now and then, which is not counted;
ours are trained anew for each number of steps, as their schedules depend on it, set-up included.
The two take turns in one process, fold by fold. Errors are medians over validation trials (test
trials are not looked at), nearest neighbours fitted to the embedding of training trials, the best
of some numbers of neighbours. The table says how long each takes to reach the error that cebra ends
with. For the movie and the synthetic set see ``allen_optimizer.py`` and ``synthetic_recovery.py``.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
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
from cebra_kedro.simulate.monkey_reaching import simulate_session
from cebra_kedro.splits import nested_trial_folds, segment_ids, trials_from_direction
from cebra_kedro.training.config import TrainingConfig
from cebra_kedro.training.data import TrainingData
from cebra_kedro.training.loop import train
from cebra_kedro.training.model import EncoderModel

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NEIGHBOURS = (1, 4, 9, 16, 25, 36, 64, 100)
CYCLE = {"name": "one_cycle", "warmup_fraction": 0.3}


@dataclass(frozen=True)
class Study:
    """What is compared on one recording.

    Attributes:
        unit: of the error.
        demo: cebra's settings in its demonstration.
        looks: numbers of cebra's steps after which it is looked at.
        steps: numbers of steps of ours.
        demo_steps: the same with cebra's settings, which are as slow to learn, not as slow to step.
        ways: what ours change.
        n_folds: folds that there are.
    """

    unit: str
    demo: dict[str, Any]
    looks: tuple[int, ...]
    steps: tuple[int, ...]
    demo_steps: tuple[int, ...]
    ways: dict[str, dict[str, Any]]
    n_folds: int

    def config(self, changes: dict[str, Any], steps: int, seed: int) -> TrainingConfig:
        """The demonstration's settings, changed."""
        return TrainingConfig.model_validate(self.demo | changes | {"steps": steps, "seed": seed})


DEMO: dict[str, Any] = {
    "encoder": {"architecture": "offset10-model", "hidden_units": 32, "output_dimension": 3},
    "pairs": {"law": "time_delta", "time_offset_bins": 10},
    "loss": {"temperature": 1.0},
    "optimizer": {"learning_rate": 3e-4},
    "batch_size": 512,
}
WARMER = {"loss": {"temperature": 1.266}}
STUDIES = {
    "rat": Study(
        unit="m",
        demo=DEMO,
        looks=(100, 200, 400, 700, 1000, 1500, 2000, 3000, 4000, 5000, 7000, 10000),
        steps=(25, 50, 75, 100, 150, 200, 300, 400, 600),
        demo_steps=(400, 700, 1000, 2000),
        ways={
            "ours, cebra's settings": {},
            "ours, constant 2.05e-3": WARMER | {"optimizer": {"learning_rate": 2.05e-3}},
            "ours, one cycle to 5e-3": WARMER
            | {"optimizer": {"learning_rate": 5e-3}, "schedule": CYCLE},
            "ours, the same, batch 1024": WARMER
            | {"optimizer": {"learning_rate": 5e-3}, "schedule": CYCLE, "batch_size": 1024},
            "ours, one cycle to 1e-2": WARMER
            | {"optimizer": {"learning_rate": 1e-2}, "schedule": CYCLE},
        },
        n_folds=3,
    ),
    "monkey": Study(
        unit="cm",
        demo=DEMO | {"optimizer": {"learning_rate": 1e-4}},
        looks=(50, 100, 200, 400, 700, 1000, 2000, 5000, 15000),
        steps=(100, 200, 400, 1000, 2000, 4000),
        demo_steps=(50, 100, 200, 400, 1000, 2000, 5000, 15000),
        ways={
            "ours, cebra's settings": {},
            "ours, one cycle to 1e-3": {"optimizer": {"learning_rate": 1e-3}, "schedule": CYCLE},
            "ours, one cycle to 3e-3": {"optimizer": {"learning_rate": 3e-3}, "schedule": CYCLE},
        },
        n_folds=1,
    ),
}


def main() -> None:
    """Measure, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recording", choices=list(STUDIES), default="rat")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--folds", type=int, nargs="+")
    parser.add_argument("--steps", type=int, help="of cebra, at most")
    parser.add_argument("--figure", type=Path)
    given = parser.parse_args()
    study = STUDIES[given.recording]
    folds = range(study.n_folds) if given.folds is None else given.folds
    steps = study.looks[-1] if given.steps is None else given.steps
    rows = []
    for fold in folds:
        recorded = rat(fold) if given.recording == "rat" else monkey()
        for seed in given.seeds:
            rows.extend(curves(study, recorded, seed, steps))
    columns = ["way", "steps", "seconds", "error"]
    table = pd.DataFrame(rows, columns=columns).groupby(["way", "steps"], sort=False).mean()
    print(table.round({"seconds": 2, "error": 4}).to_string())
    print(reached(table).to_string())
    if given.figure:
        with house_style():
            drawing(table, study.unit).savefig(given.figure, dpi=160)


def curves(
    study: Study, recorded: Recorded, seed: int, cebra_steps: int
) -> Iterator[tuple[str, int, float, float]]:
    """Way, steps, seconds and error of one fold and seed."""
    train(recorded.fitted, study.config({}, 3, seed), name=None)  # what is once
    for way, changes in study.ways.items():
        for steps in study.steps if changes else study.demo_steps:
            started = time.perf_counter()
            model = train(recorded.fitted, study.config(changes, steps, seed), name=None)
            yield way, steps, time.perf_counter() - started, recorded.error(model)
    settings, looks = study.config({}, 1, seed), [n for n in study.looks if n <= cebra_steps]
    for steps, seconds, model in cebra_models(recorded.fitted, settings, looks):
        yield "cebra", steps, seconds, recorded.error(model)


@dataclass(frozen=True, eq=False)
class Recorded:
    """A recording and who is trained, who asked.

    Attributes:
        neural: float32 array (time, neuron).
        segment: int array (time,); windows do not cross its borders.
        labels: array (time, label), what encoders are guided by.
        position: array (time, coordinate).
        train: rows that encoders and decoders are fitted to.
        asked: rows that are decoded, of validation trials.
        step: every such training row is known to decoders.
    """

    neural: np.ndarray
    segment: np.ndarray
    labels: np.ndarray
    position: np.ndarray
    train: np.ndarray
    asked: np.ndarray
    step: int = 1

    @cached_property
    def fitted(self) -> TrainingData:
        """The training trials."""
        ids = segment_ids(self.train, self.segment)
        return TrainingData(self.neural[self.train], ids, self.labels[self.train])

    def error(self, model: EncoderModel) -> float:
        """Median distance from the position in validation trials."""
        embedding, known = model.transform(self.neural, self.segment), self.train[:: self.step]
        guesses = knn_regression(
            embedding[known], self.position[known], embedding[self.asked], candidates=NEIGHBOURS
        )
        true = self.position[self.asked]
        return min(float(np.median(np.linalg.norm(g - true, axis=1))) for g in guesses.values())


def rat(fold: int) -> Recorded:
    """The published rat in one fold of three; positions in m."""
    file = Path(os.environ.get("CEBRA_KEDRO_DATA", "data/01_raw"), "rat_hippocampus/buddy.jl")
    content = PublishedPickleDataset(filepath=file).load().content
    labels = np.asarray(content["position"], np.float32)
    trial = trials_from_direction(labels[:, 2].astype(int))
    part = nested_trial_folds(trial, 3)[fold]
    return Recorded(
        neural=np.asarray(content["spikes"], np.float32),
        segment=trial,
        labels=labels,
        position=labels[:, :1],
        train=np.flatnonzero(part == 0),
        asked=np.flatnonzero(part == 1),
    )


def monkey() -> Recorded:
    """Simulated active trials of 600 bins of 1 ms, those of training and validation; in cm."""
    parts = [simulate_session(seed=5, session="active", part=part) for part in ("train", "valid")]
    n_train, n_trials = len(parts[0]["pos"]), [int(part["num_trials"]) for part in parts]
    position = np.concatenate([part["pos"] for part in parts]).astype(np.float32)
    rows = np.arange(len(position))
    return Recorded(
        neural=np.concatenate([part["spikes"] for part in parts]).astype(np.float32),
        segment=np.repeat(np.arange(sum(n_trials)), int(parts[0]["trial_len"])),
        labels=position,
        position=position,
        train=rows[:n_train],
        asked=rows[n_train::5],
        step=5,
    )


def cebra_models(
    data: TrainingData, settings: TrainingConfig, looks: list[int]
) -> Iterator[tuple[int, float, EncoderModel]]:
    """Steps, seconds since the beginning, and the encoder that cebra has then."""
    template = train(data, settings, name=None)
    torch.manual_seed(settings.seed)
    started = time.perf_counter()
    load = Workload("", (data,), (settings.encoder,), 10, settings.batch_size)
    rate = settings.optimizer.learning_rate
    trainer = cebra_trainer(load, "cpu", settings.loss.temperature, rate)
    seconds, done = time.perf_counter() - started, 0
    for look in looks:
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


def drawing(table: pd.DataFrame, unit: str) -> Figure:
    """Error against seconds."""
    figure = new_figure((7.2, 3.4))
    axis = figure.subplots()
    for way, curve in table.groupby(level="way", sort=False):
        style = {"color": "0.3", "lw": 2} if way == "cebra" else {}
        axis.plot(curve["seconds"], curve["error"], "o-", ms=3, label=way, **style)
    goal = table.loc["cebra", "error"].iloc[-1]
    axis.axhline(goal, color="0.5", lw=0.8, ls=(0, (4, 3)))
    axis.set(xscale="log", xlabel="seconds of training", ylim=(0.1, None) if unit == "m" else None)
    axis.set_ylabel(f"error in validation trials ({unit})")
    figure.legend(loc="outside right upper")
    return figure


if __name__ == "__main__":
    main()
