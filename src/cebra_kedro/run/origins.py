"""Which results a node has written, and from what: entries of the catalog as provenance sees them.

What is known of each place is kept in ``provenance``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd
from kedro.io import CatalogProtocol
from kedro.pipeline.node import Node

from cebra_kedro.cells import Pieces
from cebra_kedro.io import StoreDataset
from cebra_kedro.run.provenance import Provenance
from cebra_kedro.store import Store

_PARTS_OF_ENCODER = 2
"""Dots in ``hippocampus.position.models``."""


class Origins:
    """Notes what nodes write, session by session.

    Args:
        catalog: entries of the run.
        provenance: what is known of results.
        sessions: experiment → its sessions.
        reporting: the reporting folder.
        chosen: experiment → the sessions that the run works on; those of others are all.
    """

    def __init__(
        self,
        catalog: CatalogProtocol,
        provenance: Provenance,
        sessions: Mapping[str, Collection[str]],
        reporting: Path,
        chosen: Mapping[str, Collection[str]] = MappingProxyType({}),
    ) -> None:
        self._catalog, self._provenance = catalog, provenance
        self._sessions, self._reporting = sessions, reporting.resolve()
        self._chosen = chosen

    def files(self, name: str) -> list[Path]:
        """The file of an entry, or the index of a store; nothing for what is not on the disk."""
        dataset: Any = self._catalog.get(name)
        if isinstance(dataset, StoreDataset):
            return [dataset.index.resolve()]
        path = getattr(dataset, "_filepath", None) or getattr(dataset, "_path", None)
        return [] if path is None else [Path(path).resolve()]

    def results(self, name: str, data: Any) -> list[Path]:
        """What an entry has in the reporting folder, relative to it."""
        dataset: Any = self._catalog.get(name)
        if isinstance(dataset, StoreDataset):
            store = dataset.load()
            files = [store.path(key).resolve() for key in _keys(data) if key in store]
        else:
            files = self.files(name)
        inside = [file for file in files if file.is_relative_to(self._reporting)]
        return [file.relative_to(self._reporting) for file in inside]

    def models(self, name: str, data: Any) -> dict[str, Path]:
        """The encoders that an entry was given: key with suffix → file.

        Nothing for entries of other kinds, and for that of all encoders, whose files are others'.
        """
        dataset: Any = self._catalog.get(name)
        is_of_all = name.count(".") < _PARTS_OF_ENCODER
        if is_of_all or not isinstance(dataset, StoreDataset) or dataset.contents != "models":
            return {}
        store = dataset.load()
        suffix = store.format.suffix
        return {f"{key}{suffix}": store.path(key) for key in _keys(data) if key in store}

    def runs(self) -> set[str]:
        """The runs that results are of."""
        return self._provenance.runs()

    def note_recordings(self, name: str, store: Store) -> dict[str, dict[str, Any]]:
        """Note what recordings say of themselves; returns it by key."""
        facts = {key: store.about(key) for key in store}
        (index,) = self.files(name)
        of_session: dict[str, dict[str, dict[str, Any]]] = {}
        for key, about in facts.items():
            of_session.setdefault(self._session(name, key), {})[key] = about
        places = {
            self._provenance.place(index, session): {"dataset": name} | _together(found)
            for session, found in of_session.items()
        }
        self._provenance.note_recordings(places)
        return facts

    def set_aside(self, names: Iterable[str]) -> None:
        """Forget what is known of outputs that are about to be written, of the run's sessions."""
        self._provenance.set_aside(place for name in names for place in self._places_of(name))

    def give_back_unwritten(self, is_older: Callable[[Path], bool]) -> None:
        """Know again of what the run has not written after all.

        Args:
            is_older: whether a file is older than the run.
        """
        places = self._provenance.set_aside_places()
        self._provenance.give_back([place for place, file in places.items() if is_older(file)])

    def note_written(self, name: str, data: Any, node: Node) -> None:
        """Note an output of a node, with what its inputs are made of."""
        if not self.files(name):
            return
        dataset: Any = self._catalog.get(name)
        is_raw = isinstance(dataset, StoreDataset) and dataset.contents == "recordings"
        known = self._known_of(node.inputs)
        written = {
            place: _sources(known, session) for place, session in self._places(name, data).items()
        }
        self._provenance.note_written(written, is_raw=is_raw)
        if isinstance(data, pd.DataFrame) and "subject" in data:
            self._note_rows(name, data, node)
        self._provenance.give_back(self._places_of(name))

    def _note_rows(self, name: str, table: pd.DataFrame, node: Node) -> None:
        """The rows of a session are of the run that decoded it."""
        (file,) = self.files(name)
        predictions = [entry for entry in node.inputs if entry.endswith(".predictions")]
        known = self._known_of(predictions or node.inputs)
        for session in map(str, table["subject"].unique()):
            place = self._provenance.place(file, session)
            sources = _sources(known, session)
            self._provenance.note_written({place: sources})
            of_session = [source for source in sources if source.endswith(f"#{session}")]
            if len(of_session) == 1:
                self._provenance.keep_run(place, of_session[0])

    def _places_of(self, name: str) -> list[str]:
        """The places of an output that were known before it is written, of the run's sessions."""
        if not self.files(name):
            return []
        place = self._provenance.place(self.files(name)[0])
        places = [place, *self._provenance.known_places(f"{place}#"), *self._known_places(name)]
        experiment = name.partition(".")[0]
        known = self._sessions.get(experiment, ())
        left_out = set(known) - set(self._chosen.get(experiment, known))
        return [place for place in dict.fromkeys(places) if _session_of(place) not in left_out]

    def _places(self, name: str, data: Any) -> dict[str, str]:
        """Place → session, or nothing where it is of several."""
        (file,) = self.files(name)
        dataset: Any = self._catalog.get(name)
        if not isinstance(dataset, StoreDataset):
            return {self._provenance.place(file): ""}
        if dataset.contents == "figures":
            store = dataset.load()
            return {
                self._provenance.place(store.path(key).resolve()): self._session(name, key)
                for key in _keys(data)
                if key in store
            }
        sessions = dict.fromkeys(self._session(name, key) for key in _keys(data))
        return {self._provenance.place(file, session or "all"): session for session in sessions}

    def _known_of(self, inputs: Iterable[str]) -> list[list[str]]:
        """The places of each input that is not a parameter."""
        return [self._known_places(name) for name in inputs if not name.startswith("params:")]

    def _known_places(self, name: str) -> list[str]:
        """The parts of an entry of which something is known, else the entry."""
        if not self.files(name):
            return []
        dataset: Any = self._catalog.get(name)
        place = self._provenance.place(self.files(name)[0])
        if isinstance(dataset, StoreDataset) and dataset.exists():
            store = dataset.load()
            if not store:
                return []  # nothing comes from it: the run has written no key
            if dataset.contents == "figures":
                return [self._provenance.place(store.path(key).resolve()) for key in store]
        return self._provenance.known_places(f"{place}#") or [place]

    def _session(self, name: str, key: str) -> str:
        """The session that a key is about; nothing where it is about several."""
        known = self._sessions.get(name.partition(".")[0], ())
        first, *rest = key.split("/")
        found = next((part for part in (first, *rest[:1]) if part in known), "")
        return found or (first if "_to_" in first else "")


def _session_of(place: str) -> str:
    """Of a place with ``#<session>``, or of a picture in the folder of a session."""
    return place.partition("#")[2] or Path(place).parent.name


def _together(facts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What holds for a session, of one recording or several."""
    *_, last = facts.values()
    if len(facts) == 1:
        return dict(last)
    return dict(last) | {
        "n_neurons": sum(about["n_neurons"] or 0 for about in facts.values()),
        "suspicions": [
            f"{key.partition('/')[2]}: {text}"
            for key, about in facts.items()
            for text in about.get("suspicions", ())
        ],
    }


def _sources(known: Iterable[list[str]], session: str) -> list[str]:
    """Places that a result of a session is made from: of each input those of it, else all."""
    sources = []
    for places in known:
        sources.extend([p for p in places if p.endswith(f"#{session}")] or places)
    return sources


def _keys(data: Any) -> Collection[str]:
    if isinstance(data, Pieces):
        return data.cells.keys()
    return data.keys() if isinstance(data, Mapping) else ()
