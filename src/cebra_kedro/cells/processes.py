"""Cells in this process, or in several of this machine."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from multiprocessing import parent_process

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

    def run(self, tasks: Sequence[Task], processes: int) -> Iterator[Outcome]:
        """Compute all tasks; those that a lost process was at are begun again in a new one."""
        processes = min(processes, len(tasks)) if parent_process() is None else 1
        return _in_others(list(tasks), processes) if processes > 1 else map(attempt, tasks)


def _in_others(tasks: list[Task], processes: int) -> Iterator[Outcome]:
    from joblib import Parallel, delayed
    from joblib.externals.loky.process_executor import BrokenProcessPool

    left = {task.key: task for task in tasks}
    for broken in range(1, _BROKEN_POOLS + 1):
        # Arrays are sent as arrays: an encoder reads one that is mapped from a file in another way,
        # which gives the same encoder but for its last bits.
        parallel = Parallel(
            processes, backend="loky", return_as="generator_unordered", max_nbytes=None
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


def _attempt(task: Task) -> Outcome:
    return sendable(attempt(task))
