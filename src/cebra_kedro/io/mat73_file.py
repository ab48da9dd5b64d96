"""MATLAB files of version 7.3 (HDF5) as the values of ``matlab_values``.

MATLAB's conventions are undone: dimensions are reversed, cells and struct arrays are references
into ``#refs#``, and attributes say what numbers stand for.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from kedro.io.core import DatasetError

from cebra_kedro.io.hdf5_content import address, check_storage, member, opened
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

if TYPE_CHECKING:
    import h5py

_COST_OF_AN_ITEM = 64
_NUMBERS = {"double": "f8", "single": "f4"} | {
    f"{sign}int{8 * n}": f"{sign or 'i'}{n}" for sign in ("", "u") for n in (1, 2, 4, 8)
}


def read_version_7_3(
    path: Path, wanted: set[str] | None, budget: ReadBudget
) -> dict[str, MatlabValue | None]:
    """The variables of a file of version 7.3; None for those that are not wanted.

    Args:
        path: the file.
        wanted: names of variables; None reads all.
        budget: what the file may become.

    Raises:
        DatasetError: an object is not in this file, contains itself, or is larger than the file.
    """
    with opened(path) as file:
        names = [name for name in file if not name.startswith("#")]
        items = {
            name: member(file, name, path) for name in names if wanted is None or name in wanted
        }
        if items and not any(_class(item) for item in items.values()):
            raise DatasetError(
                f"{path} is an HDF5 file but MATLAB did not write it (no MATLAB_class); read it "
                "with Hdf5Dataset"
            )
        reader = _Reader(file, budget)
        values = {name: reader.value(item, name, 0) for name, item in items.items() if item}
        return dict.fromkeys(names) | values


def _class(item: Any) -> str:
    value = None if item is None else item.attrs.get("MATLAB_class")
    return value.decode() if isinstance(value, bytes) else str(value or "")


class _Reader:
    def __init__(self, file: h5py.File, budget: ReadBudget) -> None:
        self._file = file
        self._budget = budget
        self._containers: set[int] = set()

    def value(self, item: Any, name: str, depth: int) -> MatlabValue:
        """A variable, a field or what a reference leads to."""
        import h5py

        self._budget.spend(name, _COST_OF_AN_ITEM)
        kind = _class(item)
        if "MATLAB_object_decode" in item.attrs:
            return Unreadable(f"MATLAB object ({kind or 'class unknown'})")
        if isinstance(item, h5py.Dataset):
            return self._dataset(item, name, kind, depth)
        if isinstance(item, h5py.Group) and "MATLAB_sparse" in item.attrs:
            return self._sparse(item, name, kind)
        if isinstance(item, h5py.Group) and kind in ("struct", ""):
            return self._struct(item, name, depth)
        return Unreadable(kind.replace("_", " ") or "HDF5 type")

    def _dataset(self, item: h5py.Dataset, name: str, kind: str, depth: int) -> MatlabValue:
        import h5py

        check_storage(item, name, self._budget)
        if item.attrs.get("MATLAB_empty"):
            return _empty(item, kind)
        if kind == "cell" or h5py.check_ref_dtype(item.dtype):
            return Cell(_shape(item), self._referenced(item, name, depth))
        return self._array(item, name, kind)

    def _enter(self, item: Any, name: str, depth: int) -> None:
        """MATLAB writes what is in two cells twice; so a container is met but once."""
        if address(item) in self._containers or depth > MAX_DEPTH:
            raise DatasetError(
                f"{self._budget.path}: {name} contains itself, is shared by two cells, or is more "
                f"than {MAX_DEPTH} deep, which MATLAB does not write; save it again in MATLAB, or "
                "name others in arrays"
            )
        self._containers.add(address(item))

    def _referenced(self, item: h5py.Dataset, name: str, depth: int) -> list[MatlabValue]:
        import h5py

        self._enter(item, name, depth)
        if h5py.check_ref_dtype(item.dtype) is not h5py.Reference:
            raise ValueError(f"{name} is a cell array without references")
        references = np.asarray(item[()]).reshape(-1)  # reversed dimensions: column after column
        return [
            self.value(self._file[reference], name, depth + 1) if reference else np.zeros(0)
            for reference in references
        ]

    def _struct(self, group: h5py.Group, name: str, depth: int) -> MatlabValue:
        import h5py

        self._enter(group, name, depth)
        names = [field for field in group if not field.startswith("#")]
        items = {field: member(group, field, self._budget.path) for field in names}
        items = {field: item for field, item in items.items() if item is not None}
        arrays = [
            item
            for item in items.values()
            if isinstance(item, h5py.Dataset)
            and h5py.check_ref_dtype(item.dtype)
            and not _class(item)
        ]
        if arrays and len(arrays) == len(items):
            return self._struct_array(items, name, depth)
        return Struct(
            (1, 1),
            {
                field: [self.value(item, f"{name}/{field}", depth + 1)]
                for field, item in items.items()
            },
        )

    def _struct_array(self, items: dict[str, h5py.Dataset], name: str, depth: int) -> MatlabValue:
        """Each field of a struct array is an array of references."""
        shapes = {_shape(item) for item in items.values()}
        if len(shapes) > 1:
            raise ValueError(f"the fields of {name} differ in shape")
        fields = {}
        for field, item in items.items():
            where = f"{name}/{field}"
            check_storage(item, where, self._budget)
            fields[field] = self._referenced(item, where, depth + 1)
        return Struct(shapes.pop(), fields)

    def _array(self, item: h5py.Dataset, name: str, kind: str) -> MatlabValue:
        if kind not in _NUMBERS and kind not in ("logical", "char"):
            return Unreadable(f"value of the class {kind}" if kind else "dataset without a class")
        values = item[()].T
        if values.dtype.names == ("real", "imag"):
            values = joined(values["real"], values["imag"])
        if values.dtype.kind not in "biufc":
            raise ValueError(f"{name} is of class {kind} but holds {values.dtype}")
        if kind == "char":
            self._budget.spend(name, 4 * values.size)
            return text_of(np.atleast_2d(values).astype(np.uint16))
        if values.dtype.kind != "c":
            values = values.astype("?" if kind == "logical" else _NUMBERS[kind], copy=False)
        return squeezed(np.atleast_2d(values))

    def _sparse(self, group: h5py.Group, name: str, kind: str) -> MatlabValue:
        parts = {
            key: member(group, key, self._budget.path)
            for key in ("ir", "jc", "data")
            if key in group
        }
        for key, item in parts.items():
            check_storage(item, f"{name}/{key}", self._budget)
        if "jc" not in parts:
            raise ValueError(f"{name} is a sparse matrix without columns")
        ends = parts["jc"][()]
        values: Any = parts["data"][()] if "data" in parts else np.zeros(0)
        rows = parts["ir"][()] if "ir" in parts else np.zeros(0, int)
        if values.dtype.names == ("real", "imag"):
            values = joined(values["real"], values["imag"])
        shape = (int(group.attrs["MATLAB_sparse"]), len(ends) - 1)
        values = values.astype(bool) if kind == "logical" else values
        return dense(shape, rows, ends, values, self._budget)


def _shape(item: h5py.Dataset) -> tuple[int, ...]:
    """As MATLAB shows it."""
    shape = tuple(map(int, reversed(item.shape)))
    return shape if len(shape) > 1 else (1, *shape)


def _empty(item: h5py.Dataset, kind: str) -> MatlabValue:
    """The dataset holds the shape."""
    shape = tuple(map(int, np.ravel(item[()])))
    if kind == "cell":
        return Cell(shape, [])
    if kind == "struct":
        return Struct(shape, {})
    if kind == "char":
        return np.array("")
    if math.prod(shape):
        raise ValueError(f"an empty array has the shape {shape}")
    return squeezed(np.zeros(shape, "?" if kind == "logical" else _NUMBERS.get(kind, "f8")))
