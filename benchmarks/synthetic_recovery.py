"""Recovery of a known latent: ours beside cebra's own fit, t-SNE and UMAP, on the same arrays.

``python benchmarks/synthetic_recovery.py --seeds 10`` follows the settings of cebra's demonstration
(offset1-model-mse, Euclidean distance, delta 0.1, 5000 steps of batch 512, learning rate 1e-4,
temperature 1, fitted on the first 12000 of 15000 samples) on the simulated ``poisson`` set.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cebra_kedro.consistency.linear import linear_r2
from cebra_kedro.simulate.synthetic import NOISES, simulate_continuous_label
from cebra_kedro.splits import TEST, TRAIN
from cebra_kedro.training.config import TrainingConfig
from cebra_kedro.training.data import TrainingData

SIMULATION_SEED = 777


@dataclass(frozen=True)
class Task:
    """What is fitted to what.

    Attributes:
        noise: one of the six recipes.
        samples: number of samples; the first 80 % are fitted.
        steps: gradient steps of an encoder.
        learning_rate: of Adam.
    """

    noise: str
    samples: int
    steps: int
    learning_rate: float

    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Observations (sample, neuron), label (sample, 1) and true latent (sample, 2), float32."""
        content = simulate_continuous_label(
            seed=SIMULATION_SEED, noise=self.noise, n_samples=self.samples
        )
        return (
            content["x"].astype(np.float32),
            content["u"].astype(np.float32),
            content["z"][:, :2].astype(np.float32),
        )

    @property
    def n_fit(self) -> int:
        """Samples that an encoder is fitted on."""
        return int(0.8 * self.samples)


def ours(task: Task, seed: int, schedule: str = "constant") -> np.ndarray:
    """Embedding of all samples by our training."""
    from cebra_kedro.training.loop import train

    neural, label, _ = task.arrays()
    config = TrainingConfig.model_validate(
        {
            "encoder": {"architecture": "offset1-model-mse", "output_dimension": 2},
            "pairs": {"law": "delta_normal", "delta": 0.1},
            "loss": {"distance": "euclidean"},
            "optimizer": {"learning_rate": task.learning_rate},
            "schedule": {"name": schedule},
            "steps": task.steps,
            "seed": seed,
            "threads": 1,
        }
    )
    fit = slice(task.n_fit)
    data = TrainingData(neural[fit], np.zeros(task.n_fit, np.int64), label[fit])
    return train(data, config, name=None).transform(neural)


def ours_cosine(task: Task, seed: int) -> np.ndarray:
    """The same with a learning rate that falls to zero."""
    return ours(task, seed, "cosine")


def cebras(task: Task, seed: int) -> np.ndarray:
    """Embedding of all samples by cebra's own fit."""
    import cebra
    import torch

    torch.manual_seed(seed)
    torch.set_num_threads(1)
    neural, label, _ = task.arrays()
    model = cebra.CEBRA(
        model_architecture="offset1-model-mse",
        conditional="delta",
        distance="euclidean",
        delta=0.1,
        batch_size=512,
        learning_rate=task.learning_rate,
        max_iterations=task.steps,
        output_dimension=2,
        temperature=1,
        verbose=False,
    )
    model.fit(neural[: task.n_fit], label[: task.n_fit])
    return model.transform(neural)


def tsne(task: Task, seed: int) -> np.ndarray:
    """t-SNE of all samples."""
    from cebra_kedro.training.baselines import tsne_features

    return tsne_features(task.arrays()[0], seed=seed)


def umap(task: Task, seed: int) -> np.ndarray:
    """UMAP of all samples."""
    from cebra_kedro.training.baselines import umap_features

    return umap_features(task.arrays()[0], seed=seed)


def pca(task: Task, seed: int) -> np.ndarray:
    """Principal components of the samples that the encoders are fitted on; no seed is needed."""
    from cebra_kedro.training.baselines import pca_features

    neural = task.arrays()[0]
    return pca_features(neural, neural[: task.n_fit], 2)


METHODS: dict[str, Callable[[Task, int], np.ndarray]] = {
    "ours": ours,
    "ours_cosine": ours_cosine,
    "cebra": cebras,
    "tsne": tsne,
    "umap": umap,
    "pca": pca,
}


def score(method: str, task: Task, seed: int) -> dict[str, object]:
    """R² of the linear map to the true latent: on all samples as in Figure 1b, and held out."""
    from cebra_kedro.decoding import Samples
    from cebra_kedro.decoding.latent import decode_latent
    from cebra_kedro.recording import Label, Recording

    neural, _, latent = task.arrays()
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of libraries, about themselves
        embedding = METHODS[method](task, seed)
    seconds = time.perf_counter() - started
    # one row of the fitted samples stands for the validation part, which is not used
    part = np.where(np.arange(task.samples) < task.n_fit, TRAIN, TEST).astype(np.int8)
    part[0] = 1
    labels = {"latent": Label(latent, "continuous")}
    recording = Recording(neural, labels, bin_width_s=1.0, name="synthetic")
    (decoded,) = decode_latent(Samples(embedding, recording, part))
    return {
        "method": method,
        "seed": seed,
        "r2_all_rows": linear_r2(embedding, latent),
        "r2_held_out": decoded.scores["reconstruction_r2"],
        "seconds": seconds,
    }


def main() -> None:
    """Print one line per method, and write every run to a CSV file if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--noise", choices=list(NOISES), default="poisson")
    parser.add_argument("--samples", type=int, default=15_000)
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    parser.add_argument("--methods", nargs="+", choices=list(METHODS), default=list(METHODS))
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--csv", type=Path)
    arguments = parser.parse_args()
    from joblib import Parallel, delayed
    from tqdm import tqdm

    task = Task(arguments.noise, arguments.samples, arguments.steps, arguments.learning_rate)
    # seeds outside, so that methods take turns and share whatever else the machine does
    jobs = [
        delayed(score)(method, task, seed)
        for seed in range(arguments.seeds)
        for method in arguments.methods
        if not (method == "pca" and seed)
    ]
    done = Parallel(n_jobs=arguments.processes, return_as="generator")(jobs)
    runs = pd.DataFrame(tqdm(done, total=len(jobs), desc="fits", unit="fit"))
    if arguments.csv:
        runs.to_csv(arguments.csv, index=False)
    summary = runs.groupby("method", sort=False).agg(
        runs=("seed", "size"),
        r2_all_rows=("r2_all_rows", "mean"),
        lowest=("r2_all_rows", "min"),
        highest=("r2_all_rows", "max"),
        r2_held_out=("r2_held_out", "mean"),
        seconds=("seconds", "mean"),
    )
    print(f"{task}, simulation seed {SIMULATION_SEED}")
    print(summary.round(4).to_string())


if __name__ == "__main__":
    main()
