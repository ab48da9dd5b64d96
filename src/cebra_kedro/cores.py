"""How many processor cores there are to work with."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def one_thread() -> Iterator[None]:
    """Numerical libraries use one thread.

    Of equally near neighbours, which one a search names depends on how it is divided among threads;
    a result must not depend on how many pieces of work a machine does at a time.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        yield
