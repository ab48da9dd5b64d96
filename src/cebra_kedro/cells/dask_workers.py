"""Cells on the workers of a Dask cluster.

Each cell is one ``Client.submit``, not a batch of joblib's Dask backend: values are files, so that
what a lost worker had finished is there, Dask gives what it was at to another one, and an error
stops no other cell.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cebra_kedro.cells.away import computed_away, kept, packed
from cebra_kedro.cells.engine import Outcome, Task
from cebra_kedro.cells.work import attempt, failed, sendable
from cebra_kedro.memory import keep_freed_memory

if TYPE_CHECKING:
    from distributed import Client, Future

logger = logging.getLogger(__name__)

_WAITING_PER_WORKER = 3
_WAITING = 64
"""So many cells are given to the scheduler before it asks for more workers."""

_ONE_AT_A_TIME = threading.Lock()
"""A worker of many threads computes one cell at a time: threads within a cell are torch's, and
their number is one of the process."""


class DaskWorkers:
    """The engine of a Dask cluster.

    Args:
        client: connected to its scheduler.
        shared_folder: whether workers see the files of this project at the same place; if not,
            the files that cells read are sent, once to each worker, and what they write comes back.
    """

    def __init__(self, client: Client, *, shared_folder: bool = True) -> None:
        self._client = client
        self._shared = shared_folder

    def run(self, tasks: Sequence[Task], processes: int) -> Iterator[Outcome]:
        """Compute all tasks on the workers, a few of each at a time on the way."""
        from distributed import as_completed

        left = iter(tasks)
        at_work: dict[Future, Task] = {}
        sent: dict[str, Future] = {}
        completed = as_completed(loop=self._client.loop)
        self._submit(left, at_work, sent, completed)
        try:
            for future in completed:
                task = at_work.pop(future)
                yield self._outcome(future, task)
                future.release()
                self._submit(left, at_work, sent, completed)
        finally:  # also where nobody wants the rest
            self._client.cancel(list(at_work), force=True)

    def _submit(
        self,
        left: Iterator[Task],
        at_work: dict[Future, Task],
        sent: dict[str, Future],
        completed: Any,
    ) -> None:
        while len(at_work) < max(_WAITING, _WAITING_PER_WORKER * self._n_workers()):
            if (task := next(left, None)) is None:
                return
            future = self._submitted(task, sent)
            at_work[future] = task
            completed.add(future)

    def _submitted(self, task: Task, sent: dict[str, Future]) -> Future:
        if self._shared:
            root = _existing(task.file)
            return self._client.submit(_compute, task, str(root), key=_key(task), pure=False)
        content, files = packed(task)
        for name, path in files.items():
            if name not in sent:
                sent[name] = self._client.scatter(path.read_bytes(), hash=False)
        needed = {name: sent[name] for name in files}
        return self._client.submit(_compute_away, content, needed, key=_key(task), pure=False)

    def _outcome(self, future: Future, task: Task) -> Outcome:
        try:
            result: Any = future.result()
        except Exception as error:  # of Dask, e.g. that each worker was lost that was at it
            return failed(task, error)
        if self._shared:
            return result
        outcome, contents = result
        return kept(outcome, contents, task)

    def _n_workers(self) -> int:
        return len(self._client.scheduler_info(n_workers=-1)["workers"])


def _key(task: Task) -> str:
    # Before the first dash stands what the dashboard puts together.
    return f"{task.title or 'cell'}-{task.key}-{uuid.uuid4().hex}"


def _existing(file: Path) -> Path:
    """The innermost folder of a file that is there."""
    return next(folder for folder in file.parents if folder.is_dir())


def _compute(task: Task, root: str) -> Outcome:
    """On a worker that sees the files of the project."""
    if not Path(root).is_dir():
        return failed(
            task,
            FileNotFoundError(
                f"worker {_worker()} does not see {root}; start it where that folder is mounted at "
                "the same place, or say shared_folder: false"
            ),
        )
    with _ONE_AT_A_TIME:
        keep_freed_memory()
        return sendable(attempt(task))


def _compute_away(content: bytes, files: Mapping[str, bytes]) -> tuple[Outcome, list[bytes]]:
    """On a worker that has no folder in common with the project."""
    from distributed import get_worker

    with _ONE_AT_A_TIME:
        keep_freed_memory()
        return computed_away(content, files, Path(get_worker().local_directory))


def _worker() -> str:
    from distributed import get_worker

    return str(get_worker().address)
