"""One array as an ``.npy`` file without pickles; what it means is left to the nodes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from kedro.io.core import DatasetError

from cebra_kedro import on_disk
from cebra_kedro.io.local_file_dataset import LocalFileDataset


class NpyDataset(LocalFileDataset[on_disk.Rows]):
    """Saves and loads one array as an ``.npy`` file, as read by ``numpy.load``.

    An array above 1 GiB stays in the file and is read by rows (``cebra_kedro.on_disk``).

    Example:
        In ``catalog.yml``:

        .. code-block:: yaml

            "synthetic.{subject}.{variant}.embedding_array":
              type: cebra_kedro.io.NpyDataset
              filepath: data/07_model_output/synthetic/{subject}/{variant}/embedding.npy
              metadata:
                kedro-viz: {layer: model_output}

    Args:
        filepath: the ``.npy`` file, on this machine.
        version: set by Kedro for ``versioned: true``.
        metadata: free facts for plugins such as kedro-viz.
    """

    _format_name = ".npy file of a plain array"

    def _read(self, path: Path) -> on_disk.Rows:
        if path.stat().st_size > on_disk.LARGE_BYTES:
            return _left_in_file(path)
        with path.open("rb") as file:
            return np.lib.format.read_array(file, allow_pickle=False)

    def _write(self, path: Path, data: Any) -> None:
        if type(data) not in (np.ndarray, np.memmap) or data.dtype.hasobject:
            raise DatasetError(
                f"NpyDataset saves an array of numbers or text, got {type(data).__name__}"
                f"{' of Python objects' if isinstance(data, np.ndarray) else ''}; convert it"
            )
        with path.open("wb") as file:
            np.lib.format.write_array(file, data, allow_pickle=False)


def _left_in_file(path: Path) -> on_disk.Rows:
    """The array where it lies; of Fortran's order, its transpose does."""
    mapped = np.load(path, mmap_mode="r", allow_pickle=False)
    shape, is_fortran = mapped.shape, not mapped.flags.c_contiguous
    if is_fortran and mapped.ndim != 2:
        raise ValueError("Fortran's order is read of arrays (time, neuron) only; save it in C's")
    array = on_disk.InFile(path, mapped.offset, shape[::-1] if is_fortran else shape, mapped.dtype)
    return array.T if is_fortran else array
