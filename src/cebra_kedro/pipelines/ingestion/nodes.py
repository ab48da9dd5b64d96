"""Raw content of sessions → recordings, their splits, and whether the description fits them."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from cebra_kedro.cells import Cell, Pieces
from cebra_kedro.experiment import Experiment, recording_key
from cebra_kedro.experiment.blocks import Named
from cebra_kedro.pipelines import chosen_sessions
from cebra_kedro.pipelines.ingestion.fit import (
    problems_of_classes,
    problems_of_labels,
    problems_of_rows,
)
from cebra_kedro.pipelines.training.cebra_files import problems_of_files
from cebra_kedro.problems import Problems
from cebra_kedro.recording import Recording, RecordingError
from cebra_kedro.sources.registry import source, typed_options
from cebra_kedro.splits import split_recording
from cebra_kedro.suspicions import suspicions

logger = logging.getLogger(__name__)


def read_recordings(raw: Mapping[str, Any], experiment: Experiment, only: Any, name: str) -> Pieces:
    """Every recording of the chosen sessions, read and validated one by one.

    Keys are ``session``, or ``session/population``.
    """
    reader = _Reader(raw, experiment.source)
    return Pieces(
        {
            recording_key(session, population): Cell(partial(reader.read, session, population))
            for session in chosen_sessions(experiment, only)
            for population in experiment.populations or ("",)
        },
        processes=experiment.training.n_workers,
        title=f"{name}: recordings",
        here=True,
    )


def split_recordings(
    recordings: Mapping[str, Recording], experiment: Experiment, only: Any, name: str
) -> dict[str, dict[str, np.ndarray]]:
    """The split of every recording: ``part`` (fold, time) with 0 train, 1 valid, 2 test.

    Raises:
        ValueError: a recording cannot be split so, lacks labels that the description names, or has
            other neurons than the file of its encoder.
    """
    splits, kinds, names, problems = {}, {}, {}, Problems(name)
    for session in chosen_sessions(experiment, only):
        for population in experiment.populations or ("",):
            key = recording_key(session, population)
            recording = recordings[key]
            for text in recording.meta.get("suspicions", ()):
                logger.warning("%s: %s", key, text)
            kinds[key] = {label: one.kind for label, one in recording.labels.items()}
            names[key] = {label: one.names for label, one in recording.labels.items()}
            with problems.collected():
                part = split_recording(recording, experiment.split.by, **experiment.split.options)
                splits[key] = {"part": part}
                for problem in problems_of_rows(experiment, key, recording, part):
                    problems.add(problem)
    files = problems_of_files(experiment, recordings, chosen_sessions(experiment, only))
    for problem in (*problems_of_labels(experiment, kinds), *problems_of_classes(names), *files):
        problems.add(problem)
    problems.raise_any(ValueError)
    return splits


class _Reader:
    """Reads recordings; what several recordings of a session are made from is read once in a row.

    Args:
        raw: session → content, or part → content.
        source: which function makes recordings of it.
    """

    _last: ClassVar[tuple[str, Any]] = ("", None)

    def __init__(self, raw: Mapping[str, Any], source: Named) -> None:
        self._raw, self._source = raw, source
        self._token = secrets.token_hex(8)  # the same in every process that reads for this node

    def read(self, session: str, population: str, _: Path) -> Recording:
        """One recording; an error names where it was read from."""
        content = self._content(session)
        options = typed_options(self._source.name, self._source.options)
        if population:
            options["population"] = population
        try:
            recording = source(self._source.name)(content, session=session, **options)
        except RecordingError as error:
            files = self._raw.files(session) if hasattr(self._raw, "files") else ""
            read_from = files or getattr(content, "source", f"session {session} of the raw entry")
            raise RecordingError(f"{error} (read from {read_from})") from error
        return replace(recording, meta={**recording.meta, **self._facts(recording, session)})

    def _facts(self, recording: Recording, session: str) -> dict[str, Any]:
        """What a recording says of itself in tables and reports."""
        facts: dict[str, Any] = {
            "n_trials": len(np.unique(recording.segment())),
            "suspicions": suspicions(recording),
        }
        if recording.meta.get("checksum_status") == "own" and hasattr(self._raw, "origin"):
            facts |= self._raw.origin(session)
        return facts

    def _content(self, session: str) -> Any:
        key, content = _Reader._last
        if key != f"{self._token} {session}":
            content = self._raw[session]
            if isinstance(content, Mapping) and not isinstance(content, dict):
                content = _Kept(content)
            _Reader._last = (f"{self._token} {session}", content)
        return content


class _Kept(Mapping[str, Any]):
    """The parts of a session, each read once."""

    def __init__(self, parts: Mapping[str, Any]) -> None:
        self._parts, self._read = parts, dict[str, Any]()

    def __getitem__(self, part: str) -> Any:
        if part not in self._read:
            self._read[part] = self._parts[part]
        return self._read[part]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)
