"""Cells on many workers: how much of their time they work.

    python benchmarks/scale_out.py sleep --workers 64 --cells 1800   # of recorded durations
    python benchmarks/scale_out.py tiny --workers 2 --cells 1000     # what a cell costs by itself
    python benchmarks/scale_out.py rats --workers 2                  # 24 encoders, and one by one

``sleep`` needs no cores: its cells last as long as the trainings of a run did (``--manifest``), and
sleep. Needs the extra ``dask``.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np

from cebra_kedro.cells import Cell, complete
from cebra_kedro.io.formats import format_of
from cebra_kedro.run.compute import compute_block, engine_of

PROJECT = Path(__file__).parents[1]
MANIFEST = PROJECT / "data" / "08_reporting" / "run_manifest.json"


def main() -> None:
    """Run one of the three."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("sleep", "tiny", "rats"))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--cells", type=int, default=1000)
    parser.add_argument("--manifest", type=Path, default=MANIFEST)
    arguments = parser.parse_args()
    if arguments.what == "rats":
        rats(arguments.workers)
        return
    durations = np.zeros(arguments.cells)
    if arguments.what == "sleep":
        recorded = durations_of(arguments.manifest)
        print(
            f"recorded: {len(recorded)} trainings of {recorded.min():.1f} to {recorded.max():.1f} s"
        )
        durations = np.random.default_rng(0).choice(recorded, arguments.cells)
    scaled(durations, arguments.workers)


def durations_of(manifest: Path) -> np.ndarray:
    """Seconds of each training of a run, the mean of its node."""
    facts = json.loads(manifest.read_text())
    pieces = {name: n for name, (n, _) in facts["node_pieces"].items() if name.endswith(".train")}
    processes = os.cpu_count() or 1
    each = [facts["node_seconds"][name] * min(processes, n) / n for name, n in pieces.items() if n]
    return np.repeat(each, [n for n in pieces.values() if n])


def scaled(durations: np.ndarray, n_workers: int) -> None:
    """Print seconds, efficiency, overhead and memory of sleeping cells on local workers."""
    block = compute_block(
        {"compute": {"engine": "dask", "dask": {"local": {"workers": n_workers}}}}
    )
    cells = {f"cell{n}": Cell(partial(sleep, float(s)), "one") for n, s in enumerate(durations)}
    with tempfile.TemporaryDirectory() as folder, engine_of(block):
        warm = {f"warm{number}": Cell(partial(sleep, 0.5), "one") for number in range(n_workers)}
        complete(warm, Path(folder, "warm"), format_of("arrays", None))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.perf_counter()
        entries = complete(cells, Path(folder, "cells"), format_of("arrays", None))
        seconds = time.perf_counter() - began
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert len(entries) == len(durations)
    print(
        f"{len(durations)} cells of {durations.sum():.0f} s on {n_workers} workers: {seconds:.1f} s"
    )
    print(f"efficiency {durations.sum() / (n_workers * seconds):.0%}")
    print(
        f"overhead {1000 * (n_workers * seconds - durations.sum()) / len(durations):.0f} ms a cell"
    )
    print(f"memory of this process has grown by {grown / 1024:.0f} MiB")


def sleep(seconds: float, _: Path) -> dict[str, np.ndarray]:
    """A cell that lasts so long."""
    time.sleep(seconds)
    return {"slept": np.array(seconds)}


def rats(n_workers: int) -> None:
    """Print seconds of 24 encoders of rats, on one core and on workers, and their ratio.

    One after the other on two cores, a training of one thread draws its pairs on the other core.
    """
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        shutil.copytree(PROJECT / "conf", project / "conf", ignore=shutil.ignore_patterns("local"))
        shutil.copy(PROJECT / "pyproject.toml", project)
        for name in ("conf/local", "src"):
            (project / name).mkdir()
        two_seeds = "hippocampus: {training: {seeds: [0, 1]}}\n"
        (project / "conf/local/parameters.yml").write_text(two_seeds)
        kedro(project, "--namespaces=ingestion.hippocampus")
        one = "hippocampus.training.processes=1"
        dask = f"compute.engine=dask,compute.dask.local.workers={n_workers}"
        seconds = [trained(project, one, {0}), trained(project, f"{one},{dask}")]
    print(f"24 encoders: on one core {seconds[0]} s, on {n_workers} workers {seconds[1]} s")
    print(f"ratio {seconds[1] / seconds[0]:.2f}")


def trained(project: Path, parameters: str, cores: set[int] | None = None) -> int:
    """Seconds of the encoders of one node, from the log."""
    shutil.rmtree(project / "data" / "06_models", ignore_errors=True)
    arguments = ("--nodes=training.hippocampus.position.train", f"--params={parameters}")
    said = kedro(project, *arguments, cores=cores)
    return int(re.findall(r"position: 24 computed in (\d+) s", said)[0])


def kedro(project: Path, *arguments: str, cores: set[int] | None = None) -> str:
    """What ``kedro run --pipelines hippocampus`` says, on some cores or all."""
    command = [sys.executable, "-m", "kedro", "run", "--pipelines=hippocampus", *arguments]
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores or before)  # a new process has that of its parent
    try:
        done = subprocess.run(command, cwd=project, check=True, capture_output=True, text=True)
    finally:
        os.sched_setaffinity(0, before)
    return done.stdout + done.stderr


if __name__ == "__main__":
    main()
