"""All cells of a node: which are finished, which are computed, and what is said of it."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from cebra_kedro import progress
from cebra_kedro.cells.cell import Cell, Entry, Format, file_of
from cebra_kedro.cells.engine import Outcome, Task, engine_in_use, share_in_use
from cebra_kedro.cells.processes import Processes
from cebra_kedro.cells.work import finished, words

logger = logging.getLogger(__name__)
traces = logging.getLogger("cebra_kedro.cells.traces")
"""Tracebacks of cells that failed, wherever they were computed; too long for a terminal."""
traces.propagate = False
traces.addHandler(logging.NullHandler())

_ENOUGH_FAILURES = 3
_SHOWN = 5


class CellsFailedError(RuntimeError):
    """Several cells failed; the message names them.

    Attributes:
        failures: key → error with its traceback, as text.
    """

    failures: Mapping[str, str] = MappingProxyType({})


def complete(
    cells: Mapping[str, Cell],
    folder: Path,
    format: Format,
    *,
    processes: int = 1,
    title: str = "",
    bar: bool = True,
    here: bool = False,
) -> dict[str, Entry]:
    """Compute the cells whose files are missing or of another fingerprint, each saved at once.

    A run that is killed leaves whole files only, and the next one computes what they lack. Values
    do not come back to this process when others compute them, nor does it hold more than one.

    Args:
        cells: key → cell; the key names the file, ``<folder>/<key><suffix>``.
        folder: where the files lie.
        format: how a value lies in its file.
        processes: cells computed at the same time, each in a process of its own; with 1, all in
            this process. Trainings of one thread each are faster than one on all cores, and
            end with the same bits. Where an engine is in use (``use_engine``), it decides.
        title: of progress bar and log line; nothing is logged without one.
        bar: whether to show a progress bar over all cells, where nobody listens (``progress``).
        here: whether only this machine can compute them, whatever engine is in use.

    Returns:
        Key → entry of its file in the order of ``cells``, without those whose value is None, and
        without those that are missing as they are none of this process's share.

    Raises:
        CellsFailedError: several cells failed, each twice, and the others are there; of one cell
            alone, its own error is raised, with its key in a note.
    """
    started = time.perf_counter()
    files = {key: file_of(key, folder, format) for key in cells}
    found = {key: finished(cell, files[key], format) for key, cell in cells.items()}
    entries = {key: entry for key, entry in found.items() if entry is not None}
    n_before = len(entries)
    share = None if here else share_in_use()
    of_this = share.of_all(list(cells)) if share else cells.keys()
    tasks = [
        Task(key, cell, files[key], format, title)
        for key, cell in cells.items()
        if key not in entries and key in of_this
    ]
    failures: dict[str, Outcome] = {}
    engine = (None if here else engine_in_use()) or Processes()
    outcomes = engine.run(tasks, processes) if tasks else iter(())
    with contextlib.closing(_watched(outcomes, len(cells), n_before, title if bar else None)) as w:
        for outcome in w:
            if outcome.retried:
                logger.warning("%s failed at first (%s)", outcome.key, outcome.retried)
            if outcome.error is not None:
                traces.error("%s failed\n%s", outcome.key, outcome.trace)
                failures[outcome.key] = outcome
                if _hopeless(failures, len(entries) - n_before):
                    break
            elif outcome.entry is not None:
                entries[outcome.key] = outcome.entry
    if failures:
        raise _error_of([failures[key] for key in cells if key in failures], len(tasks))
    if title and cells:
        logger.info(
            "%s: %d computed in %.0f s, %d were finished before%s",
            title,
            len(tasks),
            time.perf_counter() - started,
            n_before,
            f", of {len(cells)}" if share else "",
        )
    return {key: entries[key] for key in cells if key in entries}


def n_finished(cells: Mapping[str, Cell], folder: Path, format: Format) -> int:
    """How many cells have their files already; of cells without fingerprint, of whatever date."""
    files = {key: file_of(key, folder, format) for key in cells}
    return sum(
        finished(cell, files[key], format) is not None
        or (cell.fingerprint is None and files[key].exists())
        for key, cell in cells.items()
    )


def _hopeless(failures: Mapping[str, Outcome], n_computed: int) -> bool:
    """Whether all cells fail, and in the same way: then the others are not tried."""
    kinds = {(type(one.error), str(one.error)) for one in failures.values()}
    return n_computed == 0 and len(failures) >= _ENOUGH_FAILURES and len(kinds) == 1


def _error_of(failures: Sequence[Outcome], n_tried: int) -> Exception:
    """The error that a node ends with."""
    first = failures[0].error
    assert first is not None
    if len(failures) == 1:
        return first
    count = f"{len(failures)} of {n_tried} pieces failed"
    if len({words(one.error) for one in failures}) == 1:
        text = f"{words(first)} ({count} so"
    else:
        shown = [f"{one.key} ({words(one.error)})" for one in failures[1:_SHOWN]]
        more = [f"{len(failures) - _SHOWN} more"] if len(failures) > _SHOWN else []
        text = f"{words(first)} ({count}, also {', '.join([*shown, *more])}"
    error = CellsFailedError(f"{text}; what others computed is kept)")
    for note in getattr(first, "__notes__", ()):
        error.add_note(note)
    error.failures = {one.key: one.trace for one in failures}
    return error


def _watched(
    outcomes: Iterator[Outcome], total: int, finished: int, title: str | None
) -> Generator[Outcome, None, None]:
    """Report each cell to whoever listens; else count them on a bar, unless its title is None."""
    if not progress.someone_listens():
        yield from outcomes if title is None else _with_bar(outcomes, total, finished, title)
        return
    progress.advance(finished, total, before=finished)
    for done, each in enumerate(outcomes, finished + 1):
        progress.advance(done, total, before=finished)
        yield each


def _with_bar(
    outcomes: Iterator[Outcome], total: int, finished: int, title: str
) -> Iterator[Outcome]:
    if finished == total:
        return outcomes
    from tqdm.auto import tqdm

    return iter(
        tqdm(
            outcomes,
            total=total,
            initial=finished,
            desc=title or None,
            unit="piece",
            leave=False,
            disable=None,
        )
    )
