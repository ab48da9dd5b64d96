"""HDF5 files of any layout as named arrays; how one dataset is read is ``hdf5_content``'s."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io.core import DatasetError

from cebra_kedro.io.hdf5_content import address, is_soft, member, opened, read_dataset, resolve
from cebra_kedro.io.named_arrays_dataset import NamedArraysDataset, ReadBudget, listed
from cebra_kedro.sources.named_arrays import Values

if TYPE_CHECKING:
    import h5py

_MAX_DEPTH = 100


class Hdf5Dataset(NamedArraysDataset):
    """Loads arrays of an HDF5 file by name; read-only.

    Numbers, true/false and text become arrays, fields of a compound dataset (``table/field``) an
    array each, sequences of variable length a list of arrays. So does a group that holds only
    one-dimensional datasets named by whole numbers, in the order of the numbers. Numbers (row,
    column) above 1 GiB stay in the file and are read by rows. Attributes are not read. Nothing
    outside the file is opened: external links, external storage and virtual datasets are refused,
    as are object references.

    Example:
        In ``catalog.yml``:

        .. code-block:: yaml

            rat7.raw:
              type: cebra_kedro.io.Hdf5Dataset
              filepath: data/01_raw/rat7.h5
              arrays:
                neural: /processed/counts
                spike_times: /units/*
              metadata:
                kedro-viz: {layer: raw}

    Args:
        filepath: the file, or its URL.
        arrays: own name → path in the file. A path that ends in ``/*`` makes a list of the
            datasets of a group. None reads every dataset, under its path without the first
            slash; one with several links appears once.
        url: where the file is fetched from if it is not at ``filepath``.
        sha256: digest that the file must have.
        metadata: free facts for plugins such as kedro-viz.
    """

    _format_name = "HDF5 file"

    def _read(self, path: Path) -> dict[str, Values]:
        budget = ReadBudget(path)
        with opened(path) as file:
            if self._arrays is None:
                return _everything(file, budget)
            arrays: dict[str, Values] = {}
            for name, where in self._arrays.items():
                arrays |= _named(file, name, where, budget)
            return arrays


def _everything(file: h5py.File, budget: ReadBudget) -> dict[str, Values]:
    """Each dataset once, by the path that its group gives it rather than by soft links."""
    import h5py

    arrays: dict[str, Values] = {}
    seen = {address(file)}
    soft: list[tuple[str, Any]] = []
    stack: list[tuple[str, Any]] = [("", file)]
    while stack:
        where, item = stack.pop()
        if isinstance(item, h5py.Dataset):
            arrays |= read_dataset(item, where, budget, in_file=True)
        elif isinstance(item, h5py.Group):
            if numbered := _numbered(item, seen, budget.path):
                arrays[where or "/"] = _vectors(numbered, where, budget)
                continue
            stack += reversed(_new_members(item, where, seen, soft, budget.path))
        while soft and not stack:
            where, (group, name) = soft.pop(0)
            item = member(group, name, budget.path)
            if item is not None and address(item) not in seen:
                seen.add(address(item))
                stack.append((where, item))
    if not arrays:
        raise DatasetError(f"{budget.path} holds no dataset; correct filepath")
    return arrays


def _new_members(
    group: h5py.Group, where: str, seen: set[int], soft: list[tuple[str, Any]], path: Path
) -> list[tuple[str, Any]]:
    """Path and object of what no earlier link led to; soft links are put off to ``soft``."""
    if where.count("/") >= _MAX_DEPTH:
        raise DatasetError(
            f"{path} has groups more than {_MAX_DEPTH} deep; name the arrays to read in arrays"
        )
    inner = []
    for name in _names(group, path):
        below = f"{where}/{name}" if where else name
        if is_soft(group, name):
            soft.append((below, (group, name)))
            continue
        item = member(group, name, path)
        if address(item) not in seen:
            seen.add(address(item))
            inner.append((below, item))
    return inner


def _numbered(group: h5py.Group, seen: set[int], path: Path) -> list[h5py.Dataset]:
    """The datasets of a group of vectors named by whole numbers; none of any other group."""
    import h5py

    names = _names(group, path)
    if not names or not all(name.isdecimal() for name in names):
        return []
    items = [member(group, name, path) for name in names]
    if not all(isinstance(item, h5py.Dataset) and _is_vector(item) for item in items):
        return []
    seen.update(map(address, items))
    return items


def _names(group: h5py.Group, path: Path) -> list[str]:
    """Names in a group, in natural order."""
    for name in group:
        if isinstance(name, bytes):  # as h5py gives what it cannot decode
            raise DatasetError(
                f"{path}: {group.name} holds {name!r}, a name that is not UTF-8; rename it "
                "(h5py: group.move), or name the arrays to read in arrays"
            )
    return sorted(group, key=_natural)


def _is_vector(dataset: h5py.Dataset) -> bool:
    return dataset.ndim == 1 and dataset.dtype.kind in "biufc"


def _vectors(datasets: list[h5py.Dataset], name: str, budget: ReadBudget) -> Values:
    read = [read_dataset(item, f"{name}/{i}", budget) for i, item in enumerate(datasets)]
    return [values for arrays in read for values in arrays.values()]  # type: ignore[misc]


def _named(file: h5py.File, name: str, where: str, budget: ReadBudget) -> dict[str, Values]:
    """The arrays of one entry of ``arrays``."""
    import h5py

    if where.endswith("/*"):
        return {name: _members(file, name, where, budget)}
    item = resolve(file, where, budget.path)
    if isinstance(item, h5py.Dataset):
        return read_dataset(item, name, budget, in_file=True)
    if isinstance(item, h5py.Group):
        if numbered := _numbered(item, set(), budget.path):
            return {name: _vectors(numbered, name, budget)}
        raise DatasetError(
            f"{budget.path}: arrays: {name}: {where} is a group with {listed(sorted(item))}; name "
            "one of its datasets"
        )
    table, _, field = where.strip("/").rpartition("/")
    item = resolve(file, table, budget.path)
    if isinstance(item, h5py.Dataset) and field in (item.dtype.names or ()):
        return _field(item, name, field, budget)
    raise _absent(file, name, where, budget.path)


def _field(table: h5py.Dataset, name: str, field: str, budget: ReadBudget) -> dict[str, Values]:
    """One field of a compound dataset, and what is below it."""
    fields = read_dataset(table, table.name, budget)
    below = f"{table.name}/{field}"
    return {
        name + key.removeprefix(below): values
        for key, values in fields.items()
        if key == below or key.startswith(below + "/")
    }


def _members(file: h5py.File, name: str, where: str, budget: ReadBudget) -> Values:
    import h5py

    group = resolve(file, where.removesuffix("/*"), budget.path)
    if not isinstance(group, h5py.Group):
        raise _absent(file, name, where, budget.path)
    keys = _names(group, budget.path)
    items = [member(group, key, budget.path) for key in keys]
    for item, key in zip(items, keys, strict=True):
        if not (isinstance(item, h5py.Dataset) and _is_vector(item)):
            raise DatasetError(
                f"{budget.path}: arrays: {name}: {where} wants a group of one-dimensional datasets "
                f"of numbers, but {key} is none; name another group, or single datasets"
            )
    return _vectors(items, name, budget)


def _absent(file: h5py.File, name: str, where: str, path: Path) -> DatasetError:
    """What there is beside the last part of a path that exists."""
    import h5py

    parts, group = where.strip("/").split("/"), file
    for part in parts:
        inner = member(group, part, path)
        if not isinstance(inner, h5py.Group):
            break
        group = inner
    return DatasetError(
        f"{path}: arrays: {name}: there is no {where}; {group.name} holds "
        f"{listed(sorted(group, key=_natural))}. Correct the path"
    )


def _natural(name: str) -> list[tuple[int, str]]:
    """A key that puts unit_2 before unit_10."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", name)]
