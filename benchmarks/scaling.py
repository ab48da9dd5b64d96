"""Seconds per step and peak memory against recording length, labels, neurons and sessions.

Usage: python benchmarks/scaling.py [--axis length] [--json]

Each point runs in a process of its own, so that its peak memory is its own. cebra is measured
beside ours as long as a step takes it less than a few seconds. The recording is a memory-mapped
file of uint8 counts, read window by window.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

AXES = {
    "length": [("n_time", n) for n in (10_000, 100_000, 1_000_000, 10_000_000)],
    "label_dimension": [("label_dimension", n) for n in (1, 2, 4, 8, 16, 64)],
    "neurons": [("n_neurons", n) for n in (16, 64, 256, 1024)],
    "sessions": [("n_sessions", n) for n in (1, 2, 4, 8)],
}
USUAL = {"n_time": 100_000, "label_dimension": 2, "n_neurons": 64, "n_sessions": 1}
CEBRA_MAX_TIME = 1_000_000


def main() -> None:
    """Run every point in its own process and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--axis", action="append", choices=list(AXES))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--point", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.point:
        print(json.dumps(measure(**json.loads(options.point))))
        return
    rows = []
    for axis in options.axis or list(AXES):
        for name, value in AXES[axis]:
            point = USUAL | {name: value}
            for library in ("ours", "cebra"):
                if library == "cebra" and point["n_time"] > CEBRA_MAX_TIME:
                    continue
                rows.append({"axis": axis, **_in_own_process({**point, "library": library})})
                if not options.json:
                    _print_row(rows[-1], first=len(rows) == 1)
    if options.json:
        print(json.dumps(rows, indent=2))


def measure(
    library: str, n_time: int, label_dimension: int, n_neurons: int, n_sessions: int
) -> dict[str, Any]:
    """One point: set-up time, time per step, peak memory."""
    with tempfile.TemporaryDirectory() as folder:
        sessions = [
            _session(Path(folder) / f"{number}.npy", number, n_time, label_dimension, n_neurons)
            for number in range(n_sessions)
        ]
        run = _run_cebra if library == "cebra" else _run_ours
        run([(neural[:5000], labels[:5000]) for neural, labels in sessions], 2)  # imports
        started = time.perf_counter()
        # The difference of two trainings is the steps alone; ours are many, as the set-up varies.
        few, many = (2, 5) if library == "cebra" else (20, 1020)
        first = run(sessions, few)
        second = run(sessions, many)
        per_step = (second - first) / (many - few)
        return {
            "library": library,
            "n_time": n_time,
            "label_dimension": label_dimension,
            "n_neurons": n_neurons,
            "n_sessions": n_sessions,
            "seconds_per_step": per_step,
            "setup_s": max(0.0, first - few * per_step),
            "peak_memory_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
            "total_s": time.perf_counter() - started,
        }


def _session(
    file: Path, seed: int, n_time: int, label_dimension: int, n_neurons: int
) -> tuple[np.memmap, np.ndarray]:
    rng = np.random.default_rng(seed)
    neural = np.lib.format.open_memmap(file, "w+", np.uint8, (n_time, n_neurons))
    for begin in range(0, n_time, 100_000):
        block = neural[begin : begin + 100_000]
        block[:] = rng.poisson(0.1, block.shape)
    neural.flush()
    steps = rng.normal(0, 0.05, (n_time, label_dimension)).astype(np.float32)
    labels = np.sin(np.cumsum(steps, axis=0, dtype=np.float32))
    return np.load(file, mmap_mode="r"), labels


def _run_ours(sessions: list[tuple[np.memmap, np.ndarray]], steps: int) -> float:
    from cebra_kedro.training import OptimizerConfig, PairsConfig, TrainingConfig
    from cebra_kedro.training.data import TrainingData
    from cebra_kedro.training.loop import train

    data = [
        TrainingData(neural, np.zeros(len(neural), np.int8), labels) for neural, labels in sessions
    ]
    config = TrainingConfig(
        pairs=PairsConfig(law="time_delta", time_offset_bins=10),
        optimizer=OptimizerConfig(learning_rate=3e-4),
        steps=steps,
    )
    started = time.perf_counter()
    train(data, config, name=None)
    return time.perf_counter() - started


def _run_cebra(sessions: list[tuple[np.memmap, np.ndarray]], steps: int) -> float:
    from training_speed import cebra_trainer
    from workloads import Workload

    from cebra_kedro.training import EncoderConfig
    from cebra_kedro.training.data import TrainingData

    data = tuple(
        TrainingData(neural, np.zeros(len(neural), np.int8), labels) for neural, labels in sessions
    )
    load = Workload("scaling", data, (EncoderConfig(),) * len(data), 10, 512)
    started = time.perf_counter()
    cebra_trainer(load, "cpu")(steps)
    return time.perf_counter() - started


def _in_own_process(point: dict[str, Any]) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, __file__, "--point", json.dumps(point)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        return {**point, "error": done.stderr.strip().splitlines()[-1][:120]}
    return json.loads(done.stdout.splitlines()[-1])


def _print_row(row: dict[str, Any], *, first: bool) -> None:
    names = ["axis", "n_time", "label_dimension", "n_neurons", "n_sessions", "library"]
    if first:
        print("  ".join(names), " ms/step  set-up s  peak GiB", flush=True)
    text = "  ".join(f"{row[name]:>{len(name)}}" for name in names)
    if "error" in row:
        print(text, row["error"], flush=True)
        return
    print(
        f"{text}  {1e3 * row['seconds_per_step']:>7.1f}  {row['setup_s']:>8.2f}"
        f"  {row['peak_memory_gib']:>8.2f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
