"""What MATLAB variables become as named arrays, whatever version of the format they are from.

The formats are read by ``mat5_file`` and ``mat73_file``; both give the values below.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from cebra_kedro.io.named_arrays_dataset import ReadBudget
from cebra_kedro.sources.named_arrays import Values

logger = logging.getLogger(__name__)

MAX_DEPTH = 60
"""How deep cells and structs may lie in each other."""


@dataclass(frozen=True, eq=False)
class Cell:
    """A cell array.

    Attributes:
        shape: as MATLAB shows it.
        items: column after column, as MATLAB numbers them.
    """

    shape: tuple[int, ...]
    items: Sequence[MatlabValue]


@dataclass(frozen=True, eq=False)
class Struct:
    """A struct array.

    Attributes:
        shape: as MATLAB shows it.
        fields: field → its value in each element, column after column.
    """

    shape: tuple[int, ...]
    fields: Mapping[str, Sequence[MatlabValue]]

    def elements(self) -> list[Struct]:
        """Each element as a struct of its own."""
        n = int(np.prod(self.shape))
        return [
            Struct((1, 1), {name: values[i : i + 1] for name, values in self.fields.items()})
            for i in range(n)
        ]


@dataclass(frozen=True)
class Unreadable:
    """What has no plain form.

    Attributes:
        kind: e.g. ``function handle``.
    """

    kind: str


MatlabValue = np.ndarray | Cell | Struct | Unreadable
_Entry = tuple[tuple[int, ...], MatlabValue]


@dataclass
class NamedValues:
    """What is left of variables.

    Attributes:
        arrays: name → array or list of arrays.
        left_out: name → why it is not among them.
    """

    arrays: dict[str, Values] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, value: MatlabValue) -> None:
        """Add a variable or a field.

        Args:
            name: of it; names of what is in it follow after a slash.
            value: of it.
        """
        if isinstance(value, np.ndarray):
            self.arrays[name] = value
        elif isinstance(value, Unreadable):
            self.left_out[name] = f"a {value.kind} has no plain form"
        elif isinstance(value, Struct) and value.shape == (1, 1):
            for key, values in value.fields.items():
                self.add(f"{name}/{key}", values[0])
        elif isinstance(value, Struct):
            self._add_structs(name, _located(value.shape, value.elements()), list(value.fields))
        else:
            entries = _located(value.shape, value.items)
            self._add_several(name, entries, nested=any(len(place) > 1 for place, _ in entries))

    def _add_several(self, name: str, entries: list[_Entry], *, nested: bool) -> None:
        """Add values that are in cells, each with its place."""
        if any(isinstance(value, Cell) for _, value in entries):
            self._add_several(name, _opened(entries), nested=True)
            return
        if structs := [entry for entry in entries if isinstance(entry[1], Struct)]:
            self._add_cell_of_structs(name, entries, structs)
        elif unreadable := [value for _, value in entries if isinstance(value, Unreadable)]:
            self.left_out[name] = f"a {unreadable[0].kind} has no plain form"
        elif any(_is_text(value) for _, value in entries):
            self._add_texts(name, entries, nested=nested)
        else:
            self.arrays[name] = [value for _, value in entries if isinstance(value, np.ndarray)]
            if nested:
                self._add_places(name, entries)

    def _add_cell_of_structs(self, name: str, entries: list[_Entry], structs: list[_Entry]) -> None:
        if any(not isinstance(value, Struct) and not _is_empty(value) for _, value in entries):
            self.left_out[name] = "its cells hold structs beside other values"
            return
        elements: list[_Entry] = []
        for place, value in structs:
            assert isinstance(value, Struct)
            if value.shape == (1, 1):
                elements.append((place, value))
            else:
                elements += [
                    (place + inner, element)
                    for inner, element in _located(value.shape, value.elements())
                ]
        fields = [key for _, value in structs if isinstance(value, Struct) for key in value.fields]
        self._add_structs(name, elements, list(dict.fromkeys(fields)))
        self._add_places(name, elements)

    def _add_structs(self, name: str, elements: list[_Entry], fields: list[str]) -> None:
        """Add each field of structs that stand side by side."""
        for key in fields:
            of_field = [
                (place, value.fields[key][0])
                for place, value in elements
                if isinstance(value, Struct) and key in value.fields
            ]
            if len(of_field) < len(elements):
                self.left_out[f"{name}/{key}"] = (
                    f"only {len(of_field)} of {len(elements)} structs have it"
                )
            else:
                self._add_field(f"{name}/{key}", of_field)

    def _add_field(self, name: str, entries: list[_Entry]) -> None:
        """Add the values of one field of several structs; an empty one keeps its place."""
        if not entries:
            self.arrays[name] = []
        elif all(isinstance(value, Struct) and value.shape == (1, 1) for _, value in entries):
            fields = [key for _, v in entries if isinstance(v, Struct) for key in v.fields]
            self._add_structs(name, entries, list(dict.fromkeys(fields)))
        else:
            self._add_several(name, entries, nested=False)

    def _add_texts(self, name: str, entries: list[_Entry], *, nested: bool) -> None:
        if not all(_is_text(value) or _is_empty(value) for _, value in entries):
            self.left_out[name] = "its cells hold text beside other values"
            return
        self.arrays[name] = np.array(
            [str(value) if _is_text(value) else "" for _, value in entries]
        )
        if nested:
            self._add_places(name, entries)

    def _add_places(self, name: str, entries: list[_Entry]) -> None:
        key = f"{name}/path"
        if key in self.arrays:
            logger.warning("%s is a field of the file; the places of its cells are left out", key)
            return
        self.arrays[key] = np.array([",".join(map(str, place)) for place, _ in entries], "U")


def squeezed(array: np.ndarray) -> np.ndarray:
    """MATLAB's 1 × n, n × 1 and 0 × 0 in one dimension, everything else as it is shown there."""
    if array.ndim == 2 and (1 in array.shape or array.shape == (0, 0)):
        return array.reshape(-1, order="F")
    return array


def joined(real: np.ndarray, imaginary: np.ndarray) -> np.ndarray:
    """Complex numbers; unlike ``real + 1j * imaginary``, also of what is infinite."""
    values = np.empty(real.shape, np.result_type(real, np.complex64))
    values.real, values.imag = real, imaginary
    return values


def text_of(units: np.ndarray) -> MatlabValue:
    """MATLAB's characters as text.

    Args:
        units: uint16 array (row, column) of UTF-16.

    Returns:
        One row as an array of no dimension; several as one (row,), without the blanks that fill
        them up.
    """
    if units.ndim > 2:
        return Unreadable("char array of more than two dimensions")
    rows = [np.ascontiguousarray(row, "<u2").tobytes() for row in units]
    texts = [row.decode("utf-16-le", "replace") for row in rows]
    return (
        np.array([text.rstrip() for text in texts]) if len(texts) > 1 else np.array("".join(texts))
    )


def dense(
    shape: tuple[int, ...],
    rows: np.ndarray,
    ends: np.ndarray,
    values: np.ndarray,
    budget: ReadBudget,
) -> np.ndarray:
    """A sparse matrix with its zeros.

    Args:
        shape: (row, column).
        rows: from 0, of each value, column after column.
        ends: int array (column + 1,), how many values lie before each column.
        values: those that are not zero; some may be allocated beyond the last.
        budget: what the file may become.
    """
    budget.spend("a sparse matrix", math.prod(shape) * values.itemsize)
    ends = ends.astype(np.int64)
    counts = ends[1:] - ends[:-1]
    n = int(ends[-1]) if len(ends) else 0
    if len(counts) != shape[1] or counts.min(initial=0) < 0 or n > min(len(rows), len(values)):
        raise ValueError("the columns of a sparse matrix do not fit its values")
    matrix = np.zeros(shape, values.dtype)
    matrix[rows[:n].astype(np.int64), np.repeat(np.arange(shape[1]), counts)] = values[:n]
    return squeezed(matrix)


def _located(shape: tuple[int, ...], items: Sequence[MatlabValue]) -> list[_Entry]:
    """Each item with its number, or, of a matrix, its row and column, from 1."""
    if len(shape) == 2 and 1 in shape:
        return [((i,), item) for i, item in enumerate(items, 1)]
    places = np.indices(shape).reshape(len(shape), -1, order="F").T + 1
    return [(tuple(place), item) for place, item in zip(places.tolist(), items, strict=True)]


def _opened(entries: list[_Entry]) -> list[_Entry]:
    """The content of the cells among the entries; where a cell could be, nothing is left out."""
    inner: list[_Entry] = []
    for place, value in entries:
        if isinstance(value, Cell):
            inner += [(place + at, item) for at, item in _located(value.shape, value.items)]
        elif not _is_empty(value):
            inner.append((place, value))
    return inner


def _is_text(value: MatlabValue) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "U" and value.ndim == 0


def _is_empty(value: MatlabValue) -> bool:
    if isinstance(value, np.ndarray):
        return value.size == 0 or (_is_text(value) and not str(value))
    if isinstance(value, Cell):
        return not value.items
    return isinstance(value, Struct) and 0 in value.shape
