"""One trained encoder as a ``.pt`` file; its content is the business of ``training.model``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io.core import DatasetError

from cebra_kedro.io.local_file_dataset import LocalFileDataset

if TYPE_CHECKING:
    from cebra_kedro.training.model import EncoderModel


class CebraModelDataset(LocalFileDataset["EncoderModel"]):
    """Saves and loads an :class:`~cebra_kedro.training.model.EncoderModel`.

    The file is opened with ``weights_only=True``: nothing in it is executed.

    Example:
        In ``catalog.yml``:

        .. code-block:: yaml

            my_encoder:
              type: cebra_kedro.io.CebraModelDataset
              filepath: data/06_models/my_encoder.pt
              versioned: true
              metadata:
                kedro-viz: {layer: models}

    Args:
        filepath: the ``.pt`` file, on this machine.
        version: set by Kedro for ``versioned: true``.
        metadata: free facts for plugins such as kedro-viz.
    """

    _format_name = "encoder of cebra-kedro"

    def _read(self, path: Path) -> EncoderModel:
        return read_encoder(path)

    def _write(self, path: Path, data: Any) -> None:
        write_encoder(path, data)


def read_encoder(path: Path) -> EncoderModel:
    """The encoder in a file."""
    from cebra_kedro.training.model import EncoderModel

    return EncoderModel.load(path)


def write_encoder(path: Path, data: Any) -> None:
    """Write an encoder to a new file.

    Raises:
        DatasetError: it is no encoder of this project.
    """
    from cebra_kedro.training.model import EncoderModel

    if not isinstance(data, EncoderModel):
        raise DatasetError(
            f"a model file saves an EncoderModel, got {type(data).__name__}; "
            "a cebra.CEBRA object saves itself with its own save()"
        )
    data.save(path)
