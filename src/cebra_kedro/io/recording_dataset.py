"""Recordings as HDF5 files that any HDF5 reader opens; other containers are left to others."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from kedro.io.core import DatasetError
from kedro_datasets._typing import TablePreview

from cebra_kedro.io.local_file_dataset import LocalFileDataset
from cebra_kedro.on_disk import InFile, OnDisk, Rows, blocks
from cebra_kedro.recording import Label, Recording

FORMAT = "cebra-kedro recording"
FORMAT_VERSION = 2

_READ_VERSIONS = (1, 2)  # 1 had no tables
_ORIGIN = ("source", "checksum", "checksum_status", "simulated")  # what meta says of it
_CHUNK_BYTES = 2**20
_MAX_META_BYTES = 60_000  # HDF5 keeps the attributes of an object within 64 KiB


class RecordingDataset(LocalFileDataset[Recording]):
    """Saves and loads a :class:`~cebra_kedro.recording.Recording` as one HDF5 file.

    ``/neural`` (time, neuron); ``/labels/<name>`` (time,) or (time, dim) with the attributes
    ``kind`` and ``unit``; ``/tables/<name>`` (code, dim) if the label's values are the codes of a
    table; ``/trial`` (time,) if there are trials; and at the root the attributes ``format``,
    ``format_version``, ``name``, ``bin_width_s`` and ``meta`` (JSON). Types of numbers are kept.
    Integers, and floats that are mostly zero, are compressed without loss, every array carries
    checksums, and equal recordings give equal files. Neural activity that is larger than memory is
    written as it is, with its SHA-256 as attribute ``digest``, and stays in the file when it is
    loaded (``cebra_kedro.on_disk``).

    Example:
        In ``catalog.yml``:

        .. code-block:: yaml

            "hippocampus.{subject}.recording":
              type: cebra_kedro.io.RecordingDataset
              filepath: data/03_primary/hippocampus/{subject}.h5
              versioned: false
              metadata:
                kedro-viz: {layer: primary, preview_args: {nrows: 5}}

        Without this package: ``h5py.File("buddy.h5")["neural"][:]``.

    Args:
        filepath: the ``.h5`` file, on this machine.
        version: set by Kedro for ``versioned: true``.
        metadata: free facts for plugins such as kedro-viz.
    """

    _format_name = "recording (HDF5)"

    def _read(self, path: Path) -> Recording:
        return read_recording(path)

    def _write(self, path: Path, data: Recording) -> None:
        write_recording(path, data)

    def preview(self, nrows: int = 5) -> TablePreview:
        """The first rows of labels, trial and summed activity, for kedro-viz.

        Args:
            nrows: number of time bins to show.

        Returns:
            Table with ``index`` (number of the time bin), ``columns`` and ``data``.
        """
        recording = self.load()
        columns: dict[str, np.ndarray] = {}
        if recording.trial is not None:
            columns["trial"] = recording.trial
        for name, label in recording.labels.items():
            unit = label.values_unit if label.table is None else "code"
            title = f"{name} ({unit})" if unit else name
            values = label.values.reshape(recording.n_time, -1)[:, :4]  # features may be 768 wide
            for k in range(values.shape[1]):
                columns[title if label.values.ndim == 1 else f"{title} {k}"] = values[:, k]
        columns[f"sum over {recording.n_neurons} neurons"] = recording.neural[:nrows].sum(axis=1)
        rows = [column[:nrows].tolist() for column in columns.values()]
        return TablePreview(
            {
                "index": list(range(min(nrows, recording.n_time))),
                "columns": list(columns),
                "data": [list(row) for row in zip(*rows, strict=True)],
            }
        )


def read_recording(path: Path) -> Recording:
    """The recording in a file."""
    with h5py.File(path, "r") as file:
        _check_format(file, path)
        tables = file.get("tables", {})
        labels = {
            name: Label(
                dataset[()],
                dataset.attrs["kind"],
                dataset.attrs.get("shown_in", dataset.attrs["unit"]),
                tables[name][()] if name in tables else None,
                tuple(json.loads(dataset.attrs.get("names", "[]"))),
            )
            for name, dataset in file["labels"].items()
        }
        return Recording(
            neural=_neural(path, file["neural"]),
            labels=labels,
            bin_width_s=float(file.attrs["bin_width_s"]),
            name=file.attrs["name"],
            trial=file["trial"][()] if "trial" in file else None,
            meta=json.loads(file.attrs["meta"]),
        )


def write_recording(path: Path, data: Recording, fingerprint: str | None = None) -> None:
    """Write a recording to a new file.

    Args:
        path: the file.
        data: the recording.
        fingerprint: digest of what it was made from, kept as an attribute.

    Raises:
        DatasetError: it is no recording, or would not come back as it is.
    """
    if not isinstance(data, Recording):
        raise DatasetError(
            f"a recording file saves a Recording, got {type(data).__name__}; convert the "
            "arrays with a function of cebra_kedro.sources"
        )
    meta = _meta_as_json(data)
    with h5py.File(path, "w") as file:
        file.attrs["format"] = FORMAT
        file.attrs["format_version"] = FORMAT_VERSION
        file.attrs["name"] = data.name
        file.attrs["bin_width_s"] = float(data.bin_width_s)
        file.attrs["meta"] = meta
        if fingerprint is not None:
            file.attrs["fingerprint"] = fingerprint
        if isinstance(data.neural, OnDisk):
            _write_large(file, "neural", data.neural)
        else:
            _write_array(file, "neural", data.neural)
        labels = _ordered_group(file, "labels")
        for name, label in data.labels.items():
            _check_label_name(name, data.name)
            dataset = _write_array(labels, name, label.values)
            dataset.attrs["kind"] = label.kind
            dataset.attrs["unit"] = label.values_unit
            if label.unit != label.values_unit:
                dataset.attrs["shown_in"] = label.unit
            if label.names:
                dataset.attrs["names"] = json.dumps(label.names)
            if label.table is not None:
                _write_array(file.require_group("tables"), name, label.table)
        if data.trial is not None:
            _write_array(file, "trial", data.trial)


def recording_fingerprint(path: Path) -> str | None:
    """The fingerprint that a file was written with."""
    with h5py.File(path, "r") as file:
        _check_format(file, path)
        return file.attrs.get("fingerprint")


def recording_facts(path: Path) -> dict[str, Any]:
    """Origin and size of the recording in a file, without reading its arrays."""
    with h5py.File(path, "r") as file:
        _check_format(file, path)
        meta = json.loads(file.attrs["meta"])
        n_time, n_neurons = file["neural"].shape
        return {
            **{name: meta.get(name) for name in _ORIGIN},
            "n_time": int(n_time),
            "n_neurons": int(n_neurons),
            "n_trials": meta.get("n_trials"),
            "bin_width_s": float(file.attrs["bin_width_s"]),
            "suspicions": list(meta.get("suspicions", ())),
        }


def _check_format(file: h5py.File, path: Path) -> None:
    if file.attrs.get("format") != FORMAT:
        raise DatasetError(
            f"{path} is an HDF5 file but not a recording of cebra-kedro (no attribute "
            f"format = {FORMAT!r}); read it with the dataset of its own format, or correct filepath"
        )
    if file.attrs["format_version"] not in _READ_VERSIONS:
        raise DatasetError(
            f"{path} has format_version {file.attrs['format_version']}, this cebra-kedro reads "
            f"up to {FORMAT_VERSION}; upgrade cebra-kedro, or write the file again with this "
            "version"
        )


def _ordered_group(file: h5py.File, name: str) -> h5py.Group:
    """A group that keeps the order of what is put into it, but no times.

    With ``create_group(track_order=True)``, h5py before 3.15 keeps these, too, so that the same
    recording gives another file a second later.
    """
    properties = h5py.h5p.create(h5py.h5p.GROUP_CREATE)
    order = h5py.h5p.CRT_ORDER_TRACKED | h5py.h5p.CRT_ORDER_INDEXED
    properties.set_link_creation_order(order)
    properties.set_attr_creation_order(order)
    properties.set_obj_track_times(False)
    return h5py.Group(h5py.h5g.create(file.id, name.encode(), gcpl=properties))


def _write_array(group: h5py.Group, name: str, array: np.ndarray) -> h5py.Dataset:
    if array.size == 0:  # HDF5 has no empty chunks
        return group.create_dataset(name, data=array)
    row_bytes = array.itemsize * int(np.prod(array.shape[1:]))
    rows = min(len(array), max(1, _CHUNK_BYTES // row_bytes))
    # Noise of floats does not shrink; events that are mostly zero do, many times.
    shrinks = np.issubdtype(array.dtype, np.integer) or _mostly_zero(array)
    compression: dict[str, Any] = {"compression": "gzip", "compression_opts": 1, "shuffle": True}
    return group.create_dataset(
        name,
        data=array,
        chunks=(rows, *array.shape[1:]),
        fletcher32=True,
        **(compression if shrinks else {}),
    )


def _write_large(group: h5py.Group, name: str, array: OnDisk) -> None:
    """Row after row, so that any of them is read without those around it."""
    dtype = array.dtype.newbyteorder("=")
    dataset = group.create_dataset(name, array.shape, dtype)
    digest, begin = hashlib.sha256(f"{dtype.str}{array.shape}".encode()), 0
    for block in blocks(array):
        native = np.ascontiguousarray(block, dtype)
        dataset[begin : begin + len(block)] = native
        digest.update(native.data)
        begin += len(block)
    dataset.attrs["digest"] = digest.hexdigest()


def _neural(path: Path, dataset: h5py.Dataset) -> Rows:
    """In memory, or on disk if it was written so."""
    if "digest" not in dataset.attrs:
        return dataset[()]
    place = dataset.id.get_offset()
    return InFile(path, place, dataset.shape, dataset.dtype, dataset.attrs["digest"])


def _mostly_zero(array: np.ndarray) -> bool:
    return bool(2 * np.count_nonzero(array) < array.size)


def _meta_as_json(recording: Recording) -> str:
    meta = dict(recording.meta)
    try:
        text = json.dumps(meta, allow_nan=False)
        returned = json.loads(text)
    except (TypeError, ValueError) as error:
        raise DatasetError(
            f"meta of recording {recording.name} must hold JSON values ({error}); "
            "turn arrays into lists, paths into text, NaN into null"
        ) from error
    changed = [str(key) for key, value in meta.items() if returned.get(key) != value]
    if changed or returned.keys() != meta.keys():
        raise DatasetError(
            f"meta of recording {recording.name} does not survive JSON in "
            f"{', '.join(changed) or 'its keys'}; use text keys, and lists instead of tuples"
        )
    if len(text) > _MAX_META_BYTES:
        raise DatasetError(
            f"meta of recording {recording.name} takes {len(text)} bytes as JSON, HDF5 attributes "
            f"hold up to {_MAX_META_BYTES}; keep arrays as labels or in their own file"
        )
    return text


def _check_label_name(name: str, recording: str) -> None:
    if not name or "/" in name or "\0" in name or set(name) == {"."}:
        raise DatasetError(
            f"recording {recording} has a label named {name!r}, which HDF5 cannot store: label "
            "names must not be empty, dots only, or contain '/'; rename it"
        )
