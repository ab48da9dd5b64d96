"""Finds and reads the files of a reporting folder; what cannot be read becomes a ``Problem``.

Nothing is computed or worded here: tables are left to ``tables``, sentences to ``page``.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from cebra_kedro.metrics import METRIC_COLUMNS

CONSISTENCY_COLUMNS = ("between", "source", "target", "r2")
ACROSS_COLUMNS = ("source", "target", "through", "variant", "decoder", "metric", "value")

T = TypeVar("T")


@dataclass(frozen=True)
class Problem:
    """A file that is left out of the page, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class FigureFile:
    """A picture of the folder.

    Attributes:
        path: relative path with forward slashes.
        file: where it lies.
        stem: file name without its ending.
        width: in pixels.
        height: in pixels.
    """

    path: str
    file: Path
    stem: str
    width: int
    height: int


@dataclass(frozen=True, eq=False)
class SubjectFiles:
    """What lies in the folder for one subject, which is a session or a transfer between two.

    Attributes:
        name: the subject.
        metrics: its rows with the columns ``METRIC_COLUMNS``; empty without readable scores.
        metrics_path: relative path of the file the rows come from; empty without one.
        figures: pictures of this subject.
        explorer: what ``plots.explorer`` says of it; empty without.
    """

    name: str
    metrics: pd.DataFrame
    metrics_path: str
    figures: tuple[FigureFile, ...]
    explorer: dict[str, Any]


@dataclass(frozen=True, eq=False)
class ExperimentFiles:
    """What lies in the folder for one experiment; all but ``name`` may be empty.

    Subjects stand in the order of the tables, then those with figures only by name.
    """

    name: str
    subjects: tuple[SubjectFiles, ...]
    consistency: pd.DataFrame
    across: pd.DataFrame
    figures: tuple[FigureFile, ...]
    about: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Contents:
    """Everything readable in a reporting folder; a missing manifest is an empty one."""

    manifest: dict[str, Any]
    provenance: dict[str, Any]
    experiments: tuple[ExperimentFiles, ...]
    problems: tuple[Problem, ...]


def read_folder(folder: Path) -> Contents:
    """Read whatever of the expected files lies in a reporting folder, in a fixed order.

    Args:
        folder: an existing folder.
    """
    reader = _Reader(folder)
    manifest = reader.attempt(folder / "run_manifest.json", _read_object) or {}
    provenance = reader.attempt(folder / "provenance.json", _read_object) or {}
    experiments = tuple(e for path in _folders(folder) if (e := _experiment(reader, path)))
    return Contents(manifest, provenance, experiments, tuple(reader.problems))


@dataclass(eq=False)
class _Reader:
    """Reads files and keeps a list of those that failed."""

    folder: Path
    problems: list[Problem] = field(default_factory=list)

    def relative(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    def attempt(self, path: Path, read: Callable[[Path], T]) -> T | None:
        if not path.is_file():
            return None
        try:
            return read(path)
        except (OSError, ValueError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            self.problems.append(Problem(self.relative(path), reason))
            return None

    def figures(self, folder: Path) -> tuple[FigureFile, ...]:
        found = []
        for path in sorted(folder.glob("*.png")):
            size = self.attempt(path, _png_size)
            if size:
                name = self.relative(path)
                found.append(FigureFile(name, path, path.stem, *size))
        return tuple(found)


def _experiment(reader: _Reader, folder: Path) -> ExperimentFiles | None:
    metrics = reader.attempt(folder / "metrics.csv", _read_metrics)
    metrics = pd.DataFrame(columns=METRIC_COLUMNS) if metrics is None else metrics
    read = reader.attempt(folder / "consistency.csv", _read_consistency)
    consistency = pd.DataFrame(columns=CONSISTENCY_COLUMNS) if read is None else read
    subjects = _subjects(reader, folder, metrics, consistency)
    figures = reader.figures(folder)
    if not subjects and read is None and not figures:
        return None
    about = reader.attempt(folder / "about.json", _read_object) or {}
    across = reader.attempt(folder / "across.csv", _read_across)
    across = pd.DataFrame(columns=ACROSS_COLUMNS) if across is None else across
    return ExperimentFiles(folder.name, subjects, consistency, across, figures, about)


def _subjects(
    reader: _Reader, folder: Path, metrics: pd.DataFrame, consistency: pd.DataFrame
) -> tuple[SubjectFiles, ...]:
    rows_of = dict(iter(metrics.groupby("subject", sort=False)))
    # Names in a table never lead to a path: only folders that were found are looked into.
    figures_of = {path.name: reader.figures(path) for path in _folders(folder)}
    explorers = {
        path.name: reader.attempt(path / "explorer.json", _read_object) or {}
        for path in _folders(folder)
    }
    compared = (name.split("/")[0] for name in consistency["source"])
    names = dict.fromkeys([*rows_of, *(n for n in compared if n in figures_of), *figures_of])
    path = reader.relative(folder / "metrics.csv")
    return tuple(
        SubjectFiles(
            name=name,
            metrics=rows_of.get(name, metrics.iloc[:0]),
            metrics_path=path if name in rows_of else "",
            figures=figures_of.get(name, ()),
            explorer=explorers.get(name, {}),
        )
        for name in names
        if name in rows_of or figures_of[name]
    )


def _folders(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.name.startswith("."):
            yield path


def _read_object(path: Path) -> dict[str, Any]:
    value = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(value, dict):
        raise ValueError(f"expected a JSON object, got {type(value).__name__}")
    return value


def _read_metrics(path: Path) -> pd.DataFrame:
    return _read_table(path, METRIC_COLUMNS, "value")


def _read_consistency(path: Path) -> pd.DataFrame:
    return _read_table(path, CONSISTENCY_COLUMNS, "r2")


def _read_across(path: Path) -> pd.DataFrame:
    return _read_table(path, ACROSS_COLUMNS, "value")


def _read_table(path: Path, columns: tuple[str, ...], number: str) -> pd.DataFrame:
    """All columns as text (a session may be called ``NA``), the one of numbers as floats."""
    table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise ValueError(f"the columns {', '.join(missing)} are missing")
    numbers = table[number].replace({"": "nan"})
    return table.assign(**{number: pd.to_numeric(numbers).astype(float)})


def _png_size(path: Path) -> tuple[int, int]:
    with path.open("rb") as file:
        head = file.read(24)
    if len(head) < 24 or not head.startswith(b"\x89PNG\r\n\x1a\n"):
        raise ValueError("not a PNG picture")
    width, height = struct.unpack(">II", head[16:24])
    return width, height
