"""Where cells are computed: the interface, and which engine this process uses."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cebra_kedro.cells.cell import Cell, Entry, Format


@dataclass(frozen=True, eq=False)
class Task:
    """What a process needs to know to compute a cell; picklable.

    Attributes:
        key: of the cell.
        cell: the cell.
        file: where its value is to lie.
        format: how it lies there.
        title: of all cells, for messages.
    """

    key: str
    cell: Cell
    file: Path
    format: Format
    title: str = ""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What has become of a cell.

    Attributes:
        key: of the cell.
        entry: its file; None if the value is None, or if it failed.
        error: why it failed; picklable.
        trace: the error with its traceback, as text.
        retried: what its first attempt failed with, if the second did not.
    """

    key: str
    entry: Entry | None = None
    error: Exception | None = None
    trace: str = ""
    retried: str = ""


class Engine(Protocol):
    """Computes cells somewhere, each with ``work.attempt``."""

    def run(self, tasks: Sequence[Task], processes: int) -> Iterator[Outcome]:
        """Compute all tasks; the outcomes come in any order, one for each.

        Args:
            tasks: at least one.
            processes: how many at the same time, if that is on this machine.
        """


class _InUse:
    """The engine of the process that chose one; other processes have their own choice."""

    engine: Engine | None = None
    pid = 0


def use_engine(engine: Engine | None) -> None:
    """Compute cells with this engine from now on, in this process; None for this machine."""
    _InUse.engine, _InUse.pid = engine, os.getpid()


def engine_in_use() -> Engine | None:
    """What :func:`use_engine` was given in this process."""
    return _InUse.engine if _InUse.pid == os.getpid() else None
