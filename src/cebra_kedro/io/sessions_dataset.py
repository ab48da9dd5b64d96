"""The sessions of an experiment as one catalog entry, each by a definition of its own.

How a session is read is the business of the dataset that its definition names.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

from kedro.io.core import AbstractDataset, DatasetError

from cebra_kedro.io.local_file_dataset import what_is_there

PLACE = "{session}"
Parts = dict[str, AbstractDataset]


class SessionsDataset(AbstractDataset[NoReturn, Mapping[str, Any]]):
    """Loads session → what the session's own dataset loads, when it is asked for; read-only.

    A session is not kept in memory when it has been read. It may have several parts, e.g. two
    populations that were recorded: then its definition is a mapping part → definition, and its
    content a mapping part → content, each read when it is asked for.

    Example:
        In ``catalog.yml``, for sessions that are alike:

        .. code-block:: yaml

            reaching.raw:
              type: cebra_kedro.io.SessionsDataset
              sessions: [monday, tuesday]
              each:
                type: cebra_kedro.io.RecordingDataset
                filepath: data/01_raw/reaching/{session}.h5

        For others, ``sessions`` says what sets each apart: values of ``each`` that it replaces or
        adds, or a definition of its own (of another type)::

            sessions:
              monday: {}
              tuesday: {filepath: data/01_raw/reaching/second_day.h5}
              wednesday: {type: cebra_kedro.io.SimulatedDataset, ...}

        The name of the entry must not be a pattern, as Kedro would look for ``{session}`` in it.

    Args:
        sessions: names, or name → definition.
        each: definition of every session, in which ``{session}`` stands for its name.
        metadata: free facts for plugins such as kedro-viz.
    """

    def __init__(
        self,
        *,
        sessions: list[str] | dict[str, dict[str, Any] | None],
        each: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        definitions = _definitions(sessions, each)
        self._sessions = {name: _parts(name, found) for name, found in definitions.items()}
        self.metadata = metadata

    def load(self) -> Mapping[str, Any]:
        """The sessions, none of which is read yet."""
        return Sessions(self._sessions)

    def save(self, data: NoReturn) -> NoReturn:
        """Refuse: raw sessions are not written."""
        raise DatasetError(
            "SessionsDataset is read-only; save recordings with StoreDataset (contents: recordings)"
        )

    def fetch_if_missing(self, sessions: Collection[str] | None = None) -> None:
        """Fetch the files that are not there yet, or say what is missing.

        Args:
            sessions: those that are needed; None for all.

        Raises:
            DatasetError: names session and file, and the sessions that are missing besides.
        """
        missing = [
            (name, dataset)
            for name, dataset in self._datasets(sessions)
            if _can_tell(dataset) and not dataset.exists()
        ]
        for number, (name, dataset) in enumerate(missing, start=1):
            try:
                if hasattr(dataset, "fetch_if_missing"):
                    dataset.fetch_if_missing()
                if not dataset.exists():
                    place = _place(dataset)
                    raise DatasetError(
                        f"{place} {what_is_there(Path(str(place)))}; correct filepath, or put the "
                        "file there"
                    )
            except DatasetError as error:
                # Where one cannot be fetched, the others would only wait for the same network.
                others = ", ".join(f"{other} ({_place(d)})" for other, d in missing[number:])
                also = f". Also missing: {others}" if others else ""
                raise DatasetError(f"session {name}: {error}{also}") from error

    def places(self, sessions: Collection[str] | None = None) -> list[Path]:
        """Where the files of these sessions are, or will be placed; None for all sessions."""
        found = [_place(dataset) for _, dataset in self._datasets(sessions)]
        return [Path(place) for place in found if isinstance(place, str | Path)]

    def exists(self, sessions: Collection[str] | None = None) -> bool:
        """Whether the files of all these sessions are there; None for all sessions."""
        return all(dataset.exists() for _, dataset in self._datasets(sessions))

    def _exists(self) -> bool:
        return self.exists()

    def _datasets(self, sessions: Collection[str] | None) -> Iterator[tuple[str, AbstractDataset]]:
        """Session (and part) → dataset, of these sessions."""
        for name in self._sessions if sessions is None else sessions:
            found = _of_session(self._sessions, name)
            if isinstance(found, dict):
                yield from ((f"{name} ({part})", dataset) for part, dataset in found.items())
            else:
                yield name, found

    def _describe(self) -> dict[str, Any]:
        return {"sessions": {name: type(found).__name__ for name, found in self._datasets(None)}}


class Sessions(Mapping[str, Any]):
    """Session → content, read anew whenever it is asked for; or part → content of a session."""

    def __init__(self, datasets: Mapping[str, AbstractDataset | Parts], of: str = "") -> None:
        self._datasets = datasets
        self._of = of

    def __getitem__(self, session: str) -> Any:
        if session not in self._datasets:
            raise KeyError(_no_session(self._datasets, session))
        found = self._datasets[session]
        if isinstance(found, dict):
            return Sessions(found, of=session)
        return _load(f"{self._of} ({session})" if self._of else session, found)

    def origin(self, session: str) -> dict[str, str]:
        """``source``: the files of a session; ``checksum``: their SHA-256 (hex), empty without any.

        Of several files, it is the SHA-256 of their digests, one a line.
        """
        files = self._files(session)
        if not files:
            return {}
        digests = [_sha256_of(file) for file in files]
        checksum = digests[0] if len(digests) == 1 else _sha256("\n".join(digests))
        return {"source": self.files(session), "checksum": checksum}

    def files(self, session: str) -> str:
        """The files of a session between commas; empty if it is not read from files."""
        return ", ".join(map(str, self._files(session)))

    def _files(self, session: str) -> list[Path]:
        found = self._datasets[session]
        parts = found.values() if isinstance(found, dict) else [found]
        files = [Path(str(_place(dataset))) for dataset in parts]
        return files if all(file.is_file() for file in files) else []

    def __contains__(self, session: object) -> bool:
        return session in self._datasets

    def __iter__(self) -> Iterator[str]:
        return iter(self._datasets)

    def __len__(self) -> int:
        return len(self._datasets)

    # As a Mapping's, a comparison would read every session.
    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"Sessions({', '.join(self._datasets)})"


def _definitions(sessions: Any, each: Any) -> dict[str, dict[str, Any]]:
    """Session → its definition with the name in place."""
    if each is not None and not isinstance(each, dict):
        raise DatasetError(f"each of SessionsDataset is a definition (a mapping), got {each!r}")
    if not isinstance(sessions, list | tuple | dict) or not sessions:
        raise DatasetError(
            "sessions of SessionsDataset must list names, or say for each name what it is; got "
            f"{sessions!r}"
        )
    definitions: dict[str, dict[str, Any]] = {}
    for name in sessions:
        _check_name(name)
        if name in definitions:
            raise DatasetError(f"session {name} is there twice; remove one")
        own = sessions[name] if isinstance(sessions, dict) else None
        if own is not None and not isinstance(own, dict):
            raise DatasetError(f"session {name} must have a definition (a mapping), got {own!r}")
        merged = _merged(each or {}, own or {})
        if not merged:
            raise DatasetError(f"session {name} has no definition; give it one, or add each")
        definitions[name] = _with_name(merged, name)
    return definitions


def _check_name(name: Any) -> None:
    if not isinstance(name, str) or not name.strip():
        raise DatasetError(f"a session must have a text as name, got {name!r}; put it in quotes")
    if ".." in name or name.startswith(".") or set(name) & {*"/\\{}"} or not name.isprintable():
        raise DatasetError(
            f"a session's name becomes that of its folder, so it must not begin with a dot or hold "
            f"'..', a slash or braces; got {name!r}"
        )


def _merged(each: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """The template with own values in place; one of another type, or of parts, stands alone."""
    if "type" in own and own["type"] != each.get("type"):
        return copy.deepcopy(own)
    if (
        "type" in each
        and own
        and not own.keys() & each.keys()
        and all(map(_is_typed, own.values()))
    ):
        return copy.deepcopy(own)
    merge = _replaced if "type" in each else _merged  # a mapping of parts has no type
    merged = copy.deepcopy(each)
    for key, value in own.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = merge(merged[key], value) if both else copy.deepcopy(value)
    return merged


def _is_typed(definition: Any) -> bool:
    return isinstance(definition, dict) and "type" in definition


def _replaced(values: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Nested values with own ones in place."""
    replaced = dict(values)
    for key, value in own.items():
        both = isinstance(value, dict) and isinstance(replaced.get(key), dict)
        replaced[key] = _replaced(replaced[key], value) if both else copy.deepcopy(value)
    return replaced


def _with_name(definition: Any, name: str) -> Any:
    """The definition with the session's name wherever its place is held."""
    if isinstance(definition, dict):
        return {key: _with_name(value, name) for key, value in definition.items()}
    if isinstance(definition, list):
        return [_with_name(value, name) for value in definition]
    return definition.replace(PLACE, name) if isinstance(definition, str) else definition


def _parts(name: str, definition: dict[str, Any]) -> AbstractDataset | Parts:
    """The dataset of a session, or of each of its parts."""
    if "type" in definition:
        return _dataset(name, definition)
    for part, found in definition.items():
        _check_name(part)
        if not _is_typed(found):
            raise DatasetError(
                f"session {name} has no type, and its {part} is not a definition with a type "
                "either; add type, e.g. cebra_kedro.io.RecordingDataset"
            )
    return {part: _dataset(f"{name} ({part})", found) for part, found in definition.items()}


def _dataset(name: str, definition: dict[str, Any]) -> AbstractDataset:
    try:
        return AbstractDataset.from_config(name, definition)
    except DatasetError as error:
        reason, kind = " ".join(str(error).split()), str(definition["type"])
        where = "" if kind in reason else f" (type: {kind}; correct it, or its options)"
        raise DatasetError(f"session {name}: {reason}{where}") from error


def _load(name: str, dataset: AbstractDataset) -> Any:
    try:
        return dataset.load()
    except DatasetError as error:
        raise DatasetError(f"session {name}: {error}") from error


def _of_session(datasets: Mapping[str, Any], session: str) -> Any:
    if session not in datasets:
        raise DatasetError(_no_session(datasets, session))
    return datasets[session]


def _no_session(datasets: Mapping[str, Any], session: str) -> str:
    return f"there is no session {session!r}; there are {', '.join(datasets)}"


def _can_tell(dataset: AbstractDataset) -> bool:
    """Whether a dataset knows if its file is there."""
    return type(dataset)._exists is not AbstractDataset._exists


def _sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _place(dataset: Any) -> Any:
    return getattr(dataset, "_filepath", None) or getattr(dataset, "_path", None) or dataset
