"""What read-only datasets of one's own files share: named arrays, errors with a remedy, limits.

The formats themselves are in the files beside this one; what the arrays mean is ``sources``'.
"""

from __future__ import annotations

import os
import re
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from kedro.io.core import AbstractDataset, DatasetError

from cebra_kedro.io.fetched_file import FetchedFile
from cebra_kedro.io.local_file_dataset import check_file, is_file
from cebra_kedro.sources.named_arrays import Values

_ALWAYS_ALLOWED_BYTES = 256 * 2**20
_MAX_RATIO = 100
_MOST_LISTED = 40


class NamedArraysDataset(AbstractDataset[NoReturn, dict[str, Values]]):
    """Base of read-only datasets that load name → array or list of arrays from one file.

    A subclass says how its file is read (``_read``) and what it is called in errors
    (``_format_name``).

    Args:
        filepath: the file; or its URL, from which it is fetched once into the user's cache folder.
        arrays: own name → name in the file; None reads everything under the names in the file.
        url: where the file is fetched from if it is not at ``filepath``.
        sha256: digest that the file must have.
        metadata: free facts for plugins such as kedro-viz.
    """

    _format_name: str

    def __init__(
        self,
        *,
        filepath: str | os.PathLike,
        arrays: Mapping[str, str] | None = None,
        url: str | None = None,
        sha256: str | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._file = FetchedFile(filepath, url, sha256, type(self).__name__)
        self._filepath = self._file.path
        if arrays is not None and not (
            isinstance(arrays, Mapping)
            and arrays
            and all(isinstance(text, str) and text for item in arrays.items() for text in item)
        ):
            raise DatasetError(
                f"arrays of {type(self).__name__} must map own names to names in the file, e.g. "
                f"{{neural: processed/counts}}, got {arrays!r}; leave it out to read everything"
            )
        self._arrays = None if arrays is None else dict(arrays)
        self.metadata = metadata

    @abstractmethod
    def _read(self, path: Path) -> dict[str, Values]:
        """The arrays of an existing file."""

    def load(self) -> dict[str, Values]:
        """Read the file; every failure names it and a remedy."""
        self.fetch_if_missing()
        path = self._filepath
        check_file(path, "place the file there")
        if not path.stat().st_size:
            raise DatasetError(f"{path} is empty; copy it again, or correct filepath")
        self._file.check()
        try:
            return self._read(path)
        except (DatasetError, MemoryError, PermissionError):
            raise
        except Exception as error:
            reason = re.sub(r"\s+", " ", f"{type(error).__name__}: {error}")
            raise DatasetError(
                f"{path} is not a readable {self._format_name} ({reason}); it is damaged, cut short"
                " or of another format: copy it again, or correct filepath or type"
            ) from error

    def fetch_if_missing(self) -> None:
        """Download the file unless it is there; a run does so before its first node."""
        self._file.fetch_if_missing()

    def save(self, data: NoReturn) -> NoReturn:
        """Refuse: a file of one's own is not overwritten."""
        raise DatasetError(
            f"{type(self).__name__} is read-only, {self._filepath} was not written; save arrays "
            "with NpzDataset, recordings with RecordingDataset"
        )

    def _exists(self) -> bool:
        return is_file(self._filepath)

    def _describe(self) -> dict[str, Any]:
        return self._file.facts | {"arrays": self._arrays}


class ReadBudget:
    """How many bytes a file may become, so that a small one cannot fill the memory.

    A real file rarely unpacks to more than 100 × its size; 256 MiB are allowed to any.

    Args:
        path: the file.

    Attributes:
        has_sound_heaps: its values of variable length were checked, if it is HDF5.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file_bytes = path.stat().st_size
        self.has_sound_heaps = False
        self._spent_bytes = 0

    def spend(self, name: str, n_bytes: int, stored_bytes: int | None = None) -> None:
        """Ask for memory before it is taken.

        Args:
            name: of the array, for errors.
            n_bytes: size in memory.
            stored_bytes: what the array occupies in the file; None if that is not known.

        Raises:
            DatasetError: this array, or all so far, are more than the file can honestly hold.
        """
        stored_bytes = self.file_bytes if stored_bytes is None else stored_bytes
        if n_bytes > allowed_bytes(min(stored_bytes, self.file_bytes)):
            raise self.refusal(name, n_bytes, min(stored_bytes, self.file_bytes))
        self._spent_bytes += n_bytes
        if self._spent_bytes > allowed_bytes(self.file_bytes):
            raise self.refusal(f"all up to {name}", self._spent_bytes, self.file_bytes)

    def refusal(self, name: str, n_bytes: int, stored_bytes: int) -> DatasetError:
        """The error for an array that is larger than it can be."""
        return DatasetError(
            f"{self.path}: {name} declares {_size(n_bytes)}, the file has {_size(stored_bytes)} "
            f"for it, and more than {_MAX_RATIO} times that is refused; the file is damaged or "
            "made to fill the memory: copy it again, or, if it is sound, save it uncompressed "
            "(MATLAB: save -v6; HDF5: h5repack -f NONE; NumPy: savez)"
        )


def allowed_bytes(stored_bytes: int) -> int:
    """What so many bytes of a file may become in memory."""
    return max(_ALWAYS_ALLOWED_BYTES, _MAX_RATIO * stored_bytes)


def listed(names: list[str]) -> str:
    """Names for an error, not too many."""
    more = f" and {len(names) - _MOST_LISTED} more" if len(names) > _MOST_LISTED else ""
    return (", ".join(names[:_MOST_LISTED]) or "nothing") + more


def _size(n_bytes: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if n_bytes < 1000:
            return f"{n_bytes:.3g} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:.3g} TB"
