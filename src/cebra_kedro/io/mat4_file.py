"""MATLAB files of version 4 by ``scipy.io.loadmat``, after their sizes are checked."""

from __future__ import annotations

import inspect
import struct
from pathlib import Path

import numpy as np

from cebra_kedro.io.matlab_values import MatlabValue, dense, squeezed
from cebra_kedro.io.named_arrays_dataset import ReadBudget

_ITEM_BYTES = {0: 8, 1: 4, 2: 4, 3: 2, 4: 2, 5: 1}
_MAX_NAME = 1024


def is_version_4(path: Path) -> bool:
    """Whether a file is a row of version 4 variables that end where it ends."""
    n_bytes = path.stat().st_size
    with path.open("rb") as file:
        position = 0
        while position < n_bytes:
            file.seek(position)
            size = _n_bytes(file.read(20))
            if size is None or position + size > n_bytes:
                return False
            position += size
    return True


def _n_bytes(header: bytes) -> int | None:
    """The size of a variable with its header; None if this is none."""
    if len(header) < 20:
        return None
    for order in "<>":
        code, rows, columns, imaginary, name_bytes = struct.unpack(order + "5i", header)
        machine, zero, number, kind = (code // 10**i % 10 for i in (3, 2, 1, 0))
        if not 0 <= code < 5000 or zero or number not in _ITEM_BYTES or kind > 2 or machine > 1:
            continue
        if min(rows, columns) >= 0 and imaginary in (0, 1) and 0 < name_bytes <= _MAX_NAME:
            return 20 + name_bytes + rows * columns * _ITEM_BYTES[number] * (1 + imaginary)
    return None


def read_version_4(
    path: Path, wanted: set[str] | None, budget: ReadBudget
) -> dict[str, MatlabValue | None]:
    """The variables of a file of version 4; None for those that are not wanted.

    Args:
        path: the file.
        wanted: names of variables; None reads all.
        budget: what the file may become.
    """
    import scipy.io

    names = [name for name, _, _ in scipy.io.whosmat(path)]
    read = [name for name in names if wanted is None or name in wanted]
    # From SciPy 1.18 on, not to say which kind of sparse array is wanted is warned of.
    can_say = "spmatrix" in inspect.signature(scipy.io.loadmat).parameters
    kind = {"spmatrix": False} if can_say else {}
    content = scipy.io.loadmat(path, variable_names=read, mat_dtype=True, **kind)
    return {name: _value(content[name], budget) if name in read else None for name in names}


def _value(value: object, budget: ReadBudget) -> MatlabValue:
    import scipy.sparse

    if scipy.sparse.issparse(value):
        columns = value.tocsc()  # type: ignore[attr-defined]
        return dense(columns.shape, columns.indices, columns.indptr, columns.data, budget)
    array = np.asarray(value)
    if array.dtype.kind != "U":
        return squeezed(array.astype(array.dtype.newbyteorder("="), copy=False))
    return np.array([text.rstrip() for text in array.tolist()]) if len(array) > 1 else _one(array)


def _one(array: np.ndarray) -> np.ndarray:
    return np.array("".join(array.ravel().tolist()))
