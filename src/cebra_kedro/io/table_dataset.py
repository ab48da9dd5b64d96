"""Tables of one's own, as text or Parquet, as named arrays; what they mean is ``sources``'.

How a text is taken apart is ``table_text``'s.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from kedro.io.core import DatasetError

from cebra_kedro.io.named_arrays_dataset import NamedArraysDataset, ReadBudget, listed
from cebra_kedro.io.table_text import read_text_table
from cebra_kedro.sources.named_arrays import Values

_TEXT_SUFFIXES = (".csv", ".tsv", ".txt")
_PARQUET_TEXTS = {"string", "large_string", "string_view"}
_SUFFIXES = (*_TEXT_SUFFIXES, ".parquet")


def _is_character(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 1


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_header(value: Any) -> bool:
    rows = value if isinstance(value, list) and value else [value]
    return value is None or all(map(_is_count, rows))


def _is_values(value: Any) -> bool:
    return all(
        isinstance(v, (str, int, float)) for v in (value if isinstance(value, list) else [value])
    )


_LOAD_ARGS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "sep": ("one character, or '\\s+' for spaces", lambda v: _is_character(v) or v == r"\s+"),
    "decimal": ("one character", _is_character),
    "thousands": ("one character", _is_character),
    "comment": ("one character", _is_character),
    "encoding": ("a name such as utf-8", lambda v: isinstance(v, str) and bool(v)),
    "skiprows": ("a number of lines", _is_count),
    "header": ("null, the number of a row from 0, or a list of them", _is_header),
    "na_values": ("a value or a list of them", _is_values),
    "index_col": ("the name or number of a column", lambda v: isinstance(v, str) or _is_count(v)),
}
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?")


class TableDataset(NamedArraysDataset):
    r"""Loads the columns of a table as arrays under their names; read-only.

    Text (``.csv``, ``.tsv``, ``.txt``): separator (tab, ``;``, ``,`` or spaces), encoding (UTF-8,
    UTF-16 with a mark, else latin-1) and a decimal comma are found out unless ``load_args`` says
    them. ``.parquet`` needs pyarrow. Numbers stay numbers, an empty field is NaN among them and ""
    in text. Date-times (``2024-01-31 12:00:00.5``, ISO 8601) become seconds since 1970, as UTC
    where they name no zone, so that columns and files stay on one clock; other dates and times
    stay text. Several header rows give names such as ``nose/x``.

    Example:
        In ``catalog.yml``:

        .. code-block:: yaml

            rat7.raw:
              type: cebra_kedro.io.TableDataset
              filepath: data/01_raw/rat7.csv
              arrays:
                neural: "unit_*"
                position: [x, y]
                time: Time (s)
              load_args: {skiprows: 2}
              metadata:
                kedro-viz: {layer: raw}

    Args:
        filepath: the file, or its URL.
        arrays: own name → a column, or a list of columns or a pattern with ``*``, which become a
            matrix (row, column), ``unit_2`` before ``unit_10``. None reads each column.
        load_args: of text: ``sep``, ``decimal``, ``thousands``, ``comment``, ``encoding``,
            ``skiprows``, ``header`` (null if there is none: columns are ``column_0``, …; a list of
            rows, from 0, if names fill several), ``na_values`` and ``index_col``, a column that is
            left out.
        url: where the file is fetched from if it is not at ``filepath``.
        sha256: digest that the file must have.
        metadata: free facts for plugins such as kedro-viz.
    """

    _format_name = "table"

    def __init__(
        self,
        *,
        filepath: str | os.PathLike,
        arrays: Mapping[str, str | Sequence[str]] | None = None,
        load_args: Mapping[str, Any] | None = None,
        url: str | None = None,
        sha256: str | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(filepath=filepath, url=url, sha256=sha256, metadata=metadata)
        self._columns = _checked_arrays(arrays)
        self._load_args = _checked_load_args(load_args)
        suffix = self._filepath.suffix.lower()
        if suffix not in _SUFFIXES:
            raise DatasetError(
                f"filepath of TableDataset must end in {', '.join(_SUFFIXES)}, got "
                f"{self._filepath.name}; unpack or rename the file, or correct type"
            )
        if suffix not in _TEXT_SUFFIXES and self._load_args:
            raise DatasetError("load_args of TableDataset are for text; leave them out for Parquet")

    def _read(self, path: Path) -> dict[str, Values]:
        budget = ReadBudget(path)
        if path.suffix.lower() in _TEXT_SUFFIXES:
            table = self._read_text(path)
        else:
            table = _read_parquet(path, self._chosen, budget)
        columns = {str(name): _plain(table[name], str(name), budget) for name in table}
        if self._columns is None:
            return columns
        return {name: self._own(name, what, columns) for name, what in self._columns.items()}

    def _read_text(self, path: Path) -> pd.DataFrame:
        try:
            return read_text_table(path, self._load_args, self._chosen)
        except UnicodeError as error:
            raise DatasetError(
                f"{path} is in another encoding ({error}); correct load_args: encoding, or leave "
                "it out"
            ) from error

    def _own(self, name: str, what: str | list[str], columns: Mapping[str, Values]) -> Values:
        if isinstance(what, str) and what in columns:
            return columns[what]
        return _matrix(columns, self._matching(name, what, [*columns]), name, self._filepath)

    def _chosen(self, names: list[str]) -> list[str]:
        """Columns that are read, in the order of the file."""
        left_out = self._load_args.get("index_col")
        if left_out is not None:
            name = (
                names[left_out] if isinstance(left_out, int) and left_out < len(names) else left_out
            )
            if name not in names:
                raise self._no_column("load_args: index_col", str(left_out), names)
            names = [other for other in names if other != name]
        if self._columns is None:
            return names
        wanted = {
            column
            for name, what in self._columns.items()
            for column in self._matching(name, what, names)
        }
        return [name for name in names if name in wanted]

    def _matching(self, name: str, what: str | list[str], names: list[str]) -> list[str]:
        """Columns that an entry of ``arrays`` names; a pattern in natural order."""
        if isinstance(what, str) and "*" in what and what not in names:
            pattern = re.compile(".*".join(map(re.escape, re.split(r"\*+", what))), re.DOTALL)
            if found := sorted(filter(pattern.fullmatch, names), key=_natural):
                return found
            raise self._no_column(f"arrays: {name}", what, names)
        there, columns = {*names}, [what] if isinstance(what, str) else what
        if absent := [column for column in columns if column not in there]:
            raise self._no_column(f"arrays: {name}", listed(absent), names)
        return columns

    def _no_column(self, where: str, what: str, names: list[str]) -> DatasetError:
        return DatasetError(
            f"{self._filepath}: {where}: there is no column {what}; there are {listed(names)}. "
            "Correct the name, or load_args: sep and header"
        )

    def _describe(self) -> dict[str, Any]:
        return {
            "filepath": self._filepath,
            "arrays": self._columns,
            "load_args": self._load_args,
        }


def _checked_arrays(arrays: Any) -> dict[str, str | list[str]] | None:
    if arrays is None:
        return None
    if isinstance(arrays, Mapping) and arrays:
        lists = [[what] if isinstance(what, str) else what for what in arrays.values()]
        if all(isinstance(name, str) and name for name in arrays) and all(
            isinstance(columns, list) and columns and all(isinstance(c, str) and c for c in columns)
            for columns in lists
        ):
            return dict(arrays)
    raise DatasetError(
        "arrays of TableDataset must map own names to a column, a list of columns or a pattern, "
        f"e.g. {{neural: 'unit_*', position: [x, y]}}, got {arrays!r}; leave it out to read all"
    )


def _checked_load_args(load_args: Any) -> dict[str, Any]:
    given = dict(load_args or {})
    if unknown := given.keys() - _LOAD_ARGS.keys():
        raise DatasetError(
            f"load_args of TableDataset takes {', '.join(_LOAD_ARGS)}, got "
            f"{', '.join(map(str, unknown))}; leave it out"
        )
    for name, value in given.items():
        expected, is_valid = _LOAD_ARGS[name]
        if not is_valid(value):
            raise DatasetError(
                f"load_args: {name} of TableDataset must be {expected}, got {value!r}; correct it"
            )
    return given


def _read_parquet(
    path: Path, choose: Callable[[list[str]], list[str]], budget: ReadBudget
) -> pd.DataFrame:
    try:
        parquet = import_module("pyarrow.parquet")
    except ImportError as error:
        raise DatasetError(
            f"{path} is Parquet, which is read with pyarrow; pip install pyarrow, or save the "
            "table as .csv"
        ) from error
    with path.open("rb") as stream:
        schema = parquet.read_schema(stream)
        names = list(schema.names)
        if len({*names}) < len(names):
            raise DatasetError(f"{path}: two columns have one name among {listed(names)}; rename")
        chosen = choose(names)
        texts = [name for name in chosen if str(schema.field(name).type) in _PARQUET_TEXTS]
        # A text that is stored once stays one however often it comes.
        file = parquet.ParquetFile(stream, read_dictionary=texts)
        budget.spend("the table", _parquet_bytes(file.metadata, {*chosen}))
        # What pandas notes in a file says which columns are an index; here, all are columns.
        return file.read(columns=chosen).to_pandas(ignore_metadata=True)[chosen]


def _parquet_bytes(metadata: Any, chosen: set[str]) -> int:
    """At least what the columns become: numbers of 8 bytes, or the content of their pages."""
    groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
    chunks = [group.column(i) for group in groups for i in range(group.num_columns)]
    return sum(
        max(8 * chunk.num_values, chunk.total_uncompressed_size)
        for chunk in chunks
        if chunk.path_in_schema.split(".")[0] in chosen
    )


def _plain(column: pd.Series, name: str, budget: ReadBudget) -> Values:
    """A column as numbers, true/false, text or, for sequences, a list of arrays."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return _seconds(column)
    if pd.api.types.is_timedelta64_dtype(column):
        return _float(column.to_numpy("timedelta64[ns]"), 1e9)
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_complex_dtype(column):
        return column.to_numpy()
    values = _objects(column)
    if values and all(isinstance(v, np.ndarray) and v.dtype.kind in "biuf" for v in values):
        return values
    kinds = {
        type(v).__name__ for v in values if not (isinstance(v, (str, bool)) or pd.isna(v) is True)
    }
    if kinds:
        raise DatasetError(
            f"{budget.path}: column {name} holds {listed(sorted(kinds))}, not numbers, true/false "
            "or text; save it as such, or name other columns in arrays"
        )
    texts = ["" if pd.isna(value) else str(value) for value in values]
    if any(texts) and all(not text or _DATE_TIME.fullmatch(text) for text in texts):
        return _seconds(pd.to_datetime(column.astype(object), format="ISO8601", utc=True))
    budget.spend(name, 4 * len(texts) * max(map(len, texts), default=0))
    return np.array(texts, dtype="U" if texts else "U1")


def _objects(column: pd.Series) -> list[Any]:
    """Values; those of categories are shared, where pandas would copy each."""
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return column.tolist()
    categories = column.cat.categories.tolist()
    return [categories[code] if code >= 0 else None for code in column.cat.codes]


def _seconds(column: pd.Series) -> np.ndarray:
    """Seconds since 1970 (UTC), of which a float64 keeps no more than microseconds."""
    if column.dt.tz is not None:
        column = column.dt.tz_convert("UTC").dt.tz_localize(None)
    return _float(column.to_numpy("datetime64[us]"), 1e6)


def _float(times: np.ndarray, per_second: float) -> np.ndarray:
    return np.where(np.isnat(times), np.nan, times.astype(np.int64) / per_second)


def _matrix(
    columns: Mapping[str, Values], names: list[str], own_name: str, path: Path
) -> np.ndarray:
    """Columns side by side (row, column)."""
    arrays = [columns[name] for name in names]
    kinds = {
        name: "sequences"
        if isinstance(array, list)
        else "text"
        if array.dtype.kind == "U"
        else "numbers"
        for name, array in zip(names, arrays, strict=True)
    }
    if len({*kinds.values()}) > 1 or "sequences" in kinds.values():
        raise DatasetError(
            f"{path}: arrays: {own_name} wants columns of one kind for a matrix, got "
            f"{listed([f'{name} ({kind})' for name, kind in kinds.items()])}. Name fewer columns"
        )
    return np.column_stack(arrays)


def _natural(name: str) -> list[tuple[int, str]]:
    """A key that puts unit_2 before unit_10."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", name)]
