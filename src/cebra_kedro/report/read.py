"""Finds and reads the files of a reporting folder; what cannot be read becomes a ``Problem``.

Nothing is computed or worded here: tables are left to ``tables``, sentences to ``page``.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import pandas as pd

METRIC_COLUMNS = ("subject", "variant", "fold", "seed", "decoder", "metric", "value", "unit")
CONSISTENCY_COLUMNS = ("between", "source", "target", "r2")

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
        url: the same, percent-encoded.
        stem: file name without its ending.
        width: in pixels.
        height: in pixels.
    """

    path: str
    url: str
    stem: str
    width: int
    height: int


@dataclass(frozen=True, eq=False)
class SubjectFiles:
    """What lies in the folder for one subject.

    Attributes:
        name: the subject.
        metrics: rows with the columns ``METRIC_COLUMNS``; empty without readable scores.
        metrics_path: relative path of the file the rows come from; empty without one.
        figures: pictures of this subject.
    """

    name: str
    metrics: pd.DataFrame
    metrics_path: str
    figures: tuple[FigureFile, ...]


@dataclass(frozen=True, eq=False)
class ExperimentFiles:
    """What lies in the folder for one experiment; ``consistency`` may be empty."""

    name: str
    subjects: tuple[SubjectFiles, ...]
    consistency: pd.DataFrame
    figures: tuple[FigureFile, ...]


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
                found.append(FigureFile(name, quote(os.fsencode(name)), path.stem, *size))
        return tuple(found)


def _experiment(reader: _Reader, folder: Path) -> ExperimentFiles | None:
    together = reader.attempt(folder / "metrics.csv", _read_metrics)
    if together is None:
        together = pd.DataFrame(columns=METRIC_COLUMNS)
    rows_of = {str(name): rows for name, rows in together.groupby("subject")}
    # Names in a table never lead to a path: only folders that were found are looked into.
    folder_of = {path.name: path for path in _folders(folder)}
    subjects = tuple(
        subject
        for name in sorted({*rows_of, *folder_of})
        if (subject := _subject(reader, name, folder_of.get(name), rows_of.get(name), folder))
    )
    consistency = reader.attempt(folder / "consistency.csv", _read_consistency)
    figures = reader.figures(folder)
    if not subjects and consistency is None and not figures:
        return None
    consistency = pd.DataFrame(columns=CONSISTENCY_COLUMNS) if consistency is None else consistency
    return ExperimentFiles(folder.name, subjects, consistency, figures)


def _subject(
    reader: _Reader,
    name: str,
    folder: Path | None,
    shared: pd.DataFrame | None,
    experiment: Path,
) -> SubjectFiles | None:
    """Scores from the subject's own file, which its run wrote, else from the shared table."""
    metrics, path = pd.DataFrame(columns=METRIC_COLUMNS), ""
    own = None if folder is None else folder / "metrics.csv"
    if own is not None and own.is_file():
        mine = reader.attempt(own, lambda path: _read_metrics(path, subject=name))
        if mine is not None:
            metrics, path = mine, reader.relative(own)
    elif shared is not None:
        metrics, path = shared, reader.relative(experiment / "metrics.csv")
    figures = () if folder is None else reader.figures(folder)
    return SubjectFiles(name, metrics, path, figures) if path or figures else None


def _folders(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not path.name.startswith("."):
            yield path


def _read_object(path: Path) -> dict[str, Any]:
    value = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(value, dict):
        raise ValueError(f"expected a JSON object, got {type(value).__name__}")
    return value


def _read_metrics(path: Path, subject: str | None = None) -> pd.DataFrame:
    table = _read_table(path, METRIC_COLUMNS, "value")
    others = sorted(set(table["subject"]) - {subject}) if subject is not None else []
    if others:
        raise ValueError(f"expected scores of {subject} alone, got also {', '.join(others)}")
    return table


def _read_consistency(path: Path) -> pd.DataFrame:
    return _read_table(path, CONSISTENCY_COLUMNS, "r2")


def _read_table(path: Path, columns: tuple[str, ...], number: str) -> pd.DataFrame:
    """All columns as text (a rat may be called ``NA``), the one of numbers as floats."""
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
