"""A digest of everything a trained encoder depends on: data, configuration, code, libraries."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np

from cebra_kedro.on_disk import OnDisk, Rows, blocks
from cebra_kedro.training.adapt import Start
from cebra_kedro.training.config import TrainingConfig
from cebra_kedro.training.data import TrainingData

# Files that do not decide what is trained: a change there retrains nothing.
_WITHOUT_EFFECT = {
    *("baselines.py", "cebra_file.py", "export.py", "fingerprint.py", "held_out.py", "jobs.py"),
    "progress.py",
}
_CODE = (Path(__file__).parent, Path(__file__).parent.parent / "sampling")
_LIBRARIES = ("cebra", "numpy", "scipy", "torch")


def fingerprint(
    sessions: Sequence[TrainingData],
    config: TrainingConfig,
    validation: Sequence[TrainingData] = (),
    start: Start | None = None,
) -> str:
    """SHA-256 (hex) that changes when retraining could give another encoder.

    Args:
        sessions: the data of each session.
        config: the training configuration.
        validation: the validation data of each session.
        start: the encoder that is adapted; None for one from scratch.
    """
    digest = hashlib.sha256()
    for session in (*sessions, *validation):
        for array in (session.neural, session.segment, session.labels, session.classes):
            _add_array(digest, array)
        for guide in session.guides:
            _add_array(digest, guide.labels)
            _add_array(digest, guide.classes)
    without = None if config.objectives else {"objectives", "renormalise"}
    digest.update(config.model_dump_json(exclude=without).encode())
    if start is not None:
        digest.update(f"adapts network {start.network} of {start.fingerprint}".encode())
    digest.update(_code_version().encode())
    return digest.hexdigest()


def content_digest(*arrays: Rows) -> str:
    """SHA-256 (hex) of arrays: their types, shapes and values."""
    digest = hashlib.sha256()
    for array in arrays:
        _add_array(digest, array)
    return digest.hexdigest()


def _add_array(digest: hashlib._Hash, array: Rows | None) -> None:
    if array is None:
        digest.update(b"none")
        return
    digest.update(f"{array.dtype.str}{array.shape}".encode())
    if isinstance(array, OnDisk) and array.digest:
        digest.update(array.digest.encode())
        return
    for block in blocks(array):
        digest.update(np.ascontiguousarray(block).data)


@cache
def _code_version() -> str:
    digest = hashlib.sha256()
    for folder in _CODE:
        for file in sorted(folder.glob("*.py")):
            if file.name in _WITHOUT_EFFECT:
                continue
            digest.update(file.name.encode() + file.read_bytes())
    for library in _LIBRARIES:
        digest.update(f"{library}={version(library)}".encode())
    return digest.hexdigest()
