"""The kinds of values a store keeps: how each lies in a file that says what it was computed from.

The bytes of recordings, arrays, encoders and pictures are written by the datasets of single files
beside this one, which are imported when they are needed.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from kedro.io.core import DatasetError

from cebra_kedro.cells import Format

if TYPE_CHECKING:
    from cebra_kedro.recording import Recording
    from cebra_kedro.training.model import EncoderModel

Writer = Callable[[Path, Any], None]


@dataclass(frozen=True)
class RecordingFormat:
    """A recording as HDF5 file; what is known of its origin and size stands in the index."""

    suffix: str = ".h5"
    optional: bool = False

    def write(self, path: Path, value: Any, fingerprint: str | None) -> None:
        """Write it; see :class:`~cebra_kedro.io.RecordingDataset`."""
        from cebra_kedro.io.recording_dataset import write_recording

        write_recording(path, value, fingerprint)

    def read(self, path: Path) -> Recording:
        """Read it, unless this process has it still; its arrays cannot be written to."""
        from cebra_kedro.io.recordings_read import recording_in

        return recording_in(path)

    def fingerprint(self, path: Path) -> str | None:
        """From an attribute of the file."""
        from cebra_kedro.io.recordings_read import fingerprint_in

        return fingerprint_in(path)

    def about(self, path: Path) -> dict[str, Any]:
        """Source, checksum, checksum_status, simulated, n_time, n_neurons, bin_width_s."""
        from cebra_kedro.io.recording_dataset import recording_facts

        return recording_facts(path)

    def beside(self) -> Mapping[str, Writer]:
        """Nothing."""
        return {}


@dataclass(frozen=True)
class ArraysFormat:
    """A dict of arrays as ``.npz`` file; the fingerprint is the comment of the zip archive."""

    suffix: str = ".npz"
    optional: bool = False

    def write(self, path: Path, value: Any, fingerprint: str | None) -> None:
        """Write it; see :class:`~cebra_kedro.io.NpzDataset`."""
        from cebra_kedro.io.npz_dataset import write_arrays

        write_arrays(path, value, fingerprint=fingerprint)

    def read(self, path: Path) -> dict[str, np.ndarray]:
        """Read it."""
        from cebra_kedro.io.npz_dataset import read_arrays

        return read_arrays(path)

    def fingerprint(self, path: Path) -> str | None:
        """From the comment of the archive."""
        from cebra_kedro.io.npz_dataset import arrays_fingerprint

        return arrays_fingerprint(path)

    def about(self, path: Path) -> dict[str, Any]:
        """Nothing."""
        return {}

    def beside(self) -> Mapping[str, Writer]:
        """Nothing."""
        return {}


@dataclass(frozen=True)
class ModelFormat:
    """A trained encoder as ``.pt`` file; the fingerprint is its own."""

    suffix: str = ".pt"
    optional: bool = False

    def write(self, path: Path, value: Any, fingerprint: str | None) -> None:
        """Write it; see :class:`~cebra_kedro.io.CebraModelDataset`."""
        from cebra_kedro.io.cebra_model_dataset import write_encoder

        write_encoder(path, value)
        if fingerprint not in (None, value.fingerprint):
            raise DatasetError(
                f"the encoder has fingerprint {value.fingerprint}, but its cell {fingerprint}, so "
                "that it would be trained each time; make both from the same data and parameters"
            )

    def read(self, path: Path) -> EncoderModel:
        """Read it."""
        from cebra_kedro.io.cebra_model_dataset import read_encoder

        return read_encoder(path)

    def fingerprint(self, path: Path) -> str | None:
        """From the encoder."""
        return self.read(path).fingerprint

    def about(self, path: Path) -> dict[str, Any]:
        """Nothing."""
        return {}

    def beside(self) -> Mapping[str, Writer]:
        """Nothing."""
        return {}


@dataclass(frozen=True)
class TableFormat:
    """A pandas table without its index as JSON file; floats come back to the last bit."""

    suffix: str = ".json"
    optional: bool = False

    def write(self, path: Path, value: Any, fingerprint: str | None) -> None:
        """Write columns and rows beside the fingerprint.

        Raises:
            DatasetError: it is no table, or holds other things than numbers, texts and None.
        """
        if not isinstance(value, pd.DataFrame):
            raise DatasetError(
                f"a table file saves a pandas DataFrame, got {type(value).__name__}; return a table"
            )
        columns = list(value.columns)
        if not all(isinstance(name, str) for name in columns) or len({*columns}) < len(columns):
            raise DatasetError(
                f"columns of a table must have a name each, text that no other has; got {columns}"
            )
        rows = [[_plain(item) for item in row] for row in value.itertuples(index=False)]
        content = {"fingerprint": fingerprint, "columns": columns, "rows": rows}
        try:
            text = json.dumps(content, indent=1)
        except TypeError as error:
            raise DatasetError(
                f"a table file holds numbers, texts and None ({error}); turn dates into text"
            ) from error
        path.write_text(text + "\n", encoding="utf-8")

    def read(self, path: Path) -> pd.DataFrame:
        """Read it, with rows numbered from 0."""
        content = json.loads(path.read_text(encoding="utf-8"))
        return pd.DataFrame(content["rows"], columns=content["columns"])

    def fingerprint(self, path: Path) -> str | None:
        """From beside the rows."""
        content = json.loads(path.read_text(encoding="utf-8"))
        if not {"columns", "rows"} <= content.keys():
            raise ValueError(f"{path} is not a table of cebra-kedro")
        return content["fingerprint"]

    def about(self, path: Path) -> dict[str, Any]:
        """Nothing."""
        return {}

    def beside(self) -> Mapping[str, Writer]:
        """Nothing."""
        return {}


@dataclass(frozen=True)
class FigureFormat:
    """A matplotlib figure as PNG picture, of which the bytes are read, with the same one as SVG.

    None is no picture.
    """

    suffix: str = ".png"
    optional: bool = True

    def write(self, path: Path, value: Any, fingerprint: str | None) -> None:
        """Draw it; see :class:`~cebra_kedro.io.FigureDataset`."""
        from cebra_kedro.io.figure_dataset import write_picture

        write_picture(path, value, fingerprint=fingerprint)

    def read(self, path: Path) -> bytes:
        """The bytes of the picture."""
        return path.read_bytes()

    def fingerprint(self, path: Path) -> str | None:
        """From a text in the file."""
        from cebra_kedro.io.figure_dataset import picture_fingerprint

        return picture_fingerprint(path)

    def about(self, path: Path) -> dict[str, Any]:
        """Nothing."""
        return {}

    def beside(self) -> Mapping[str, Writer]:
        """The same figure as SVG, for papers and slides."""
        from cebra_kedro.io.figure_dataset import write_drawing

        return {".svg": write_drawing}


@dataclass(frozen=True)
class TextFormat:
    """A text, such as JSON that a page's script reads, as it is; it has no fingerprint."""

    suffix: str = ".json"
    optional: bool = False

    def write(self, path: Path, value: Any, fingerprint: str | None) -> None:
        """Write it in UTF-8.

        Raises:
            DatasetError: it is no text, or is to be kept by a fingerprint.
        """
        if not isinstance(value, str) or fingerprint is not None:
            raise DatasetError(
                f"a text file saves a text without fingerprint, got {type(value).__name__}"
            )
        path.write_text(value, encoding="utf-8")

    def read(self, path: Path) -> str:
        """Read it."""
        return path.read_text(encoding="utf-8")

    def fingerprint(self, path: Path) -> str | None:
        """None."""
        return None

    def about(self, path: Path) -> dict[str, Any]:
        """Nothing."""
        return {}

    def beside(self) -> Mapping[str, Writer]:
        """Nothing."""
        return {}


_FORMATS: dict[str, Any] = {
    "recordings": RecordingFormat(),
    "arrays": ArraysFormat(),
    "models": ModelFormat(),
    "tables": TableFormat(),
    "figures": FigureFormat(),
    "texts": TextFormat(),
}


def format_of(contents: str, suffix: str | None = None) -> Format:
    """The format of one kind of contents.

    Args:
        contents: ``recordings``, ``arrays``, ``models``, ``tables``, ``figures`` or
            ``texts``.
        suffix: what follows a key in the name of its file, e.g. ``/recording.h5``; None for the
            suffix of the format.

    Raises:
        DatasetError: there are no such contents, or the suffix is not one of theirs.
    """
    if contents not in _FORMATS:
        raise DatasetError(f"contents must be one of {', '.join(_FORMATS)}, got {contents!r}")
    format = _FORMATS[contents]
    if suffix is None:
        return format
    ending = format.suffix
    well_placed = isinstance(suffix, str) and (suffix == ending or suffix.startswith("/"))
    if not well_placed or not suffix.endswith(ending) or "/." in suffix:
        raise DatasetError(
            f"suffix of {contents} must be {ending}, or a file in a folder named by the key, as "
            f"/name{ending}; got {suffix!r}"
        )
    return dataclasses.replace(format, suffix=suffix)


def _plain(value: Any) -> Any:
    """A Python number or text in place of numpy's; JSON keeps all digits of a Python float."""
    return value.item() if isinstance(value, np.generic) else value
