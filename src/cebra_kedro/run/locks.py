"""Runs side by side: which experiments are taken, and files that several runs write.

The locks are the operating system's, so that one of a process that was killed is free at once; what
stands in a lock's file only says who holds it.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import socket
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

SHARED_LOCK = ".lock"
"""In a folder: held while one of the files that all runs write there is read and replaced."""

_NOT_OVER_WHAT_IS_WRITTEN = 2**30
"""Windows lets nobody read the byte that is locked."""


class RunningError(RuntimeError):
    """Another run works on the same; the message says which."""


class RunLocks:
    """The experiments that this run works on, taken until :meth:`release` or the process ends.

    Args:
        folder: where the files of the locks lie.
        command: of this run, for others to read.
    """

    def __init__(self, folder: Path, command: str) -> None:
        self._folder = folder
        self._facts = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "command": command,
            "since": datetime.now().astimezone().isoformat(sep=" ", timespec="seconds"),
        }
        self._held: dict[Path, int] = {}

    def take(self, experiments: Iterable[str]) -> None:
        """Take all of them or none.

        Raises:
            RunningError: another run has one of them.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            for name in sorted(experiments):
                self._take(name)
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Give back what is held; may be called again."""
        while self._held:
            path, descriptor = self._held.popitem()
            if descriptor not in _IN_THIS_PROCESS:
                continue  # a fork of the process that took it
            with contextlib.suppress(OSError):  # Windows deletes no open file; then it stays
                path.unlink()
            _close(descriptor)

    def _take(self, name: str) -> None:
        path = self._folder / f"{name}.lock"
        while True:
            descriptor = _open(path)
            if not _lock(descriptor, wait=False):
                who = _read(descriptor)
                _close(descriptor)
                raise RunningError(_refusal(name, who))
            if _is_at(descriptor, path):
                break
            _close(descriptor)  # its holder has just deleted it
        self._held[path] = descriptor
        os.ftruncate(descriptor, 0)
        os.write(descriptor, json.dumps(self._facts).encode())


@contextlib.contextmanager
def briefly(folder: Path) -> Iterator[None]:
    """Keep other runs from the files that all runs write into a folder, for the block.

    Args:
        folder: is made if it is missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = _open(folder / SHARED_LOCK)
    try:
        _lock(descriptor, wait=True)
        yield
    finally:
        _close(descriptor)


_IN_THIS_PROCESS: set[int] = set()
_FORKS_CLOSE: list[bool] = []


def _open(path: Path) -> int:
    if not _FORKS_CLOSE and hasattr(os, "register_at_fork"):
        _FORKS_CLOSE.append(True)
        os.register_at_fork(after_in_child=_close_inherited)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    _IN_THIS_PROCESS.add(descriptor)
    return descriptor


def _close(descriptor: int) -> None:
    if descriptor in _IN_THIS_PROCESS:
        _IN_THIS_PROCESS.discard(descriptor)
        os.close(descriptor)


def _close_inherited() -> None:
    """A fork that outlives its parent must not hold what the parent held."""
    for descriptor in list(_IN_THIS_PROCESS):
        _close(descriptor)


def _lock(descriptor: int, *, wait: bool) -> bool:
    """Lock an open file; False if another has it and this one does not wait."""
    if sys.platform == "win32":
        import msvcrt

        while True:
            try:
                os.lseek(descriptor, _NOT_OVER_WHAT_IS_WRITTEN, os.SEEK_SET)
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
                os.lseek(descriptor, 0, os.SEEK_SET)
                return True
            except OSError:
                if not wait:
                    return False
                time.sleep(0.05)
    else:
        import fcntl

        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        except OSError as error:  # some network drives have no locks
            logger.debug("no locks here (%s); runs side by side are not noticed", error)
        return True


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _read(descriptor: int) -> dict[str, Any]:
    """Who holds a lock; empty if it does not say so soon."""
    for _ in range(10):
        os.lseek(descriptor, 0, os.SEEK_SET)
        try:
            content = json.loads(os.read(descriptor, 2**16))
        except ValueError:  # taken just now
            time.sleep(0.05)
            continue
        return content if isinstance(content, dict) else {}
    return {}


def _refusal(name: str, who: dict[str, Any]) -> str:
    if not who:
        return f"another run works on {name}; wait until it has ended, or run another experiment"
    return (
        f"{name} is being worked on by process {who.get('pid')} on {who.get('host')} since "
        f"{who.get('since')} ({who.get('command')}); wait until it has ended, stop it, or run "
        "another experiment"
    )
