"""Memory that one step of a training frees and the next one needs again: kept by the process.

What glibc gives back, the system hands out again page by page, emptied first. Of a step of windows
on one thread, that can take a seventh (``benchmarks/step_phases.py --faults``).
"""

from __future__ import annotations

import contextlib
import ctypes
from functools import cache

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # names of <malloc.h>
_KEPT = {_M_TRIM_THRESHOLD: 2**28, _M_MMAP_THRESHOLD: 2**25}
"""Bytes; the second is the largest that glibc takes, and what it comes to by itself."""


@cache
def keep_freed_memory() -> None:
    """Give memory back from 256 MiB of it on, and arrays above 32 MiB as ever.

    For this process, once; nothing happens where the C library is not glibc. Without it, a new
    process gives back each larger array at first, and a worker that Dask's nanny has started
    (``MALLOC_TRIM_THRESHOLD_``) always, so that a step takes twice its time.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):
        for parameter, n_bytes in _KEPT.items():
            ctypes.CDLL(None).mallopt(parameter, n_bytes)
