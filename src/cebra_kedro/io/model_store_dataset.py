"""A folder of trained encoders as one catalog entry; the folder's content is ``training``'s."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io.core import AbstractDataset, DatasetError

from cebra_kedro.io.local_file_dataset import local_path

if TYPE_CHECKING:
    from cebra_kedro.training.store import ModelStore

INDEX_NAME = "index.json"


class ModelStoreDataset(AbstractDataset["ModelStore", "ModelStore"]):
    """Gives nodes the :class:`~cebra_kedro.training.store.ModelStore` of one folder.

    The store writes each model when it is trained, so an interrupted node keeps those it has. What
    ``save`` adds is the index, which says that the folder is complete: ``exists`` looks for it,
    and ``load`` refuses a folder without it, unless the entry says ``allow_incomplete``.

    Example:
        In ``catalog.yml``:

        .. code-block:: yaml

            "{experiment}.{subject}.{variant}.models":
              type: cebra_kedro.io.ModelStoreDataset
              filepath: data/06_models/{experiment}/{subject}/{variant}
              metadata:
                kedro-viz: {layer: models}

    Args:
        filepath: the folder, on this machine.
        allow_incomplete: load also without an index, as an empty store; for the entry through
            which a training node gets the folder that it fills.
        metadata: free facts for plugins such as kedro-viz.
    """

    def __init__(
        self,
        *,
        filepath: str | os.PathLike,
        allow_incomplete: bool = False,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._filepath = local_path(filepath, type(self).__name__)
        self._allow_incomplete = allow_incomplete
        self.metadata = metadata

    def load(self) -> ModelStore:
        """The store of this folder."""
        from cebra_kedro.training.store import ModelStore

        if self._filepath.is_file():
            raise DatasetError(
                f"{self._filepath} is a file, ModelStoreDataset needs a folder; correct filepath, "
                "or use CebraModelDataset for a single model"
            )
        if not self._allow_incomplete and not self._exists():
            raise DatasetError(
                f"folder {self._filepath} has no {INDEX_NAME}, so its training is not finished; "
                "run the node that writes it (it goes on with the models it has)"
            )
        try:
            return ModelStore.open(self._filepath)
        except Exception as error:
            raise DatasetError(
                f"folder {self._filepath} is not a readable model store "
                f"({type(error).__name__}: {error}); delete its {INDEX_NAME} and train again"
            ) from error

    def save(self, data: ModelStore) -> None:
        """Write the index of a store whose models already lie in this folder."""
        from cebra_kedro.training.store import ModelStore

        if not isinstance(data, ModelStore):
            raise DatasetError(
                f"ModelStoreDataset saves a ModelStore, got {type(data).__name__}; return the "
                "store that the training wrote to"
            )
        if Path(data.folder).resolve() != self._filepath.resolve():
            raise DatasetError(
                f"the store lies in {data.folder}, but this entry is {self._filepath}; models are "
                "not copied: train into the folder of the entry"
            )
        data.write_index()

    def _exists(self) -> bool:
        return (self._filepath / INDEX_NAME).is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath, "allow_incomplete": self._allow_incomplete}
