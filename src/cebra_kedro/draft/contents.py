"""Files of a lab → what they hold, each by the dataset class of its format."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote, urlsplit

from kedro.io.core import AbstractDataset, DatasetError

from cebra_kedro.draft.facts import facts
from cebra_kedro.draft.guess import has_neurons
from cebra_kedro.io.fetched_file import FetchedFile, is_url
from cebra_kedro.io.local_file_dataset import check_file

FORMATS: Mapping[str, str] = MappingProxyType(
    {
        ".npz": "NpzDataset",
        ".h5": "Hdf5Dataset",
        ".hdf5": "Hdf5Dataset",
        ".hdf": "Hdf5Dataset",
        ".mat": "MatDataset",
        ".nwb": "NwbDataset",
        ".csv": "TableDataset",
        ".tsv": "TableDataset",
        ".txt": "TableDataset",
        ".parquet": "TableDataset",
    }
)
"""Suffix → class of ``cebra_kedro.io``; Trodes exports, of many suffixes, begin with a header."""
_TRODES_HEADER = b"<Start settings>"


@dataclass(frozen=True, eq=False)
class Session:
    """What was recorded at one time.

    Attributes:
        name: of the session.
        files: part → its path or URL; one part called "" where a session is one file.
        content: name → array, or part → such a mapping.
    """

    name: str
    files: Mapping[str, str]
    content: Mapping[str, Any]


def read_sessions(files: Sequence[str], name: str) -> list[Session]:
    """Files of one format that hold the same names are sessions; others are parts of one session.

    Args:
        files: paths or URLs, one or several.
        name: of a session of several parts.

    Raises:
        DatasetError: a file does not exist, or is of no format that is known.
    """
    contents = {file: dataset(file).load() for file in files}
    names = {frozenset(content) for content in contents.values()}
    if len(files) == 1 or (len(names) == 1 and len({path_of(file).suffix for file in files}) == 1):
        named = _names_of_sessions(files)
        return [Session(named[file], {"": file}, contents[file]) for file in contents]
    with_neurons = [file for file, content in contents.items() if has_neurons(facts(content))]
    if len(with_neurons) > 1:
        raise DatasetError(_different(with_neurons, contents))
    parts = {plain_name(path_of(file).stem): file for file in files}
    if len(parts) < len(files):
        raise DatasetError(
            f"{', '.join(path_of(file).name for file in files)} differ in what they hold, so they "
            "should be parts of one session, but two have the same name; rename one"
        )
    content = {part: contents[file] for part, file in parts.items()}
    return [Session(name, parts, content)]


def _names_of_sessions(files: Sequence[str]) -> dict[str, str]:
    """File → its name, after its folder where another file has the same.

    Raises:
        DatasetError: the folders have the same name, too.
    """
    paths = {file: path_of(file) for file in files}
    names = {file: plain_name(path.stem) for file, path in paths.items()}
    if len(set(names.values())) < len(names):
        names = {f: plain_name(f"{path.parent.name}_{path.stem}") for f, path in paths.items()}
    if len(set(names.values())) < len(names):
        raise DatasetError(
            f"{', '.join(files)} should be sessions, but two have the same name in folders of the "
            "same name; rename one, or make a link of another name to it (ln -s)"
        )
    return names


def _different(files: Sequence[str], contents: Mapping[str, Mapping[str, Any]]) -> str:
    """Files of several sessions that do not hold the same names."""
    first, other = files[0], next(f for f in files[1:])
    lacks = ", ".join(sorted(contents[first].keys() - contents[other].keys())[:5])
    has = ", ".join(sorted(contents[other].keys() - contents[first].keys())[:5])
    return (
        f"{', '.join(path_of(file).name for file in files)} have neurons each, so they should be "
        f"sessions, but do not hold the same names: {path_of(other).name} lacks {lacks or 'none'} "
        f"and has {has or 'none'}; give them the same names, or draft each with a --name of its own"
    )


def dataset(file: str) -> AbstractDataset:
    """The dataset of a file, by its suffix.

    Raises:
        DatasetError: there is none.
    """
    return AbstractDataset.from_config(path_of(file).name, definition(file))


def path_of(file: str) -> PurePosixPath:
    """The path of a file, or that in its URL."""
    return PurePosixPath(unquote(urlsplit(file).path) if is_url(file) else Path(file).as_posix())


def definition(file: str) -> dict[str, str]:
    """What a catalog says of a file.

    Raises:
        DatasetError: there is no such file, or no class for it.
    """
    if not is_url(file):
        check_file(Path(file), "correct the path")
    return {"type": f"cebra_kedro.io.{_class_of(file)}", "filepath": str(file)}


def plain_name(text: str) -> str:
    """A name that can be a key in YAML and a folder."""
    name = re.sub(r"\W+", "_", text).strip("_").lower()
    return name if name and not name[0].isdigit() else f"s{name}"


def _class_of(file: str) -> str:
    place = FetchedFile(file, None, None, "new-recording")
    place.fetch_if_missing()
    with place.path.open("rb") as opened:
        if opened.read(len(_TRODES_HEADER)) == _TRODES_HEADER:
            return "TrodesDataset"
    suffix = path_of(file).suffix.lower()
    if suffix in FORMATS:
        return FORMATS[suffix]
    raise DatasetError(
        f"{file} is of no format that is known ({', '.join(FORMATS)}, Trodes exports); export it "
        "as one of these"
    )
