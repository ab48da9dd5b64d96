"""Do attribution maps find the neurons that matter? Areas under the ROC curve where that is known.

    python benchmarks/attribution.py rats     # simulated rats with as many untuned units again
    python benchmarks/attribution.py known    # a latent that half of the neurons carry, and cebra

``rats``: place cells and interneurons of a simulated rat beside silent units and units of another
rat, which know nothing of where this one is. ``known``: half of the neurons carry the latent that
guides the encoder, the others another one; ours and cebra's own training (``regularized-solver``)
and attribution on the same data, with the same weight of the penalty.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
from collections.abc import Iterator
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.metrics import roc_auc_score

from cebra_kedro.attribution.maps import attribution_maps
from cebra_kedro.attribution.ranking import METHODS
from cebra_kedro.sampling import shuffle_rows
from cebra_kedro.simulate.hippocampus import simulate_rat
from cebra_kedro.splits import nested_trial_folds, segment_ids, trials_from_direction
from cebra_kedro.training.config import (
    EncoderConfig,
    JacobianConfig,
    OptimizerConfig,
    PairsConfig,
    ScheduleConfig,
    TrainingConfig,
)
from cebra_kedro.training.data import TrainingData
from cebra_kedro.training.loop import train

WEIGHTS = (0.0, 0.01, 0.1, 1.0)
KNOWN_STEPS, KNOWN_WEIGHTS = 500, (0.0, 0.1)


def main() -> None:
    """Print a table of areas under the curve."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("rats", "known"))
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    rows = {"rats": rats, "known": known}[arguments.what]
    table = pd.DataFrame(row for seed in range(arguments.seeds) for row in rows(seed))
    groups = [name for name in table if name not in ("seed", *METHODS)]
    print(
        table.groupby(groups, sort=False)[list(METHODS)].agg(["mean", "min"]).round(2).to_string()
    )


def rats(seed: int) -> Iterator[dict[str, Any]]:
    """Of each weight, and of the control, for held-out rows of the first fold."""
    rat, other = simulate_rat(seed=seed), simulate_rat(seed=seed + 100)
    n_bins = min(len(rat["spikes"]), len(other["spikes"]))
    neural = np.hstack([rat["spikes"][:n_bins], other["spikes"][:n_bins]]).astype(np.float32)
    n_own = rat["spikes"].shape[1]
    tuned = (np.arange(2 * n_own) < n_own) & (neural.sum(axis=0) > 0)
    position = rat["position"][:n_bins, :1]
    trial = trials_from_direction(rat["position"][:n_bins, 2].astype(int))
    part = nested_trial_folds(trial, 3)[0]
    fitted, test = np.flatnonzero(part == 0), np.flatnonzero(part == 2)
    for weight, shuffled in [*((weight, False) for weight in WEIGHTS), (0.1, True)]:
        labels = position[fitted]
        data = TrainingData(
            neural[fitted],
            segment_ids(fitted, trial),
            shuffle_rows(labels, seed) if shuffled else labels,
        )
        model = train(data, rat_config(seed, weight), name=None)
        maps = attribution_maps(model, neural, trial, test[:: max(1, len(test) // 500)])
        name = f"{weight:g}{', labels permuted' if shuffled else ''}"
        yield {"seed": seed, "weight": name} | areas(maps, tuned)


def rat_config(seed: int, weight: float) -> TrainingConfig:
    """The position encoder of ``conf/base``."""
    return TrainingConfig(
        encoder=EncoderConfig(architecture="offset10-model"),
        pairs=PairsConfig(law="time_delta", time_offset_bins=10),
        optimizer=OptimizerConfig(learning_rate=5e-3),
        schedule=ScheduleConfig(name="one_cycle"),
        jacobian_regularisation=JacobianConfig(weight=weight) if weight else None,
        steps=300,
        batch_size=1024,
        seed=seed,
        threads=1,
    )


def areas(maps: dict[str, np.ndarray], matters: np.ndarray) -> dict[str, float]:
    """Area under the ROC curve of each method."""
    return {name: roc_auc_score(matters, maps[name].mean(axis=0)) for name in METHODS}


def known(seed: int) -> Iterator[dict[str, Any]]:
    """Ours and cebra's, of some weights."""
    neural, labels, carries = carried_latent(seed)
    data = TrainingData(neural, np.zeros(len(neural), np.int64), labels)
    rows = np.arange(10, len(neural) - 10, 10)
    for weight in KNOWN_WEIGHTS:
        model = train(data, known_config(seed, weight), name=None)
        maps = attribution_maps(model, neural, data.segment, rows)
        yield {"seed": seed, "of": "ours", "weight": weight} | areas(maps, carries)
        theirs = cebras(neural, labels, seed, weight, rows)
        yield {"seed": seed, "of": "cebra", "weight": weight} | areas(theirs, carries)


def carried_latent(seed: int, n_bins: int = 5000, n_neurons: int = 40) -> tuple[np.ndarray, ...]:
    """Activity (time, neuron), the guiding latent (time, 2), and which neurons carry it."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(size=(n_bins, 4))
    kernel = np.hanning(51) / np.hanning(51).sum()
    latent = np.apply_along_axis(partial(np.convolve, kernel, mode="same"), 0, steps)
    latent /= latent.std(axis=0)
    carries = np.arange(n_neurons) < n_neurons // 2
    mixing = rng.normal(size=(4, n_neurons))
    mixing[:2, ~carries] = mixing[2:, carries] = 0
    neural = np.tanh(latent @ mixing) + rng.normal(0, 1.0, (n_bins, n_neurons))
    return neural.astype(np.float32), latent[:, :2].astype(np.float32), carries


def known_config(seed: int, weight: float) -> TrainingConfig:
    """As cebra is trained below."""
    return TrainingConfig(
        encoder=EncoderConfig(architecture="offset10-model"),
        pairs=PairsConfig(law="time_delta", time_offset_bins=10),
        jacobian_regularisation=JacobianConfig(weight=weight, ramp_up=(0, 0)) if weight else None,
        steps=KNOWN_STEPS,
        seed=seed,
        threads=1,
    )


def cebras(
    neural: np.ndarray, labels: np.ndarray, seed: int, weight: float, rows: np.ndarray
) -> dict[str, np.ndarray]:
    """Cebra's own training and attribution, on its own network."""
    import cebra.data
    import cebra.models
    import cebra.solver

    torch.manual_seed(seed)
    config = known_config(seed, weight)
    network = cebra.models.init(config.encoder.architecture, neural.shape[1], 32, 3)
    data = cebra.data.TensorDataset(torch.from_numpy(neural), continuous=torch.from_numpy(labels))
    data.configure_for(network)
    loader = cebra.data.ContinuousDataLoader(
        data, num_steps=config.steps, batch_size=config.batch_size, time_offset=10
    )
    criterion = cebra.models.FixedCosineInfoNCE(temperature=1.0)
    options = {"lambda_JR": weight} if weight else {}
    solver = cebra.solver.init(
        "regularized-solver" if weight else "single-session",
        model=network,
        criterion=criterion,
        optimizer=torch.optim.Adam(network.parameters(), lr=config.optimizer.learning_rate),
        **options,
    )
    with contextlib.redirect_stderr(io.StringIO()):
        solver.fit(loader)
    return maps_of_cebra(network.eval(), neural, rows)


def maps_of_cebra(
    network: torch.nn.Module, neural: np.ndarray, rows: np.ndarray
) -> dict[str, np.ndarray]:
    """Mean absolute maps of its Jacobian, of which it inverts each row."""
    for name in ("cvxpy", "captum", "captum.attr"):  # loaded there, but not for the Jacobian
        sys.modules.setdefault(name, ModuleType(name))
    for name in ("FeatureAblation", "Gradient", "GradientShap", "IntegratedGradients"):
        setattr(sys.modules["captum.attr"], f"Neuron{name}", None)
    from cebra.attribution.attribution_models import JFMethodBased

    offset: Any = network.get_offset()
    first, last = rows[0] - offset.left, rows[-1] + offset.right
    inputs = torch.from_numpy(neural[first:last]).requires_grad_()
    with contextlib.redirect_stdout(io.StringIO()):
        found = JFMethodBased(network, inputs, output_dimension=3).compute_attribution_map()
    names = ("jf", "jf-convabs", "jf-inv-svd", "jf-convabs-inv-svd")
    return {own: np.abs(found[name]).mean(axis=0) for own, name in zip(METHODS, names, strict=True)}


if __name__ == "__main__":
    main()
