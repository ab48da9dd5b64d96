"""Arrays that are larger than memory: they stay in their file and are read by rows.

Files are read, not mapped, so that what was read does not count as memory of the process. Which
arrays stay in their files is said by :data:`LARGE_BYTES`; whoever works on either kind goes through
it by :func:`blocks`.
"""

from __future__ import annotations

import abc
import hashlib
import math
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

LARGE_BYTES = 2**30
"""Arrays above this stay in their files."""
BLOCK_BYTES = 2**26
"""About what is read at a time."""

Stretches = Iterable[tuple[int, int]]
"""First row, and the one after the last."""


class OnDisk(abc.ABC):
    """An array (time, …) in a file; the rows that are asked for are read as an ordinary array.

    Rows are asked for by a slice, an integer array of any shape, or a mask.

    Attributes:
        shape: of the array.
        dtype: of its values.
        digest: SHA-256 (hex) that stands for type, shape and values, if this project has written
            the file; else empty.
        is_finite: whether all values are known to be finite, as those of files of this project.
    """

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype, digest: str = "") -> None:
        self.shape, self.dtype, self.digest = tuple(shape), np.dtype(dtype), digest
        self.is_finite = bool(digest)

    @abc.abstractmethod
    def read(self, stretches: Stretches) -> Iterator[np.ndarray]:
        """Each stretch of rows."""

    def read_columns(self, stretches: Stretches) -> Iterator[np.ndarray]:
        """Each stretch of columns, as array (row, column).

        Raises:
            ValueError: that would read the whole for each.
        """
        raise ValueError("of a file of this kind, columns cannot be read; save it the other way")

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of values."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of all values."""
        return self.size * self.dtype.itemsize

    @property
    def block_rows(self) -> int:
        """Rows that are well read at once."""
        return max(1, BLOCK_BYTES * len(self) // max(1, self.nbytes))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice | np.ndarray) -> np.ndarray:
        if isinstance(rows, slice):
            begin, end, step = rows.indices(len(self))
            if step == 1:
                return next(iter(self.read([(begin, max(begin, end))])))
            rows = np.arange(begin, end, step)
        return self.take(np.flatnonzero(rows) if rows.dtype == bool else rows)

    def take(self, rows: np.ndarray) -> np.ndarray:
        """Rows by number: what follows on is read at once, and nothing twice."""
        found, place = np.unique(rows, return_inverse=True)
        values = np.empty((len(found), *self.shape[1:]), self.dtype)
        first = np.flatnonzero(np.diff(found, prepend=-2) != 1)
        last = np.append(first, len(found))[1:]
        stretches = zip(found[first].tolist(), (found[last - 1] + 1).tolist(), strict=True)
        for begin, end, read in zip(first, last, self.read(stretches), strict=True):
            values[begin:end] = read
        return values[place.reshape(rows.shape)]

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        """The whole, if it fits into memory.

        Raises:
            MemoryError: it does not.
        """
        if self.nbytes > os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2:
            raise MemoryError(
                f"an array of {self.nbytes / 1e9:.3g} GB is wanted as a whole, which is more than "
                "half of the memory; the source arrays, encoders and the baseline pca read it by "
                "rows"
            )
        whole = self[:]
        return whole if dtype is None else whole.astype(dtype, copy=False)

    def astype(self, dtype: Any) -> OnDisk:
        """Converted when it is read."""
        return self if self.dtype == dtype else Scaled(self, dtype)

    @property
    def T(self) -> OnDisk:  # noqa: N802 (NumPy's name)
        """Rows and columns exchanged."""
        return Transposed(self)


class InFile(OnDisk):
    """Values that lie in a file row after row.

    Args:
        path: the file.
        offset: byte of the first value.
        shape: of the array.
        dtype: of its values.
        digest: see :class:`OnDisk`.

    Raises:
        ValueError: the file ends before.
    """

    def __init__(
        self, path: Path, offset: int, shape: tuple[int, ...], dtype: np.dtype, digest: str = ""
    ) -> None:
        super().__init__(shape, dtype, digest)
        self._path, self._offset = path, offset
        if path.stat().st_size < offset + self.nbytes:
            raise ValueError(f"the file is cut short, of {self.nbytes / 1e9:.3g} GB")

    def read(self, stretches: Stretches) -> Iterator[np.ndarray]:
        """Each stretch of rows."""
        width = math.prod(self.shape[1:])
        with self._path.open("rb", buffering=0) as file:
            for begin, end in stretches:
                values = self._values(file.fileno(), begin * width, (end - begin) * width)
                yield values.reshape(end - begin, *self.shape[1:])

    def read_columns(self, stretches: Stretches) -> Iterator[np.ndarray]:
        """Each stretch of columns: of each row, what lies in it."""
        n_rows, n_columns = self.shape
        with self._path.open("rb", buffering=0) as file:
            for begin, end in stretches:
                yield np.stack(
                    [
                        self._values(file.fileno(), row * n_columns + begin, end - begin)
                        for row in range(n_rows)
                    ]
                )

    def _values(self, file: int, first: int, number: int) -> np.ndarray:
        """So many values from the first on."""
        values = np.empty(number, self.dtype)
        place = self._offset + first * self.dtype.itemsize
        wanted = memoryview(values.data).cast("B")
        while wanted:  # the system reads at most 2 GiB at a time
            n_bytes = os.preadv(file, [wanted], place)
            if not n_bytes:
                raise OSError(f"{self._path} ends too early; it was cut short while it was read")
            wanted, place = wanted[n_bytes:], place + n_bytes
        return values


class InHdf5(OnDisk):
    """A dataset of an HDF5 file, perhaps in chunks and compressed.

    Args:
        path: the file.
        name: of the dataset.
        shape: of the dataset.
        dtype: of its values.
        chunk_rows: rows of a chunk.
    """

    def __init__(
        self, path: Path, name: str, shape: tuple[int, ...], dtype: np.dtype, chunk_rows: int
    ) -> None:
        super().__init__(shape, dtype)
        self._path, self._name, self._chunk_rows = path, name, chunk_rows

    @property
    def block_rows(self) -> int:
        """Whole chunks, as each is unpacked at once."""
        return -(-super().block_rows // self._chunk_rows) * self._chunk_rows

    def read(self, stretches: Stretches) -> Iterator[np.ndarray]:
        """Each stretch of rows."""
        import h5py

        with h5py.File(self._path, "r") as file:
            for begin, end in stretches:
                yield file[self._name][begin:end]

    def read_columns(self, stretches: Stretches) -> Iterator[np.ndarray]:
        """Each stretch of columns."""
        import h5py

        with h5py.File(self._path, "r") as file:
            for begin, end in stretches:
                yield file[self._name][:, begin:end]


class Scaled(OnDisk):
    """Another array in another type, or in another unit: ``values × factor + offset``.

    Args:
        array: the other.
        dtype: of the result.
        factor: a number, or one for each column; None for as they are.
        offset: is added.
    """

    def __init__(
        self, array: OnDisk, dtype: Any, factor: float | np.ndarray | None = None, offset: float = 0
    ) -> None:
        super().__init__(array.shape, np.dtype(dtype))
        self._array, self._factor, self._added = array, factor, offset

    @property
    def block_rows(self) -> int:
        """As of the other."""
        return self._array.block_rows

    def read(self, stretches: Stretches) -> Iterator[np.ndarray]:
        """Each stretch of rows."""
        for values in self._array.read(stretches):
            yield self._scaled(values, self._factor)

    def read_columns(self, stretches: Stretches) -> Iterator[np.ndarray]:
        """Each stretch of columns."""
        stretches = list(stretches)
        found = self._array.read_columns(stretches)
        for (begin, end), values in zip(stretches, found, strict=True):
            factor = self._factor
            yield self._scaled(
                values, factor[begin:end] if isinstance(factor, np.ndarray) else factor
            )

    def _scaled(self, values: np.ndarray, factor: Any) -> np.ndarray:
        converted = values.astype(self.dtype, copy=False)
        if factor is not None:
            converted *= factor
            converted += self._added
        return converted


class Transposed(OnDisk):
    """Another array (column, row) as (row, column)."""

    def __init__(self, array: OnDisk) -> None:
        super().__init__(array.shape[::-1], array.dtype)
        self._array = array

    @property
    def T(self) -> OnDisk:  # noqa: N802
        """The other."""
        return self._array

    def read(self, stretches: Stretches) -> Iterator[np.ndarray]:
        """Each stretch of rows."""
        for values in self._array.read_columns(stretches):
            yield np.ascontiguousarray(values.T)

    def read_columns(self, stretches: Stretches) -> Iterator[np.ndarray]:
        """Each stretch of columns."""
        for values in self._array.read(stretches):
            yield values.T


class Selected(OnDisk):
    """Some rows of another array.

    Args:
        array: the other.
        rows: int array (row,).
    """

    def __init__(self, array: OnDisk, rows: np.ndarray) -> None:
        digest = _digest(array.digest, rows.tobytes()) if array.digest else ""
        super().__init__((len(rows), *array.shape[1:]), array.dtype, digest)
        self._array, self._rows = array, rows

    def read(self, stretches: Stretches) -> Iterator[np.ndarray]:
        """Each stretch of rows."""
        for begin, end in stretches:
            yield self._array.take(self._rows[begin:end])

    def take(self, rows: np.ndarray) -> np.ndarray:
        """Rows by number."""
        return self._array.take(self._rows[rows])


class FirstColumns(OnDisk):
    """The first columns of another array (row, column).

    Args:
        array: the other.
        number: of columns.
    """

    def __init__(self, array: OnDisk, number: int) -> None:
        digest = _digest(array.digest, f"columns {number}".encode()) if array.digest else ""
        super().__init__((len(array), number), array.dtype, digest)
        self._array, self._number = array, number

    def read(self, stretches: Stretches) -> Iterator[np.ndarray]:
        """Each stretch of rows."""
        for values in self._array.read(stretches):
            yield np.ascontiguousarray(values[:, : self._number])


Rows = np.ndarray | OnDisk
"""An array in memory or on disk."""


def blocks(array: Rows) -> Iterator[np.ndarray]:
    """The array from the first row to the last, in blocks of rows.

    Args:
        array: array (row, …).
    """
    bytes_of_row = max(1, array.nbytes // max(1, len(array)))
    step = array.block_rows if isinstance(array, OnDisk) else max(1, BLOCK_BYTES // bytes_of_row)
    for begin in range(0, len(array), step):
        yield array[begin : begin + step]


def chosen_rows(array: Rows, rows: np.ndarray) -> Rows:
    """Rows by number, left where they are if the array is on disk.

    Args:
        array: array (row, …).
        rows: int array (row,).
    """
    return Selected(array, rows) if isinstance(array, OnDisk) else array[rows]


def first_columns(array: Rows, number: int) -> Rows:
    """The first columns of an array (row, column)."""
    if isinstance(array, OnDisk):
        return FirstColumns(array, number)
    return np.ascontiguousarray(array[:, :number])


def _digest(before: str, content: bytes) -> str:
    return hashlib.sha256(before.encode() + content).hexdigest()
