"""Seconds of whole runs of two checkouts, taking turns: what a change saves a user.

    python benchmarks/whole_runs.py OLD/.venv/bin/python OLD NEW/.venv/bin/python NEW COMMAND ...
                                    [--repeats 1]

A command is what follows ``kedro``: "run --env test --pipelines hippocampus".
Both are clones with a virtual environment of their own, in which their command ``kedro`` is
installed. Each run starts from nothing: ``data/`` but for ``data/01_raw`` is removed before it, so
give it clones that hold no results. A command with two ways of writing it, for the old and the new
checkout, has ``=>`` between them. Seconds include starting Kedro and the report; cores are the mean
number that were busy.
"""

from __future__ import annotations

import argparse
import os
import resource
import shlex
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True)
class Checkout:
    """A clone and the Python that it is installed in."""

    python: Path
    folder: Path

    def run(self, command: str, log: Path) -> tuple[float, float]:
        """Seconds of one run from nothing, and the cores that it kept busy."""
        for folder in (self.folder / "data").iterdir():
            if folder.is_dir() and folder.name != "01_raw":
                shutil.rmtree(folder)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        began = time.perf_counter()
        with log.open("ab") as file:
            code = subprocess.run(
                [self.python, "-m", "kedro", *shlex.split(command)],
                cwd=self.folder,
                stdout=file,
                stderr=subprocess.STDOUT,
                env={**os.environ, "KEDRO_DISABLE_TELEMETRY": "true"},
                check=False,
            ).returncode
        seconds = time.perf_counter() - began
        if code:
            raise SystemExit(f"{self.folder}: kedro {command} failed; see {log}")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return seconds, busy / seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("old_python", "old", "new_python", "new"):
        parser.add_argument(name, type=lambda text: Path(text).absolute())
    parser.add_argument("commands", nargs="+")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--log", type=Path, default=Path("whole_runs.log"))
    given = parser.parse_args()
    both = Checkout(given.old_python, given.old), Checkout(given.new_python, given.new)
    print("| run | old, s | new, s | new / old | busy cores, old and new |", flush=True)
    print("|---|---|---|---|---|")
    for command in given.commands:
        old, _, new = command.partition("=>")
        ways = old.strip(), (new or old).strip()
        turns = [
            [one.run(way, given.log.absolute()) for one, way in zip(both, ways, strict=True)]
            for _ in range(given.repeats)
        ]
        (old_s, old_busy), (new_s, new_busy) = (
            [median(numbers) for numbers in zip(*runs, strict=True)]
            for runs in zip(*turns, strict=True)
        )
        row = [f"`{ways[1]}`", f"{old_s:.0f}", f"{new_s:.0f}", f"{new_s / old_s:.2f}"]
        print("|", " | ".join([*row, f"{old_busy:.2f}, {new_busy:.2f}"]), "|", flush=True)


if __name__ == "__main__":
    main()
