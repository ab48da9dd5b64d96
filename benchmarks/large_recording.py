"""A recording larger than memory, from its file to its report: how much memory, how long.

Writes traces of a simulated rat on a track to an ``.npy`` (or HDF5) file, describes an experiment,
runs ``kedro run`` in a project of its own, and watches the memory of all its processes
(proportional set size, ``/proc/<pid>/smaps_rollup``; pages of files that the system may drop at any
time are not mapped, so they do not count)::

    python benchmarks/large_recording.py --gigabytes 20 --folder /tmp/large
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import yaml

PROJECT = Path(__file__).parents[1]
N_NEURONS, BINS_OF_LAP, BLOCK_ROWS = 1000, 400, 20_000
DESCRIBED = """
large:
  sessions: [rat]
  source: {name: arrays, bin_width_s: 0.025, labels: {position: {unit: m}}}
  split: {by: trial, folds: 3, scheme: interleaved}
  training:
    encoder: {architecture: offset10-model, hidden_units: 32, output_dimension: 3}
    optimizer: {learning_rate: 1.0e-3}
    steps: 500
    seeds: [0]
  encoders:
    position: {labels: [position], pairs: {law: time_delta, time_offset_bins: 10}}
    shuffled: {like: position, shuffle_labels: encoder}
  baselines: [pca]
  decode: {position: {}}
  decoders: {bin_step: 10}  # a search among every tenth training row; all test rows are scored
  figures: [embedding, decoded, scores, loss]
"""


def main() -> None:
    """Write, run, report."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--gigabytes", type=float, default=20.0)
    parser.add_argument("--format", choices=("npy", "h5"), default="npy")
    parser.add_argument("--folder", type=Path, required=True, help="needs 2.2 times the size")
    parser.add_argument("--keep", action="store_true", help="leave the folder")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True)
    started = time.perf_counter()
    n_bytes = write_project(asked.folder, asked.gigabytes * 1e9, asked.format)
    written = time.perf_counter()
    print(f"{n_bytes / 1e9:.1f} GB written in {written - started:.0f} s")
    peak_bytes, code = watched_run(asked.folder)
    print(f"kedro run ended with {code} after {time.perf_counter() - written:.0f} s")
    print(f"peak memory of all processes: {peak_bytes / 2**30:.2f} GiB")
    scores = asked.folder / "data/08_reporting/large/metrics.csv"
    if scores.is_file():
        print(scores.read_text())
    if not asked.keep:
        shutil.rmtree(asked.folder)


def write_project(folder: Path, n_bytes: float, kind: str) -> int:
    """A project with one experiment; returns the bytes of its recording."""
    shutil.copytree(PROJECT / "conf", folder / "conf")
    shutil.copy(PROJECT / "pyproject.toml", folder)
    (folder / "src").mkdir()
    raw = folder / "data/01_raw"
    raw.mkdir(parents=True)
    n_time = int(n_bytes / 4 / N_NEURONS)
    lap = np.arange(n_time) // BINS_OF_LAP
    np.save(raw / "position.npy", _position(np.arange(n_time)))
    np.save(raw / "trial.npy", lap)
    write = {"npy": _write_npy, "h5": _write_hdf5}[kind]
    write(raw / "neural", n_time)
    parts = {
        name: {"type": "cebra_kedro.io.NpyDataset", "filepath": f"data/01_raw/{name}.npy"}
        for name in ("neural", "position", "trial")
    }
    if kind == "h5":
        parts["neural"] = {
            "type": "cebra_kedro.io.Hdf5Dataset",
            "filepath": "data/01_raw/neural.h5",
        }
    entry = {"type": "cebra_kedro.io.SessionsDataset", "sessions": ["rat"], "each": parts}
    local = folder / "conf/local"
    (local / "catalog_large.yml").write_text(yaml.safe_dump({"large.raw": entry}))
    described = DESCRIBED
    if kind == "h5":  # the array is called neural in the file neural
        described = DESCRIBED.replace("arrays,", "arrays, neural: neural/neural,")
    (local / "parameters_large.yml").write_text(described)
    return 4 * n_time * N_NEURONS


def watched_run(folder: Path) -> tuple[int, int]:
    """``kedro run``; returns the most memory of all its processes in bytes, and its exit code."""
    environment = os.environ | {"KEDRO_DISABLE_TELEMETRY": "true"}
    command = [sys.executable, "-m", "kedro", "run", "--pipelines", "large"]
    run = subprocess.Popen(command, cwd=folder, env=environment)
    peak = 0
    while run.poll() is None:
        peak = max(peak, sum(map(_memory_bytes, _family(run.pid))))
        time.sleep(0.5)
    return peak, run.returncode


def _position(time_bin: np.ndarray) -> np.ndarray:
    """Along a track of 1 m, there and back each lap."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * time_bin / BINS_OF_LAP)


def _blocks(n_time: int) -> Iterator[tuple[int, np.ndarray]]:
    """Traces of neurons with places, and noise that comes again at random shifts."""
    rng = np.random.default_rng(0)
    fields = 0.1 * np.exp(
        -((_position(np.arange(BINS_OF_LAP))[:, None] - np.linspace(0, 1, N_NEURONS)) ** 2) / 0.02
    )
    noise = rng.normal(size=(2 * BLOCK_ROWS, N_NEURONS)).astype(np.float32)
    for begin in range(0, n_time, BLOCK_ROWS):
        rows = np.arange(begin, min(begin + BLOCK_ROWS, n_time))
        first = rng.integers(BLOCK_ROWS)
        yield begin, fields[rows % BINS_OF_LAP].astype(np.float32) + noise[first:][: len(rows)]


def _write_npy(path: Path, n_time: int) -> None:
    header = {"descr": "<f4", "fortran_order": False, "shape": (n_time, N_NEURONS)}
    with path.with_suffix(".npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for _, block in _blocks(n_time):
            file.write(block.tobytes())


def _write_hdf5(path: Path, n_time: int) -> None:
    with h5py.File(path.with_suffix(".h5"), "w") as file:
        dataset = file.create_dataset("neural", (n_time, N_NEURONS), "f4", chunks=(1000, N_NEURONS))
        for begin, block in _blocks(n_time):
            dataset[begin : begin + len(block)] = block


def _family(pid: int) -> list[int]:
    """A process and all below it."""
    below: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(entry.read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue
        below.setdefault(parent, []).append(int(entry.parent.name))
    family = [pid]
    for one in family:
        family.extend(below.get(one, []))
    return family


def _memory_bytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))


if __name__ == "__main__":
    main()
