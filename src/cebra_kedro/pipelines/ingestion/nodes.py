"""Raw content of sessions → recordings, their splits, and whether the description fits them."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from cebra_kedro.cells import Cell, Pieces
from cebra_kedro.experiment import Experiment, recording_key
from cebra_kedro.experiment.blocks import Named
from cebra_kedro.pipelines import chosen_sessions
from cebra_kedro.recording import Recording, RecordingError
from cebra_kedro.sources.registry import source, typed_options
from cebra_kedro.splits import split_recording


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
    )


def split_recordings(
    recordings: Mapping[str, Recording], experiment: Experiment, only: Any, name: str
) -> dict[str, dict[str, np.ndarray]]:
    """The split of every recording: ``part`` (fold, time) with 0 train, 1 valid, 2 test.

    Raises:
        ValueError: a recording cannot be split so, or lacks labels that the description names.
    """
    splits, labels = {}, {}
    for session in chosen_sessions(experiment, only):
        for population in experiment.populations or ("",):
            key = recording_key(session, population)
            recording = recordings[key]
            part = split_recording(recording, experiment.split.by, **experiment.split.options)
            splits[key] = {"part": part}
            labels[key] = {label: one.kind for label, one in recording.labels.items()}
    problems = list(_problems(experiment, labels))
    if problems:
        raise ValueError(f"{name}: {'; '.join(dict.fromkeys(problems))}. Correct the description")
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
            return source(self._source.name)(content, session=session, **options)
        except RecordingError as error:
            read_from = getattr(content, "source", f"session {session} of the raw entry")
            raise RecordingError(f"{error} (read from {read_from})") from error

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


def _problems(experiment: Experiment, labels: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """What the description names that the recordings do not have."""
    for key, kinds in labels.items():
        yield from _problems_of_guidance(experiment, key, kinds)
    if {key.partition("/")[0] for key in labels} < set(experiment.sessions):
        return  # sessions that a run leaves out may have what these do not
    known = dict.fromkeys(label for kinds in labels.values() for label in kinds)
    there = f"but the labels are {', '.join(known) or 'none'}"
    for target, block in experiment.decode.items():
        for label in block.labels:
            if label not in known:
                yield f"decode.{target} names {label}, {there}"
    for compared in experiment.compare.sessions:
        for label in compared.align:
            if label not in {*known, "time_in_trial"}:
                yield f"compare.sessions aligns by {label}, {there}"


def _problems_of_guidance(
    experiment: Experiment, key: str, kinds: Mapping[str, str]
) -> Iterator[str]:
    """What encoders need of one recording, which has labels of these kinds."""
    session, _, population = key.partition("/")
    if "row" in kinds:  # files of predictions have rows of this name
        yield f"{key} has a label called row; give it another name in source.labels"
    for encoder in experiment.encoders:
        if session not in experiment.sessions_of(encoder):
            continue
        if population not in experiment.populations_of(encoder):
            continue
        guidance = experiment.guidance_of(encoder, session)
        for label in guidance.all_labels:
            if label not in kinds:
                there = f"{key} has {', '.join(kinds) or 'no labels'}"
                yield f"encoders.{encoder} is guided by {label}, but {there}"
        if guidance.classes and kinds.get(guidance.classes, "discrete") != "discrete":
            yield (
                f"encoders.{encoder}.classes names {guidance.classes}, which is "
                f"{kinds[guidance.classes]}; name a discrete label, or use it under labels"
            )
