"""One NWB file as named arrays, read with h5py alone; what they mean is ``sources``'.

Tables of units and intervals are ``nwb_tables``'s.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from kedro.io.core import DatasetError

from cebra_kedro.io.hdf5_content import (
    address,
    check_heaps,
    member,
    opened,
    read_dataset,
    resolve,
)
from cebra_kedro.io.named_arrays_dataset import NamedArraysDataset, ReadBudget, listed
from cebra_kedro.io.nwb_tables import Scalar, attribute, has, read_intervals, read_units
from cebra_kedro.on_disk import OnDisk, Rows, Scaled
from cebra_kedro.sources.named_arrays import Values

if TYPE_CHECKING:
    import h5py

logger = logging.getLogger(__name__)

_ROOTS = ("acquisition", "processing", "stimulus/presentation")
_RAW = {
    *("ElectricalSeries", "SpikeEventSeries", "PatchClampSeries", "CurrentClampSeries"),
    *("CurrentClampStimulusSeries", "IZeroClampSeries", "VoltageClampSeries"),
    *("VoltageClampStimulusSeries", "ImageSeries", "ImageMaskSeries", "OpticalSeries"),
    *("OnePhotonSeries", "TwoPhotonSeries"),
}
_MAX_DEPTH = 100


class NwbDataset(NamedArraysDataset):
    """Loads units, time series and tables of intervals of an NWB file; read-only.

    Units give ``units/spike_times``, a list with an array (s) for each unit, and an array for each
    plain column, e.g. ``units/quality``; ``units/location`` is that of the electrodes where the
    table says none itself. A series gives ``<path>/data``, with conversion and offset applied,
    ``<path>/timestamps`` (s) and ``<path>/unit``. Intervals give ``intervals/trials/start_time``
    and so on; a column with several values a row is a list of arrays. Data (time, channel) above
    1 GiB stay in the file and are read by rows. Raw voltages and pictures are
    read only if ``series`` names them. Nothing outside the file is opened.

    Example:
        In ``catalog.yml``:

        .. code-block:: yaml

            rat7.raw:
              type: cebra_kedro.io.NwbDataset
              filepath: data/01_raw/rat7.nwb
              units: {location: [CA1, CA3], quality: good}
              series: [processing/behavior/Position]
              metadata:
                kedro-viz: {layer: raw}

    Args:
        filepath: the ``.nwb`` file (HDF5), on this machine.
        units: column of the table of units → wanted value, or list of them; a unit must have one
            of each. None keeps all units.
        series: paths of the series that are read, or of groups of them. None reads all.
        url: where the file is fetched from if it is not at ``filepath``.
        sha256: digest that the file must have.
        metadata: free facts for plugins such as kedro-viz.
    """

    _format_name = "NWB file (HDF5)"

    def __init__(
        self,
        *,
        filepath: str | os.PathLike,
        units: Mapping[str, Scalar | Sequence[Scalar]] | None = None,
        series: Sequence[str] | None = None,
        url: str | None = None,
        sha256: str | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(filepath=filepath, url=url, sha256=sha256, metadata=metadata)
        self._units = _checked_units(units)
        if series is not None and (
            isinstance(series, str) or not all(isinstance(path, str) and path for path in series)
        ):
            raise DatasetError(
                "series of NwbDataset must be a list of paths, e.g. [processing/behavior/Position],"
                f" got {series!r}; leave it out to read all"
            )
        self._series = None if series is None else list(series)

    def fetch_if_missing(self) -> None:
        """As for any file; a folder is refused."""
        if self._filepath.is_dir() or self._filepath.suffix == ".zarr":
            raise DatasetError(
                f"{self._filepath} is a folder, as NWB in Zarr, which is not read; export it to "
                "HDF5 (hdmf-zarr: NWBHDF5IO(path, 'w').export(NWBZarrIO(folder, 'r'))), or correct "
                "filepath"
            )
        super().fetch_if_missing()

    def _read(self, path: Path) -> dict[str, Values]:
        budget = ReadBudget(path)
        with opened(path) as file:
            check_heaps(path)  # attributes have texts of variable length, too
            budget.has_sound_heaps = True
            if not {"nwb_version", "neurodata_type"} & file.attrs.keys():
                raise DatasetError(
                    f"{path} is HDF5 but not NWB 2; correct filepath, or read it with type "
                    "cebra_kedro.io.Hdf5Dataset"
                )
            arrays = read_units(file, self._units, budget)
            for where, group in _chosen(file, self._series, path).items():
                arrays |= _read_series(group, where, budget)
            arrays |= read_intervals(file, budget)
        if not arrays:
            raise DatasetError(
                f"{path} has no units, series or intervals; correct filepath"
                + (", or name raw series in series" if self._series is None else " or series")
            )
        return arrays

    def _describe(self) -> dict[str, Any]:
        return self._file.facts | {"units": self._units, "series": self._series}


def _checked_units(units: Any) -> dict[str, list[Scalar]] | None:
    if units is None:
        return None
    if isinstance(units, Mapping) and units and all(isinstance(name, str) for name in units):
        wanted = {
            name: list(value) if isinstance(value, (list, tuple)) else [value]
            for name, value in units.items()
        }
        if all(
            values and all(isinstance(v, (str, int, float)) for v in values)
            for values in wanted.values()
        ):
            return wanted
    raise DatasetError(
        "units of NwbDataset must map columns to a wanted value or a list of them, e.g. "
        f"{{location: VISp, quality: [good, mua]}}, got {units!r}; leave it out to keep all units"
    )


def _chosen(file: h5py.File, paths: Sequence[str] | None, path: Path) -> dict[str, h5py.Group]:
    """Path → series that is read."""
    if paths is None:
        return _derived(_below_roots(file, path), path)
    chosen: dict[str, h5py.Group] = {}
    for name in paths:
        where = name.strip("/")
        group = resolve(file, where, path)
        if _is_series(group):
            chosen[where] = group
            continue
        found = _derived(dict(_below(group, where, path, set())), path)
        if not found:
            there = listed(list(_below_roots(file, path)))
            raise DatasetError(
                f"{path}: series: there is no series {name}; there are {there}. Correct series"
            )
        chosen |= found
    return chosen


def _derived(series: dict[str, h5py.Group], path: Path) -> dict[str, h5py.Group]:
    """Without raw signals."""
    raw = [name for name, group in series.items() if attribute(group, "neurodata_type") in _RAW]
    if raw:
        logger.info(
            "%s: raw voltages and pictures are left out unless series names them: %s",
            path,
            listed(raw),
        )
    return {name: group for name, group in series.items() if name not in raw}


def _below_roots(file: h5py.File, path: Path) -> dict[str, h5py.Group]:
    seen: set[int] = set()
    return {
        name: group
        for root in _ROOTS
        for name, group in _below(resolve(file, root, path), root, path, seen)
    }


def _below(item: Any, where: str, path: Path, seen: set[int]) -> Iterator[tuple[str, h5py.Group]]:
    """Each series once, by the first path that leads to it."""
    import h5py

    if not isinstance(item, h5py.Group) or address(item) in seen:
        return
    if where.count("/") > _MAX_DEPTH:
        raise DatasetError(
            f"{path} has groups more than {_MAX_DEPTH} deep; name the series to read in series"
        )
    seen.add(address(item))
    if _is_series(item):
        yield where, item
        return
    for name in item:
        yield from _below(member(item, name, path), f"{where}/{name}", path, seen)


def _is_series(item: Any) -> bool:
    import h5py

    return (
        isinstance(item, h5py.Group)
        and "neurodata_type" in item.attrs
        and has(item, "data")
        and (has(item, "timestamps") or has(item, "starting_time"))
    )


def _read_series(group: h5py.Group, where: str, budget: ReadBudget) -> dict[str, Values]:
    data = _dataset(group, "data", where, budget.path)
    arrays = read_dataset(data, f"{where}/data", budget, in_file=True)
    if (values := arrays.get(f"{where}/data")) is None:
        return arrays  # fields of a compound type, which no conversion is for
    if not isinstance(values, list) and values.dtype.kind in "iuf":
        arrays[f"{where}/data"] = _in_its_unit(values, group, data, where, budget)
    arrays |= _timestamps(group, where, len(values) if np.ndim(data) else 1, budget)
    if unit := attribute(data, "unit"):
        arrays[f"{where}/unit"] = np.array(unit)
    return arrays


def _in_its_unit(
    values: Rows, group: h5py.Group, data: h5py.Dataset, where: str, budget: ReadBudget
) -> Rows:
    """``data × conversion + offset``; as stored where that changes nothing."""
    conversion, offset = (
        _number(data, name, default, where, budget.path)
        for name, default in (("conversion", 1.0), ("offset", 0.0))
    )
    if has(group, "channel_conversion"):
        channels = _dataset(group, "channel_conversion", where, budget.path)
        (by_channel,) = read_dataset(channels, f"{where}/channel_conversion", budget).values()
        factor: Any = conversion * np.asarray(by_channel)
    elif (conversion, offset) == (1, 0):
        return values
    else:
        factor = conversion
    kind = np.result_type(values.dtype, np.float32)
    if isinstance(values, OnDisk):
        return Scaled(values, kind, factor, offset)
    budget.spend(f"{where}/data", values.size * kind.itemsize)
    values = values.astype(kind, copy=False)
    values *= factor
    values += offset
    return values


def _timestamps(
    group: h5py.Group, where: str, n_time: int, budget: ReadBudget
) -> dict[str, Values]:
    name = f"{where}/timestamps"
    if has(group, "timestamps"):
        return read_dataset(_dataset(group, "timestamps", where, budget.path), name, budget)
    start = _dataset(group, "starting_time", where, budget.path)
    rate_hz = _number(start, "rate", 0.0, f"{where}/starting_time", budget.path)
    if rate_hz <= 0:
        raise DatasetError(
            f"{budget.path}: the rate of {where}/starting_time must be positive, got {rate_hz}; "
            "correct the file, or name other series in series"
        )
    budget.spend(name, 8 * n_time)
    return {name: float(start[()]) + np.arange(n_time) / rate_hz}


def _dataset(group: h5py.Group, name: str, where: str, path: Path) -> h5py.Dataset:
    import h5py

    item = member(group, name, path)
    if not isinstance(item, h5py.Dataset):
        raise DatasetError(
            f"{path}: {where}/{name} leads nowhere or to a group; copy the file again, or name "
            "other series in series"
        )
    return item


def _number(item: Any, name: str, default: float, where: str, path: Path) -> float:
    value = item.attrs.get(name, default)
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = np.nan
    if not np.isfinite(number):
        raise DatasetError(
            f"{path}: {name} of {where} must be a finite number, got {value!r}; correct the file, "
            "or name other series in series"
        )
    return number
