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


@dataclass(frozen=True)
class Share:
    """Every so-and-so-many-th cell: what one of several processes computes that know of no other.

    Attributes:
        number: of this one, from 0.
        of: how many there are.
    """

    number: int
    of: int

    def __post_init__(self) -> None:
        if not 0 <= self.number < self.of:
            raise ValueError(f"of {self.of} shares, there is no number {self.number}; from 0")

    def of_all(self, keys: Sequence[str]) -> set[str]:
        """The keys of this share."""
        return set(sorted(keys)[self.number :: self.of])


class _InUse:
    """The engine of the process that chose one; other processes have their own choice."""

    engine: Engine | None = None
    share: Share | None = None
    pid = 0


def use_engine(engine: Engine | None, share: Share | None = None) -> None:
    """Compute cells with this engine from now on, in this process.

    Args:
        engine: None for this machine.
        share: compute these cells only, and leave the others as they are; None for all.
    """
    _InUse.engine, _InUse.share, _InUse.pid = engine, share, os.getpid()


def engine_in_use() -> Engine | None:
    """What :func:`use_engine` was given in this process."""
    return _InUse.engine if _InUse.pid == os.getpid() else None


def share_in_use() -> Share | None:
    """The share of the cells that this process computes; None for all."""
    return _InUse.share if _InUse.pid == os.getpid() else None
