"""Read the result files behind the paper's figures without running anything they hold.

Two formats: HDF files in which pandas stored one table of Python objects, and CSV files of runs.
What the panels need from them is left to ``plots.paper``, where the files lie to ``io``.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from cebra_kedro.sources.pickled_frames import TABLE_NAMES, with_tables
from cebra_kedro.sources.published_pickle import (
    ChecksumStatus,
    DamagedPickleError,
    UnsafePickleError,
    loads_restricted,
)

_COPY_BYTES = 1 << 20


@dataclass(frozen=True, eq=False)
class ResultFile:
    """One published result file, or the fact that it is missing.

    Attributes:
        name: path below the publisher's data folder, e.g. ``results_v1/pca.csv``.
        path: where it lies, or belongs, on this machine.
        source: where it can be had.
        status: ``missing``, or how its checksum compares with the published one.
        checksum: git blob id of its bytes; empty if it is missing.
        content: nested dicts of an HDF file, the table of a CSV file; None if it is missing.
    """

    name: str
    path: Path
    source: str
    status: ChecksumStatus | Literal["missing"]
    checksum: str = ""
    content: Any = None


def git_blob_id(path: Path) -> str:
    """The name that git gives to a file's content: SHA-1 over ``blob <size>``, a zero byte and it.

    Args:
        path: an existing file.
    """
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(_COPY_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def read_results_hdf(path: Path) -> dict[str, dict[Any, Any]]:
    """Read a pandas "fixed" HDF file whose only table holds Python objects.

    pandas stores the cells as one pickle. It is opened by an unpickler that admits plain arrays
    and the tables of pandas 1, and refuses the rest by name before anything runs.

    Args:
        path: the ``.h5`` file, with the table under the key ``data``.

    Returns:
        Column → row → cell. Rows that a column does not use (float NaN) are left out. Names of
        rows are text or integers; cells are arrays, lists, dicts or tables.

    Raises:
        UnsafePickleError: the file asks for something that could run code.
        DamagedPickleError: the file is damaged or has another layout; says what is missing.
    """
    import h5py

    try:
        with h5py.File(path) as file:
            columns = _names(_node(file, "data/axis0"))
            rows = _names(_node(file, "data/axis1"))
            cells = _unpickled(_node(file, "data/block0_values"))
    except (UnsafePickleError, DamagedPickleError) as error:
        raise type(error)(f"{path}: {error}") from error
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise DamagedPickleError(
            f"{path} is not a readable HDF file ({type(error).__name__}: {error}); fetch it again"
        ) from error
    expected = (len(rows), len(columns))
    if not isinstance(cells, np.ndarray) or cells.shape != expected:
        came = getattr(cells, "shape", type(cells).__name__)
        raise DamagedPickleError(
            f"{path}: data/block0_values must hold an array of shape {expected} (rows, columns), "
            f"got {came}; fetch the file again"
        )
    return {
        column: {row: cell for row, cell in zip(rows, cells[:, i], strict=True) if _used(cell)}
        for i, column in enumerate(columns)
    }


def read_results_csv(path: Path) -> pd.DataFrame:
    """Read a published CSV file of runs, with or without the extra first line of ``results_v*``.

    In those files, line 1 lists the columns of hyper-parameters, and line 2 is the header, which
    begins with the same names.

    Args:
        path: the ``.csv`` file.

    Returns:
        One row per run; vectors such as ``[0.97 0.96 0.84]`` stay text; a nameless first column,
        the row number, is left out.

    Raises:
        ValueError: the file is no table.
    """
    with path.open(encoding="utf-8") as file:
        first, second = file.readline().strip(), file.readline().strip()
    is_index_line = bool(first) and second.startswith(f"{first},")
    try:
        table = pd.read_csv(path, skiprows=int(is_index_line), encoding="utf-8")
    except (ValueError, pd.errors.ParserError) as error:
        raise ValueError(f"{path} is not a readable table ({error}); fetch it again") from error
    return table.drop(columns=[name for name in table.columns if str(name).startswith("Unnamed")])


def _node(file: Any, name: str) -> Any:
    if name not in file:
        there = sorted(file["data"]) if "data" in file else sorted(file)
        raise DamagedPickleError(
            f"{name} is missing; there: {', '.join(there) or 'nothing'}. Expected a table that "
            "pandas stored in the fixed format under the key data"
        )
    return file[name]


def _names(node: Any) -> list[Any]:
    """Names of columns or rows; a mixture of text and numbers is stored as a pickle."""
    if _text(node.attrs.get("PSEUDOATOM")) == "object":
        return list(_unpickled(node))
    return [_text(name) for name in node[:].tolist()]


def _unpickled(node: Any) -> Any:
    if _text(node.attrs.get("PSEUDOATOM")) != "object" or node.shape != (1,):
        raise DamagedPickleError(
            f"{node.name} must hold one pickle of Python objects, got shape {node.shape}"
        )
    try:
        return with_tables(loads_restricted(bytes(node[0]), also=TABLE_NAMES))
    except (AttributeError, RecursionError) as error:
        raise DamagedPickleError(
            f"{node.name} holds a table that is not complete or that contains itself"
        ) from error


def _text(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value


def _used(cell: Any) -> bool:
    return not (isinstance(cell, float) and np.isnan(cell))
