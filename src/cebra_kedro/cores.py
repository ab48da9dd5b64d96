"""How many processor cores there are to work with."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any


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
    with _libraries(len(sys.modules)).limit(limits=1):
        yield


@lru_cache(maxsize=1)
def _libraries(n_modules: int) -> Any:
    """The numerical libraries in this process, found anew once it has imported something.

    To find them takes as long as to decode a short recording.
    """
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
