"""Cells in this process, or in several of this machine."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Sequence
from multiprocessing import parent_process
from typing import ClassVar

from cebra_kedro.cells.engine import Outcome, Task
from cebra_kedro.cells.work import attempt, failed, sendable, words

logger = logging.getLogger(__name__)

_BROKEN_POOLS = 3
"""So many workers may be lost, e.g. killed as memory was short, before what is left is given up."""


class Processes:
    """The engine of this machine: joblib's processes.

    With one process, cells are computed in this one. A process that was started by another, as by
    Kedro's ParallelRunner, starts none: it would wait for them for ever when it ends.
    """

    _largest: ClassVar[int] = 1

    def run(self, tasks: Sequence[Task], processes: int) -> Iterator[Outcome]:
        """Compute all tasks; those that a lost process was at are begun again in a new one."""
        if min(processes, len(tasks)) <= 1 or parent_process() is not None:
            return map(attempt, tasks)
        return _in_others(list(tasks), self._size(len(tasks), processes))

    @classmethod
    def _size(cls, n_tasks: int, most: int) -> int:
        """How many processes are kept: no fewer for fewer tasks.

        Those that end would have to be started again, and import torch again, for the next tasks;
        and nodes that run beside each other (ThreadRunner) share them.
        """
        cls._largest = max(cls._largest, min(n_tasks, most))
        return min(cls._largest, most)


def _in_others(tasks: list[Task], processes: int) -> Iterator[Outcome]:
    from joblib import Parallel, delayed
    from joblib.externals.loky.process_executor import BrokenProcessPool

    left = {task.key: task for task in tasks}
    for broken in range(1, _BROKEN_POOLS + 1):
        # Arrays are sent as arrays: an encoder reads one that is mapped from a file in another way,
        # which gives the same encoder but for its last bits.
        parallel = Parallel(
            processes,
            backend="loky",
            return_as="generator_unordered",
            max_nbytes=None,
            initializer=_may_grow,
        )
        try:
            for outcome in parallel(delayed(_attempt)(task) for task in left.copy().values()):
                del left[outcome.key]
                yield outcome
            return
        except BrokenProcessPool as error:
            logger.warning("a process was lost, e.g. killed as memory was short (%d)", broken)
            lost = error
    for task in left.values():
        yield failed(
            task, RuntimeError(f"{words(lost)} Lower training.processes or use less memory")
        )


def _may_grow() -> None:
    """Keep this process although it grows.

    Where psutil is installed, as with Dask or Jupyter, loky takes 300 MB more than after the first
    task for a leak and starts another process: after a recording was read, the import of torch is
    enough, and each new process imports it again. A limit that is not of this name (it is loky's
    own) changes nothing.
    """
    from joblib.externals.loky import process_executor

    process_executor._MAX_MEMORY_LEAK_SIZE = math.inf


def _attempt(task: Task) -> Outcome:
    return sendable(attempt(task))
