"""A recording that stays on disk gives what one in memory gives, from file to report."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pynwb
import pytest
import yaml
from kedro.io import DatasetError

from cebra_kedro import on_disk
from cebra_kedro.io import Hdf5Dataset, NpyDataset, NwbDataset, RecordingDataset
from cebra_kedro.on_disk import OnDisk
from cebra_kedro.recording import Recording, RecordingError
from cebra_kedro.sources.arrays import read_arrays
from cebra_kedro.sources.signal_blocks import MissingBlock
from cebra_kedro.training.baselines import baseline_features
from cebra_kedro.training.fingerprint import content_digest
from kedro_project import copy_project, reporting, run_command, run_session

N_TIME, N_NEURONS = 3000, 24


def walk() -> dict[str, np.ndarray]:
    """Traces of neurons with places along a track, and where the rat was."""
    rng = np.random.default_rng(1)
    position = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(N_TIME) / 150)
    fields = np.exp(-((position[:, None] - np.linspace(0, 1, N_NEURONS)) ** 2) / 0.02)
    neural = (fields + 0.1 * rng.normal(size=fields.shape)).astype(np.float32)
    return {"neural": neural, "position": position, "trial": np.arange(N_TIME) // 150}


@pytest.fixture
def small(monkeypatch):
    """Arrays of more than a few rows count as larger than memory."""
    monkeypatch.setattr(on_disk, "LARGE_BYTES", 50_000)
    monkeypatch.setattr(on_disk, "BLOCK_BYTES", 20_000)


def _npy(path: Path, neural: np.ndarray) -> OnDisk:
    np.save(path.with_suffix(".npy"), neural)
    return NpyDataset(filepath=path.with_suffix(".npy")).load()


def _hdf5(path: Path, neural: np.ndarray, **options) -> OnDisk:
    with h5py.File(path.with_suffix(".h5"), "w") as file:
        file.create_dataset("traces", data=neural, **options)
    return Hdf5Dataset(filepath=path.with_suffix(".h5")).load()["traces"]


def _nwb(path: Path, neural: np.ndarray) -> OnDisk:
    nwb = pynwb.NWBFile("a test", "an id", datetime(2024, 1, 1, tzinfo=UTC))
    series = pynwb.TimeSeries(
        name="traces", data=2 * neural, unit="dF/F", starting_time=0.0, rate=40.0, conversion=0.5
    )
    nwb.create_processing_module("ophys", "imaging").add(series)
    with pynwb.NWBHDF5IO(path.with_suffix(".nwb"), "w") as file:
        file.write(nwb)
    return NwbDataset(filepath=path.with_suffix(".nwb")).load()["processing/ophys/traces/data"]


FORMATS = {
    "npy": _npy,
    "npy in Fortran's order": lambda path, neural: _npy(path, np.asfortranarray(neural)),
    "npy of the other byte order": lambda path, neural: _npy(path, neural.astype(">f4")),
    "hdf5": _hdf5,
    "hdf5 in chunks": lambda path, neural: _hdf5(
        path, neural, chunks=(70, 5), compression="gzip", shuffle=True
    ),
    "nwb": _nwb,
}


def recording_of(neural: object, **options) -> Recording:
    arrays = walk() | {"neural": neural}
    return read_arrays(arrays, session="mine", bin_width_s=0.025, **options)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_becomes_the_recording_that_it_is_in_memory(name, small, tmp_path):
    neural = FORMATS[name](tmp_path / "raw", walk()["neural"])
    assert isinstance(neural, OnDisk)
    dataset = RecordingDataset(filepath=tmp_path / "recording.h5")
    dataset.save(recording_of(neural))
    loaded, expected = dataset.load(), recording_of(walk()["neural"])
    assert isinstance(loaded.neural, OnDisk)
    assert loaded.neural.dtype == expected.neural.dtype
    np.testing.assert_array_equal(loaded.neural[:], expected.neural)
    assert loaded.neural.digest == content_digest(expected.neural)
    for label in ("position",):
        np.testing.assert_array_equal(loaded.label(label).values, expected.label(label).values)


def test_counts_become_whole_numbers(small, tmp_path):
    counts = np.random.default_rng(0).poisson(3.0, (N_TIME, N_NEURONS)).astype(np.float64)
    recording = recording_of(_npy(tmp_path / "raw", counts))
    assert recording.neural.dtype == np.uint8
    np.testing.assert_array_equal(recording.neural[:], counts)


def test_neurons_in_rows_are_turned(small, tmp_path):
    neural = _npy(tmp_path / "raw", np.ascontiguousarray(walk()["neural"].T))
    np.testing.assert_array_equal(recording_of(neural, transposed=True).neural[:], walk()["neural"])


def test_bins_without_a_label_are_left_out(small, tmp_path):
    arrays = walk()
    arrays["position"][100:400] = np.nan
    options = {"session": "mine", "bin_width_s": 0.025, "missing": MissingBlock(rule="drop")}
    expected = read_arrays(arrays, **options)
    neural = _npy(tmp_path / "raw", arrays["neural"])
    found = read_arrays(arrays | {"neural": neural}, **options)
    assert isinstance(found.neural, OnDisk)
    np.testing.assert_array_equal(found.neural[:], expected.neural)
    np.testing.assert_array_equal(found.trial, expected.trial)


def test_what_is_no_number_is_told_with_its_place(small, tmp_path):
    neural = walk()["neural"]
    neural[2900, 7] = np.nan
    with pytest.raises(RecordingError, match="NaN"):
        recording_of(_npy(tmp_path / "raw", neural))
    on_file = _npy(tmp_path / "raw", neural)
    with pytest.raises(RecordingError, match=r"1 values .* first at index \(2900, 7\)"):
        Recording(on_file, {}, 0.025, "mine")


def test_trials_as_a_dimension_are_refused(small, tmp_path):
    neural = _npy(tmp_path / "raw", walk()["neural"].reshape(20, 150, N_NEURONS))
    with pytest.raises(RecordingError, match=r"larger than memory.*time, neuron"):
        recording_of(neural)


def test_a_file_cut_short_is_told(small, tmp_path):
    _npy(tmp_path / "raw", walk()["neural"])
    with (tmp_path / "raw.npy").open("r+b") as file:
        file.truncate(200_000)
    with pytest.raises(DatasetError, match="not a readable"):
        NpyDataset(filepath=tmp_path / "raw.npy").load()


def test_principal_components_are_those_of_the_array_in_memory(small, tmp_path):
    neural = walk()["neural"]
    stored, segment = _npy(tmp_path / "raw", neural), np.zeros(N_TIME, np.int64)
    fit = np.arange(0, N_TIME, 2)
    found = baseline_features("pca", stored, segment, on_disk.chosen_rows(stored, fit))
    expected = baseline_features("pca", neural, segment, neural[fit])
    np.testing.assert_allclose(found, expected, atol=1e-5)  # float32 sums of 24 products


# --- a run ----------------------------------------------------------------------------------------
DESCRIBED = """
large:
  sessions: [monday]
  source: {name: arrays, bin_width_s: 0.025, labels: {position: {unit: m}}}
  split: {by: trial, folds: 3, scheme: interleaved}
  training:
    encoder: {architecture: offset10-model, hidden_units: 8, output_dimension: 3}
    steps: 20
    batch_size: 64
    seeds: [0]
    processes: 1
  encoders:
    position: {labels: [position], pairs: {law: time_delta, time_offset_bins: 10}}
  baselines: [pca]
  decode: {position: {}}
  figures: [embedding]
  sweep: {encoders: [position], baselines: [pca], grid: {n_neurons: [8]}}
"""


@pytest.fixture
def project(tmp_path) -> Path:
    """A project with the walk as three files."""
    project = copy_project(tmp_path)
    raw = project / "data/01_raw/large"
    raw.mkdir(parents=True)
    for name, values in walk().items():
        np.save(raw / f"{name}.npy", values)
    parts = {
        name: {"type": "cebra_kedro.io.NpyDataset", "filepath": f"data/01_raw/large/{name}.npy"}
        for name in walk()
    }
    entry = {"type": "cebra_kedro.io.SessionsDataset", "sessions": ["monday"], "each": parts}
    local = project / "conf/local"
    (local / "catalog_large.yml").write_text(yaml.safe_dump({"large.raw": entry}))
    (local / "parameters_large.yml").write_text(DESCRIBED)
    return project


def test_a_run_scores_as_with_the_array_in_memory(project, monkeypatch):
    def table(name: str) -> pd.DataFrame:
        return pd.read_csv(reporting(project) / "large" / name).drop(
            columns="seconds", errors="ignore"
        )

    run_session(project, pipeline_names=["large"])
    in_memory = {name: table(name) for name in ("metrics.csv", "sweep.csv")}
    monkeypatch.setattr(on_disk, "LARGE_BYTES", 50_000)
    monkeypatch.setattr(on_disk, "BLOCK_BYTES", 20_000)
    run_session(project, pipeline_names=["large"])
    with h5py.File(project / "data/02_intermediate/large/monday.h5") as file:
        assert file["neural"].chunks is None
    for name, expected in in_memory.items():
        found = table(name)
        numbers = expected.select_dtypes("float").columns
        pd.testing.assert_frame_equal(
            found.drop(columns=numbers), expected.drop(columns=numbers), check_dtype=False
        )
        # training adds up in another order
        np.testing.assert_allclose(found[numbers], expected[numbers], rtol=0.02, atol=0.02)


def test_a_baseline_of_the_whole_is_refused_before_anything_is_trained(project, small):
    file = project / "conf/local/parameters_large.yml"
    file.write_text(file.read_text().replace("baselines: [pca]\n", "baselines: [pca, raw]\n"))
    result = run_command(project, "--pipelines", "large", "--env", "test")
    assert result.exit_code
    assert "baselines raw are made of all activity at once" in result.output
    assert "pca is read by rows" in result.output
    assert not list((project / "data").rglob("*.pt"))
