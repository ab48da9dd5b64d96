"""A folder handed to a node as its path; which files in it are read is left to the node."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NoReturn

from kedro.io.core import AbstractDataset, DatasetError

from cebra_kedro.io.local_file_dataset import local_path


class FolderDataset(AbstractDataset[NoReturn, Path]):
    """Loads the path of a folder, e.g. of what earlier runs have left; read-only.

    For a node that looks at whatever is there, so that nothing in the folder may be required.

    Example:
        In ``catalog.yml``:

        .. code-block:: yaml

            paper_figures.this_run:
              type: cebra_kedro.io.FolderDataset
              filepath: data/08_reporting
              metadata:
                kedro-viz: {layer: reporting}

    Args:
        filepath: the folder, on this machine.
        metadata: free facts for plugins such as kedro-viz.
    """

    def __init__(
        self, *, filepath: str | os.PathLike, metadata: dict[str, Any] | None = None
    ) -> None:
        self._filepath = local_path(filepath, type(self).__name__)
        self.metadata = metadata

    def load(self) -> Path:
        """The path, if a folder is there."""
        if not self._filepath.is_dir():
            raise DatasetError(f"{self._filepath} is not a folder; make it, or correct filepath")
        return self._filepath

    def save(self, data: NoReturn) -> NoReturn:
        """Refuse: a folder has no content of its own."""
        raise DatasetError(f"FolderDataset is read-only, {self._filepath} was not written")

    def _exists(self) -> bool:
        return self._filepath.is_dir()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath}
