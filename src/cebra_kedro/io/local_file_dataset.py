"""What the file formats of this room share: versions, atomic writing, and errors with a remedy.

The formats themselves are in the files beside this one.
"""

from __future__ import annotations

import os
from abc import abstractmethod
from pathlib import Path, PurePosixPath
from typing import Any, Generic, TypeVar

from kedro.io.core import (
    AbstractVersionedDataset,
    DatasetError,
    Version,
    get_protocol_and_path,
)

from cebra_kedro.atomic import atomic_path

Content = TypeVar("Content")


def local_path(filepath: str | os.PathLike, owner: str, version: Version | None = None) -> Path:
    """The path of a file on this machine.

    Raises:
        DatasetError: ``filepath`` names another file system, e.g. ``s3://``.
    """
    protocol, path = get_protocol_and_path(filepath, version)
    if protocol != "file":
        raise DatasetError(
            f"filepath of {owner} must be a file on this machine, got {filepath}; "
            "copy the file here, or mount the remote storage as a folder"
        )
    return Path(path)


def is_file(path: Path) -> bool:
    """Whether a path leads to a file, rather than to a folder, a pipe, a device or nowhere."""
    try:
        return path.is_file()
    except PermissionError:
        raise
    except OSError:  # e.g. a name that is too long
        return False


def what_is_there(path: Path) -> str:
    """What a path that leads to no file leads to, e.g. ``does not exist``."""
    try:
        if path.is_dir():
            return "is a folder, not a file"
        if path.exists():
            return "is a pipe or a device, not a file"
        if path.is_symlink():
            return "is a link that leads to no file"
    except OSError:
        pass
    return "does not exist"


def check_file(path: Path, remedy: str) -> None:
    """Refuse a path that leads to no file, or to one that may not be read."""
    if not is_file(path):
        raise DatasetError(f"{path} {what_is_there(path)}; {remedy}, or correct filepath")
    if not os.access(path, os.R_OK):
        raise DatasetError(
            f"{path} may not be read for want of permission; say chmod u+r, or correct filepath"
        )


class LocalFileDataset(AbstractVersionedDataset[Content, Content], Generic[Content]):
    """Base of the datasets that keep one value in one local file.

    A subclass says how a file is read and written (``_read``, ``_write``), and what the file is
    called in errors (``_format_name``). These never say to delete it: it may be a user's own.
    """

    _format_name: str

    def __init__(
        self,
        *,
        filepath: str | os.PathLike,
        version: Version | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        path = local_path(filepath, type(self).__name__, version)
        super().__init__(filepath=PurePosixPath(path.as_posix()), version=version)
        self.metadata = metadata

    @abstractmethod
    def _read(self, path: Path) -> Content:
        """The content of an existing file."""

    @abstractmethod
    def _write(self, path: Path, data: Content) -> None:
        """Write a new file at ``path``, which is temporary."""

    def load(self) -> Content:
        """Read the file; every failure names it and a remedy."""
        path = Path(self._get_load_path())
        check_file(path, "run the pipeline that writes it")
        try:
            return self._read(path)
        except (DatasetError, MemoryError, PermissionError):
            raise
        except Exception as error:
            raise DatasetError(
                f"{path} is not a readable {self._format_name} ({type(error).__name__}: {error}); "
                "copy it again, correct filepath or type, or run the pipeline that writes it again"
            ) from error

    def save(self, data: Content) -> None:
        """Write the file wholly or not at all."""
        path = Path(self._get_save_path())
        try:
            with atomic_path(path) as temporary:
                self._write(temporary, data)
        except (FileNotFoundError, NotADirectoryError) as error:
            if self._version:
                raise  # Kedro explains that an unversioned file is in the way
            raise DatasetError(f"{error}") from error

    def _exists(self) -> bool:
        try:
            return is_file(Path(self._get_load_path()))
        except DatasetError:  # no version yet
            return False

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath, "version": self._version}


# Kedro wraps the ``save`` of each subclass in one that stamps a version, and tells by this mark
# whether a class has one already; its own versioned wrapper does not set it, so that a subclass
# would stamp twice, and save and load versions differ whenever a millisecond passes in between.
vars(LocalFileDataset)["save"].__savewrapped__ = True
