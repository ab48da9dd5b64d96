"""Text tables as pandas columns: what is not said (encoding, separator, decimals) is found out.

Which columns are read and what arrays become of them is ``table_dataset``'s.
"""

from __future__ import annotations

import codecs
import csv
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from types import MappingProxyType
from typing import Any, TextIO

import pandas as pd
from kedro.io.core import DatasetError

from cebra_kedro.io.named_arrays_dataset import listed
from cebra_kedro.io.table_numbers import (
    check_words,
    has_decimal_commas,
    is_number,
    words_for_missing,
)

logger = logging.getLogger(__name__)

_SEPARATORS = ("\t", ";", ",")
_SPACES = r"\s+"
_LOOKED_AT = 50  # lines, for the separator
_BLOCK_BYTES = 2**20
_MOST_COLUMNS = 20_000  # pandas takes about 6 kB for each, even if it is one number


@dataclass(frozen=True)
class _Layout:
    """What a file says by itself; a column without a name is called ""."""

    encoding: str
    sep: str
    header: int | None
    names: list[str]


def read_text_table(
    path: Path, options: Mapping[str, Any], choose: Callable[[list[str]], list[str]]
) -> pd.DataFrame:
    """The chosen columns of a text table.

    Args:
        path: the file.
        options: as the ``load_args`` of ``TableDataset``.
        choose: names that there are → those that are read.

    Raises:
        DatasetError: rows differ in length, names are missing or doubled, or a column holds
            numbers but for a few words.
    """
    layout = _layout(path, options)
    _check_names(layout, path)
    _check_width(len(layout.names), path)
    n_columns, names = len(layout.names), list(layout.names)
    if not names[0] and "index" not in names:
        names[0] = "index"  # as pandas writes rows
    _check_rows(path, layout, n_columns, options)
    unnamed = [i for i in range(n_columns) if not names[i]]
    chosen = choose([name for name in names if name])
    filled = [name or f"\0{i}" for i, name in enumerate(names)]
    read = {*chosen, *(filled[i] for i in unnamed)}
    table = _parse(path, layout, filled, read, options)
    _check_unnamed(table, unnamed, path)
    table = table[chosen]
    if not len(table):
        raise DatasetError(f"{path} has no rows below its header; correct filepath")
    found = dict(options)
    is_open = layout.sep != "," and not {"decimal", "thousands"} & options.keys()
    if is_open and has_decimal_commas(table, path):
        logger.info("%s: read with a decimal comma", path)
        found["decimal"] = ","
    missing = words_for_missing(table, found)
    if missing or found != options:
        table = _parse(path, layout, filled, {*chosen}, found, missing)[chosen]
    check_words(table, found, path)
    return table


def _layout(path: Path, options: Mapping[str, Any]) -> _Layout:
    encoding = options.get("encoding") or _encoding(path)
    header = options.get("header", 0)
    rows = [] if header is None else header if isinstance(header, list) else [header]
    last = max(rows, default=0)
    with path.open(encoding=encoding) as file:
        lines = list(islice(_Lines(file, options), last + _LOOKED_AT))
    if len(lines) <= last:
        raise DatasetError(f"{path} has no row {last} for a header; correct filepath or load_args")
    _check_width(max(map(lines[0].count, _SEPARATORS)) + 1, path)
    try:
        sep = options.get("sep") or _separator(lines[min(rows, default=0) :])
    except csv.Error as error:
        raise _unclosed(path, f"1 to {len(lines)}", error) from error
    first = [_fields(line, iter(lines[i + 1 :]), sep) for i, line in enumerate(lines[: last + 1])]
    if header is None:
        names = [f"column_{i}" for i in range(len(first[0]))]
    else:
        if len({len(first[i]) for i in rows}) > 1:
            raise DatasetError(
                f"{path}: the header rows {rows} differ in length; correct load_args: header"
            )
        parts = zip(*(first[i] for i in rows), strict=True)
        names = ["/".join(filter(None, map(_one_line, column))) for column in parts]
    return _Layout(encoding, sep, None if header is None else last, names)


def _one_line(name: str) -> str:
    return " ".join(name.splitlines()).strip()


def _encoding(path: Path) -> str:
    """By the mark at the beginning; else UTF-8 if it can be that."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        block = file.read(_BLOCK_BYTES)
        if block.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
            return "utf-32"
        if block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        try:
            while block:
                if b"\0" in block:
                    raise DatasetError(
                        f"{path} is not a table as text: it has zero bytes; correct filepath or "
                        "type, or say load_args: {encoding: utf-16-le}"
                    )
                decoder.decode(block)
                block = file.read(_BLOCK_BYTES)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            logger.warning(
                "%s is not UTF-8 and is read as latin-1; else say load_args: encoding", path
            )
            return "latin-1"
    return "utf-8-sig"


class _Lines(Iterator[str]):
    """Lines that are neither blank nor a comment, and the number of the last one."""

    def __init__(self, file: TextIO, options: Mapping[str, Any]) -> None:
        self._lines = enumerate(file, 1)
        self._comment = options.get("comment")
        self.number = 0
        for _ in islice(self._lines, options.get("skiprows", 0)):
            pass

    def __next__(self) -> str:
        for number, line in self._lines:
            kept = line.split(self._comment, 1)[0] if self._comment else line
            self.number = number
            if kept.strip(" \r\n"):
                return kept.rstrip("\n")
        raise StopIteration


def _separator(lines: list[str]) -> str:
    """The first that all rows have equally often; else what the header has most of."""
    for sep in _SEPARATORS:
        if not any(sep in line for line in lines):
            continue  # all would be one field, and fields have a largest length
        rows = [len(row) for row in csv.reader(lines, delimiter=sep, skipinitialspace=True) if row]
        if rows[0] > 1 and len({*(rows[:-1] if len(lines) >= _LOOKED_AT else rows)}) == 1:
            return sep
    if not any(sep in lines[0] for sep in _SEPARATORS):
        n_words = {len(line.split()) for line in lines}
        return _SPACES if len(n_words) == 1 and n_words != {1} else ","
    return max(reversed(_SEPARATORS), key=lines[0].count)


def _fields(line: str, rest: Iterator[str], sep: str) -> list[str]:
    if sep == _SPACES and '"' not in line:
        return line.split()
    if sep == _SPACES:
        line, sep = line.strip().replace("\t", " "), " "
    return next(csv.reader(chain([line], rest), delimiter=sep, skipinitialspace=True))


def _check_names(layout: _Layout, path: Path) -> None:
    names = [name for name in layout.names if name]
    if not names:
        raise DatasetError(f"{path}: no column has a name; say load_args: {{header: null}}")
    if layout.header is not None and all(is_number(name) or is_number(name, ",") for name in names):
        raise DatasetError(
            f"{path}: all columns have numbers for names ({listed(names)}), so there is no header; "
            "say load_args: {header: null}, which calls them column_0, column_1, …"
        )
    if doubled := [name for name, count in Counter(names).items() if count > 1]:
        raise DatasetError(
            f"{path}: more than one column is called {listed(doubled)}; rename them, or, where "
            "names fill several rows, as DeepLabCut's, say load_args: {header: [1, 2]}"
        )


def _check_width(n_columns: int, path: Path) -> None:
    if n_columns > _MOST_COLUMNS:
        raise DatasetError(
            f"{path} has {n_columns} columns, more than {_MOST_COLUMNS}; save the matrix as .npz "
            "or .h5, or correct load_args: sep"
        )


def _check_rows(path: Path, layout: _Layout, n_columns: int, options: Mapping[str, Any]) -> None:
    """Each row must be as long as the header, which pandas does not ask for."""
    with path.open(encoding=layout.encoding) as file:
        lines = _Lines(file, options)
        for row, line in enumerate(lines):
            if layout.header is not None and row < layout.header:
                continue
            first = lines.number
            if layout.sep != _SPACES and '"' not in line:
                n_fields = line.count(layout.sep) + 1
            else:
                try:
                    n_fields = len(_fields(line, lines, layout.sep))
                except csv.Error as error:
                    raise _unclosed(path, f"{first}", error) from error
            if n_fields != n_columns:
                raise DatasetError(
                    f"{path}: line {lines.number} has {n_fields} fields, the first row "
                    f"{n_columns} (separator {layout.sep!r}); correct the line, or load_args: sep, "
                    "header, skiprows or comment"
                )


def _unclosed(path: Path, where: str, error: csv.Error) -> DatasetError:
    return DatasetError(
        f"{path}: line {where} cannot be taken apart ({error}), as where a quote is not closed; "
        "correct it, or load_args: sep"
    )


def _parse(
    path: Path,
    layout: _Layout,
    names: list[str],
    read: set[str],
    options: Mapping[str, Any],
    missing: Mapping[str, list[str]] = MappingProxyType({}),
) -> pd.DataFrame:
    """Columns to read; ``missing`` has further words for a missing number, by column."""
    keys = ("skiprows", "comment", "thousands", "decimal")
    given = options.get("na_values", [])
    given = given if isinstance(given, list) else [given]
    with path.open(encoding=layout.encoding) as file:
        table = pd.read_csv(
            file,
            sep=layout.sep,
            header=layout.header,
            names=names,
            usecols=[i for i, name in enumerate(names) if name in read],
            index_col=False,
            keep_default_na=False,
            na_values={name: ["", *given, *missing.get(name, [])] for name in names},
            skipinitialspace=True,
            low_memory=False,
            # pandas 3.1 reads floats exactly by itself and warns of being told to.
            float_precision=None if _is_exact() else "round_trip",
            **{key: options[key] for key in keys if key in options},
        )
    if numbers := [value for value in given if not isinstance(value, str)]:
        _mask(table, numbers)
    return table


def _mask(table: pd.DataFrame, missing: list[Any]) -> None:
    """Numbers that stand for none; pandas compares texts, so it leaves "-999 " and -999.0."""
    for name in table:
        column = table[name]
        if pd.api.types.is_bool_dtype(column) or not pd.api.types.is_numeric_dtype(column):
            continue
        if (is_missing := column.isin(missing)).any():
            table[name] = column.mask(is_missing)


def _is_exact() -> bool:
    return tuple(int(part) for part in pd.__version__.split(".")[:2]) >= (3, 1)


def _check_unnamed(table: pd.DataFrame, unnamed: list[int], path: Path) -> None:
    """Columns without a name are but separators at the ends of rows."""
    for i in unnamed:
        if table[f"\0{i}"].notna().any():
            raise DatasetError(
                f"{path}: column {i + 1} has values but no name; name it in the file, or say "
                "load_args: {header: null}"
            )
