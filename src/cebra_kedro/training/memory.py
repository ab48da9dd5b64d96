"""Memory that one step frees and the next one needs again: kept, where glibc would give it back.

What glibc gives back, the system hands out again page by page, emptied first, which takes a seventh
of a step of windows on one thread (``benchmarks/step_phases.py --faults``).
"""

from __future__ import annotations

import contextlib
import ctypes
import sys
from functools import cache

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # names of <malloc.h>
_KEPT = 2**28
_LARGEST = 2**25  # the most that glibc accepts


@cache
def keep_freed_memory() -> None:
    """Give back freed memory from 256 MiB on; arrays above 32 MiB are given back as ever.

    For this process, once; nothing happens where the C library is another.
    """
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(_M_TRIM_THRESHOLD, _KEPT)
        libc.mallopt(_M_MMAP_THRESHOLD, _LARGEST)
