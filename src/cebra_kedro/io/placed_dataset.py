"""What published files that a user fetches by hand share: found or explained, never written.

Their formats are in the files beside this one; what the arrays mean is left to ``sources``.
"""

from __future__ import annotations

import hashlib
import os
from abc import abstractmethod
from pathlib import Path
from typing import Any, NoReturn

from kedro.io.core import AbstractDataset, DatasetError

from cebra_kedro.io.local_file_dataset import local_path
from cebra_kedro.sources.published_pickle import PublishedFile


class PlacedDataset(AbstractDataset[NoReturn, PublishedFile]):
    """Base of read-only datasets of files that have no address to fetch them from.

    A subclass says how its file or folder is read (``_read``) and what it is called in errors
    (``_format_name``); a folder says in ``_exists`` when it has something to read.
    """

    _format_name: str

    def __init__(
        self,
        *,
        filepath: str | os.PathLike,
        obtain_from: str | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._filepath = local_path(filepath, type(self).__name__)
        self._obtain_from = obtain_from
        self.metadata = metadata

    @abstractmethod
    def _read(self, path: Path) -> tuple[Any, str]:
        """Content and checksum of what exists."""

    def load(self) -> PublishedFile:
        """Read it; every failure names the file and a remedy."""
        self.fetch_if_missing()
        try:
            content, checksum = self._read(self._filepath)
        except (DatasetError, MemoryError, PermissionError):
            raise
        except Exception as error:
            raise DatasetError(
                f"{self._filepath} is not a readable {self._format_name} "
                f"({type(error).__name__}: {error}); {self._how_to_place()}"
            ) from error
        return PublishedFile(content, checksum, "unverified", str(self._filepath))

    def save(self, data: NoReturn) -> NoReturn:
        """Refuse: published files are not written."""
        raise DatasetError(
            f"{type(self).__name__} is read-only, {self._filepath} was not written; save "
            "recordings with RecordingDataset, arrays with NpzDataset, tables with CsvDataset"
        )

    def fetch_if_missing(self) -> None:
        """Say where to place what is missing; a run asks before its first node."""
        if not self._exists():
            raise DatasetError(f"{self._missing()}; {self._how_to_place()}")

    def _missing(self) -> str:
        return f"{self._filepath} does not exist"

    def _how_to_place(self) -> str:
        if not self._obtain_from:
            return f"place the {self._format_name} at {self._filepath}, or correct filepath"
        return (
            f"obtain the {self._format_name} from {self._obtain_from} and place it at "
            f"{self._filepath}; without --env paper, simulated recordings are used"
        )

    def _exists(self) -> bool:
        return self._filepath.is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath, "obtain_from": self._obtain_from}


def md5_of(path: Path) -> str:
    """Hex digest of one file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()
