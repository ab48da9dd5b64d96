"""One bare tensor in a ``.pth`` file of PyTorch, opened without running it."""

from __future__ import annotations

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

        from cebra_kedro.training.torch_file import UnreadableTorchFileError, load_plain

        try:
            tensor = load_plain(path)
        except UnreadableTorchFileError as error:
            raise DatasetError(
                f"{path} is not a plain {self._format_name} ({error}); {self._how_to_place()}"
            ) from error
        if not isinstance(tensor, torch.Tensor):
            raise DatasetError(
                f"{path} holds a {type(tensor).__name__}, expected one bare tensor; take the "
                "tensor out and write it with torch.save(tensor, path), or correct filepath"
            )
        return tensor.detach().numpy(), md5_of(path)
