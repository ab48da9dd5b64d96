"""One array as an ``.npy`` file without pickles; what it means is left to the nodes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from kedro.io.core import DatasetError

from cebra_kedro.io.local_file_dataset import LocalFileDataset


class NpyDataset(LocalFileDataset[np.ndarray]):
    """Saves and loads one array as an ``.npy`` file, as read by ``numpy.load``.

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

    def _read(self, path: Path) -> np.ndarray:
        with path.open("rb") as file:
            return np.lib.format.read_array(file, allow_pickle=False)

    def _write(self, path: Path, data: np.ndarray) -> None:
        if type(data) not in (np.ndarray, np.memmap) or data.dtype.hasobject:
            raise DatasetError(
                f"NpyDataset saves an array of numbers or text, got {type(data).__name__}"
                f"{' of Python objects' if isinstance(data, np.ndarray) else ''}; convert it"
            )
        with path.open("wb") as file:
            np.lib.format.write_array(file, data, allow_pickle=False)
