"""What a file is by how it begins, for errors about one whose name says something else."""

from __future__ import annotations

from pathlib import Path

_KINDS = (
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", "Hdf5Dataset (of NWB: NwbDataset)"),
    (b"PK\x03\x04", "a zip archive", "NpzDataset if it is an .npz"),
    (b"\x93NUMPY", "an array of NumPy", "NpyDataset"),
    (b"MATLAB ", "a file of MATLAB", "MatDataset"),
    (b"PAR1", "a table in Parquet", "TableDataset"),
)
_LONGEST = max(len(begins) for begins, *_ in _KINDS)


def another_kind(path: Path) -> str | None:
    """What a file is, and which dataset reads it; None if that is not known."""
    with path.open("rb") as file:
        beginning = file.read(_LONGEST)
    found = [
        f"{path} is {what}; read it with type: cebra_kedro.io.{dataset}"
        for begins, what, dataset in _KINDS
        if beginning.startswith(begins)
    ]
    return found[0] if found else None
