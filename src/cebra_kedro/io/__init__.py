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
    from cebra_kedro.io.model_store_dataset import ModelStoreDataset
    from cebra_kedro.io.npz_dataset import NpzDataset
    from cebra_kedro.io.published_pickle_dataset import PublishedPickleDataset
    from cebra_kedro.io.recording_dataset import RecordingDataset
    from cebra_kedro.io.simulated_dataset import SimulatedDataset

__all__ = [
    "CebraModelDataset",
    "CsvDataset",
    "FigureDataset",
    "ModelStoreDataset",
    "NpzDataset",
    "PublishedPickleDataset",
    "RecordingDataset",
    "SimulatedDataset",
]

_MODULES = {
    "CebraModelDataset": "cebra_model_dataset",
    "CsvDataset": "csv_dataset",
    "FigureDataset": "figure_dataset",
    "ModelStoreDataset": "model_store_dataset",
    "NpzDataset": "npz_dataset",
    "PublishedPickleDataset": "published_pickle_dataset",
    "RecordingDataset": "recording_dataset",
    "SimulatedDataset": "simulated_dataset",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
