"""Files that Trodes (SpikeGadgets) exports, as named arrays; what they mean is ``sources``'.

Source of the format: SpikeGadgets' ``readTrodesExtractedDataFile3.py``.
"""

from __future__ import annotations

import logging
import math
import re
from pathlib import Path

import numpy as np
from kedro.io.core import DatasetError

from cebra_kedro.io.named_arrays_dataset import NamedArraysDataset, listed
from cebra_kedro.sources.named_arrays import Values

logger = logging.getLogger(__name__)

_START, _END = b"<Start settings>", b"<End settings>"
_MAX_HEADER_BYTES = 2**20
_FIELDS = re.compile(r"(?:\s*<\s*[^\s<>]+\s+[\w*]+\s*>)+\s*")
_FIELD = re.compile(r"<\s*([^\s<>]+)\s+([\w*]+)\s*>")
_TYPES = {
    **{f"{sign}int{bits}": f"<{sign or 'i'}{bits // 8}" for sign in ("u", "") for bits in (16, 32)},
    "uint8": "u1",
    "int8": "i1",
    "uint64": "<u8",
    "int64": "<i8",
    "float32": "<f4",
    "single": "<f4",
    "float64": "<f8",
    "double": "<f8",
}


class TrodesDataset(NamedArraysDataset):
    """Loads the fields of a file that Trodes exported, e.g. a rat's tracked position; read-only.

    Each field is an array with one row a record. ``time``, which Trodes counts in samples,
    becomes seconds (float64), and ``clockrate`` is an array without dimensions, in Hz. Other
    counters of samples, such as ``HWTimestamp``, stay as they are.

    Example:
        In ``catalog.yml``:

        .. code-block:: yaml

            rat7.tracking:
              type: cebra_kedro.io.TrodesDataset
              filepath: data/01_raw/rat7.videoPositionTracking
              metadata:
                kedro-viz: {layer: raw}

    Args:
        filepath: the file, or its URL.
        url: where the file is fetched from if it is not at ``filepath``.
        sha256: digest that the file must have.
        metadata: free facts for plugins such as kedro-viz.
    """

    _format_name = "file exported by Trodes"

    def _read(self, path: Path) -> dict[str, Values]:
        settings, start = _header(path)
        record = _record(settings, path)
        n_records, rest = divmod(path.stat().st_size - start, record.itemsize)
        if not n_records:
            raise DatasetError(
                f"{path} has no record of the {record.itemsize} bytes that Fields declares, only "
                f"{rest} bytes after the header; copy or export it again"
            )
        if rest:
            logger.warning(
                "%s ends within a record, as when recording was cut off: the last %d bytes are "
                "left out",
                path,
                rest,
            )
        records = np.memmap(path, record, "r", start, (n_records,))
        return _arrays(records, settings, path)


def _header(path: Path) -> tuple[dict[str, str], int]:
    """Settings, by name in lower case, and where the records begin."""
    with path.open("rb") as file:
        head = file.read(_MAX_HEADER_BYTES)
    end = head.find(_END)
    if not head.startswith(_START) or end < 0:
        raise DatasetError(
            f"{path} does not begin with settings from {_START.decode()} to {_END.decode()}, so "
            "Trodes did not export it; correct filepath or type, or export it again"
        )
    lines = head[:end].decode("latin-1").splitlines()[1:]
    pairs = (line.partition(":") for line in lines)
    after = re.compile(rb"[ \t]*\r?\n?").match(head, end + len(_END))
    assert after is not None
    return {name.strip().lower(): value.strip() for name, _, value in pairs}, after.end()


def _record(settings: dict[str, str], path: Path) -> np.dtype:
    """The packed little-endian type of a record."""
    text = settings.get("fields", "")
    if not _FIELDS.fullmatch(text):
        raise DatasetError(
            f"{path}: the header must declare Fields: <name type>…, e.g. <time uint32><xloc "
            f"uint16>, got {text[:200]!r}; export it again"
        )
    if "big" in settings.get("byte_order", "").lower():
        raise DatasetError(f"{path} has big-endian records; export it again, little-endian")
    fields = [(name, *_field_type(name, declared, path)) for name, declared in _FIELD.findall(text)]
    names = [name for name, *_ in fields]
    if len({*names, "clockrate"}) <= len(names):
        raise DatasetError(
            f"{path}: each field needs a name of its own, other than clockrate; Fields has "
            f"{listed(names)}. Export it again"
        )
    return np.dtype(fields)


def _field_type(name: str, declared: str, path: Path) -> tuple[str, tuple[int, ...]]:
    """Type and shape of ``type``, ``number*type`` or ``type*number``."""
    parts = declared.split("*")
    numbers = [part for part in parts if part.isdecimal()]
    types = [part for part in parts if part in _TYPES]
    if len(types) != 1 or len(numbers) != len(parts) - 1 or len(parts) > 2:
        raise DatasetError(
            f"{path}: field {name} is declared as {declared}, expected one of {', '.join(_TYPES)}, "
            "or such as 3*float64; export it again"
        )
    n_values = int(numbers[0]) if numbers else 1
    if not 0 < n_values <= path.stat().st_size:
        raise DatasetError(
            f"{path}: field {name} declares {n_values} values a record, which the file cannot "
            "hold; it is damaged: copy or export it again"
        )
    return _TYPES[types[0]], (n_values,) if n_values > 1 else ()


def _arrays(records: np.ndarray, settings: dict[str, str], path: Path) -> dict[str, Values]:
    arrays: dict[str, Values] = {}
    for name in records.dtype.names or ():
        column = np.asarray(records[name])
        if name == "time":
            arrays[name] = column / _clockrate(settings, path)
        else:
            arrays[name] = column.astype(column.dtype.newbyteorder("="))
    if "clockrate" in settings:
        arrays["clockrate"] = np.array(_clockrate(settings, path))
    return arrays


def _clockrate(settings: dict[str, str], path: Path) -> float:
    text = settings.get("clockrate", "")
    try:
        rate = float(text)
    except ValueError:
        rate = math.nan
    if not (math.isfinite(rate) and rate > 0):
        raise DatasetError(
            f"{path}: clockrate must be the samples in a second, e.g. 30000, to turn time into "
            f"seconds, got {text!r}; export it again, or correct the header"
        )
    return rate
