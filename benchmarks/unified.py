"""Is cebra's unified encoder worth having? One network over the neurons of several rats.

    python benchmarks/unified.py --rats 4 --seeds 2

A batch of ``cebra.solver.unified_session`` shows the network the neurons of every rat side by side:
those of one rat at a row, those of the others at rows with the nearest labels. The same is done to
embed a rat, so that embedding a test trial needs its labels. Errors of position in test trials of
each rat in turn, nearest neighbours fitted to its training trials, of cebra's own training:

- ``as cebra``: rows of the other rats looked up by the labels of the test trial;
- ``neurons zero``: the same with every neuron of the decoded rat set to zero, in all trials;
- ``others zero``: no label of a test trial used; the neurons of the other rats are zero;
- ``others zero, masked``: the same after training with cebra's masks (half of the neurons zero).

Beside them this project's encoders, which never see a label of a test trial: of the rat ``alone``
and ``joint`` with a first layer for each rat.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch

from cebra_kedro.decoding.knn import knn_regression
from cebra_kedro.simulate.hippocampus import simulate_rat
from cebra_kedro.splits import nested_trial_folds, segment_ids, trials_from_direction
from cebra_kedro.training.config import (
    EncoderConfig,
    LossConfig,
    OptimizerConfig,
    PairsConfig,
    TrainingConfig,
)
from cebra_kedro.training.data import TrainingData
from cebra_kedro.training.loop import train
from cebra_kedro.training.model import EncoderModel

STEPS, BATCH, RATE, TEMPERATURE = 300, 512, 2.05e-3, 1.266
MASKS = {"RandomNeuronMask": [0.25, 0.5, 0.75]}


@dataclass(frozen=True)
class Rat:
    """Arrays of a simulated rat and its rows.

    Attributes:
        neural: float32 (time, neuron).
        labels: float32 (time, 2), position in m and whether it increases.
        trial: int (time,).
        fitted: rows of training trials.
        test: rows of test trials.
    """

    neural: np.ndarray
    labels: np.ndarray
    trial: np.ndarray
    fitted: np.ndarray
    test: np.ndarray


def main() -> None:
    """Print a table of errors."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rats", type=int, default=4)
    parser.add_argument("--seeds", type=int, default=2)
    given = parser.parse_args()
    rats = [simulated(seed) for seed in range(given.rats)]
    rows = [row for seed in range(given.seeds) for row in errors(rats, seed)]
    table = pd.DataFrame(rows, columns=["way", "rat", "seed", "error"])
    wide = table.pivot_table(index="way", columns="rat", values="error", sort=False)
    print(wide.assign(mean=wide.mean(axis=1)).round(3).to_string())


def simulated(seed: int) -> Rat:
    """A rat, and the first of three folds."""
    found = simulate_rat(seed=seed)
    right = found["position"][:, 2]
    trial = trials_from_direction(right.astype(int))
    part = nested_trial_folds(trial, 3)[0]
    labels = np.column_stack([found["position"][:, 0], found["position"][:, 1]])
    return Rat(
        found["spikes"].astype(np.float32),
        labels.astype(np.float32),
        trial,
        np.flatnonzero(part == 0),
        np.flatnonzero(part == 2),
    )


def errors(rats: Sequence[Rat], seed: int) -> Iterator[tuple[str, int, int, float]]:
    """Median errors of position in m, way by way."""
    for number, rat in enumerate(rats):
        yield "chance", number, seed, error_of(rat, None)
    for masks in (None, MASKS):
        started = time.perf_counter()
        solver = trained_by_cebra(rats, seed, masks)
        print(f"seed {seed}, cebra, masks {masks}: {time.perf_counter() - started:.0f} s")
        named = "" if masks is None else ", masked"
        for number in range(len(rats)):
            for way, changes in WAYS.items():
                embedded = embedded_by_cebra(solver, rats, number, **changes)
                yield f"{way}{named}", number, seed, error_of(rats[number], embedded)
    started = time.perf_counter()
    joint = trained_here(rats, seed)
    print(f"seed {seed}, joint: {time.perf_counter() - started:.0f} s")
    for number, rat in enumerate(rats):
        for way, model, session in (
            ("joint", joint, number),
            ("alone", trained_here([rat], seed), 0),
        ):
            embedded = model.transform(rat.neural, rat.trial, session)
            yield way, number, seed, error_of(rat, (embedded[rat.fitted], embedded[rat.test]))


WAYS: dict[str, dict[str, bool]] = {
    "as cebra": {},
    "neurons zero": {"own": False},
    "others zero": {"others": False},
}


def error_of(rat: Rat, embedded: tuple[np.ndarray, np.ndarray] | None) -> float:
    """Median error in m of the nearest neighbours' mean position; None for the training median."""
    position = rat.labels[:, :1]
    if embedded is None:
        guess: Any = np.median(position[rat.fitted])
    else:
        of_fitted, of_test = embedded
        guess = knn_regression(of_fitted, position[rat.fitted], of_test, candidates=[25])[25]
    return float(np.median(np.abs(guess - position[rat.test])))


def trained_by_cebra(rats: Sequence[Rat], seed: int, masks: dict[str, Any] | None) -> Any:
    """Cebra's unified solver on the training trials of all rats."""
    import random

    import cebra.data
    import cebra.models
    import cebra.solver

    torch.manual_seed(seed)
    np.random.seed(seed)  # noqa: NPY002 (cebra's samplers draw from these)
    random.seed(seed)
    data = cebra.data.UnifiedDataset(
        *(
            cebra.data.TensorDataset(
                torch.from_numpy(rat.neural[rat.fitted]),
                continuous=torch.from_numpy(rat.labels[rat.fitted]),
            )
            for rat in rats
        )
    )
    if masks:
        data.set_masks(masks)
    network = cebra.models.init("offset10-model", int(data.input_dimension), 32, 3)
    data.configure_for(network)
    loader = cebra.data.UnifiedLoader(data, num_steps=STEPS, batch_size=BATCH, time_offset=10)
    solver = cebra.solver.init(
        "unified-session",
        model=network,
        criterion=cebra.models.FixedCosineInfoNCE(temperature=TEMPERATURE),
        optimizer=torch.optim.Adam(network.parameters(), lr=RATE),
    )
    with contextlib.redirect_stderr(io.StringIO()):
        solver.fit(loader)
    return solver


def embedded_by_cebra(
    solver: Any, rats: Sequence[Rat], number: int, *, own: bool = True, others: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Training and test trials of a rat beside training trials of the others, as cebra embeds."""
    found = []
    for part in ("fitted", "test"):
        rows = [getattr(r, part) if k == number else r.fitted for k, r in enumerate(rats)]
        shown = [own if k == number else others for k in range(len(rats))]
        neural = [
            torch.from_numpy(rat.neural[row] * is_shown)
            for rat, row, is_shown in zip(rats, rows, shown, strict=True)
        ]
        labels = [torch.from_numpy(r.labels[row]) for r, row in zip(rats, rows, strict=True)]
        found.append(solver.transform(neural, labels, session_id=number).numpy())
    return found[0], found[1]


def trained_here(rats: Sequence[Rat], seed: int) -> EncoderModel:
    """One encoder, with a first layer for each rat, of as many steps."""
    config = TrainingConfig(
        encoder=EncoderConfig(architecture="offset10-model"),
        pairs=PairsConfig(law="time_delta", time_offset_bins=10),
        loss=LossConfig(temperature=TEMPERATURE),
        optimizer=OptimizerConfig(learning_rate=RATE),
        steps=STEPS,
        batch_size=BATCH,
        seed=seed,
    )
    data = [
        TrainingData(r.neural[r.fitted], segment_ids(r.fitted, r.trial), r.labels[r.fitted])
        for r in rats
    ]
    return train(data, config, name=None)


if __name__ == "__main__":
    main()
