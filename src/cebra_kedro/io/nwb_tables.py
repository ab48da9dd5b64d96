"""The tables of an NWB file, units and intervals, as named arrays; series are ``nwb_dataset``'s."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from kedro.io.core import DatasetError

from cebra_kedro.io.hdf5_content import check_storage, member, read_dataset, resolve
from cebra_kedro.io.named_arrays_dataset import ReadBudget, listed
from cebra_kedro.sources.named_arrays import Values

if TYPE_CHECKING:
    import h5py

logger = logging.getLogger(__name__)

Scalar = str | int | float | bool

_ELECTRODES = "general/extracellular_ephys/electrodes"
_INDEX = "_index"
_ARRAY_BYTES = 128
"""What a numpy array occupies beside its values."""


def attribute(item: Any, name: str) -> str:
    """A text that an object carries; empty if there is none."""
    value = item.attrs.get(name, "")
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def has(group: h5py.Group, name: str) -> bool:
    """Whether there is a link of this name, without following it (as ``in`` does)."""
    return bool(group.id.links.exists(name.encode()))


def read_units(
    file: h5py.File, wanted: Mapping[str, Sequence[Scalar]] | None, budget: ReadBudget
) -> dict[str, Values]:
    """``units/spike_times``, a list of arrays (s), and the plain columns, of the units wanted.

    Args:
        file: the open file.
        wanted: column → values of which a unit has one; None for all units.
        budget: what the file may become.

    Raises:
        DatasetError: no unit is left, or the table is damaged.
    """
    table = _group(file, "units", budget)
    if table is None:
        if wanted is None:
            return {}
        raise DatasetError(f"{budget.path} has no units; leave out units, or correct filepath")
    columns = {
        name: column
        for name, column in _plain_columns(table, "units", budget).items()
        if column.ndim == 1
    }
    if "location" not in columns and (locations := _locations(file, table, columns, budget)):
        columns["location"] = np.array(locations)
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise _damaged(budget, "units", f"its columns have {lengths} rows")
    rows = None if wanted is None else _kept(columns, wanted, budget)
    arrays: dict[str, Values] = {}
    if (spike_times := _ragged(table, "spike_times", "units", rows, budget)) is not None:
        arrays["units/spike_times"] = spike_times
    for name, column in columns.items():
        arrays[f"units/{name}"] = column if rows is None else column[rows]
    return arrays


def read_intervals(file: h5py.File, budget: ReadBudget) -> dict[str, Values]:
    """``intervals/<table>/<column>``, and ``epochs/<column>`` of older files."""
    arrays: dict[str, Values] = {}
    for root in ("intervals", "epochs"):
        group = _group(file, root, budget)
        tables = {} if group is None else {root: group}
        if group is not None and not has(group, "start_time"):
            tables = {f"{root}/{name}": _group(group, name, budget) for name in group}
        for where, table in tables.items():
            if table is None:
                continue
            columns = _plain_columns(table, where, budget)
            arrays |= {f"{where}/{name}": column for name, column in columns.items()}
            for name in table:
                if (values := _ragged(table, name, where, None, budget)) is not None:
                    arrays[f"{where}/{name}"] = values
    return arrays


def _group(parent: h5py.Group, name: str, budget: ReadBudget) -> h5py.Group | None:
    import h5py

    item = resolve(parent, name, budget.path)
    return item if isinstance(item, h5py.Group) else None


def _plain_columns(table: h5py.Group, where: str, budget: ReadBudget) -> dict[str, np.ndarray]:
    """Columns of numbers, true/false or text with one entry a row."""
    columns, skipped = {}, []
    for name in table:
        if name.endswith(_INDEX) or has(table, f"{name}{_INDEX}"):
            continue
        column = _readable(table, name, budget)
        if column is None or (where == "units" and column.ndim != 1):
            skipped.append(name)
            continue
        values = read_dataset(column, f"{where}/{name}", budget).get(f"{where}/{name}")
        if isinstance(values, np.ndarray):
            columns[name] = values
    if skipped:
        logger.info("%s: columns of %s left out: %s", budget.path, where, listed(skipped))
    return columns


def _readable(table: h5py.Group, name: str, budget: ReadBudget) -> h5py.Dataset | None:
    """A column, unless it holds references to other objects."""
    import h5py

    item = member(table, name, budget.path)
    if not isinstance(item, h5py.Dataset) or item.shape is None or item.dtype.names:
        return None
    is_text = h5py.check_string_dtype(item.dtype) is not None
    return item if is_text or item.dtype.kind in "biuf" else None


def _ragged(
    table: h5py.Group, name: str, where: str, rows: np.ndarray | None, budget: ReadBudget
) -> list[np.ndarray] | None:
    """A column with several values a row; None if it is of another kind."""
    index = _readable(table, f"{name}{_INDEX}", budget)
    if index is None or name.endswith(_INDEX) or has(table, f"{name}{_INDEX}{_INDEX}"):
        return None
    column = _readable(table, name, budget)
    if column is None or column.ndim != 1:
        return None
    ends = _ends(index, f"{where}/{name}{_INDEX}", len(column), budget)
    if rows is not None and len(rows) and rows[-1] >= len(ends):
        raise _damaged(budget, f"{where}/{name}{_INDEX}", f"it has {len(ends)} rows only")
    if rows is None:
        (values,) = read_dataset(column, f"{where}/{name}", budget).values()
        return np.split(np.asarray(values), ends)[:-1]
    if column.dtype.kind not in "biuf":
        raise _damaged(budget, f"{where}/{name}", f"it holds {column.dtype}")
    check_storage(column, f"{where}/{name}", budget)
    begins = np.concatenate([[0], ends])
    return [column[begins[row] : ends[row]] for row in rows]


def _ends(index: h5py.Dataset, where: str, n_values: int, budget: ReadBudget) -> np.ndarray:
    """Int array (row,): where the values of each row end."""
    (values,) = read_dataset(index, where, budget).values()
    ends = np.asarray(values).astype(np.int64)
    budget.spend(where, _ARRAY_BYTES * len(ends))
    if (np.diff(ends, prepend=0) < 0).any() or (len(ends) and ends[-1] > n_values):
        raise _damaged(budget, where, f"it must rise from 0 to at most {n_values}")
    return ends


def _locations(
    file: h5py.File, table: h5py.Group, columns: Mapping[str, np.ndarray], budget: ReadBudget
) -> list[str]:
    """Area of each unit's electrodes, as ``VISl, VISp`` where they differ; [] if not known."""
    electrodes = _group(file, _ELECTRODES, budget)
    if electrodes is None or not has(electrodes, "location"):
        return []
    areas = list(map(str, _electrode_column(electrodes, "location", budget)))
    rows = _ragged(table, "electrodes", "units", None, budget)
    if rows is None and "electrodes" in columns:
        rows = list(columns["electrodes"].reshape(-1, 1))
    if rows is not None:
        if any(len(row) and not 0 <= row.min() <= row.max() < len(areas) for row in rows):
            raise _damaged(budget, "units/electrodes", f"its rows must be in 0 … {len(areas) - 1}")
        return [", ".join(dict.fromkeys(areas[i] for i in row.tolist())) for row in rows]
    if "peak_channel_id" in columns:  # as the AllenSDK writes it
        ids = _electrode_column(electrodes, "id", budget)
        area_of = dict(zip(ids, areas, strict=True))
        return [area_of.get(channel, "") for channel in columns["peak_channel_id"].tolist()]
    return []


def _electrode_column(electrodes: h5py.Group, name: str, budget: ReadBudget) -> list[Any]:
    where = f"{_ELECTRODES}/{name}"
    column = _readable(electrodes, name, budget)
    if column is None or column.ndim != 1:
        raise _damaged(budget, where, "it must be a column of plain values")
    (values,) = read_dataset(column, where, budget).values()
    return list(np.asarray(values).tolist())


def _kept(
    columns: Mapping[str, np.ndarray], wanted: Mapping[str, Sequence[Scalar]], budget: ReadBudget
) -> np.ndarray:
    """Rows (unit,) that have a wanted value in each column."""
    if absent := [name for name in wanted if name not in columns]:
        raise DatasetError(
            f"{budget.path}: units names {', '.join(absent)}, but units have {listed([*columns])}; "
            "correct units"
        )
    fits = [
        np.array([value in values for value in columns[name].tolist()], bool)
        for name, values in wanted.items()
    ]
    rows = np.flatnonzero(np.logical_and.reduce(fits))
    if not len(rows):
        there = "; ".join(f"{name}: {_distinct(columns[name])}" for name in wanted)
        raise DatasetError(
            f"{budget.path}: units: {dict(wanted)} leaves none of {len(fits[0])} units, which have "
            f"{there}. Correct units"
        )
    return rows


def _distinct(column: np.ndarray) -> str:
    return listed([repr(value) for value in np.unique(column).tolist()])


def _damaged(budget: ReadBudget, where: str, why: str) -> DatasetError:
    return DatasetError(
        f"{budget.path}: {where} is damaged: {why}; copy the file again, or correct it"
    )
