"""Many values of one kind as one catalog entry: a folder of files and the index that names them.

How a value lies in its file is in ``formats``, how missing ones are computed in ``cells``.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from kedro.io.core import AbstractDataset, DatasetError
from kedro_datasets._typing import ImagePreview

from cebra_kedro.cells import (
    Cell,
    Entry,
    Pieces,
    Rounds,
    complete,
    files_of,
    n_finished,
    share_in_use,
)
from cebra_kedro.io.formats import format_of
from cebra_kedro.io.local_file_dataset import local_path
from cebra_kedro.store import Store, first_part, read_index

INDEX_NAME = "index.json"
Saved = Store | Pieces | Rounds | Mapping[str, Any]


class StoreDataset(AbstractDataset[Saved, Store]):
    """Keeps values under keys such as ``buddy/fold0_seed1``, one file each; loads them lazily.

    What is saved is one of

    - a mapping key → value or :class:`~cebra_kedro.cells.Cell`, or
      :class:`~cebra_kedro.cells.Pieces` that also say how many cells to compute at a time: cells
      whose files are there with the right fingerprint are not computed again, and each file is
      written as soon as its value is there, so that an interrupted run keeps what it has;
    - a :class:`~cebra_kedro.store.Store`, e.g. the union of others: its files stay where they are,
      and the index names no others.

    The index is written at the end. In it, what is saved takes the place of all older keys with the
    same first part, whose files are deleted; keys with other first parts stay, e.g. of sessions
    that a run leaves out. What is loaded is a Store of all keys in the index.

    Example:
        In ``catalog.yml``:

        .. code-block:: yaml

            "{experiment}.recordings":
              type: cebra_kedro.io.StoreDataset
              path: data/02_intermediate/{experiment}
              contents: recordings

    Args:
        path: the folder, on this machine.
        contents: ``recordings``, ``arrays``, ``models``, ``tables`` or ``figures`` (a figure may be
            None: there is no picture of this key; else the same figure lies beside it as ``.svg``).
        suffix: what follows a key in the name of its file; by default ``.h5``, ``.npz``, ``.pt``,
            ``.json``, ``.png``.
        index: name of the index file in the folder; entries that share a folder need one each.
        metadata: free facts for plugins such as kedro-viz.
    """

    def __init__(
        self,
        *,
        path: str | os.PathLike,
        contents: str,
        suffix: str | None = None,
        index: str | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        self._filepath = local_path(path, type(self).__name__)
        self._contents = contents
        self._format = format_of(contents, suffix)
        name = INDEX_NAME if index is None else index
        if not isinstance(name, str) or Path(name).name != name or not name.endswith(".json"):
            raise DatasetError(
                f"index of StoreDataset is the name of a .json file in its folder, got {index!r}"
            )
        self._index = self._filepath / name
        self.metadata = metadata
        if contents == "figures":  # kedro-viz asks for a preview wherever there is one
            self.preview = self._first_picture

    @property
    def index(self) -> Path:
        """The index file."""
        return self._index

    @property
    def contents(self) -> str:
        """The kind of value that is kept."""
        return self._contents

    def load(self) -> Store:
        """The values of all keys in the index, each read when it is asked for."""
        if self._filepath.is_file():
            raise DatasetError(
                f"{self._filepath} is a file, StoreDataset needs a folder; correct path"
            )
        if not self._exists():
            raise DatasetError(
                f"folder {self._filepath} has no {self._index.name}, so nothing in it is finished; "
                "run the pipeline that writes it (it goes on with the files it has)"
            )
        try:
            return read_index(self._index, self._format)
        except Exception as error:
            raise DatasetError(
                f"{self._index} is not a readable index ({type(error).__name__}: {error}); delete "
                "it and run the pipeline that writes it (it goes on with the files it has)"
            ) from error

    def save(self, data: Saved) -> None:
        """Compute and write what is missing, then the index.

        A process that computes a share of the cells only leaves the index to the one after it.
        """
        with _errors_of_cells():
            if share_in_use() is not None:
                self._completed(data)
                return
            before = self.load().entries if self._exists() else {}
            saved = self._entries_of(data) if isinstance(data, Store) else self._completed(data)
            keys = saved if isinstance(data, Rounds) else _keys(data)
            replaced = {first_part(key) for key in keys}
            others = {
                key: entry
                for key, entry in before.items()
                if not isinstance(data, Store) and first_part(key) not in replaced
            }
            entries = {**others, **saved}
            Store(self._format, entries).write_index(self._index)
            if not isinstance(data, Store):  # whose files may be those of another entry
                self._delete({key: e for key, e in before.items() if key not in entries})

    def n_finished(self, pieces: Pieces) -> int:
        """How many of these cells have their files here already."""
        return n_finished(pieces.cells, self._filepath, self._format)

    def _entries_of(self, store: Store) -> Mapping[str, Entry]:
        """The entries of a store, if it keeps what this entry does."""
        if type(store.format) is not type(self._format):
            raise DatasetError(
                f"this entry keeps {self._contents}, but got a store of another format "
                f"({type(store.format).__name__}); correct contents"
            )
        return store.entries

    def _completed(self, data: Saved) -> dict[str, Entry]:
        """Compute what is missing of a mapping or of pieces."""
        if isinstance(data, Rounds):
            return self._played(data)
        if isinstance(data, Pieces):
            pieces = data
        elif isinstance(data, Mapping):
            is_work = any(isinstance(value, Cell) for value in data.values())
            title = f"{self._filepath.parent.name}/{self._filepath.name}" if is_work else ""
            pieces = Pieces(data, title=title, bar=is_work, here=not is_work)
        else:
            raise DatasetError(
                f"StoreDataset saves a mapping of keys, Pieces or a Store, got "
                f"{type(data).__name__}; return one of them from the node"
            )
        cells = {key: _as_cell(value) for key, value in pieces.cells.items()}
        return complete(
            cells,
            self._filepath,
            self._format,
            processes=pieces.processes,
            title=pieces.title,
            bar=pieces.bar,
            here=pieces.here,
        )

    def _played(self, rounds: Rounds) -> dict[str, Entry]:
        """Compute round after round what is missing."""
        entries: dict[str, Entry] = {}

        def computed(cells: Mapping[str, Cell]) -> dict[str, Any]:
            found = complete(
                cells,
                self._filepath,
                self._format,
                processes=rounds.processes,
                title=rounds.title,
            )
            entries.update(found)
            return {key: self._format.read(entry.file) for key, entry in found.items()}

        rounds.play(computed)
        return entries

    def _delete(self, entries: Mapping[str, Entry]) -> None:
        """Delete the files of former keys that this entry has written itself."""
        for key, entry in entries.items():
            file = self._filepath / f"{key}{self._format.suffix}"
            is_below = file.resolve().is_relative_to(self._filepath.resolve())
            if not is_below or entry.file.resolve() != file.resolve():  # of a store saved before
                continue
            for one in files_of(file, self._format):
                one.unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # other files are in the folder
                for folder in file.relative_to(self._filepath).parents:
                    if folder != Path():
                        (self._filepath / folder).rmdir()

    def _first_picture(self) -> ImagePreview:
        """The first picture in base64, for kedro-viz."""
        from cebra_kedro.io.figure_dataset import picture_preview

        store = self.load()
        if not store:
            raise DatasetError(f"folder {self._filepath} has no picture yet")
        return picture_preview(store.path(next(iter(store))))

    def _exists(self) -> bool:
        return self._index.is_file()

    def _describe(self) -> dict[str, Any]:
        return {
            "path": self._filepath,
            "contents": self._contents,
            "suffix": self._format.suffix,
            "index": self._index.name,
        }


def _keys(data: Store | Pieces | Mapping[str, Any]) -> Collection[str]:
    if isinstance(data, Store):
        return data.entries.keys()
    return (data.cells if isinstance(data, Pieces) else data).keys()


def _as_cell(value: Any) -> Cell:
    return value if isinstance(value, Cell) else Cell(partial(_given, value))


def _given(value: Any, _: Path) -> Any:
    return value


@contextlib.contextmanager
def _errors_of_cells() -> Iterator[None]:
    """Raise errors of cells as DatasetError with their own words.

    Kedro would put "Failed while saving data to dataset" and the whole entry before them.
    """
    try:
        yield
    except DatasetError:
        raise
    except Exception as error:
        # the text of a KeyError is that of its argument, in quotes
        words = error.args[0] if isinstance(error, KeyError) and error.args else error
        raised = DatasetError(str(words) or type(error).__name__)
        for note in getattr(error, "__notes__", ()):
            raised.add_note(note)
        raise raised from error
