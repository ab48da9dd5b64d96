"""A store: values in files under keys, named by an index and read one at a time.

Writing the files is the business of ``cells``; which folder is whose, that of ``io``.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cebra_kedro.atomic import atomic_path
from cebra_kedro.cells import Entry, Format

_SHOWN_KEYS = 20


class NoEntryError(KeyError):
    """A key that a store does not have: most often, an earlier stage ran for other sessions."""

    def __str__(self) -> str:
        """The message; a KeyError would show it quoted."""
        return str(self.args[0])


@dataclass(frozen=True, eq=False, repr=False)
class Store(Mapping[str, Any]):
    """Values by key, e.g. ``buddy/fold0_seed1``, in natural order (``fold2`` before ``fold10``).

    A value is read from its file whenever it is asked for, and not kept. Only paths are pickled.

    Attributes:
        format: how a value lies in its file.
        entries: key → the file that keeps its value.
    """

    format: Format
    entries: Mapping[str, Entry]

    def __post_init__(self) -> None:
        in_order = {key: self.entries[key] for key in sorted(self.entries, key=natural_order)}
        object.__setattr__(self, "entries", in_order)

    @staticmethod
    def union(stores: Mapping[str, Store]) -> Store:
        """One store of the same files, each key with the name of its store and a slash in front.

        Args:
            stores: name → store, at least one, all of one kind of value.

        Raises:
            ValueError: there is no store, their formats differ, or two keys become one.
        """
        formats = {type(store.format): store.format for store in stores.values()}
        if len(formats) != 1:
            kinds = ", ".join(sorted(kind.__name__ for kind in formats)) or "no store"
            raise ValueError(f"stores of one kind can be put together, got {kinds}")
        entries = {
            f"{name}/{key}": entry
            for name, store in stores.items()
            for key, entry in store.entries.items()
        }
        if len(entries) < sum(map(len, stores.values())):
            raise ValueError(
                f"stores called {', '.join(stores)} have keys that become the same; rename one"
            )
        return Store(next(iter(formats.values())), entries)

    def below(self, *parts: str) -> Store:
        """The keys that begin with these parts, without them; no key if there are none.

        Example:
            ``store.below("position", "buddy")["fold0_seed1"]`` is
            ``store["position/buddy/fold0_seed1"]``.
        """
        prefix = "/".join([*parts, ""])
        return Store(
            self.format,
            {
                key.removeprefix(prefix): entry
                for key, entry in self.entries.items()
                if key.startswith(prefix)
            },
        )

    def fingerprint(self, key: str) -> str | None:
        """The digest of what a value was computed from, if that is known."""
        return self._entry(key).fingerprint

    def about(self, key: str) -> dict[str, Any]:
        """Facts about a value, without reading it."""
        return dict(self._entry(key).about)

    def path(self, key: str) -> Path:
        """The file of a value."""
        return self._entry(key).file

    def write_index(self, path: Path) -> None:
        """Write which files count, atomically; :func:`read_index` reads it.

        Args:
            path: the index file; files are named relative to its folder.
        """
        content = {
            key: {
                "file": Path(os.path.relpath(entry.file, path.parent)).as_posix(),
                "fingerprint": entry.fingerprint,
                "about": dict(entry.about),
            }
            for key, entry in self.entries.items()
        }
        with atomic_path(path) as temporary:
            temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")

    def __getitem__(self, key: str) -> Any:
        entry = self._entry(key)
        if not entry.file.exists():
            raise FileNotFoundError(
                f"{entry.file} does not exist, but an index says that it keeps {key}; run the "
                "pipeline that writes it again"
            )
        # Without a fingerprint, nothing says whether the file is still that of the index.
        if entry.fingerprint is not None:
            found = _named(entry.file, self.format.fingerprint)
            if found != entry.fingerprint:
                raise ValueError(
                    f"{entry.file} was computed from other data or parameters than its index says, "
                    "as after an interrupted run; run the pipeline that writes it again"
                )
        return _named(entry.file, self.format.read)

    def __contains__(self, key: object) -> bool:
        return key in self.entries

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    # As a Mapping's, a comparison would read every file.
    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"Store({type(self.format).__name__}, {len(self)} keys: {self._shown_keys()})"

    def _entry(self, key: str) -> Entry:
        if key not in self.entries:
            raise NoEntryError(
                f"there is no {key!r} in this store; it has {self._shown_keys()}: run the stage "
                "that makes it first, or choose with --sessions among those that there are"
            )
        return self.entries[key]

    def _shown_keys(self) -> str:
        shown = ", ".join(list(self.entries)[:_SHOWN_KEYS]) or "none"
        return shown + (", …" if len(self) > _SHOWN_KEYS else "")


def _named(file: Path, read: Callable[[Path], Any]) -> Any:
    """What is read from a file; most readers do not say which is damaged."""
    try:
        return read(file)
    except MemoryError:
        raise
    except Exception as error:
        if str(file) in str(error):
            raise
        raise ValueError(
            f"{file} cannot be read ({type(error).__name__}: {error}); run the pipeline that "
            "writes it again"
        ) from error


def read_index(path: Path, format: Format) -> Store:
    """The store that an index file describes.

    Args:
        path: the file that :meth:`Store.write_index` wrote.
        format: how the values lie in their files.

    Raises:
        ValueError: the file is no index.
    """
    content = json.loads(path.read_text(encoding="utf-8"))
    try:
        entries = {
            key: Entry(
                Path(os.path.normpath(path.parent / found["file"])),
                found["fingerprint"],
                found["about"],
            )
            for key, found in content.items()
        }
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is not an index of files ({error!r})") from error
    return Store(format, entries)


def first_part(key: str) -> str:
    """What stands before the first slash of a key: usually the session."""
    return key.split("/", 1)[0]


def natural_order(key: str) -> tuple[object, ...]:
    """Sorts keys part by part, numbers by size: ``fold2_seed0`` before ``fold10_seed0``."""
    parts = [re.split(r"(\d+)", part) for part in key.split("/")]
    # every second piece is a number, so that like is compared with like
    pieces = [[int(p) if k % 2 else p for k, p in enumerate(part)] for part in parts]
    return (pieces, key)
