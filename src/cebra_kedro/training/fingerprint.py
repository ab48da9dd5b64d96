"""A digest of everything a trained encoder depends on: data, configuration, code, libraries."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np

from cebra_kedro.training.config import TrainingConfig

_CODE = (Path(__file__).parent, Path(__file__).parent.parent / "sampling")
_LIBRARIES = ("cebra", "numpy", "scipy", "torch")


def fingerprint(
    neural: np.ndarray, segment: np.ndarray, labels: np.ndarray | None, config: TrainingConfig
) -> str:
    """SHA-256 (hex) that changes when retraining could give another encoder.

    Args:
        neural: array (time, neuron).
        segment: int array (time,).
        labels: float array (time, dim) or None.
        config: the training configuration.
    """
    digest = hashlib.sha256()
    for array in (neural, segment, labels):
        digest.update(_array_bytes(array))
    digest.update(config.model_dump_json().encode())
    digest.update(_code_version().encode())
    return digest.hexdigest()


def _array_bytes(array: np.ndarray | None) -> bytes:
    if array is None:
        return b"none"
    header = f"{array.dtype.str}{array.shape}".encode()
    return header + np.ascontiguousarray(array).tobytes()


@cache
def _code_version() -> str:
    digest = hashlib.sha256()
    for folder in _CODE:
        for file in sorted(folder.glob("*.py")):
            digest.update(file.name.encode() + file.read_bytes())
    for library in _LIBRARIES:
        digest.update(f"{library}={version(library)}".encode())
    return digest.hexdigest()
