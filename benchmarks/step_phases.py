"""Where a training step's time goes: draw, look up, embed, loss, backward, optimiser.

    python benchmarks/step_phases.py [--workload rat ...] [--steps 100] [--precision bfloat16]
                                     [--operators] [--faults]

Medians over steps, ms. Pairs are drawn and looked up one step at a time here, and on one core; a
training draws several steps on all cores. ``--operators`` adds torch's own profile, and what of a
step is spent within its kernels, below which no arrangement of them gets. ``--faults``
lets freed memory go back to the system, as glibc does by itself, and counts the page faults.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from workloads import WORKLOADS, Workload, workload

from cebra_kedro.memory import keep_freed_memory
from cebra_kedro.training import loop
from cebra_kedro.training.batch_loss import BatchLoss, dtype_of
from cebra_kedro.training.flat import FlatParameters
from cebra_kedro.training.objectives import criterion_of
from cebra_kedro.training.optimizer import Optimizer

KERNELS = (
    "convolution",
    "embedding_bag",
    "exp_",
    "fused_adam",
    "gelu",
    "index_select",
    "linear_pointwise",
    "mm",
    "mv",
)
PHASES = ("draw", "look up", "embed", "loss", "backward", "optimiser")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workload", action="append", choices=list(WORKLOADS))
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--precision", default="float32", choices=["float32", "bfloat16"])
    parser.add_argument("--operators", action="store_true")
    parser.add_argument("--faults", action="store_true")
    given = parser.parse_args()
    if not given.faults:
        keep_freed_memory()
    print(f"{'workload':<16}" + "".join(f"{name:>11}" for name in (*PHASES, "sum", "faults")))
    for name in given.workload or list(WORKLOADS):
        step = stepper(workload(name), given.precision)
        for number in range(given.steps // 5):
            step(number)
        before = page_faults()
        times = np.array([step(number) for number in range(given.steps)])
        faults = (page_faults() - before) / given.steps
        median = np.median(times, axis=0) * 1e3
        numbers = "".join(f"{value:>11.2f}" for value in (*median, median.sum()))
        print(f"{name:<16}{numbers}{faults:>11.0f}")
        if given.operators:
            print(operators(step, given.steps))


def page_faults() -> int:
    """Pages that the system has handed out to this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def stepper(load: Workload, precision: str) -> Callable[[int], list[float]]:
    """A function that does a step as the training loop does, and returns the seconds of phases."""
    config = load.config(1000, precision, "cpu")
    device = torch.device("cpu")
    networks = loop.build_networks(load.sessions, config)
    criterion = criterion_of(config, dtype_of(config))
    objective = BatchLoss(networks, criterion, load.sessions, config, device)
    trained = FlatParameters([*networks.parameters(), *criterion.parameters()])
    optimizer = Optimizer(trained.values, config.optimizer)
    embedders: list[Any] = objective.embedders

    def step(number: int) -> list[float]:
        clock = [time.perf_counter()]
        batch = objective.draw(number)
        clock.append(time.perf_counter())
        looked_up = objective.look_up(batch)
        clock.append(time.perf_counter())
        with objective.precision():
            parts = [embed(found) for embed, found in zip(embedders, looked_up, strict=True)]
        embedding = torch.cat([part.float() for part in parts]) if len(parts) > 1 else parts[0]
        clock.append(time.perf_counter())
        loss = criterion(embedding.float(), batch)
        clock.append(time.perf_counter())
        trained.clear_gradients()
        loss.backward()
        clock.append(time.perf_counter())
        optimizer.step(config.optimizer.learning_rate)
        clock.append(time.perf_counter())
        return list(np.diff(clock))

    return step


def operators(step: Callable[[int], list[float]], steps: int) -> str:
    """Torch's profile of so many steps."""
    activities = [torch.profiler.ProfilerActivity.CPU]
    with torch.profiler.profile(activities=activities) as profile:
        for number in range(steps):
            step(number)
    rows = profile.key_averages()
    within = sum(
        row.self_cpu_time_total for row in rows if any(name in row.key for name in KERNELS)
    )
    table = rows.table(sort_by="self_cpu_time_total", row_limit=25)
    return f"{table}\nwithin kernels: {within / steps / 1e3:.2f} ms a step"


if __name__ == "__main__":
    main()
