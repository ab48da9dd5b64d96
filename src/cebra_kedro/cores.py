"""How many processor cores there are to work with."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


def available_cores() -> int:
    """Cores that this process may use: those that the system, or a job of SLURM, grants."""
    has_affinity = hasattr(os, "sched_getaffinity")  # not everywhere
    cores = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
    # SLURM need not keep a job from using others' cores, but says how many are its own.
    granted = os.environ.get("SLURM_CPUS_PER_TASK") or os.environ.get("SLURM_JOB_CPUS_PER_NODE", "")
    return min(cores, int(granted)) if granted.isdigit() else cores


@contextmanager
def one_thread() -> Iterator[None]:
    """Numerical libraries use one thread.

    Of equally near neighbours, which one a search names depends on how it is divided among threads;
    a result must not depend on how many pieces of work a machine does at a time.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        yield
