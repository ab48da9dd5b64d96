"""Cells where no folder is shared: what they read is sent with them, what they write comes back."""

from __future__ import annotations

import hashlib
import io
import pickle
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from cebra_kedro.atomic import atomic_path
from cebra_kedro.cells.cell import Entry, files_of
from cebra_kedro.cells.engine import Outcome, Task
from cebra_kedro.cells.work import attempt, sendable


def packed(task: Task) -> tuple[bytes, dict[str, Path]]:
    """A pickled task, and the files that it may read: name → path.

    They are those of the stores in it; a name changes with the file.
    """
    buffer, files = io.BytesIO(), {}

    class Pickler(pickle.Pickler):
        def persistent_id(self, obj: Any) -> Any:
            if not isinstance(obj, Entry) or not obj.file.is_file():
                return None
            name = _name_of(obj.file)
            files[name] = obj.file
            return name, obj.fingerprint, dict(obj.about)

    Pickler(buffer, protocol=pickle.HIGHEST_PROTOCOL).dump(task)
    return buffer.getvalue(), files


def computed_away(
    content: bytes, files: Mapping[str, bytes], folder: Path
) -> tuple[Outcome, list[bytes]]:
    """Compute a packed task; its outcome, and the content of the files that it has written.

    Args:
        content: of :func:`packed`.
        files: name → content.
        folder: of this worker; files are kept in it, as other cells may read them too.
    """
    kept_here = folder / "files"

    class Unpickler(pickle.Unpickler):
        def persistent_load(self, pid: Any) -> Entry:
            name, fingerprint, about = pid
            return Entry(_written(kept_here, name, files[name]), fingerprint, about)

    task: Task = Unpickler(io.BytesIO(content)).load()
    own = Path(tempfile.mkdtemp(dir=folder))
    try:
        moved = replace(task, file=own / task.file.name)
        outcome = sendable(attempt(moved))
        written = files_of(moved.file, task.format) if outcome.entry is not None else []
        return outcome, [file.read_bytes() for file in written]
    finally:
        shutil.rmtree(own, ignore_errors=True)


def kept(outcome: Outcome, contents: Sequence[bytes], task: Task) -> Outcome:
    """Put in place what a worker has written; the outcome with the file's place here."""
    if outcome.entry is None:
        if outcome.error is None:  # the value is None, of which there is no file
            for file in files_of(task.file, task.format):
                file.unlink(missing_ok=True)
        return outcome
    # The first says that all is there, so that it comes last.
    files = files_of(task.file, task.format)
    for file, content in reversed(list(zip(files, contents, strict=True))):
        file.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(file) as temporary:
            temporary.write_bytes(content)
    return replace(outcome, entry=replace(outcome.entry, file=task.file))


def _name_of(file: Path) -> str:
    stat = file.stat()
    digest = hashlib.sha256(f"{file}|{stat.st_size}|{stat.st_mtime_ns}".encode()).hexdigest()[:32]
    return f"{digest}/{file.name}"


def _written(folder: Path, name: str, content: bytes) -> Path:
    """The file of a name, written once on each worker."""
    path = folder / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as temporary:
            temporary.write_bytes(content)
    return path
