"""From which kind of recording each file came; kept between runs, so that partial runs know it too.

Which datasets a node reads and writes is told by ``hooks``; badges and words are ``report``'s.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cebra_kedro.atomic import atomic_path
from cebra_kedro.recording import Recording

PROVENANCE_NAME = "provenance.json"

_WORST_FIRST = ("mismatch", "unverified", "verified", "simulated")


class Provenance:
    """What is known about the files of a project, kept in ``provenance.json``.

    A number from simulated recordings must never pass for one from real ones, also when only the
    later stages run. So a file inherits from the files that its node read, back to the recording.
    Each file is noted as soon as it is written, so that a run that is killed leaves no file
    under the name of an earlier run.

    Args:
        folder: the reporting folder; files are named relative to it.
        run: facts about the run that stand with each file it writes: ``run_id``, ``environment``.
    """

    def __init__(self, folder: Path, run: Mapping[str, str]) -> None:
        self._folder = folder.resolve()
        self._run = dict(run)
        self._lock = threading.Lock()  # nodes may run in threads
        self._entries = _read(self._folder / PROVENANCE_NAME)

    def note_read(self, file: Path, data: Any) -> None:
        """A recording says itself what it is, whoever put its file there."""
        if isinstance(data, Recording):
            with self._lock:
                self._entries[self._key(file)] = self._entries.get(self._key(file), {}) | _of(data)

    def note_written(self, file: Path, data: Any, sources: Iterable[Path]) -> None:
        """Note a file that a node has written.

        Args:
            file: file or folder of the output.
            data: what was saved.
            sources: files and folders that the node read.
        """
        with self._lock:
            origin = _of(data) if isinstance(data, Recording) else self._inherited(sources)
            written = datetime.now(UTC).isoformat(timespec="seconds")
            self._entries[self._key(file)] = {**self._run, "finished_at": written, **origin}
            with atomic_path(self._folder / PROVENANCE_NAME) as temporary:
                # no indent: with one, json leaves its fast encoder, and this is done per output
                temporary.write_text(json.dumps(self._entries) + "\n", encoding="utf-8")

    def _inherited(self, sources: Iterable[Path]) -> dict[str, Any]:
        """What holds for all sources; None for what is unknown, and for simulated beside real."""
        entries = [self._entries.get(self._key(source), {}) for source in sources]
        simulated = {entry.get("simulated") for entry in entries}
        statuses = {entry.get("checksum_status") for entry in entries}
        return {
            "simulated": simulated.pop() if len(simulated) == 1 else None,
            "checksum_status": None
            if None in statuses
            else next((status for status in _WORST_FIRST if status in statuses), None),
        }

    def _key(self, file: Path) -> str:
        return Path(os.path.relpath(file, self._folder)).as_posix()


def _of(recording: Recording) -> dict[str, Any]:
    return {
        "simulated": recording.meta.get("simulated"),
        "checksum_status": recording.meta.get("checksum_status"),
    }


def _read(file: Path) -> dict[str, dict[str, Any]]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # missing or damaged: begin anew
        return {}
    if not isinstance(content, dict):
        return {}
    return {key: entry for key, entry in content.items() if isinstance(entry, dict)}
