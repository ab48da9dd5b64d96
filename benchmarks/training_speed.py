"""Steps per second of cebra's own loader and solver and of ours, side by side in one process.

Usage: python benchmarks/training_speed.py [--workload rat --workload ca ...] [--precision bfloat16]
       [--repeats 5] [--device cuda [--cuda-graphs]] [--json]

Same data, network, batch and optimiser; the two take turns, and the median of the ratios is
reported. Our time is the difference between a long and a short training, so that building the
search index is not counted as steps; it stands in a column of its own.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
import warnings
from datetime import date
from typing import Any

import torch
from workloads import WORKLOADS, Workload, workload

from cebra_kedro.training.loop import resolve_device, train

warnings.filterwarnings("ignore")

# Steps that take cebra a few seconds on two cores.
CEBRA_STEPS = {
    "rat": 60,
    "monkey": 3,
    "ca": 30,
    "neuropixels": 4,
    "joint": 4,
    "rat_batch20000": 1,
}
# Steps that take us about two seconds there: many more, lest set-up pass for speed.
OUR_STEPS = {
    "rat": 400,
    "monkey": 200,
    "ca": 200,
    "neuropixels": 200,
    "joint": 100,
    "rat_batch20000": 20,
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workload", action="append", choices=list(WORKLOADS))
    parser.add_argument("--precision", default="float32", choices=["float32", "bfloat16"])
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda", "mps"])
    parser.add_argument("--cuda-graphs", action="store_true")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = [measure(workload(name), options) for name in options.workload or list(WORKLOADS)]
    machine = {
        "date": date.today().isoformat(),
        "machine": platform.processor() or platform.machine(),
        "threads": torch.get_num_threads(),
        "device": str(resolve_device(options.device)),
        "precision": options.precision,
        "CUDA graphs": options.cuda_graphs,
    }
    if options.json:
        print(json.dumps({**machine, "workloads": rows}, indent=2))
        return
    print(" · ".join(f"{key} {value}" for key, value in machine.items()))
    print(f"{'workload':<16}{'cebra it/s':>12}{'ours it/s':>12}{'ratio':>8}{'set-up s':>10}")
    for row in rows:
        print(
            f"{row['workload']:<16}{row['cebra_steps_per_s']:>12.2f}{row['our_steps_per_s']:>12.2f}"
            f"{row['ratio']:>8.1f}{row['our_setup_s']:>10.2f}"
        )


def measure(load: Workload, options: argparse.Namespace) -> dict[str, Any]:
    """Interleave cebra and ours, and take medians."""
    cebra_steps = CEBRA_STEPS[load.name]
    our_steps = OUR_STEPS[load.name]
    run_cebra = cebra_trainer(load, str(resolve_device(options.device)))
    run_cebra(1)
    _our_seconds(load, 3, options)
    cebra_rates, our_rates, setups = [], [], []
    for _ in range(options.repeats):
        cebra_rates.append(cebra_steps / run_cebra(cebra_steps))
        short = _our_seconds(load, our_steps // 5, options)
        long = _our_seconds(load, our_steps // 5 + our_steps, options)
        our_rates.append(our_steps / (long - short))
        setups.append(max(0.0, short - (our_steps // 5) / our_rates[-1]))
    ratios = [ours / theirs for ours, theirs in zip(our_rates, cebra_rates, strict=True)]
    return {
        "workload": load.name,
        "cebra_steps_per_s": statistics.median(cebra_rates),
        "our_steps_per_s": statistics.median(our_rates),
        "ratio": statistics.median(ratios),
        "ratio_min": min(ratios),
        "ratio_max": max(ratios),
        "our_setup_s": statistics.median(setups),
    }


class CebraTrainer:
    """cebra's loader and solver on a workload.

    Attributes:
        network: what it trains; for several sessions, a list of networks.
    """

    def __init__(self, network: torch.nn.Module, solver: Any, loader: Any) -> None:
        self.network, self._solver, self._loader = network, solver, loader

    def __call__(self, steps: int) -> float:
        """Train so many steps; returns seconds."""
        self._loader.num_steps = steps
        started = time.perf_counter()
        for batch in self._loader:
            self._solver.step(batch)
        return time.perf_counter() - started


def cebra_trainer(
    load: Workload, device: str, temperature: float = 1.0, learning_rate: float = 3e-4
) -> CebraTrainer:
    """Cebra's loader and solver, ready to train."""
    import cebra.data
    import cebra.models
    import cebra.models.criterions
    import cebra.solver
    from cebra.integrations.sklearn.dataset import SklearnDataset

    datasets = [
        SklearnDataset(session.neural.astype("float32"), (session.labels,), device=device)
        for session in load.sessions
    ]
    networks = [
        cebra.models.init(
            encoder.architecture,
            session.neural.shape[1],
            encoder.hidden_units,
            encoder.output_dimension,
        )
        for encoder, session in zip(load.encoders, load.sessions, strict=True)
    ]
    several = len(datasets) > 1
    model = (torch.nn.ModuleList(networks) if several else networks[0]).to(device)
    dataset = cebra.data.DatasetCollection(*datasets) if several else datasets[0]
    dataset.configure_for(model)
    make_loader = (
        cebra.data.ContinuousMultiSessionDataLoader if several else cebra.data.ContinuousDataLoader
    )
    criterion = cebra.models.criterions.FixedCosineInfoNCE(temperature=temperature).to(device)
    solver = cebra.solver.init(
        "multi-session" if several else "single-session",
        model=model,
        criterion=criterion,
        optimizer=torch.optim.Adam(model.parameters(), lr=learning_rate),
        tqdm_on=False,
    )
    loader = make_loader(
        dataset=dataset,
        num_steps=1,
        batch_size=load.batch_size,
        conditional="time_delta",
        time_offset=load.time_offset_bins,
    )
    return CebraTrainer(model, solver, loader)


def _our_seconds(load: Workload, steps: int, options: argparse.Namespace) -> float:
    started = time.perf_counter()
    config = load.config(steps, options.precision, options.device, options.cuda_graphs)
    train(load.sessions, config, name=None)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
