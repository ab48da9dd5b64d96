"""One bare tensor in a ``.pth`` file of PyTorch, opened without running it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from kedro.io.core import DatasetError

from cebra_kedro.io.placed_dataset import PlacedDataset, md5_of


class TorchTensorDataset(PlacedDataset):
    """Loads a tensor, saved with ``torch.save``, as an array; read-only.

    Such a file is a pickle: it is opened with ``weights_only=True``, which refuses what could run
    code before anything runs.

    Example:
        In ``catalog.yml``:

        .. code-block:: yaml

            allen.features:
              type: cebra_kedro.io.TorchTensorDataset
              filepath: ${raw_dir:}/allen/features/testfeat.pth
              obtain_from: https://figshare.com/s/60adb075234c2cc51fa3
              metadata:
                kedro-viz: {layer: raw}

    Args:
        filepath: the ``.pth`` file, on this machine.
        obtain_from: page from which a user can get it; only shown, never fetched.
        metadata: free facts for plugins such as kedro-viz.
    """

    _format_name = "tensor file (PyTorch)"

    def _read(self, path: Path) -> tuple[np.ndarray, str]:
        import torch

        try:
            tensor = torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:
            raise DatasetError(
                f"{path} is not a plain {self._format_name}: {_reason(error)}. Nothing in it was "
                f"run; {self._how_to_place()}"
            ) from error
        if not isinstance(tensor, torch.Tensor):
            raise DatasetError(
                f"{path} holds a {type(tensor).__name__}, expected one bare tensor; take the "
                "tensor out and write it with torch.save(tensor, path), or correct filepath"
            )
        return tensor.detach().numpy(), md5_of(path)


def _reason(error: Exception) -> str:
    """What is wrong, without torch's advice to set ``weights_only=False``, which runs the file."""
    if asked := re.search(r"GLOBAL ([\w.]+)", str(error)):
        return f"it asks for {asked[1]}, which could run code"
    return f"it is damaged, cut short or of another format ({type(error).__name__})"
