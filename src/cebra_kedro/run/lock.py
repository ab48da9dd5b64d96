"""One run at a time in an experiment, told to whoever comes second; and short locks for a write.

The system keeps the locks, so that one of a killed process blocks nobody.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import IO

_WAIT_S = 0.02
_LOCKED_BYTE = 2**30
"""Windows lets nobody read a locked byte; this one lies behind what is written."""


class AlreadyRunningError(RuntimeError):
    """Another process works on the same experiment; the message names it."""


class RunLock:
    """Keeps other runs away from the experiments of this one, until it is released.

    Args:
        folder: where the lock files lie, one an experiment; they are deleted in the end.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: dict[Path, IO[str]] = {}

    def take(self, experiments: Iterable[str], command: str) -> None:
        """Lock all experiments or none.

        Args:
            experiments: their names.
            command: what the second one is told that runs.

        Raises:
            AlreadyRunningError: says who runs which experiment, and since when.
        """
        owner = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "command": command,
            "since": datetime.now().astimezone().isoformat(timespec="seconds"),
        }
        self._folder.mkdir(parents=True, exist_ok=True)
        for name in sorted(set(experiments)):
            path = self._folder / f"{name}.lock"
            file = _locked_file(path)
            if file is None:
                self.release()
                raise AlreadyRunningError(_who_runs(name, path))
            self._held[path] = file
            file.truncate(0)
            file.write(json.dumps(owner) + "\n")
            file.flush()

    def release(self) -> None:
        """Let others run; may be called twice."""
        for path, file in self._held.items():
            with suppress(OSError):  # Windows deletes no open file; it harms nobody
                path.unlink()
            file.close()
        self._held.clear()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait until no other process is in a block of the same file, which stays there, empty."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        while not _lock(file):
            time.sleep(_WAIT_S)
        yield  # closing the file ends the lock


def _locked_file(path: Path) -> IO[str] | None:
    """The open file with its lock; None if another process has it."""
    while True:
        file = path.open("a+", encoding="utf-8")
        if not _lock(file):
            file.close()
            return None
        # The run that had it may have deleted the file between the two lines above.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        file.close()


def _lock(file: IO[str]) -> bool:
    """Lock an open file until it is closed or the process ends; False if another one has it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(_LOCKED_BYTE)
            try:
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            finally:
                file.seek(0)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _who_runs(experiment: str, path: Path) -> str:
    """What the second run says, whatever can be read of the first."""
    try:
        owner = json.loads(path.read_text(encoding="utf-8"))
        since = datetime.fromisoformat(owner["since"]).strftime("%Y-%m-%d %H:%M:%S")
        who = f"process {owner['pid']} on {owner['host']} ({owner['command']}, since {since})"
    except (OSError, ValueError, KeyError, TypeError):  # it has only begun, or has just ended
        who = "another process"
    return (
        f"{experiment} is being run by {who}; wait until it has ended, "
        "or choose another experiment with --pipelines"
    )
