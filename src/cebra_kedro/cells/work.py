"""One cell: whether it is finished, and what becomes of it where it is computed."""

from __future__ import annotations

import glob
import itertools
import logging
import pickle
import traceback
from pathlib import Path

from cebra_kedro.atomic import atomic_path
from cebra_kedro.cells.cell import Cell, Entry, Format, files_of
from cebra_kedro.cells.engine import Outcome, Task

logger = logging.getLogger(__name__)


def finished(cell: Cell, file: Path, format: Format) -> Entry | None:
    """The entry of a file that holds the value of a cell; None if it is to be computed."""
    if cell.fingerprint is None or not all(one.exists() for one in files_of(file, format)):
        return None
    try:
        if format.fingerprint(file) != cell.fingerprint:
            return None
        entry = Entry(file, cell.fingerprint, format.about(file))
    except Exception as error:  # any unreadable file means: compute again
        logger.warning("%s cannot be read (%s); computing it again", file, error)
        return None
    if cell.clean is not None:  # a run killed after the file was in place has not come to this
        cell.clean(file)
    return entry


def attempt(task: Task) -> Outcome:
    """Compute and save one cell; the value stays here.

    One that fails is tried once more: memory may have been short, or a drive away for a moment.
    """
    first = ""
    while True:
        try:
            entry = computed_entry(task.cell, task.file, task.format)
            return Outcome(task.key, entry, retried=first)
        except Exception as error:
            if first:
                return failed(task, error)
            first = words(error)


def failed(task: Task, error: Exception) -> Outcome:
    """The outcome of a cell that failed for good."""
    error.add_note(f"in {task.title} {task.key}" if task.title else f"in {task.key}")
    trace = "".join(traceback.format_exception(error))
    return Outcome(task.key, error=error, trace=trace)


def sendable(outcome: Outcome) -> Outcome:
    """The same for another process: an error that does not survive the way is told in words.

    As it is, it would be reported as a broken pool of processes.
    """
    error = outcome.error
    if error is None:
        return outcome
    try:
        pickle.loads(pickle.dumps(error))
        return outcome
    except Exception:
        plain = RuntimeError(f"{type(error).__name__}: {error}")
        for note in getattr(error, "__notes__", ()):
            plain.add_note(note)
        return Outcome(outcome.key, error=plain, trace=outcome.trace)


def computed_entry(cell: Cell, file: Path, format: Format) -> Entry | None:
    """Compute a cell and put its file in place; None where that is a value."""
    # Of a run killed while it wrote; what writes itself atomically has two names on the way.
    for dots, one in itertools.product((".", ".."), files_of(file, format)):
        for leftover in file.parent.glob(f"{dots}{glob.escape(one.name)}.*.tmp"):
            leftover.unlink(missing_ok=True)
    file.parent.mkdir(parents=True, exist_ok=True)  # for what the cell keeps beside its file
    value = cell.compute(file)
    entry = None
    if value is None and format.optional:
        for one in files_of(file, format):
            one.unlink(missing_ok=True)
    else:
        with atomic_path(file) as temporary:
            format.write(temporary, value, cell.fingerprint)
            # Before the file takes its place, which says that all is there.
            for suffix, write in format.beside().items():
                with atomic_path(file.with_suffix(suffix)) as other:
                    write(other, value)
        entry = Entry(file, cell.fingerprint or format.fingerprint(file), format.about(file))
    if cell.clean is not None:
        cell.clean(file)
    return entry


def words(error: BaseException | None) -> str:
    """What an error says, on one line; without a message, its type."""
    # the text of a KeyError is that of its argument, in quotes
    text = error.args[0] if type(error) is KeyError and error.args else error
    return " ".join(str(text).split()) or type(error).__name__
