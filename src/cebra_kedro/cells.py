"""Independent pieces of work: each is computed once, and its value kept in a file of its own.

How a value lies in a file is a :class:`Format`'s business (``io.formats``), which files count as
results is ``store``'s.
"""

from __future__ import annotations

import glob
import itertools
import logging
import pickle
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from multiprocessing import parent_process
from pathlib import Path
from typing import Any, Protocol

from cebra_kedro import progress
from cebra_kedro.atomic import atomic_path

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Cell:
    """One independent piece of work.

    Attributes:
        compute: path of the file that will keep the value → the value; the path is for what is kept
            beside it, e.g. a checkpoint. Picklable, as it may be called in another process.
        fingerprint: digest of everything that the value depends on; None: computed each time.
        clean: called with the path once the file is in place, to remove what was kept beside it.
    """

    compute: Callable[[Path], Any]
    fingerprint: str | None = None
    clean: Callable[[Path], None] | None = None


class Format(Protocol):
    """How a value lies in a file; picklable."""

    @property
    def suffix(self) -> str:
        """What follows a key in the name of its file, e.g. ``.npz`` or ``/recording.h5``."""

    @property
    def optional(self) -> bool:
        """Whether None is a value, of which there is no file."""

    def write(self, path: Path, value: Any, fingerprint: str | None) -> None:
        """Write a new file at ``path``, which is temporary."""

    def read(self, path: Path) -> Any:
        """The value in a file."""

    def fingerprint(self, path: Path) -> str | None:
        """The fingerprint in a file, None if it holds none; raises if it cannot be read."""

    def about(self, path: Path) -> dict[str, Any]:
        """JSON facts for the index of a store, read without the value; may be empty."""

    def beside(self) -> Mapping[str, Callable[[Path, Any], None]]:
        """Further files of the same value, for people: suffix → what writes one; may be empty.

        They are called after ``write``, with a temporary path and the value, and nothing is read
        from what they write.
        """


@dataclass(frozen=True, eq=False)
class Pieces:
    """Cells, and how a dataset computes them when it saves them.

    Attributes:
        cells: key → cell.
        processes: cells computed at the same time, each in a process of its own.
        title: what stands before the progress bar and in the log.
        bar: whether one progress bar counts the cells, where nobody listens (``progress``); False
            for trainings in this process, which each show their own.
    """

    cells: Mapping[str, Cell]
    processes: int = 1
    title: str = ""
    bar: bool = True


@dataclass(frozen=True)
class Entry:
    """A file that keeps the value of a cell.

    Attributes:
        file: where it lies.
        fingerprint: what the file says it was computed from, None if it does not say.
        about: JSON facts about the value.
    """

    file: Path
    fingerprint: str | None = None
    about: Mapping[str, Any] = field(default_factory=dict)


def complete(
    cells: Mapping[str, Cell],
    folder: Path,
    format: Format,
    *,
    processes: int = 1,
    title: str = "",
    bar: bool = True,
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
            end with the same bits. A process that was started by another, as by Kedro's
            ParallelRunner, starts none: it would wait for them for ever when it ends.
        title: of progress bar and log line; nothing is logged without one.
        bar: whether to show a progress bar over all cells, where nobody listens (``progress``).

    Returns:
        Key → entry of its file in the order of ``cells``, without those whose value is None.

    Raises:
        Exception: what a cell raised, with its key in a note; the files of others stay.
    """
    started = time.perf_counter()
    files = {key: file_of(key, folder, format) for key in cells}
    entries: dict[str, Entry | None] = {}
    missing: dict[str, Cell] = {}
    for key, cell in cells.items():
        if (found := _finished(cell, files[key], format)) is not None:
            entries[key] = found
        else:
            missing[key] = cell
    tasks = (_Task(key, cell, files[key], format, title) for key, cell in missing.items())
    processes = min(processes, len(missing)) if parent_process() is None else 1
    computed = _in_processes(tasks, processes) if processes > 1 else map(_compute, tasks)
    for key, entry in _watched(computed, len(cells), len(entries), title if bar else None):
        entries[key] = entry
    if title and cells:
        logger.info(
            "%s: %d computed in %.0f s, %d were finished before",
            title,
            len(missing),
            time.perf_counter() - started,
            len(cells) - len(missing),
        )
    return {key: entry for key in cells if (entry := entries[key]) is not None}


def file_of(key: str, folder: Path, format: Format) -> Path:
    """The file of a key.

    Raises:
        ValueError: the key does not name a file below the folder.
    """
    parts = key.split("/") if isinstance(key, str) else [""]
    if any(part.strip() == "" or part.startswith(".") or not _is_plain(part) for part in parts):
        raise ValueError(
            "a key names its file below the folder of all, so it must be words joined by '/', none "
            f"of them beginning with '.', as in buddy/fold0_seed1; got {key!r}"
        )
    return folder / f"{key}{format.suffix}"


def files_of(file: Path, format: Format) -> list[Path]:
    """The file of a value, and those of the same value beside it."""
    return [file, *(file.with_suffix(suffix) for suffix in format.beside())]


def _is_plain(part: str) -> bool:
    return part.isprintable() and "\\" not in part


@dataclass(frozen=True, eq=False)
class _Task:
    """What a process needs to know to compute a cell."""

    key: str
    cell: Cell
    file: Path
    format: Format
    title: str


def _finished(cell: Cell, file: Path, format: Format) -> Entry | None:
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


def _compute(task: _Task) -> tuple[str, Entry | None]:
    """Compute and save one cell; the value stays here."""
    try:
        return task.key, _computed_entry(task.cell, task.file, task.format)
    except Exception as error:
        error.add_note(f"in {task.title} {task.key}" if task.title else f"in {task.key}")
        raise


def _computed_entry(cell: Cell, file: Path, format: Format) -> Entry | None:
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


def _in_processes(tasks: Iterator[_Task], processes: int) -> Iterator[tuple[str, Entry | None]]:
    from joblib import Parallel, delayed

    # Arrays are sent as arrays: an encoder reads one that is mapped from a file in another way,
    # which gives the same encoder but for its last bits.
    parallel = Parallel(processes, backend="loky", return_as="generator_unordered", max_nbytes=None)
    yield from parallel(delayed(_compute_for_parent)(task) for task in tasks)


def _compute_for_parent(task: _Task) -> tuple[str, Entry | None]:
    """Compute a cell in a process that sends its errors to another one."""
    try:
        return _compute(task)
    except Exception as error:
        try:
            pickle.loads(pickle.dumps(error))
        except Exception:  # as it is, it would be reported as a broken pool of processes
            plain = RuntimeError(f"{type(error).__name__}: {error}")
            for note in getattr(error, "__notes__", ()):
                plain.add_note(note)
            raise plain from None
        raise


def _watched(
    computed: Iterator[tuple[str, Entry | None]], total: int, finished: int, title: str | None
) -> Iterator[tuple[str, Entry | None]]:
    """Report each cell to whoever listens; else count them on a bar, unless its title is None."""
    if not progress.someone_listens():
        yield from computed if title is None else _with_bar(computed, total, finished, title)
        return
    progress.advance(finished, total, before=finished)
    for done, each in enumerate(computed, finished + 1):
        progress.advance(done, total, before=finished)
        yield each


def _with_bar(
    computed: Iterator[tuple[str, Entry | None]], total: int, finished: int, title: str
) -> Iterator[tuple[str, Entry | None]]:
    if finished == total:
        return computed
    from tqdm.auto import tqdm

    return iter(
        tqdm(
            computed,
            total=total,
            initial=finished,
            desc=title or None,
            unit="piece",
            leave=False,
            disable=None,
        )
    )
