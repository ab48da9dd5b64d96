"""What the optimiser does to the decoding of the movie: cebra's Adam, ours, and one cycle.

Usage: python benchmarks/allen_optimizer.py [--steps 1000] [--cebra-steps 200] [--seeds 0 1]
       [--neurons 800] [--temperature 0.3] [--json]

The arrays, network and temperature of the environment ``rehearsal``: simulated Neuropixels units of
VISp, one frame; trained on repeats 1-9, decoded on repeat 10 by cosine nearest neighbours. Rows:

- ``cebra adam``: cebra's own loader and solver, for ``--cebra-steps`` (slow), and
- ``ours adam``: this project's, same optimiser, for the same steps and for ``--steps``;
- ``ours one_cycle``: AdamW on one cycle, clipped gradient, weight decay, for ``--steps``; its peak
  is above Adam's constant rate, since most of a cycle lies below its peak;
- ``ours unstepped``: the same with a schedule that is built and never stepped: the rate stays where
  one cycle starts.
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from typing import Any

import numpy as np
import torch
from training_speed import cebra_trainer
from workloads import Workload

from cebra_kedro.decoding import DecoderSettings, Samples
from cebra_kedro.decoding.frames import decode_frames
from cebra_kedro.recording import Label, Recording
from cebra_kedro.simulate.allen import simulate_neuropixels
from cebra_kedro.simulate.movie import simulate_movie
from cebra_kedro.sources.allen import choose_neurons, repeats_of
from cebra_kedro.splits import repeat_split, rows, segment_ids
from cebra_kedro.training import EncoderConfig, LossConfig, OptimizerConfig, PairsConfig
from cebra_kedro.training.config import ScheduleConfig, TrainingConfig
from cebra_kedro.training.data import TrainingData
from cebra_kedro.training.loop import train

warnings.filterwarnings("ignore")

ADAM_RATE, PEAK = 3e-4, 1e-3
ONE_CYCLE = ScheduleConfig(name="one_cycle", warmup_fraction=0.05)
OPTIMIZERS = {
    "ours adam": (OptimizerConfig(learning_rate=ADAM_RATE), ScheduleConfig()),
    "ours one_cycle": (
        OptimizerConfig(name="adamw", learning_rate=PEAK, weight_decay=1e-5, clip_norm=1.0),
        ONE_CYCLE,
    ),
    "ours unstepped": (
        OptimizerConfig(
            name="adamw",
            learning_rate=PEAK * ONE_CYCLE.initial_fraction,
            weight_decay=1e-5,
            clip_norm=1.0,
        ),
        ScheduleConfig(),
    ),
}
ENCODER = EncoderConfig(architecture="resample1-model", hidden_units=128, output_dimension=128)
SETTINGS = DecoderSettings(neighbours=(1, 9, 25, 49, 100), metric="cosine")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--cebra-steps", type=int, default=200)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--neurons", type=int, default=800)
    parser.add_argument("--temperature", type=float, default=0.3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    movie = Movie(options.neurons, options.temperature)
    rows_of = [movie.raw_row("knn"), movie.raw_row("bayes")]
    for seed in options.seeds:
        rows_of.append(movie.cebra_row(options.cebra_steps, seed))
        rows_of.append(movie.our_row("ours adam", options.cebra_steps, seed))
        rows_of.extend(movie.our_row(name, options.steps, seed) for name in OPTIMIZERS)
    if options.json:
        print(json.dumps(rows_of, indent=2))
        return
    print(f"{'':<16}{'steps':>8}{'seed':>6}{'within 1 s, %':>15}{'mean error':>12}{'seconds':>10}")
    for row in rows_of:
        print(
            f"{row['name']:<16}{row['steps']:>8}{row['seed']:>6}{row['accuracy']:>15.1f}"
            f"{row['error']:>12.1f}{row['seconds']:>10.1f}"
        )


class Movie:
    """One simulated area, and its decoding from features of any kind."""

    def __init__(self, n_neurons: int, temperature: float) -> None:
        self.temperature = temperature
        features = simulate_movie(seed=1)["features"]
        content = simulate_neuropixels(area="VISp", seed=1, n_units=n_neurons)
        chosen = choose_neurons(content["neural"].shape[1], n_neurons, 333, replace=False)
        self.neural = np.ascontiguousarray(content["neural"][:, chosen])
        self.frame = content["frames"]
        self.repeat = repeats_of(self.frame)
        self.part = repeat_split(self.repeat, test_repeat=9, n_repeats=10)
        ids = {"frame": self.frame, "repeat": self.repeat}
        labels = {label: Label(values, "discrete") for label, values in ids.items()}
        self.recording = Recording(self.neural, labels, bin_width_s=1 / 120, name="VISp")
        fitted = rows(self.part, "train", "valid")
        self.data = TrainingData(
            self.neural[fitted],
            segment_ids(fitted, self.repeat),
            features[self.frame[fitted]],
        )

    def our_row(self, name: str, steps: int, seed: int) -> dict[str, Any]:
        """Train with this project."""
        optimizer, schedule = OPTIMIZERS[name]
        config = TrainingConfig(
            encoder=ENCODER,
            pairs=PairsConfig(law="time_delta", time_offset_bins=1),
            loss=LossConfig(temperature=self.temperature),
            optimizer=optimizer,
            schedule=schedule,
            steps=steps,
            seed=seed,
        )
        started = time.perf_counter()
        model = train(self.data, config, name=None)
        seconds = time.perf_counter() - started
        return self._row(name, steps, seed, model.transform(self.neural, self.repeat), seconds)

    def cebra_row(self, steps: int, seed: int) -> dict[str, Any]:
        """Train with cebra's own loader and solver; it seeds the network only."""
        torch.manual_seed(seed)
        load = Workload("allen", (self.data,), (ENCODER,), 1, 512)
        run = cebra_trainer(load, "cpu", self.temperature)
        seconds = run(steps)
        with torch.no_grad():
            embedding = _cebra_transform(run.network, self.neural)
        return self._row("cebra adam", steps, seed, embedding, seconds)

    def raw_row(self, decoder: str) -> dict[str, Any]:
        """Decode the spike counts themselves."""
        return self._row(f"raw {decoder}", 0, 0, self.neural, 0.0, decoder)

    def _row(
        self,
        name: str,
        steps: int,
        seed: int,
        features: np.ndarray,
        seconds: float,
        decoder: str = "knn",
    ) -> dict[str, Any]:
        samples = Samples(features.astype(np.float32), self.recording, self.part)
        (decoded,) = decode_frames(samples, decoders=(decoder,), settings=SETTINGS)
        return {
            "name": name,
            "steps": steps,
            "seed": seed,
            "accuracy": decoded.scores["frame_accuracy_1s"],
            "error": decoded.scores["frame_error_mean"],
            "seconds": seconds,
        }


def _cebra_transform(network: torch.nn.Module, neural: np.ndarray) -> np.ndarray:
    """Embed each bin's window of two bins before and two from it on, edges repeated."""
    padded = np.concatenate([neural[:1], neural[:1], neural, neural[-1:]]).astype(np.float32)
    windows = torch.from_numpy(padded).unfold(0, 4, 1)  # (time, neuron, 4)
    return torch.cat([network(block) for block in windows.split(2048)]).flatten(1).numpy()


if __name__ == "__main__":
    main()
