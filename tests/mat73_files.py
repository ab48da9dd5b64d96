"""Files as MATLAB 7.3 writes them, from the values that ``scipy.io.savemat`` takes for version 5.

As in MATLAB, arrays are at least two-dimensional, with their dimensions reversed, behind a user
block of 512 bytes; what cells and struct arrays hold lies in ``#refs#``.
"""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import scipy.sparse

_CLASSES = {"float64": "double", "float32": "single", "bool": "logical"}


def write_mat73(path: Path, variables: dict[str, Any], compression: str | None = None) -> Path:
    """Write variables: arrays, text, dicts (structs), object arrays (cells), sparse matrices."""
    with h5py.File(path, "w", userblock_size=512) as file:
        writer = _Writer(file, compression)
        for name, value in variables.items():
            writer.write(file, name, value)
    with path.open("r+b") as opened:
        opened.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM")
    return path


class _Writer:
    def __init__(self, file: h5py.File, compression: str | None) -> None:
        self._refs = file.require_group("#refs#")
        self._number = count()
        self._compression = compression

    def write(self, group: h5py.Group, name: str, value: Any) -> h5py.Group | h5py.Dataset:
        if isinstance(value, dict):
            item = group.create_group(name)
            for field, inner in value.items():
                self.write(item, field, inner)
            return _marked(item, "struct")
        if scipy.sparse.issparse(value):
            return self._write_sparse(group, name, scipy.sparse.csc_array(value))
        if isinstance(value, str):
            units = np.frombuffer(value.encode("utf-16-le"), "<u2")
            item = self._write_array(group, name, units, "char")
            item.attrs["MATLAB_int_decode"] = np.int32(2)
            return item
        return self._write_numpy(group, name, np.asarray(value))

    def _write_numpy(self, group, name, value: np.ndarray) -> h5py.Group | h5py.Dataset:
        if value.dtype.names:
            return self._write_struct_array(group, name, value)
        if value.dtype == object:
            references = self._references(value)
            return self._write_array(group, name, references, "cell", value.shape)
        if value.dtype.kind == "c":
            return self._write_array(group, name, _pairs(value), "double")
        kind = _CLASSES.get(value.dtype.name, value.dtype.name)
        stored = value.astype(np.uint8) if value.dtype == bool else value
        item = self._write_array(group, name, stored, kind)
        if value.dtype == bool:
            item.attrs["MATLAB_int_decode"] = np.int32(1)
        return item

    def _write_array(self, group, name, value, kind, shape=None) -> h5py.Dataset:
        value = np.asarray(value)
        value = value.reshape((1, -1)) if value.ndim < 2 else value
        if not value.size:
            item = group.create_dataset(name, data=np.array(shape or value.shape, np.uint64))
            item.attrs["MATLAB_empty"] = np.uint8(1)
            return _marked(item, kind)
        options = {"compression": self._compression} if value.dtype.kind in "iuf" else {}
        return _marked(group.create_dataset(name, data=value.T, **options), kind)

    def _references(self, values: np.ndarray) -> np.ndarray:
        references = np.empty(values.shape, h5py.ref_dtype)
        for index, value in np.ndenumerate(values):
            item = self.write(self._refs, f"r{next(self._number)}", value)
            references[index] = item.ref
        return references

    def _write_struct_array(self, group, name, value) -> h5py.Group:
        item = group.create_group(name)
        for field in value.dtype.names:
            references = np.atleast_2d(self._references(value[field]))
            item.create_dataset(field, data=references.T, dtype=h5py.ref_dtype)
        return _marked(item, "struct")

    def _write_sparse(self, group, name, value) -> h5py.Group:
        item = group.create_group(name)
        item["jc"] = value.indptr.astype(np.uint64)
        if value.nnz:
            item["ir"] = value.indices.astype(np.uint64)
            item["data"] = value.data.astype(np.uint8 if value.dtype == bool else value.dtype)
        item.attrs["MATLAB_sparse"] = np.uint64(value.shape[0])
        return _marked(item, _CLASSES[value.dtype.name])


def _pairs(values: np.ndarray) -> np.ndarray:
    pairs = np.empty(values.shape, [("real", "f8"), ("imag", "f8")])
    pairs["real"], pairs["imag"] = values.real, values.imag
    return pairs


def _marked(item, kind):
    item.attrs["MATLAB_class"] = np.bytes_(kind)
    return item
