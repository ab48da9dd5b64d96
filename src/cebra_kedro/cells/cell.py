"""A cell, how its value lies in a file, and which file that is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True, eq=False)
class Cell:
    """One independent piece of work.

    Attributes:
        compute: path of the file that will keep the value → the value; the path is for what is kept
            beside it, e.g. a checkpoint. Picklable, as it may be called in another process.
        fingerprint: digest of everything that the value depends on; None: computed each time.
        clean: called with the path once the file is in place, to remove what was kept beside it.
    """

    compute: Callable[[Path], Any]
    fingerprint: str | None = None
    clean: Callable[[Path], None] | None = None


class Format(Protocol):
    """How a value lies in a file; picklable."""

    @property
    def suffix(self) -> str:
        """What follows a key in the name of its file, e.g. ``.npz`` or ``/recording.h5``."""

    @property
    def optional(self) -> bool:
        """Whether None is a value, of which there is no file."""

    def write(self, path: Path, value: Any, fingerprint: str | None) -> None:
        """Write a new file at ``path``, which is temporary."""

    def read(self, path: Path) -> Any:
        """The value in a file."""

    def fingerprint(self, path: Path) -> str | None:
        """The fingerprint in a file, None if it holds none; raises if it cannot be read."""

    def about(self, path: Path) -> dict[str, Any]:
        """JSON facts for the index of a store, read without the value; may be empty."""

    def beside(self) -> Mapping[str, Callable[[Path, Any], None]]:
        """Further files of the same value, for people: suffix → what writes one; may be empty.

        They are called after ``write``, with a temporary path and the value, and nothing is read
        from what they write.
        """


@dataclass(frozen=True, eq=False)
class Pieces:
    """Cells, and how a dataset computes them when it saves them.

    Attributes:
        cells: key → cell.
        processes: cells computed at the same time, each in a process of its own.
        title: what stands before the progress bar and in the log.
        bar: whether one progress bar counts the cells, where nobody listens (``progress``); False
            for trainings in this process, which each show their own.
        here: whether only this machine can compute them, as they read files that others may lack.
    """

    cells: Mapping[str, Cell]
    processes: int = 1
    title: str = ""
    bar: bool = True
    here: bool = False


@dataclass(frozen=True, eq=False)
class Rounds:
    """Cells of which the later ones depend on the values of the earlier ones.

    Attributes:
        play: is given a function that computes cells, key → cell, and returns their values; it
            calls it as often as it wants. Played again, it must ask for the same cells.
        processes: cells computed at the same time.
        title: as of :class:`Pieces`.
    """

    play: Callable[[Callable[[Mapping[str, Cell]], Mapping[str, Any]]], None]
    processes: int = 1
    title: str = ""


@dataclass(frozen=True)
class Entry:
    """A file that keeps the value of a cell.

    Attributes:
        file: where it lies.
        fingerprint: what the file says it was computed from, None if it does not say.
        about: JSON facts about the value.
    """

    file: Path
    fingerprint: str | None = None
    about: Mapping[str, Any] = field(default_factory=dict)


def file_of(key: str, folder: Path, format: Format) -> Path:
    """The file of a key.

    Raises:
        ValueError: the key does not name a file below the folder.
    """
    parts = key.split("/") if isinstance(key, str) else [""]
    if any(part.strip() == "" or part.startswith(".") or not _is_plain(part) for part in parts):
        raise ValueError(
            "a key names its file below the folder of all, so it must be words joined by '/', none "
            f"of them beginning with '.', as in buddy/fold0_seed1; got {key!r}"
        )
    return folder / f"{key}{format.suffix}"


def files_of(file: Path, format: Format) -> list[Path]:
    """The file of a value, and those of the same value beside it."""
    return [file, *(file.with_suffix(suffix) for suffix in format.beside())]


def _is_plain(part: str) -> bool:
    return part.isprintable() and "\\" not in part
