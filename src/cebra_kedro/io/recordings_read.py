"""Recordings that this process has read lately: the cells of a stage ask for the same ones.

Each of them, e.g. a training of one fold and seed, reads what it works on itself, and the next one
in the process works on the same recording.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Lock

import numpy as np
from cachetools import LRUCache, cached

from cebra_kedro.io.recording_dataset import read_recording, recording_fingerprint
from cebra_kedro.recording import Recording

KEPT_BYTES = 2**28
"""Of arrays in memory, in each process; a recording that is larger is read each time."""
_KEPT_FINGERPRINTS = 2**10

Version = tuple[Path, int, int, int]


def _version(path: Path) -> Version:
    """Another one once the file is written again."""
    now = path.stat()
    return path, now.st_ino, now.st_size, now.st_mtime_ns


def _n_bytes(recording: Recording) -> int:
    """Of the arrays in memory; at least 1, so that none is kept for nothing."""
    arrays = [recording.neural, recording.trial]
    for label in recording.labels.values():
        arrays += [label.values, label.table]
    return 1 + sum(array.nbytes for array in arrays if isinstance(array, np.ndarray))


def reader(n_bytes: int) -> Callable[[Path], Recording]:
    """A ``read_recording`` that keeps the latest ones, up to so many bytes of all together."""
    keep = cached(LRUCache(n_bytes, getsizeof=_n_bytes), key=_version, lock=Lock())
    return keep(read_recording)


recording_in = reader(KEPT_BYTES)
"""The recording in a file, whose arrays cannot be written to."""


@cached(LRUCache(_KEPT_FINGERPRINTS), key=_version, lock=Lock())
def fingerprint_in(path: Path) -> str | None:
    """The fingerprint that the recording in a file was written with."""
    return recording_fingerprint(path)
