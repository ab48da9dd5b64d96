"""The tagged elements that a MATLAB file of version 5 is made of; ``mat5_file`` says what they are.

Source: "MAT-File Format", MathWorks.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

_STORED = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
}


@dataclass(frozen=True)
class Element:
    """Type and place of the content of one element."""

    kind: int
    start: int
    end: int


class Elements:
    """The elements of a buffer; whatever its bytes say, nothing outside it is read.

    Args:
        data: the buffer.
        order: ``<`` or ``>``, of its bytes.
    """

    def __init__(self, data: bytes, order: str) -> None:
        self.data = memoryview(data)
        self.order = order

    def unpack(self, code: str, start: int) -> tuple[int, ...]:
        """Integers of these struct codes."""
        return struct.unpack_from(self.order + code, self.data, start)

    def at(self, start: int, end: int) -> Iterator[Element]:
        """Those from ``start`` to ``end``, one after the other."""
        while start < end:
            if end - start < 8:
                raise ValueError("an element is cut short")
            kind, n_bytes = self.unpack("II", start)
            first, step = start + 8, 8 + n_bytes + -n_bytes % 8
            if kind >> 16:  # at most four bytes, in the tag
                kind, n_bytes, first, step = kind & 0xFFFF, kind >> 16, start + 4, 8
            last = first + n_bytes
            if last > end or (step == 8 and n_bytes > 4):
                raise ValueError("an element is longer than what it is in")
            yield Element(kind, first, last)
            start += step

    def text(self, element: Element) -> str:
        """A name."""
        return bytes(self.data[element.start : element.end]).decode("latin-1").rstrip("\0")

    def numbers(self, element: Element) -> np.ndarray:
        """Numbers as they are stored: a view."""
        if element.kind not in _STORED:
            raise ValueError(f"an element of numbers has the type {element.kind}")
        dtype = np.dtype(self.order + _STORED[element.kind])
        count, rest = divmod(element.end - element.start, dtype.itemsize)
        if rest:
            raise ValueError("an element of numbers is cut short")
        return np.frombuffer(self.data, dtype, count, element.start)
