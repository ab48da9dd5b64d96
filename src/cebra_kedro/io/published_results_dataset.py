"""Published result files behind the paper's figures: found, compared with their git blob ids, read.

What lies inside a file is left to ``sources.published_results``, what is drawn from it to
``plots.paper``. A file that is missing is a value, not an error, so that the other figures can
be drawn.
"""

from __future__ import annotations

import logging
import os
import re
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from kedro.io.core import AbstractDataset, DatasetError

from cebra_kedro.io.local_file_dataset import local_path
from cebra_kedro.sources.published_pickle import ChecksumStatus
from cebra_kedro.sources.published_results import (
    ResultFile,
    git_blob_id,
    read_results_csv,
    read_results_hdf,
)

logger = logging.getLogger(__name__)


class _ResultFilesDataset(AbstractDataset[NoReturn, dict[str, ResultFile]]):
    """Base: loads published name → file; a subclass says which files and how one is read."""

    def __init__(self, filepath: str | os.PathLike, source: str, allow_mismatch: bool) -> None:
        self._filepath = local_path(filepath, type(self).__name__)
        self._source = source
        self._allow_mismatch = allow_mismatch

    @abstractmethod
    def _read(self, path: Path) -> Any:
        """The content of an existing file."""

    @abstractmethod
    def load(self) -> dict[str, ResultFile]:
        """Published name → file; missing files are among them and say so."""

    def save(self, data: NoReturn) -> NoReturn:
        """Refuse: published files are not written."""
        raise DatasetError(f"{type(self).__name__} is read-only, {self._filepath} was not written")

    def _result_file(self, name: str, path: Path, blob_id: str | None) -> ResultFile:
        if not path.is_file():
            return ResultFile(name, path, self._source, "missing")
        try:
            checksum = git_blob_id(path)
            status = self._compare(path, checksum, blob_id)
            return ResultFile(name, path, self._source, status, checksum, self._read(path))
        except (OSError, ValueError) as error:  # unsafe and damaged pickles are ValueErrors
            message = str(error) if str(path) in str(error) else f"{path}: {error}"
            raise DatasetError(f"{message}. The published file is {name} of {self._source}") from (
                error
            )

    def _compare(self, path: Path, checksum: str, blob_id: str | None) -> ChecksumStatus:
        if blob_id is None:
            return "unverified"
        if checksum == blob_id:
            return "verified"
        message = (
            f"{path} has git blob id {checksum}, but the published file has {blob_id}: it is "
            "damaged, or another file under this name"
        )
        if not self._allow_mismatch:
            raise DatasetError(
                f"{message}; it was not opened. Put the file of {self._source} in its place; or, "
                "if this is the file you want, set allow_mismatch: true in its catalog entry"
            )
        logger.warning("%s; going on because of allow_mismatch: true", message)
        return "mismatch"


class _SingleFileDataset(_ResultFilesDataset):
    """One file; ``_name`` is its published name."""

    def __init__(
        self,
        *,
        filepath: str | os.PathLike,
        source: str,
        name: str | None = None,
        blob_id: str | None = None,
        also_at: str | os.PathLike | None = None,
        allow_mismatch: bool = False,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(filepath, source, allow_mismatch)
        self._name = name or self._filepath.name
        self._blob_id = _checked_blob_id("blob_id", blob_id)
        self._also_at = None if also_at is None else local_path(also_at, type(self).__name__)
        self.metadata = metadata

    def load(self) -> dict[str, ResultFile]:
        """Compare the checksum, then read the file; a missing file is returned as such."""
        return {self._name: self._result_file(self._name, self._place(), self._blob_id)}

    def _place(self) -> Path:
        if self._also_at is not None and self._also_at.is_file() and not self._filepath.is_file():
            return self._also_at
        return self._filepath

    def _exists(self) -> bool:
        return self._place().is_file()

    def _describe(self) -> dict[str, Any]:
        return {
            "filepath": self._filepath,
            "also_at": self._also_at,
            "name": self._name,
            "source": self._source,
            "blob_id": self._blob_id,
            "allow_mismatch": self._allow_mismatch,
        }


class PublishedHdfDataset(_SingleFileDataset):
    """Loads a published ``.h5`` file of results (a pandas table of Python objects); read-only.

    The git blob id is compared before the file is opened. The cells are a pickle, which is opened
    by an unpickler that admits plain arrays and tables and refuses the rest by name.

    Example:
        In ``catalog.yml``:

        .. code-block:: yaml

            paper_figures.figure_1.figure1_h5:
              type: cebra_kedro.io.PublishedHdfDataset
              filepath: ${raw_dir:}/published_results/Figure1.h5
              blob_id: "37f62c577a2effa7d0767df348850511c4f57c6a"
              source: https://github.com/AdaptiveMotorControlLab/cebra-figures/tree/42e9420/data
              metadata:
                kedro-viz: {layer: raw}

    Args:
        filepath: where the file lies, or will be placed, on this machine.
        source: where the file can be had, for messages; nothing is fetched.
        name: its name at the publisher; None for the name of ``filepath``.
        blob_id: published git blob id, 40 hex digits; quote it in YAML.
        also_at: a second place that is looked into if there is nothing at ``filepath``.
        allow_mismatch: go on with a warning if the blob id differs.
        metadata: free facts for plugins such as kedro-viz.
    """

    def _read(self, path: Path) -> dict[str, dict[Any, Any]]:
        return read_results_hdf(path)


class ResultsCsvDataset(_SingleFileDataset):
    """Loads a published ``.csv`` file of runs as a table; read-only.

    The arguments are those of :class:`PublishedHdfDataset`; any line of hyper-parameter names
    above the header is skipped.

    Example:
        In ``catalog.yml``:

        .. code-block:: yaml

            paper_figures.figure_2.autolfads_csv:
              type: cebra_kedro.io.ResultsCsvDataset
              filepath: ${raw_dir:}/published_results/autolfads_decoding_2d_full.csv
              blob_id: "1a5e24dc7369d11d86a5977e400b03bb41fe0262"
              source: https://github.com/AdaptiveMotorControlLab/cebra-figures/tree/42e9420/data
              metadata:
                kedro-viz: {layer: raw}
    """

    def _read(self, path: Path) -> Any:
        return read_results_csv(path)


class ResultsFolderDataset(_ResultFilesDataset):
    """Loads the ``.csv`` files of runs of one published folder, each compared by itself; read-only.

    Example:
        In ``catalog.yml``:

        .. code-block:: yaml

            paper_figures.figure_1.results_v3:
              type: cebra_kedro.io.ResultsFolderDataset
              filepath: ${raw_dir:}/published_results/results_v3
              source: https://github.com/AdaptiveMotorControlLab/cebra-figures/tree/42e9420/data
              blob_ids:
                tsne.csv: "a03fa404164654bfa07cca1b48d6cf837a4a943b"
              metadata:
                kedro-viz: {layer: raw}

    Args:
        filepath: the folder on this machine; its name begins the published name of each file.
        source: where the files can be had, for messages; nothing is fetched.
        blob_ids: file name → published git blob id (or null); other files are left alone.
        allow_mismatch: go on with a warning where a blob id differs.
        metadata: free facts for plugins such as kedro-viz.
    """

    def __init__(
        self,
        *,
        filepath: str | os.PathLike,
        source: str,
        blob_ids: Mapping[str, str | None],
        allow_mismatch: bool = False,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(filepath, source, allow_mismatch)
        self._blob_ids = {
            name: _checked_blob_id(f"blob_ids[{name}]", value) for name, value in blob_ids.items()
        }
        self.metadata = metadata

    def load(self) -> dict[str, ResultFile]:
        """Compare and read every declared file; missing ones are returned as such."""
        names = {name: f"{self._filepath.name}/{name}" for name in self._blob_ids}
        return {
            published: self._result_file(published, self._filepath / name, self._blob_ids[name])
            for name, published in names.items()
        }

    def _read(self, path: Path) -> Any:
        return read_results_csv(path)

    def _exists(self) -> bool:
        return any((self._filepath / name).is_file() for name in self._blob_ids)

    def _describe(self) -> dict[str, Any]:
        return {
            "filepath": self._filepath,
            "source": self._source,
            "blob_ids": self._blob_ids,
            "allow_mismatch": self._allow_mismatch,
        }


def _checked_blob_id(argument: str, value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not re.fullmatch(r"[0-9a-fA-F]{40}", value):
        raise DatasetError(f"{argument} must be 40 hex digits in quotes, got {value!r}")
    return value.lower()
