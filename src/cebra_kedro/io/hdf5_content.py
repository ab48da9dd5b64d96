"""One dataset of an HDF5 file as plain arrays, checked before memory is taken for it.

Which datasets are read is ``hdf5_dataset``'s and, with MATLAB's conventions, ``mat73_file``'s.
"""

from __future__ import annotations

import math
import mmap
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from kedro.io.core import DatasetError

from cebra_kedro import on_disk
from cebra_kedro.io.named_arrays_dataset import ReadBudget, allowed_bytes
from cebra_kedro.sources.named_arrays import Values

if TYPE_CHECKING:
    import h5py

_MAX_SOFT_LINKS = 16
_MAX_DEFLATE = 1032  # the most that a byte of deflate can become
_DEFLATE = 1
_HEAP = b"GCOL\1\0\0\0"
_NO_CODECS = {2, 3, 5, 6}  # shuffle, checksum, and two that pack bits


@contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """The file, to be read."""
    import h5py

    if not h5py.is_hdf5(path):
        raise DatasetError(
            f"{path} is not an HDF5 file; it is damaged or of another format: copy it again, or "
            "correct filepath or type"
        )
    with h5py.File(path, "r") as file:
        yield file


def address(item: Any) -> int:
    """Where an object lies in its file, whatever links lead there."""
    import h5py

    return int(h5py.h5o.get_info(item.id).addr)


def member(group: h5py.Group, name: str, path: Path, n_links: int = 0) -> Any:
    """The object of this name in a group, without opening any other file; None if there is none.

    Raises:
        DatasetError: the link leads out of the file, or in circles.
    """
    import h5py

    where = f"{group.name.rstrip('/')}/{name}"
    key = name.encode()
    if not group.id.links.exists(key):
        return None
    kind = group.id.links.get_info(key).type
    if kind == h5py.h5l.TYPE_HARD:
        return group[name]
    if kind != h5py.h5l.TYPE_SOFT:
        raise DatasetError(
            f"{path}: {where} is a link to another file, which is not followed; copy the data into "
            "this file, or name the arrays to read in arrays"
        )
    if n_links == _MAX_SOFT_LINKS:
        raise DatasetError(
            f"{path}: {where} is a soft link that leads in circles; name the arrays to read in "
            "arrays"
        )
    target = group.id.links.get_val(key).decode()
    return resolve(group.file if target.startswith("/") else group, target, path, n_links + 1)


def is_soft(group: h5py.Group, name: str) -> bool:
    """Whether a name in a group is but a path to something."""
    import h5py

    return group.id.links.get_info(name.encode()).type == h5py.h5l.TYPE_SOFT


def resolve(group: h5py.Group, name: str, path: Path, n_links: int = 0) -> Any:
    """As :func:`member`, for a path of several names."""
    import h5py

    item: Any = group
    for part in filter(lambda part: part not in ("", "."), name.split("/")):
        if not isinstance(item, h5py.Group):
            return None
        item = member(item, part, path, n_links)
    return item


def read_dataset(
    dataset: h5py.Dataset, name: str, budget: ReadBudget, *, in_file: bool = False
) -> dict[str, Values]:
    """A dataset as plain arrays: one, or one for each field of a compound type.

    Args:
        dataset: of numbers, true/false, text, or sequences of numbers.
        name: of the result; that of a field follows after a slash.
        budget: what the file may become.
        in_file: numbers (row, column) above 1 GiB stay in the file and are read by rows.

    Raises:
        DatasetError: it is kept in other files, is larger than the file allows, or holds
            references or opaque values.
    """
    if dataset.shape is None:
        return {name: np.zeros(0, np.dtype(dataset.dtype.str) if dataset.dtype != object else "U1")}
    check_storage(dataset, name, budget)
    _check_type(dataset.dtype, name, budget.path)
    if in_file and _is_large(dataset):
        return {name: _left_in_file(dataset, budget.path)}
    if dataset.dtype.hasobject and not budget.has_sound_heaps:
        check_heaps(budget.path)
        budget.has_sound_heaps = True
    values = _blocks(dataset, name, budget) if dataset.dtype.hasobject else dataset[()]
    return _plain(np.asarray(values), dataset.dtype, name, budget)


def _is_large(dataset: h5py.Dataset) -> bool:
    numbers = dataset.ndim == 2 and dataset.dtype.kind in "biuf"
    return numbers and dataset.size * dataset.dtype.itemsize > on_disk.LARGE_BYTES


def _left_in_file(dataset: h5py.Dataset, path: Path) -> on_disk.OnDisk:
    """The values where they lie, read without HDF5 if they lie row after row."""
    place = dataset.id.get_offset()
    if place is not None:
        return on_disk.InFile(path, place, dataset.shape, dataset.dtype)
    return on_disk.InHdf5(
        path, dataset.name, dataset.shape, dataset.dtype, (dataset.chunks or (1,))[0]
    )


def check_storage(dataset: h5py.Dataset, name: str, budget: ReadBudget) -> None:
    """Refuse what is not in this file, or what the file is too small to hold."""
    if dataset.is_virtual or dataset.external:
        raise DatasetError(
            f"{budget.path}: {name} is kept in other files, which are not opened; copy it into one "
            "file (h5repack, or h5py: file[name] = values), or name others in arrays"
        )
    declared = math.prod(dataset.shape) * dataset.dtype.itemsize
    stored = dataset.id.get_storage_size()
    budget.spend(name, declared, stored)
    if dataset.chunks:
        chunk = math.prod(dataset.chunks) * dataset.dtype.itemsize
        if stored and chunk > allowed_bytes(min(stored, budget.file_bytes)):
            raise budget.refusal(f"a chunk of {name}", chunk, stored)
        _check_chunks(dataset, name, chunk, budget)


def _check_chunks(dataset: h5py.Dataset, name: str, chunk_bytes: int, budget: ReadBudget) -> None:
    """HDF5 inflates a chunk to its end, however much that is."""
    properties = dataset.id.get_create_plist()
    filters = [properties.get_filter(i)[0] for i in range(properties.get_nfilters())]
    if sum(code not in _NO_CODECS for code in filters) > 1:
        raise DatasetError(
            f"{budget.path}: {name} is compressed twice, which is refused; save it again"
        )
    if _DEFLATE not in filters:
        return
    skipped = 1 << filters.index(_DEFLATE)
    suspects: list[Any] = []

    def look(chunk: Any) -> None:
        if not chunk.filter_mask & skipped and _is_suspect(chunk.size, chunk_bytes):
            suspects.append(chunk)

    dataset.id.chunk_iter(look)
    for chunk in suspects:
        _, packed = dataset.id.read_direct_chunk(chunk.chunk_offset)
        inflated = zlib.decompressobj().decompress(packed, chunk_bytes + 5)
        if len(inflated) > chunk_bytes + 4:  # a checksum may follow the values
            raise budget.refusal(f"a chunk of {name}", len(packed) * _MAX_DEFLATE, len(packed))


def _is_suspect(stored_bytes: int, chunk_bytes: int) -> bool:
    """Whether it could inflate to much, or is longer than deflate makes it."""
    return stored_bytes * _MAX_DEFLATE > allowed_bytes(0) or stored_bytes > chunk_bytes * 1.1 + 1024


def _check_type(dtype: np.dtype, name: str, path: Path) -> None:
    import h5py

    dtype = dtype.base
    if dtype.names:
        for field in dtype.names:
            _check_type(dtype[field], f"{name}/{field}", path)
        return
    if h5py.check_string_dtype(dtype) is not None:
        return
    sequence = h5py.check_vlen_dtype(dtype)
    if (sequence or dtype).kind in "biufc":
        return
    reference = h5py.check_ref_dtype(sequence or dtype)
    what = "references to other objects" if reference else f"values of type {sequence or dtype}"
    raise DatasetError(
        f"{path}: {name} holds {what}, which are not read; name the arrays to read in arrays, or, "
        "for a file of MATLAB 7.3, use MatDataset"
    )


def check_heaps(path: Path) -> None:
    """HDF5 never returns from a heap of variable lengths in which an object has no size.

    Source: "HDF5 File Format Specification", III.E. Global Heap.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        start = data.find(_HEAP)
        while start >= 0:
            end = start + int.from_bytes(data[start + 8 : start + 16], "little")
            position = start + 16
            while position + 16 <= min(end, len(data)):
                index = int.from_bytes(data[position : position + 2], "little")
                size = int.from_bytes(data[position + 8 : position + 16], "little")
                step = size if index == 0 else 16 + size + -size % 8
                if not 0 < step <= end - position:
                    raise ValueError("a heap of values of variable length is damaged")
                position += step
            start = data.find(_HEAP, start + 4)


def _blocks(dataset: h5py.Dataset, name: str, budget: ReadBudget) -> np.ndarray:
    """Values of variable length; many may share one piece of the file, so they come in blocks."""
    values = np.empty(dataset.shape or 1, dataset.dtype)
    if dataset.ndim == 0:
        values[0] = dataset[()]
        return values.reshape(())
    step = max(64, allowed_bytes(0) // budget.file_bytes)
    for start in range(0, len(values), step):
        block = dataset[start : start + step]
        budget.spend(name, _n_bytes(block))
        values[start : start + step] = block
    return values


def _n_bytes(values: np.ndarray) -> int:
    if values.dtype.names:
        return sum(_n_bytes(values[field]) for field in values.dtype.names)
    if values.dtype != object:
        return 0
    return sum(getattr(value, "nbytes", 0) or len(value) for value in values.ravel())


def _plain(values: np.ndarray, dtype: np.dtype, name: str, budget: ReadBudget) -> dict[str, Values]:
    import h5py

    dtype = dtype.base
    if dtype.names:
        arrays: dict[str, Values] = {}
        for field in dtype.names:
            arrays |= _plain(values[field], dtype[field], f"{name}/{field}", budget)
        return arrays
    if h5py.check_string_dtype(dtype) is not None:
        return {name: _texts(values, name, budget)}
    if h5py.check_vlen_dtype(dtype):
        return {name: [_native(np.asarray(value)) for value in values.ravel()]}
    return {name: _native(values)}


def _native(values: np.ndarray) -> np.ndarray:
    """In the byte order of this machine, and without what h5py adds to the dtype."""
    return values.astype(np.dtype(values.dtype.str).newbyteorder("="), copy=False)


def _texts(values: np.ndarray, name: str, budget: ReadBudget) -> np.ndarray:
    longest = max((len(value) for value in values.ravel()), default=0)
    budget.spend(name, 4 * longest * values.size)
    texts = [_text(value) for value in values.ravel().tolist()]
    return np.array(texts, dtype="U" if texts else "U1").reshape(values.shape)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    value = bytes(value).rstrip(b"\0")
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
