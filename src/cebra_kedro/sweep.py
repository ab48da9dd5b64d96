"""A grid over parameters: its cells, and the table of their scores, each cell computed once.

What a cell computes is a function of the caller; a finished cell is kept in a file and read back as
long as nothing that it depends on has changed, so an interrupted sweep goes on where it stopped.
"""

from __future__ import annotations

import copy
import hashlib
import itertools
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from cebra_kedro.atomic import atomic_path

logger = logging.getLogger(__name__)

Cell = Mapping[str, Any]
"""Dotted name of a parameter, e.g. ``training.steps`` → its value in this cell."""


@dataclass(frozen=True, eq=False)
class Job:
    """One cell to compute.

    Attributes:
        cell: the values that set it apart; they become the first columns of its rows.
        evaluate: function without arguments → table of scores; it is called in another process
            if several are used, so it must be picklable (``functools.partial`` of a function).
        fingerprint: digest of everything that the table depends on.
    """

    cell: Cell
    evaluate: Callable[[], pd.DataFrame]
    fingerprint: str


def cells_of(grid: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """All combinations of the values, the last parameter changing fastest.

    Args:
        grid: dotted name of a parameter → values to try. An empty grid has no cells.

    Example:
        >>> cells_of({"training.steps": [1, 2], "training.batch_size": [8]})
        [{'training.steps': 1, 'training.batch_size': 8}, \
{'training.steps': 2, 'training.batch_size': 8}]
    """
    if not grid:
        return []
    return [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]


def with_values(parameters: Mapping[str, Any], cell: Cell) -> dict[str, Any]:
    """A copy of nested parameters with the values of a cell.

    Args:
        parameters: nested dicts with every parameter in them, those at their defaults too.
        cell: dotted name → value.

    Raises:
        ValueError: a name leads nowhere; the message lists what there is.
    """
    changed = copy.deepcopy(dict(parameters))
    for name, value in cell.items():
        block: Any = changed
        *above, last = name.split(".")
        for depth, key in enumerate([*above, last]):
            if not isinstance(block, dict) or key not in block:
                where = ".".join(name.split(".")[:depth]) or "the experiment"
                there = ", ".join(map(str, block)) if isinstance(block, dict) else "no parameters"
                raise ValueError(
                    f"sweep.grid names {name}, but {where} has no {key}; it has {there}"
                )
            if depth < len(above):
                block = block[key]
        block[last] = value
    return changed


def cell_key(cell: Cell) -> str:
    """A short name of a cell for files: 12 hex digits that depend on names and values only."""
    text = json.dumps(dict(cell), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def run_jobs(jobs: Mapping[str, Job], folder: str | Path, *, processes: int = 1) -> pd.DataFrame:
    """Compute the cells that are not finished yet, and put all into one tidy table.

    Args:
        jobs: key → cell; the key names its file.
        folder: where finished cells lie, ``<folder>/<key>.json``.
        processes: cells computed at the same time, each in a process of its own.

    Returns:
        The tables of all jobs in their order, each row with its cell's values in front. Values are
        read back from the files, so a resumed sweep gives the same table as an uninterrupted one.
    """
    folder = Path(folder)
    missing = [key for key, job in jobs.items() if _finished(folder, key, job) is None]
    if missing:
        _compute({key: jobs[key] for key in missing}, folder, min(processes, len(missing)))
    logger.info("sweep: %d cells, %d were finished before", len(jobs), len(jobs) - len(missing))
    tables = []
    for key, job in jobs.items():
        table = _finished(folder, key, job)
        if table is None:
            raise RuntimeError(f"cell {key} was computed, but {folder} does not hold it")
        for position, (name, value) in enumerate(job.cell.items()):
            table.insert(position, name, [value] * len(table))
        tables.append(table)
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def code_digest(*places: Path) -> str:
    """SHA-256 of Python files, and of those in folders, to be part of a fingerprint."""
    digest = hashlib.sha256()
    for place in places:
        for file in sorted(place.glob("*.py")) if place.is_dir() else [place]:
            digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()


def _compute(jobs: Mapping[str, Job], folder: Path, processes: int) -> None:
    from joblib import Parallel, delayed
    from tqdm.auto import tqdm

    tasks = (delayed(_evaluate_and_save)(job, folder, key) for key, job in jobs.items())
    # Arrays are sent as arrays: an encoder reads one that is mapped from a file in another way.
    finished = Parallel(processes, return_as="generator_unordered", max_nbytes=None)(tasks)
    for _ in tqdm(finished, total=len(jobs), desc="sweep", unit="cell", leave=False, disable=None):
        pass


def _evaluate_and_save(job: Job, folder: Path, key: str) -> None:
    table = job.evaluate()
    content = {
        "fingerprint": job.fingerprint,
        "cell": dict(job.cell),
        "columns": list(table.columns),
        "rows": [[_plain(value) for value in row] for row in table.itertuples(index=False)],
    }
    with atomic_path(folder / f"{key}.json") as temporary:
        Path(temporary).write_text(json.dumps(content, indent=1, default=str) + "\n")


def _plain(value: Any) -> Any:
    """A Python number or text in place of numpy's; JSON keeps all digits of a Python float."""
    return value.item() if hasattr(value, "item") else value


def _finished(folder: Path, key: str, job: Job) -> pd.DataFrame | None:
    """The table of a cell, or None if it is not there or was computed from something else."""
    file = folder / f"{key}.json"
    if not file.is_file():
        return None
    try:
        content = json.loads(file.read_text())
        if content["fingerprint"] != job.fingerprint:
            return None
        return pd.DataFrame(content["rows"], columns=content["columns"])
    except (ValueError, KeyError, TypeError) as error:  # any damaged file means: compute again
        logger.warning("%s cannot be read (%s); computing the cell again", file, error)
        return None
