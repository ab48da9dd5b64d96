"""Arrays of a session by name, whatever file they are from, with errors that list what there is."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cebra_kedro.on_disk import OnDisk, Rows
from cebra_kedro.recording import RecordingError

Values = np.ndarray | list[np.ndarray] | OnDisk
_MOST_LISTED = 40


class NamedArrays:
    """The arrays of a session.

    Args:
        raw: name → array or list of arrays; or file → such a mapping, whose names then begin with
            the file's, as in ``tracking/time``.
        session: for errors.

    Attributes:
        session: as given.
    """

    def __init__(self, raw: Mapping[str, Any], session: str) -> None:
        self.session = session
        self._values: dict[str, Values] = {}
        for name, values in raw.items():
            if isinstance(values, Mapping):
                self._values |= {f"{name}/{key}": value for key, value in values.items()}
            else:
                self._values[name] = values

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def with_rows(self, n_rows: int) -> list[str]:
        """Names of the arrays of one or two dimensions that have so many rows."""
        return [
            name
            for name, values in self._values.items()
            if not isinstance(values, list) and values.ndim in (1, 2) and len(values) == n_rows
        ]

    def array(self, name: str, what: str) -> np.ndarray:
        """One array, in memory.

        Args:
            name: of the array.
            what: option that names it, for errors.

        Raises:
            RecordingError: there is none, or it is a list of arrays.
            MemoryError: it is larger than memory.
        """
        return np.asarray(self.rows(name, what))

    def rows(self, name: str, what: str) -> Rows:
        """One array, which may be on disk; else as :meth:`array`."""
        values = self._named(name, what)
        if isinstance(values, list):
            raise RecordingError(
                f"{self.session}: {what} wants one array, but {name} is a list of {len(values)}; "
                f"correct {what}, or the file"
            )
        return values

    def numbers(self, name: str, what: str) -> np.ndarray:
        """One array (row,) of numbers, as float64.

        Raises:
            RecordingError: it is something else.
        """
        values = self.array(name, what)
        if values.ndim != 1 or values.dtype.kind not in "iuf":
            raise RecordingError(
                f"{self.session}: {what} wants numbers in one dimension, but {name} holds "
                f"{values.dtype} of shape {values.shape}; correct {what}, or the file"
            )
        return values.astype(float)

    def several(self, pattern: str, what: str) -> list[np.ndarray]:
        """A list of arrays of this name, or the arrays whose names fit a pattern, in order.

        Raises:
            RecordingError: there is none.
        """
        if not any(sign in pattern for sign in "*?["):
            values = self._named(pattern, what)
            return list(values) if isinstance(values, list) else [np.asarray(values)]
        found = sorted(fnmatch.filter(self._values, pattern), key=_natural)
        if not found:
            raise self._missing(pattern, what)
        return [self.array(name, what) for name in found]

    def matrix(self, names: str | Sequence[str], what: str) -> np.ndarray:
        """An array of this name, or several arrays (row,) as columns (row, column).

        Raises:
            RecordingError: there is none, or their lengths differ.
        """
        if isinstance(names, str) and names in self._values:
            return self.array(names, what)
        columns = (
            self.several(names, what)
            if isinstance(names, str)
            else [self.array(name, what) for name in names]
        )
        shapes = {column.shape for column in columns}
        if len(shapes) > 1 or any(column.ndim != 1 for column in columns):
            raise RecordingError(
                f"{self.session}: {what} wants arrays of one length in one dimension, got shapes "
                f"{', '.join(map(str, sorted(shapes)))}; correct {what}"
            )
        return np.column_stack(columns)

    def _named(self, name: str, what: str) -> Values:
        if name not in self._values:
            raise self._missing(name, what)
        return self._values[name]

    def _missing(self, name: str, what: str) -> RecordingError:
        there = list(self._values)
        more = f" and {len(there) - _MOST_LISTED} more" if len(there) > _MOST_LISTED else ""
        return RecordingError(
            f"{self.session}: {what} names {name}, but there are "
            f"{', '.join(there[:_MOST_LISTED]) or 'no arrays'}{more}. Correct source, or the file"
        )


def _natural(name: str) -> list[tuple[int, str]]:
    """A key that puts unit_2 before unit_10."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name)]
