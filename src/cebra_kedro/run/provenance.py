"""From which kind of recording each result came; kept between runs, so that partial runs know it.

Which datasets a node reads and writes is told by ``hooks``; badges and words are ``report``'s.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cebra_kedro.atomic import atomic_path
from cebra_kedro.run.locks import briefly

PROVENANCE_NAME = "provenance.json"
RECORDING_FACTS = ("dataset", "n_time", "n_neurons", "n_trials", "bin_width_s", "suspicions")
"""What the place of a recording has besides its origin."""

_WORST_FIRST = ("mismatch", "unverified", "own", "verified", "simulated")


class Provenance:
    """What is known about the results of a project, kept in ``provenance.json``.

    A number from simulated recordings must never pass for one from real ones, also when only the
    later stages run. So a result inherits from what its node read, session by session, back to the
    recordings. Each is noted as soon as it is written, and what was known of it is set aside
    before, so that a run that is killed in between leaves no file under the name of an earlier run.
    Other runs may write at the same time, about other places: what they have noted is read before
    each write.

    Results are named by places: a file relative to the reporting folder, or, for what holds several
    sessions, the file or folder with ``#<session>``.

    Args:
        folder: the reporting folder.
        run: facts about the run that stand with each place it writes: ``run_id``, ``environment``,
            ``manifest`` (the file that has its parameters, relative to the reporting folder).
    """

    def __init__(self, folder: Path, run: Mapping[str, str]) -> None:
        self._folder = folder.resolve()
        self._run = dict(run)
        self._lock = threading.Lock()  # nodes may run in threads
        self._of_this_run: dict[str, dict[str, Any]] = {}
        self._entries: dict[str, dict[str, Any]] = {}
        self._aside: dict[str, dict[str, Any]] = {}
        self._seen: tuple[int, ...] = ()
        self._read_others()

    def place(self, path: Path, session: str = "") -> str:
        """The name of a file or folder, or of a session in it."""
        name = Path(os.path.relpath(path, self._folder)).as_posix()
        return f"{name}#{session}" if session else name

    def note_recordings(self, facts: Mapping[str, Mapping[str, Any]]) -> None:
        """Recordings say themselves what they are, whoever put their files there.

        Args:
            facts: place → what the index says about the recordings there.
        """
        keys = ("simulated", "checksum_status", *RECORDING_FACTS)
        with self._lock:
            for place, about in facts.items():
                known = self._entries.get(place, {})
                self._note(place, known | {key: about.get(key) for key in keys})

    def note_written(self, written: Mapping[str, Iterable[str]], *, is_raw: bool = False) -> None:
        """Note what a node has written.

        Args:
            written: place → places that it was made from.
            is_raw: what it is made of is said by :meth:`note_recordings`.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self._changed():
            for place, sources in written.items():
                origin = self._entries.get(place, {}) if is_raw else self._inherited(sources)
                self._note(place, {**origin, **self._run, "finished_at": now})

    def set_aside(self, places: Iterable[str]) -> None:
        """Forget for now what is known of places that are about to be written.

        Until they are noted or given back, nothing is known of them; for good, if the run is
        killed, as nobody knows whether it has written them.
        """
        known = [place for place in places if place in self._entries]
        if not known:
            return
        with self._changed():
            for place in known:
                self._of_this_run.pop(place, None)
                self._aside[place] = self._entries.pop(place)

    def give_back(self, places: Iterable[str]) -> None:
        """Know again of places what was set aside, but of those that were noted since."""
        found = {place: self._aside.pop(place) for place in places if place in self._aside}
        if unwritten := {place: e for place, e in found.items() if place not in self._entries}:
            with self._changed():
                for place, entry in unwritten.items():
                    self._note(place, entry)

    def set_aside_places(self) -> dict[str, Path]:
        """The places that are set aside, and the file that each is about."""
        return {place: self._folder / place.partition("#")[0] for place in self._aside}

    @contextlib.contextmanager
    def _changed(self) -> Iterator[None]:
        """Read what others have noted before the block, and write all after it."""
        file = self._folder / PROVENANCE_NAME
        with self._lock, briefly(self._folder):
            self._read_others()
            yield
            with atomic_path(file) as temporary:
                # no indent: with one, json leaves its fast encoder
                text = json.dumps(self._entries, sort_keys=True)  # what is given back is in place
                temporary.write_text(text + "\n", encoding="utf-8")
            self._seen = _state(file)

    def run_of(self, place: str) -> dict[str, Any]:
        """Which run made a result."""
        keys = (*self._run, "finished_at")
        return {key: self._entries.get(place, {}).get(key) for key in keys}

    def keep_run(self, place: str, source: str) -> None:
        """Say that a part of a result is of the run that made what it was taken from."""
        with self._lock:
            self._note(place, self._entries.get(place, {}) | self.run_of(source))

    def runs(self) -> set[str]:
        """The runs that results are of."""
        return {str(entry["run_id"]) for entry in self._entries.values() if "run_id" in entry}

    def known_places(self, prefix: str) -> list[str]:
        """The places whose names begin so."""
        return [place for place in self._entries if place.startswith(prefix)]

    def _note(self, place: str, entry: dict[str, Any]) -> None:
        self._entries[place] = self._of_this_run[place] = entry

    def _read_others(self) -> None:
        """Read what other runs have noted since this one last read or wrote the file."""
        state = _state(self._folder / PROVENANCE_NAME)
        if state and state != self._seen:  # a file that was deleted makes nothing unknown
            self._entries = _read(self._folder / PROVENANCE_NAME) | self._of_this_run
            self._seen = state

    def _inherited(self, sources: Iterable[str]) -> dict[str, Any]:
        """What holds for all sources; None for what is unknown, and for simulated beside real."""
        entries = [self._entries.get(source, {}) for source in sources]
        simulated = {entry.get("simulated") for entry in entries}
        statuses = {entry.get("checksum_status") for entry in entries}
        return {
            "simulated": simulated.pop() if len(simulated) == 1 else None,
            "checksum_status": None
            if None in statuses
            else next((status for status in _WORST_FIRST if status in statuses), None),
        }


def _state(file: Path) -> tuple[int, ...]:
    """Changes with every write, as each makes a new file; empty if there is none."""
    try:
        found = file.stat()
    except OSError:
        return ()
    return (found.st_ino, found.st_mtime_ns, found.st_size)


def _read(file: Path) -> dict[str, dict[str, Any]]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # missing or damaged: begin anew
        return {}
    if not isinstance(content, dict):
        return {}
    return {key: entry for key, entry in content.items() if isinstance(entry, dict)}
