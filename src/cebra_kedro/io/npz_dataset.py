"""Named arrays as ``.npz`` files without pickles; what the names mean is left to the nodes."""

from __future__ import annotations

import math
import os
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
from kedro.io.core import DatasetError, Version

from cebra_kedro.io.fetched_file import FetchedFile
from cebra_kedro.io.local_file_dataset import LocalFileDataset
from cebra_kedro.io.named_arrays_dataset import ReadBudget

_SUFFIX = ".npy"
_OF_PYNAPPLE = ("Ts", "Tsd", "TsdFrame", "TsdTensor", "TsGroup", "IntervalSet")


class NpzDataset(LocalFileDataset[dict[str, np.ndarray]]):
    """Saves and loads a dict of arrays as one ``.npz`` file, as read by ``numpy.load``.

    Pickles are neither written nor read: an array of Python objects is refused in both directions,
    and so is what unpacks to more than a file can honestly hold (``ReadBudget``). Equal content
    gives equal files. The archive is written and read member by member rather than with
    ``numpy.savez``, whose own arguments take the keys ``file`` and ``allow_pickle``.

    Example:
        In ``catalog.yml``:

        .. code-block:: yaml

            "{experiment}.{subject}.{variant}.embedding":
              type: cebra_kedro.io.NpzDataset
              filepath: data/07_model_output/{experiment}/{subject}/{variant}/embedding.npz
              save_args:
                compressed: true
              metadata:
                kedro-viz: {layer: model_output}

    Args:
        filepath: the ``.npz`` file; or its URL, which is only read.
        save_args: ``compressed`` (bool): deflate the arrays; by default they are stored as is.
        url: where the file is fetched from if it is not at ``filepath``.
        sha256: digest that the file must have when it is read.
        version: set by Kedro for ``versioned: true``.
        metadata: free facts for plugins such as kedro-viz.
    """

    _format_name = ".npz file of plain arrays"

    def __init__(
        self,
        *,
        filepath: str | os.PathLike,
        save_args: dict[str, Any] | None = None,
        url: str | None = None,
        sha256: str | None = None,
        version: Version | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._file = FetchedFile(filepath, url, sha256, type(self).__name__)
        super().__init__(filepath=self._file.path, version=version, metadata=metadata)
        self._save_args = {"compressed": False} | (save_args or {})
        if self._save_args.keys() != {"compressed"} or not isinstance(
            self._save_args["compressed"], bool
        ):
            raise DatasetError(
                f"save_args of NpzDataset takes compressed: true or false, got {save_args}"
            )

    def load(self) -> dict[str, np.ndarray]:
        """Read the file; every failure names it and a remedy."""
        self.fetch_if_missing()
        return super().load()

    def fetch_if_missing(self) -> None:
        """Download the file unless it is there; a run does so before its first node."""
        self._file.fetch_if_missing()

    def _read(self, path: Path) -> dict[str, np.ndarray]:
        self._file.check()
        return read_arrays(path)

    def _write(self, path: Path, data: dict[str, np.ndarray]) -> None:
        if self._file.url is not None:
            raise DatasetError(f"{path} is fetched from {self._file.url}, so it is not written")
        write_arrays(path, data, compressed=self._save_args["compressed"])

    def _describe(self) -> dict[str, Any]:
        return super()._describe() | {"save_args": self._save_args}


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays in a file, by name; one of Python objects is refused.

    Files of pynapple have some beside the data (``_metadata``, names of columns), which are left
    out, unopened.
    """
    with zipfile.ZipFile(path) as archive:
        _check_members(archive, path)
        left_out = _extras_of_pynapple(archive, path)
        return {
            member.filename.removesuffix(_SUFFIX): _read_member(archive, member, path)
            for member in archive.infolist()
            if member.filename not in left_out
        }


def _extras_of_pynapple(archive: zipfile.ZipFile, path: Path) -> set[str]:
    if f"type{_SUFFIX}" not in archive.namelist():
        return set()
    kind = _read_member(archive, archive.getinfo(f"type{_SUFFIX}"), path)
    is_known = kind.dtype.kind == "U" and kind.size == 1 and kind.item() in _OF_PYNAPPLE
    return {f"{name}{_SUFFIX}" for name in ("_metadata", "columns")} if is_known else set()


def write_arrays(
    path: Path,
    data: dict[str, np.ndarray],
    *,
    compressed: bool = False,
    fingerprint: str | None = None,
) -> None:
    """Write arrays to a new file.

    Args:
        path: the file.
        data: name → array.
        compressed: deflate the arrays.
        fingerprint: digest of what they were made from, kept as the comment of the archive, so that
            the file holds nothing but the arrays.

    Raises:
        DatasetError: a name or an array cannot be stored without a pickle.
    """
    _check(data)
    method = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.comment = (fingerprint or "").encode()
        for key, array in data.items():
            with archive.open(key + _SUFFIX, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
    if compressed:  # what would not be read is not written
        with zipfile.ZipFile(path) as archive:
            _check_members(archive, path)


def _check_members(archive: zipfile.ZipFile, path: Path) -> None:
    """Ask for the memory of all arrays before any is read."""
    budget, names = ReadBudget(path), set[str]()
    for member in archive.infolist():
        name = member.filename
        if not name.endswith(_SUFFIX):
            raise DatasetError(
                f"{path} is a zip archive but not an .npz file: it holds {name}; "
                "correct filepath or type"
            )
        if name in names:
            raise DatasetError(f"{path} holds two arrays {name}; rename one, and save it again")
        names.add(name)
        budget.spend(name.removesuffix(_SUFFIX), member.file_size, member.compress_size)


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> np.ndarray:
    name = member.filename.removesuffix(_SUFFIX)
    try:
        with archive.open(member) as file:
            _check_header(file, member.file_size, f"{path}: {name}")
        with archive.open(member) as file:
            array = np.lib.format.read_array(file, allow_pickle=False)
            file.read(1)  # reaching the end compares the checksum
            return array
    except DatasetError:
        raise
    except Exception as error:
        raise ValueError(f"{name}: {error}") from error


def _check_header(file: IO[bytes], n_bytes: int, name: str) -> None:
    """Numpy takes memory for what a header declares before it looks whether that is there."""
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0), (3, 0)):
        raise ValueError(f"it is of version {version} of the format, which is not known")
    # Version 3 differs from 2 in the encoding of field names only.
    formats = np.lib.format
    first = version == (1, 0)
    read = formats.read_array_header_1_0 if first else formats.read_array_header_2_0
    shape, _, dtype = read(file)
    if dtype.hasobject:
        raise DatasetError(
            f"{name} holds Python objects, which only a pickle could store, and those are not "
            "read; save numbers or text (of several lengths: an array for each)"
        )
    declared = file.tell() + math.prod(shape) * dtype.itemsize
    if declared != n_bytes:
        raise ValueError(f"it declares {declared} bytes, but has {n_bytes}")


def arrays_fingerprint(path: Path) -> str | None:
    """The fingerprint that a file was written with."""
    with zipfile.ZipFile(path) as archive:
        return archive.comment.decode() or None


def _check(data: Any) -> None:
    if not isinstance(data, dict):
        raise DatasetError(f"an .npz file saves a dict of arrays, got {type(data).__name__}")
    for key, array in data.items():
        if not isinstance(key, str) or not key or not key.isprintable() or "\\" in key:
            raise DatasetError(
                f"keys of an .npz file must be non-empty printable text without '\\', got {key!r}"
            )
        if type(array) not in (np.ndarray, np.memmap):
            raise DatasetError(
                f"{key} must be a numpy array, got {type(array).__name__}; convert it with "
                "numpy.asarray (a masked array loses its mask: fill it first)"
            )
        if array.dtype.hasobject:
            raise DatasetError(
                f"{key} holds Python objects (dtype {array.dtype}), which only a pickle could "
                "store; convert it to numbers or text"
            )
