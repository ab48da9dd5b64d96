"""Take parts out of the contents of published files; what is wrong or missing is named.

``Files`` maps the published name of a file (``Figure1.h5``) to its content: nested dicts of an
HDF file, or the table of a CSV file. Reading files is left to ``sources.published_results``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

Files = Mapping[str, Any]


def pick(files: Files, name: str, *path: Any) -> Any:
    """What lies at a path in a file's nested dicts.

    Args:
        files: published name → content.
        name: published name of the file.
        path: keys from the outside in.

    Raises:
        ValueError: a key is missing; names it, and what there is.
    """
    if name not in files:
        raise ValueError(f"{name} is needed for this panel, got only {_names(files)}")
    found = files[name]
    for depth, key in enumerate(path):
        where = "/".join(map(str, path[: depth + 1]))
        if not isinstance(found, Mapping):
            raise ValueError(
                f"{name}: expected keys such as {where}, but {'/'.join(map(str, path[:depth]))} "
                f"is a {type(found).__name__}; use the published file"
            )
        if key not in found:
            raise ValueError(
                f"{name}: key {where} is missing, there is {_names(found)}; use the published file"
            )
        found = found[key]
    return found


def array(files: Files, name: str, *path: Any, columns: int | None = None) -> np.ndarray:
    """Numbers at a path as a float array: (n,), or (n, columns or more) if ``columns`` is given.

    Raises:
        ValueError: a key is missing, or there is no such array.
    """
    return as_array(pick(files, name, *path), f"{name}: {'/'.join(map(str, path))}", columns)


def as_array(value: Any, what: str, columns: int | None = None) -> np.ndarray:
    """A non-empty float array (n,), or (n, columns or more) if ``columns`` is given.

    Raises:
        ValueError: says ``what`` is something else.
    """
    try:
        values = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"{what} must be an array of numbers, got {value!r:.80}") from None
    expected = "(n,)" if columns is None else f"(n, {columns} or more)"
    if columns is None and values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    fits = values.ndim == 1 if columns is None else values.ndim == 2 and values.shape[1] >= columns
    if not fits or not len(values):
        raise ValueError(f"{what} must be an array {expected}, got shape {values.shape}")
    return values


def same_length(what: str, **arrays: np.ndarray) -> None:
    """Raise unless all arrays have the same count of rows."""
    lengths = {name: len(values) for name, values in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"{what} must have one length, got {lengths}; use the published file")


def columns_of(files: Files, name: str, columns: Sequence[str]) -> pd.DataFrame:
    """The table of a CSV file, which must have these columns.

    Raises:
        ValueError: names the columns that are missing.
    """
    return with_columns(pick(files, name), name, columns)


def with_columns(table: Any, what: str, columns: Sequence[str]) -> pd.DataFrame:
    """A table, which must have these columns.

    Raises:
        ValueError: names the columns that are missing.
    """
    if not isinstance(table, pd.DataFrame):
        raise ValueError(f"{what} must be a table, got a {type(table).__name__}")
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise ValueError(
            f"{what}: column {', '.join(missing)} is missing, there is {_names(table.columns)}"
        )
    return table


def _names(names: Iterable[Any]) -> str:
    return ", ".join(map(str, list(names)[:20])) or "nothing"
