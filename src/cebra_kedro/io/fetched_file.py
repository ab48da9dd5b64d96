"""A file that may lie elsewhere: fetched once, whole, and compared with its published digest.

What is in it is left to the datasets beside this file. A file is fetched as a whole because every
format is then checked and read in the same way, also later and without a network; HDF5 read piece
by piece over HTTP is slow, and its heaps can only be checked in the whole file.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import unquote, urlsplit

from kedro.io.core import DatasetError

from cebra_kedro.atomic import atomic_path
from cebra_kedro.io.local_file_dataset import local_path

logger = logging.getLogger(__name__)

_BY_POOCH = ("http", "https", "ftp")


def is_url(text: str | os.PathLike) -> bool:
    """Whether a path names another machine, e.g. ``https://…`` or ``s3://…``."""
    return bool(re.match(r"[a-z][a-z0-9+.-]+://", str(text))) and not str(text).startswith("file:")


class FetchedFile:
    """The place of a file on this machine, and where it comes from.

    Args:
        filepath: a path; or a URL, which is kept in the user's cache folder.
        url: where to fetch the file from if it is not there.
        sha256: digest (hex) that it must have; None for any.
        owner: name of the dataset, for errors.

    Attributes:
        path: on this machine.

    Raises:
        DatasetError: an argument is wrong.
    """

    def __init__(
        self, filepath: str | os.PathLike, url: str | None, sha256: str | None, owner: str
    ) -> None:
        if is_url(filepath):
            if url is not None:
                raise DatasetError(
                    f"filepath of {owner} is a URL, so url is one too many; remove one of the two"
                )
            url = str(filepath)
            self.path = _in_cache(url)
        else:
            self.path = local_path(filepath, owner)
        if url is not None and not is_url(url):
            raise DatasetError(f"url of {owner} must begin with e.g. https:// or s3://, got {url}")
        if sha256 is not None and not re.fullmatch(r"[0-9a-fA-F]{64}", str(sha256)):
            raise DatasetError(f"sha256 of {owner} must be 64 hex digits in quotes, got {sha256!r}")
        self.url = url
        self._sha256 = None if sha256 is None else sha256.lower()

    def fetch_if_missing(self) -> None:
        """Download it unless it is there.

        Raises:
            DatasetError: it cannot be fetched, or is not the file that was meant.
        """
        if self.url is None or self.path.is_file():
            return
        logger.info("fetching %s to %s", self.url, self.path)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(prefix=".download-", dir=self.path.parent) as folder:
                downloaded = _download(self.url, Path(folder) / self.path.name)
                self._compare(downloaded)
                with atomic_path(self.path) as temporary:
                    downloaded.replace(temporary)
        except DatasetError:
            raise
        except ImportError as error:
            raise DatasetError(
                f"{self.url} needs a package that is not installed ({error}); "
                f'pip install "cebra-kedro[remote]", or {self._by_hand()}'
            ) from error
        except Exception as error:  # of whichever library speaks the protocol
            if (response := getattr(error, "response", None)) is not None:
                response.close()  # pooch leaves the connection of a refused request open
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            raise DatasetError(
                f"{self.path} does not exist and could not be fetched from {self.url} ({reason}); "
                f"correct the address, or {self._by_hand()}"
            ) from error

    def check(self) -> None:
        """Compare the file with the digest that it must have.

        Raises:
            DatasetError: it has another.
        """
        if self._sha256 is not None:
            self._compare(self.path)

    @property
    def facts(self) -> dict[str, Any]:
        """What a dataset says of it."""
        return {"filepath": self.path} | ({"url": self.url} if self.url else {})

    def _compare(self, path: Path) -> None:
        if self._sha256 is None:
            return
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != self._sha256:
            again = "move it away to fetch" if self.url else "copy"
            raise DatasetError(
                f"{self.path} has sha256 {found}, but {self._sha256} is declared: it is damaged, "
                f"or another file under this name; {again} it again, or correct sha256"
            )

    def _by_hand(self) -> str:
        return f"download it by hand and place it at {self.path}"


def _in_cache(url: str) -> Path:
    import pooch

    name = PurePosixPath(unquote(urlsplit(url).path)).name
    if not name:
        raise DatasetError(f"{url} names no file; give the address of one, e.g. {url}/rat.nwb")
    key = hashlib.sha256(url.encode()).hexdigest()[:16]
    return Path(pooch.os_cache("cebra-kedro")) / key / name


def _download(url: str, target: Path) -> Path:
    """Fetch a file, with a progress bar."""
    if urlsplit(url).scheme in _BY_POOCH:
        import pooch

        fetched = pooch.retrieve(url, None, target.name, target.parent, progressbar=True)
        return Path(fetched)
    import fsspec
    from fsspec.callbacks import TqdmCallback

    file_system, there = fsspec.core.url_to_fs(url)
    file_system.get_file(there, str(target), callback=TqdmCallback())
    return target
