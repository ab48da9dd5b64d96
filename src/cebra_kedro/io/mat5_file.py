"""MATLAB files of version 5 to 7.2 as the values of ``matlab_values``.

Not by ``scipy.io.loadmat``, which takes sizes and depths on trust: cells 60 000 deep end the
interpreter, and zeros inflate until the memory is full. What would make it safe, a walk over all
elements, finds the arrays as well. Source: "MAT-File Format", MathWorks.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cebra_kedro.io.mat5_elements import Element, Elements
from cebra_kedro.io.matlab_values import (
    MAX_DEPTH,
    Cell,
    MatlabValue,
    Struct,
    Unreadable,
    dense,
    joined,
    squeezed,
    text_of,
)
from cebra_kedro.io.named_arrays_dataset import ReadBudget

_HEADER_BYTES = 128
_MATRIX, _COMPRESSED = 14, 15
_CELL, _STRUCT, _OBJECT, _CHAR, _SPARSE, _FUNCTION, _OPAQUE = 1, 2, 3, 4, 5, 16, 17
_COMPLEX_FLAG, _LOGICAL_FLAG = 0x800, 0x200
_NUMBERS = dict(
    zip(range(6, 16), ["f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8"], strict=True)
)
_CODECS = {16: "utf-8", 17: "utf-16", 18: "utf-32", 1: "latin-1", 2: "latin-1"}
_COST_OF_AN_ITEM = 64


def is_version_5(beginning: bytes) -> bool:
    """Whether a file that begins so is of version 5 to 7.2."""
    return beginning[124:128] in (b"\x00\x01IM", b"\x01\x00MI")


def read_version_5(
    path: Path, wanted: set[str] | None, budget: ReadBudget
) -> dict[str, MatlabValue | None]:
    """The variables of a file of version 5 to 7.2; None for those that are not wanted.

    Args:
        path: the file.
        wanted: names of variables; None reads all.
        budget: what the file may become.

    Raises:
        ValueError: the file is damaged.
        DatasetError: it unpacks to more than it can honestly hold.
    """
    variables: dict[str, MatlabValue | None] = {}
    name: str | None
    with path.open("rb") as file:
        order = "<" if file.read(_HEADER_BYTES).endswith(b"IM") else ">"
        start = file.tell()
        while tag := file.read(8):
            kind, n_bytes = Elements(tag, order).unpack("II", 0)
            if start + 8 + n_bytes > budget.file_bytes:
                raise ValueError("it ends within a variable")
            file.seek(start)
            data = file.read(8 + n_bytes)
            start += len(data)
            if kind == _COMPRESSED:
                name = _name(data, order)
                if wanted is not None and name is not None and name not in wanted:
                    variables[name] = None
                    continue
                data = _inflated(data, order, budget)
            name, value = _variable(Elements(data, order), wanted, budget)
            variables[name] = value
    variables.pop("", None)  # what MATLAB keeps of its objects
    return variables


def _name(data: bytes, order: str) -> str | None:
    """The name of a compressed variable, if it is near its beginning."""
    elements = Elements(zlib.decompressobj().decompress(memoryview(data)[8:], 1024), order)
    try:
        return _header(elements, Element(_MATRIX, 8, len(elements.data)))[0].name
    except ValueError:
        return None


def _inflated(data: bytes, order: str, budget: ReadBudget) -> bytes:
    """The variable in a compressed element, which declares its size before its content."""
    inflater, packed = zlib.decompressobj(), memoryview(data)[8:]
    tag = zlib.decompressobj().decompress(packed, 8)
    if len(tag) < 8:
        raise ValueError("a compressed variable is cut short")
    size = 8 + Elements(tag, order).unpack("II", 0)[1]
    budget.spend(_name(data, order) or "a compressed variable", size, len(data))
    inflated = inflater.decompress(packed, size + 8)  # 8: padding
    if not inflater.eof and not inflater.decompress(inflater.unconsumed_tail, 1) == b"":
        raise ValueError("a compressed variable is longer than it declares")
    if not inflater.eof:
        raise ValueError("a compressed variable is cut short")
    return inflated


@dataclass(frozen=True)
class _Header:
    kind: int
    flags: int
    shape: tuple[int, ...]
    name: str


def _variable(
    elements: Elements, wanted: set[str] | None, budget: ReadBudget
) -> tuple[str, MatlabValue | None]:
    """Name and value of a variable; no value if it is not wanted."""
    outer = next(elements.at(0, len(elements.data)), None)
    if outer is None or outer.kind != _MATRIX:
        raise ValueError("it has something else where a variable should be")
    header, _ = _header(elements, outer)
    if not header.name or (wanted is not None and header.name not in wanted):
        return header.name, None
    return header.name, _value(elements, outer, header.name, budget, 0)


def _header(elements: Elements, matrix: Element) -> tuple[_Header, Iterator[Element]]:
    """What a matrix begins with, and the elements that follow."""
    parts = elements.at(matrix.start, matrix.end)
    try:
        flags = elements.numbers(next(parts))
        kind, bits = int(flags[0]) & 0xFF, int(flags[0])
        if kind == _OPAQUE:
            return _Header(kind, bits, (), elements.text(next(parts))), parts
        shape = tuple(map(int, elements.numbers(next(parts))))
        name = elements.text(next(parts))
    except (StopIteration, IndexError):
        raise ValueError("a variable is cut short") from None
    if len(shape) < 2 or min(shape) < 0:
        raise ValueError(f"{name or 'a matrix'} has the shape {shape}")
    return _Header(kind, bits, shape, name), parts


def _value(
    elements: Elements, matrix: Element, name: str, budget: ReadBudget, depth: int
) -> MatlabValue:
    if depth > MAX_DEPTH:
        raise ValueError(f"{name} has cells or structs more than {MAX_DEPTH} deep")
    if matrix.kind != _MATRIX:
        raise ValueError(f"{name} has something else where a matrix should be")
    budget.spend(name, _COST_OF_AN_ITEM)
    if matrix.start == matrix.end:
        return np.zeros(0)  # MATLAB's []
    header, parts = _header(elements, matrix)
    if header.kind in (_CELL, _STRUCT):
        return _container(elements, matrix, header, parts, name, budget, depth)
    readers = {_CHAR: _chars, _SPARSE: _sparse} | dict.fromkeys(_NUMBERS, _numbers)
    return readers.get(header.kind, _unreadable)(elements, header, parts, budget)


def _container(
    elements: Elements,
    matrix: Element,
    header: _Header,
    parts: Iterator[Element],
    name: str,
    budget: ReadBudget,
    depth: int,
) -> MatlabValue:
    n_items = math.prod(header.shape)
    fields = _fields(elements, parts) if header.kind == _STRUCT else [""]
    if n_items * max(1, len(fields)) * 8 > matrix.end - matrix.start and n_items > 1:
        raise ValueError(f"{name} is a cell or struct array of {n_items}, but has less")
    values = [
        _value(elements, _next(parts, name), name, budget, depth + 1)
        for _ in range(n_items * len(fields))
    ]
    if header.kind == _CELL:
        return Cell(header.shape, values)
    return Struct(header.shape, {key: values[i :: len(fields)] for i, key in enumerate(fields)})


def _next(parts: Iterator[Element], name: str) -> Element:
    part = next(parts, None)
    if part is None:
        raise ValueError(f"{name} is cut short")
    return part


def _unreadable(
    elements: Elements, header: _Header, parts: Iterator[Element], budget: ReadBudget
) -> MatlabValue:
    if header.kind == _FUNCTION:
        return Unreadable("function handle")
    if header.kind not in (_OBJECT, _OPAQUE):
        return Unreadable(f"value of the unknown class {header.kind}")
    names = [elements.text(part) for part in parts if part.kind in (1, 2)]
    name = names[0 if header.kind == _OBJECT else -1] if names else "class unknown"
    return Unreadable(f"MATLAB object ({name})")


def _fields(elements: Elements, parts: Iterator[Element]) -> list[str]:
    (length,) = elements.numbers(_next(parts, "a struct"))[:1].tolist() or [0]
    element = _next(parts, "a struct")
    if length < 1:
        return []
    starts = range(element.start, element.end, length)
    names = [bytes(elements.data[at : at + length]).split(b"\0")[0] for at in starts]
    return [name.decode("latin-1") for name in names]


def _numbers(
    elements: Elements, header: _Header, parts: Iterator[Element], budget: ReadBudget
) -> MatlabValue:
    dtype = np.dtype("?" if header.flags & _LOGICAL_FLAG else _NUMBERS[header.kind])
    budget.spend(header.name or "an array", math.prod(header.shape) * dtype.itemsize)
    values = elements.numbers(_next(parts, "an array")).astype(dtype)
    if header.flags & _COMPLEX_FLAG:
        values = joined(values, elements.numbers(_next(parts, "an array")).astype(dtype))
    return squeezed(values.reshape(header.shape, order="F"))


def _chars(
    elements: Elements, header: _Header, parts: Iterator[Element], budget: ReadBudget
) -> MatlabValue:
    element = _next(parts, "a text")
    if not math.prod(header.shape) or element.start == element.end:
        return np.array("")
    budget.spend(header.name or "a text", 4 * (element.end - element.start))
    if element.kind in _CODECS:
        byte_order = ("-le" if elements.order == "<" else "-be") if element.kind > 16 else ""
        data = bytes(elements.data[element.start : element.end])
        text = data.decode(_CODECS[element.kind] + byte_order, "replace")
        units = np.frombuffer(text.encode("utf-16-le", "replace"), "<u2")
    else:
        units = elements.numbers(element)
    return text_of(units.astype(np.uint16).reshape(header.shape, order="F"))


def _sparse(
    elements: Elements, header: _Header, parts: Iterator[Element], budget: ReadBudget
) -> MatlabValue:
    rows, ends = (elements.numbers(_next(parts, "a sparse matrix")) for _ in range(2))
    element = _next(parts, "a sparse matrix")
    n_bytes = element.end - element.start
    if header.flags & _LOGICAL_FLAG and len(ends) and n_bytes < 8 * ends[-1]:
        values = np.frombuffer(elements.data, "?", n_bytes, element.start)  # but tagged as double
    elif header.flags & _LOGICAL_FLAG:
        values = elements.numbers(element).astype(bool)
    else:
        values = elements.numbers(element).astype(float)
    if header.flags & _COMPLEX_FLAG:
        values = joined(values, elements.numbers(_next(parts, "a sparse matrix")))
    return dense(header.shape, rows, ends, values, budget)
