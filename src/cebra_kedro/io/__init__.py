"""Kedro dataset classes, one file format each; what the arrays mean is left to other rooms.

In ``catalog.yml``: ``type: cebra_kedro.io.RecordingDataset``. Each class is imported when it is
first asked for, so that a catalog loads only what it uses.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cebra_kedro.io.cebra_model_dataset import CebraModelDataset
    from cebra_kedro.io.csv_dataset import CsvDataset
    from cebra_kedro.io.figure_dataset import FigureDataset
    from cebra_kedro.io.folder_dataset import FolderDataset
    from cebra_kedro.io.hdf5_dataset import Hdf5Dataset
    from cebra_kedro.io.mat_dataset import MatDataset
    from cebra_kedro.io.matlab_folder_dataset import MatlabFolderDataset
    from cebra_kedro.io.npy_dataset import NpyDataset
    from cebra_kedro.io.npz_dataset import NpzDataset
    from cebra_kedro.io.nwb_dataset import NwbDataset
    from cebra_kedro.io.nwb_folder_dataset import NwbFolderDataset
    from cebra_kedro.io.published_pickle_dataset import PublishedPickleDataset
    from cebra_kedro.io.published_results_dataset import (
        PublishedHdfDataset,
        ResultsCsvDataset,
        ResultsFolderDataset,
    )
    from cebra_kedro.io.published_table_dataset import PublishedTableDataset
    from cebra_kedro.io.recording_dataset import RecordingDataset
    from cebra_kedro.io.sessions_dataset import SessionsDataset
    from cebra_kedro.io.simulated_dataset import SimulatedDataset
    from cebra_kedro.io.store_dataset import StoreDataset
    from cebra_kedro.io.table_dataset import TableDataset
    from cebra_kedro.io.torch_tensor_dataset import TorchTensorDataset
    from cebra_kedro.io.trodes_dataset import TrodesDataset

__all__ = [
    "CebraModelDataset",
    "CsvDataset",
    "FigureDataset",
    "FolderDataset",
    "Hdf5Dataset",
    "MatDataset",
    "MatlabFolderDataset",
    "NpyDataset",
    "NpzDataset",
    "NwbDataset",
    "NwbFolderDataset",
    "PublishedHdfDataset",
    "PublishedPickleDataset",
    "PublishedTableDataset",
    "RecordingDataset",
    "ResultsCsvDataset",
    "ResultsFolderDataset",
    "SessionsDataset",
    "SimulatedDataset",
    "StoreDataset",
    "TableDataset",
    "TorchTensorDataset",
    "TrodesDataset",
]

_MODULES = {
    "CebraModelDataset": "cebra_model_dataset",
    "CsvDataset": "csv_dataset",
    "FigureDataset": "figure_dataset",
    "FolderDataset": "folder_dataset",
    "Hdf5Dataset": "hdf5_dataset",
    "MatDataset": "mat_dataset",
    "MatlabFolderDataset": "matlab_folder_dataset",
    "NpyDataset": "npy_dataset",
    "NpzDataset": "npz_dataset",
    "NwbDataset": "nwb_dataset",
    "NwbFolderDataset": "nwb_folder_dataset",
    "PublishedHdfDataset": "published_results_dataset",
    "PublishedPickleDataset": "published_pickle_dataset",
    "PublishedTableDataset": "published_table_dataset",
    "RecordingDataset": "recording_dataset",
    "ResultsCsvDataset": "published_results_dataset",
    "ResultsFolderDataset": "published_results_dataset",
    "SessionsDataset": "sessions_dataset",
    "SimulatedDataset": "simulated_dataset",
    "StoreDataset": "store_dataset",
    "TableDataset": "table_dataset",
    "TorchTensorDataset": "torch_tensor_dataset",
    "TrodesDataset": "trodes_dataset",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
