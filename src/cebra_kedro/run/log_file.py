"""The log of each run in a file of its own, with what the terminal shows and more."""

from __future__ import annotations

import contextlib
import logging
import sys
from pathlib import Path

from cebra_kedro.cells import traces

file_only = logging.getLogger("cebra_kedro.run.file_only")
"""What stands in the file and not on the terminal; without a file, nowhere."""

_KEPT = 20
_LOGGERS = (logging.root, file_only, traces)
_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


class LogFile:
    """Writes all that is logged into ``<run_id>.log`` until :meth:`close`; keeps the newest 20.

    Args:
        folder: of the logs, made if it is missing.
        run_id: of the run; numbered if another run has begun in the same second.

    Attributes:
        run_id: the one that no other run has.
        path: of the file.
    """

    def __init__(self, folder: Path, run_id: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.run_id, self.path, self._handler = _new_file(folder, run_id)
        self._handler.setFormatter(logging.Formatter(_FORMAT))
        file_only.propagate = False
        file_only.setLevel(logging.DEBUG)
        for logger in _LOGGERS:
            logger.addHandler(self._handler)
        _delete_old(folder)

    def close(self) -> None:
        """Write no more; may be called again."""
        for logger in _LOGGERS:
            logger.removeHandler(self._handler)
        self._handler.close()


class _Handler(logging.FileHandler):
    """Writes what it can: where the disk is full, the run ends with the error of a result."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Pass over what cannot be written."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)

    def close(self) -> None:
        """Close the file, with what could be written."""
        with contextlib.suppress(OSError):
            super().close()


def _new_file(folder: Path, run_id: str) -> tuple[str, Path, logging.FileHandler]:
    number = 1
    while True:
        name = run_id if number == 1 else f"{run_id}-{number}"
        path = folder / f"{name}.log"
        try:
            return name, path, _Handler(path, mode="x", encoding="utf-8")
        except FileExistsError:
            number += 1


def _delete_old(folder: Path) -> None:
    for path in sorted(folder.glob("*.log"))[:-_KEPT]:
        with contextlib.suppress(OSError):  # deleted by another run, or open in another program
            path.unlink()
