"""A folder of MATLAB files, each named by a number; what the variables mean is ``sources``'."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from kedro.io.core import DatasetError

from cebra_kedro.io.placed_dataset import PlacedDataset, md5_of

_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"


class MatlabFolderDataset(PlacedDataset):
    """Loads ``<number>.mat`` files as number → variables, in ascending order; read-only.

    A variable is read when it is asked for and then forgotten, so that no more than one of many
    large files is in memory. That every file has the variables is looked up at once.

    Example:
        In ``catalog.yml``:

        .. code-block:: yaml

            allen.VISp.raw_ca:
              type: cebra_kedro.io.MatlabFolderDataset
              filepath: ${raw_dir:}/allen/visual_drift/data/calcium_excitatory/VISp
              variables: [filtered_traces_days_events, united_traces_days_events]
              obtain_from: https://github.com/zivlab/visual_drift
              metadata:
                kedro-viz: {layer: raw}

    Args:
        filepath: the folder, on this machine.
        variables: names of the variables that each file must have; others are not offered.
        obtain_from: page from which a user can get the files; only shown, never fetched.
        metadata: free facts for plugins such as kedro-viz.
    """

    _format_name = "folder of MATLAB files (.mat)"

    def __init__(
        self,
        *,
        filepath: str | os.PathLike,
        variables: list[str],
        obtain_from: str | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(filepath=filepath, obtain_from=obtain_from, metadata=metadata)
        if not isinstance(variables, list | tuple) or not variables:
            raise DatasetError(
                f"variables of MatlabFolderDataset must list the names to read, got {variables!r}"
            )
        self._variables = tuple(map(str, variables))

    def _read(self, path: Path) -> tuple[Mapping[int, Mapping[str, np.ndarray]], str]:
        files = {_number(file): file for file in self._files()}
        if len(files) < len(self._files()):
            raise DatasetError(f"{path} holds two files of one number; remove one of them")
        for file in files.values():
            _check_format(file)
            _check_variables(file, self._variables)
        lines = [f"{md5_of(files[number])}  {number}\n" for number in sorted(files)]
        checksum = hashlib.md5("".join(lines).encode()).hexdigest()
        content = {number: MatlabFile(files[number], self._variables) for number in sorted(files)}
        return content, checksum

    def _files(self) -> list[Path]:
        return sorted(self._filepath.glob("*.mat"))

    def _missing(self) -> str:
        return f"{self._filepath} is no folder with .mat files"

    def _exists(self) -> bool:
        return bool(self._files())

    def _describe(self) -> dict[str, Any]:
        return super()._describe() | {"variables": self._variables}


class MatlabFile(Mapping[str, np.ndarray]):
    """Variables of one ``.mat`` file, each read when it is asked for.

    Args:
        path: the file.
        variables: names of those that it has and that are offered.
    """

    def __init__(self, path: Path, variables: tuple[str, ...]) -> None:
        self._path = path
        self._variables = variables

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._variables:
            raise KeyError(name)
        import scipy.io

        try:
            return scipy.io.loadmat(self._path, variable_names=[name])[name]
        except Exception as error:
            raise _damaged(self._path, error) from error

    def __contains__(self, name: object) -> bool:
        return name in self._variables

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)


def _number(file: Path) -> int:
    if not file.stem.isdecimal():
        raise DatasetError(
            f"{file} must be named by the number of its container, e.g. 511510779.mat; rename it, "
            "or move it out of this folder"
        )
    return int(file.stem)


def _check_format(file: Path) -> None:
    """MATLAB 7.3 files are HDF5, behind a header of 512 bytes."""
    with file.open("rb") as opened:
        beginning = opened.read(512 + len(_HDF5_MAGIC))
    if _HDF5_MAGIC in (beginning[: len(_HDF5_MAGIC)], beginning[512:]):
        raise DatasetError(
            f"{file} is a MATLAB 7.3 file (HDF5), published are files up to 7.2; save it again in "
            "MATLAB with save(..., '-v7')"
        )


def _check_variables(file: Path, variables: tuple[str, ...]) -> None:
    import scipy.io

    try:
        present = [name for name, _, _ in scipy.io.whosmat(file)]
    except Exception as error:
        raise _damaged(file, error) from error
    if not all(present):  # zeros, as SciPy 1.13 reads them
        raise _damaged(file, ValueError("it has variables without names"))
    if missing := [name for name in variables if name not in present]:
        raise DatasetError(
            f"{file} has no variable {', '.join(missing)}, only {', '.join(present) or 'none'}; "
            "fetch it again from its publisher, or move it out of this folder"
        )


def _damaged(file: Path, error: Exception) -> DatasetError:
    return DatasetError(
        f"{file} is not a readable MATLAB file ({type(error).__name__}: {error}); it is damaged or "
        "cut short: fetch it again"
    )
