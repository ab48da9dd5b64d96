"""Published joblib files: fetched, compared with their checksum, and opened without running them.

Which names a pickle may use is decided in ``sources.published_pickle``; what its arrays mean, in
the other files of ``sources``.
"""

from __future__ import annotations

import gzip
import logging
import os
import re
import shutil
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

from kedro.io.core import AbstractDataset, DatasetError

from cebra_kedro.atomic import atomic_path
from cebra_kedro.io.file_kind import another_kind
from cebra_kedro.io.local_file_dataset import local_path
from cebra_kedro.io.placed_dataset import md5_of
from cebra_kedro.sources.published_pickle import (
    ChecksumStatus,
    DamagedPickleError,
    PublishedFile,
    UnsafePickleError,
    load_restricted_joblib,
)

logger = logging.getLogger(__name__)


class PublishedPickleDataset(AbstractDataset[NoReturn, PublishedFile]):
    """Loads a published ``.jl`` file (a joblib dump of one dict of arrays); read-only.

    A missing file is fetched if a ``url`` is declared. The md5 is compared before the file is
    opened, and the file is opened by an unpickler that admits plain arrays and refuses the rest by
    name.

    Example:
        In ``catalog.yml``:

        .. code-block:: yaml

            hippocampus.buddy.raw:
              type: cebra_kedro.io.PublishedPickleDataset
              filepath: ${raw_dir:}/rat_hippocampus/buddy.jl
              md5: "36341322907708c466871bf04bc133c2"
              url: https://cebra.fra1.digitaloceanspaces.com/data/rat_hippocampus/buddy.jl.gz
              gz_md5: "339290585be2188f48a176f05aaf5df6"
              metadata:
                kedro-viz: {layer: raw}

    Args:
        filepath: where the file is, or will be placed, on this machine.
        md5: published checksum of the file, 32 hex digits; quote it in YAML.
        url: where to fetch the file if it is missing; a ``.gz`` is decompressed.
        gz_md5: published checksum of the ``.gz``; always enforced.
        obtain_from: page from which a user can get a file that has no ``url``; only shown.
        allow_mismatch: go on with a warning if the file's md5 is not ``md5``.
        metadata: free facts for plugins such as kedro-viz.
    """

    def __init__(
        self,
        *,
        filepath: str | os.PathLike,
        md5: str | None = None,
        url: str | None = None,
        gz_md5: str | None = None,
        obtain_from: str | None = None,
        allow_mismatch: bool = False,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._filepath = local_path(filepath, type(self).__name__)
        self._md5 = _checked_md5("md5", md5)
        self._gz_md5 = _checked_md5("gz_md5", gz_md5)
        if url is not None and not url.startswith(("https://", "http://", "ftp://")):
            raise DatasetError(f"url must start with https://, http:// or ftp://, got {url!r}")
        if gz_md5 is not None and not (url or "").endswith(".gz"):
            raise DatasetError(
                f"gz_md5 is the checksum of a file fetched from a url ending in .gz, got url {url};"
                " leave gz_md5 out, or correct url"
            )
        self._url = url
        self._obtain_from = obtain_from
        self._allow_mismatch = allow_mismatch
        self.metadata = metadata

    def load(self) -> PublishedFile:
        """Fetch the file if needed, compare its checksum, then open it."""
        self.fetch_if_missing()
        checksum = md5_of(self._filepath)
        status = self._compare(checksum)
        try:
            content = load_restricted_joblib(self._filepath)
        except UnsafePickleError as error:
            raise DatasetError(str(error)) from error
        except DamagedPickleError as error:
            if other := another_kind(self._filepath):
                raise DatasetError(f"{other}, or correct filepath") from error
            raise DatasetError(f"{error}; that is, {self._how_to_place()}") from error
        if not isinstance(content, dict):
            raise DatasetError(
                f"{self._filepath} holds a {type(content).__name__}, expected a dict of arrays as "
                "in the published files; correct filepath"
            )
        return PublishedFile(content, checksum, status, self._url or str(self._filepath))

    def fetch_if_missing(self) -> None:
        """Download the file unless it is there; a run does so before its first node."""
        if not self._filepath.is_file():
            self._fetch()

    def save(self, data: NoReturn) -> NoReturn:
        """Refuse: published files are not written."""
        raise DatasetError(
            f"PublishedPickleDataset is read-only, {self._filepath} was not written; "
            "save recordings with RecordingDataset, arrays with NpzDataset"
        )

    def _compare(self, checksum: str) -> ChecksumStatus:
        if self._md5 is None:
            return "unverified"
        if checksum == self._md5:
            return "verified"
        message = (
            f"{self._filepath} has md5 {checksum}, but the published file has {self._md5}: it is "
            "damaged, or another file under this name"
        )
        if not self._allow_mismatch:
            raise DatasetError(
                f"{message}; it was not opened. Move it away and {self._how_to_place()}; or, if "
                "this is the file you want, set allow_mismatch: true in its catalog entry"
            )
        logger.warning("%s; going on because of allow_mismatch: true", message)
        return "mismatch"

    def _fetch(self) -> None:
        if self._url is None:
            raise DatasetError(f"{self._filepath} does not exist; {self._how_to_place()}")
        logger.info("fetching %s from %s", self._filepath, self._url)
        try:
            self._filepath.parent.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(prefix=".download-", dir=self._filepath.parent) as folder:
                self._place(self._download(Path(folder)))
        except (OSError, ValueError, EOFError, zlib.error) as error:
            if (response := getattr(error, "response", None)) is not None:
                response.close()  # pooch leaves the connection of a refused request open
            raise DatasetError(
                f"{self._filepath} does not exist and could not be fetched from {self._url} "
                f"({type(error).__name__}: {error}). If this machine cannot reach it, "
                f"{self._how_to_place()}"
            ) from error

    def _download(self, folder: Path) -> Path:
        import pooch

        expected = self._gz_md5 if self._is_gz else self._enforced_md5
        known_hash = None if expected is None else f"md5:{expected}"
        name = self._filepath.name + (".gz" if self._is_gz else "")
        return Path(pooch.retrieve(self._url, known_hash, name, folder, progressbar=True))

    def _place(self, downloaded: Path) -> None:
        """Move the download to its place, decompressed, unless it is not the published file."""
        open_file = gzip.open if self._is_gz else open
        with atomic_path(self._filepath) as temporary:
            with open_file(downloaded, "rb") as source, temporary.open("wb") as target:
                shutil.copyfileobj(source, target)
            came, expected = md5_of(temporary), self._enforced_md5
            if expected is not None and came != expected:
                raise ValueError(f"md5 of the decompressed file is {came}, expected {expected}")

    @property
    def _enforced_md5(self) -> str | None:
        return None if self._allow_mismatch else self._md5

    @property
    def _is_gz(self) -> bool:
        return self._url is not None and self._url.endswith(".gz")

    def _how_to_place(self) -> str:
        if self._url is None and self._obtain_from is not None:
            how = (
                f"obtain the published file from {self._obtain_from}, place it at {self._filepath}"
            )
        elif self._url is None and self._md5 is None:
            return f"copy the file again, place it at {self._filepath}, or correct filepath"
        elif self._url is None:
            how = f"place the published file at {self._filepath} (this entry declares no url)"
        else:
            unpack = ", decompress it (gunzip)" if self._is_gz else ""
            how = f"download {self._url}{unpack} and place it at {self._filepath}"
        return f"{how}; without --env paper, simulated recordings are used"

    def _exists(self) -> bool:
        return self._filepath.is_file()

    def _describe(self) -> dict[str, Any]:
        return {
            "filepath": self._filepath,
            "md5": self._md5,
            "url": self._url,
            "gz_md5": self._gz_md5,
            "obtain_from": self._obtain_from,
            "allow_mismatch": self._allow_mismatch,
        }


def _checked_md5(argument: str, value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not re.fullmatch(r"[0-9a-fA-F]{32}", value):
        raise DatasetError(f"{argument} must be 32 hex digits in quotes, got {value!r}")
    return value.lower()
