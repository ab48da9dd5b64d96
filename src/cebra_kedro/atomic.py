"""Write a file wholly or not at all; what is written, and in which format, is the caller's."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_FULL_BYTES = 2**16


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """A temporary path beside ``target`` that takes its place when the block succeeds.

    A reader sees the old file or the new one, never half of one, even if the process is killed.
    The bytes are on the disk before the rename. If the block raises (also on an interrupt), the
    temporary file is removed and ``target`` stays as it was. Missing folders are made.

    Args:
        target: the file to write.

    Yields:
        The path to write to: in the same folder, hidden, ending in ``.tmp``; no file is there yet.

    Raises:
        OSError: the folder cannot be written to (raised before the block runs), ``target`` is a
            folder, the disk is full, or the block left no file at the path it was given.

    Example:
        >>> with atomic_path(folder / "scores.csv") as temporary:  # doctest: +SKIP
        ...     table.to_csv(temporary)
    """
    target = Path(target)
    temporary = _writable_neighbour(target)
    try:
        yield temporary
        _flush_to_disk(temporary, target)
        temporary.replace(target)
    except BaseException as error:
        is_full = _is_full(target.parent, error)
        temporary.unlink(missing_ok=True)
        if is_full:
            raise OSError(
                errno.ENOSPC,
                f"cannot write {target}: its disk is full; free space on it, or choose another "
                "filepath, then run again",
            ) from error
        raise
    _flush_folder(target.parent)


def _is_full(folder: Path, error: BaseException) -> bool:
    """Whether there was no room; libraries say so in their own ways, and rarely for which file."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    return isinstance(error, Exception) and shutil.disk_usage(folder).free < _FULL_BYTES


def _writable_neighbour(target: Path) -> Path:
    """A free temporary name beside ``target``, in a folder that has just proved writable."""
    folder = target.parent
    try:
        is_folder = target.is_dir()
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f".{target.name}.{secrets.token_hex(4)}.tmp"
        temporary.touch(exist_ok=False)
        temporary.unlink()
    except OSError as error:
        # OSError picks the subclass by number, so a PermissionError stays one.
        raise OSError(
            error.errno,
            f"cannot write {target.name} into folder {folder} ({error.strerror}); make the folder "
            "writable, free space on its disk, or choose another filepath",
        ) from error
    if is_folder:
        raise IsADirectoryError(
            f"cannot write file {target}: a folder has this name; remove the folder or choose "
            "another filepath (Kedro keeps versions in such a folder: versioned: true)"
        )
    return temporary


def _flush_to_disk(temporary: Path, target: Path) -> None:
    try:
        descriptor = os.open(temporary, os.O_RDWR)
    except FileNotFoundError as error:
        raise FileNotFoundError(
            error.errno,
            f"nothing was written for {target}; write to the path that atomic_path gives",
        ) from error
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _flush_folder(folder: Path) -> None:
    """Make the rename itself durable, where the system lets a folder be opened (not Windows)."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
