"""What pynwb writes is read by name without pynwb, and only what is asked for is read."""

import logging
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import h5py
import numpy as np
import pynwb
import pytest
from kedro.io import DatasetError
from pynwb.behavior import Position, SpatialSeries
from pynwb.ecephys import ElectricalSeries

from cebra_kedro.io import nwb_dataset
from cebra_kedro.io.nwb_dataset import NwbDataset

SPIKES = [[0.5, 1.0, 2.0], [], [0.25], [3.0, 4.0]]
QUALITY = ["good", "good", "mua", "good"]
PIXELS = np.arange(10, dtype=np.int16).reshape(5, 2)
POSITION = "processing/behavior/Position/track"


def session():
    nwb = pynwb.NWBFile("a test", "an id", datetime(2024, 1, 1, tzinfo=UTC))
    device = nwb.create_device("probe")
    groups = [nwb.create_electrode_group(a, a, a, device) for a in ("CA1", "CA3")]
    for group in (groups[0], groups[0], groups[1]):
        nwb.add_electrode(location=group.name, group=group)
    nwb.add_unit_column("quality", "the verdict")
    nwb.add_unit_column("is_fast", "an interneuron")
    for spikes, quality, electrodes in zip(
        SPIKES, QUALITY, [[0, 1], [2], [1, 2], [2]], strict=True
    ):
        nwb.add_unit(
            spike_times=spikes,
            quality=quality,
            is_fast=quality == "mua",
            electrodes=electrodes,
            waveform_mean=np.zeros((4, 2)),
            electrode_group=groups[0],
        )
    track = SpatialSeries(
        name="track", data=PIXELS, timestamps=np.arange(5) / 4, unit="m", reference_frame="corner",
        conversion=0.5, offset=1.0,
    )  # fmt: skip
    speed = pynwb.TimeSeries(
        name="speed", data=np.arange(3.0), unit="m/s", starting_time=10.0, rate=2.0
    )
    behavior = nwb.create_processing_module("behavior", "the rat")
    behavior.add(Position(spatial_series=track))
    behavior.add(speed)
    region = nwb.create_electrode_table_region([0, 1], "both")
    nwb.add_acquisition(
        ElectricalSeries(name="raw", data=np.ones((4, 2)), electrodes=region, rate=1.0)
    )
    nwb.add_stimulus(
        pynwb.TimeSeries(name="tone", data=np.array([1, 0], np.uint8), unit="V", timestamps=track)
    )
    nwb.add_trial_column("side", "the arm")
    nwb.add_trial_column("licks", "times of licks", index=True)
    nwb.add_trial(start_time=0.0, stop_time=1.0, side="left", licks=[0.25, 0.5])
    nwb.add_trial(start_time=2.0, stop_time=3.0, side="right", licks=[])
    nwb.add_epoch(start_time=0.0, stop_time=9.0, tags=["wake", "run"])
    return nwb


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = tmp_path_factory.mktemp("nwb") / "rat.nwb"
    with pynwb.NWBHDF5IO(path, "w") as file:
        file.write(session())
    return path


@pytest.fixture
def path(written, tmp_path):
    """A file of one's own, to be changed."""
    return Path(shutil.copy(written, tmp_path))


def load(path, **options):
    return NwbDataset(filepath=path, **options).load()


def plain(values):
    return [v.tolist() for v in values] if isinstance(values, list) else values.tolist()


def test_everything_but_raw_voltage_comes_under_its_path(written, caplog):
    with caplog.at_level(logging.INFO):
        loaded = load(written)
    assert "raw voltages and pictures are left out" in caplog.text
    assert "acquisition/raw" in caplog.text
    expected = {
        "units/spike_times": SPIKES,
        "units/id": [0, 1, 2, 3],
        "units/quality": QUALITY,
        "units/is_fast": [False, False, True, False],
        "units/location": ["CA1", "CA3", "CA1, CA3", "CA3"],
        f"{POSITION}/data": (PIXELS * 0.5 + 1).tolist(),
        f"{POSITION}/timestamps": [0, 0.25, 0.5, 0.75, 1],
        f"{POSITION}/unit": "m",
        "processing/behavior/speed/data": [0, 1, 2],
        "processing/behavior/speed/timestamps": [10, 10.5, 11],
        "processing/behavior/speed/unit": "m/s",
        "stimulus/presentation/tone/data": [1, 0],
        "stimulus/presentation/tone/timestamps": [0, 0.25, 0.5, 0.75, 1],  # a link to another's
        "stimulus/presentation/tone/unit": "V",
        "intervals/trials/id": [0, 1],
        "intervals/trials/start_time": [0, 2],
        "intervals/trials/stop_time": [1, 3],
        "intervals/trials/side": ["left", "right"],
        "intervals/trials/licks": [[0.25, 0.5], []],
        "intervals/epochs/id": [0],
        "intervals/epochs/start_time": [0],
        "intervals/epochs/stop_time": [9],
        "intervals/epochs/tags": [["wake", "run"]],
    }
    assert {name: plain(values) for name, values in loaded.items()} == expected
    assert isinstance(loaded["units/spike_times"], list)
    assert loaded["units/is_fast"].dtype == bool
    assert loaded["units/quality"].dtype.kind == "U"
    assert loaded["stimulus/presentation/tone/data"].dtype == np.uint8


@pytest.mark.parametrize(
    ("units", "kept"),
    [
        ({"quality": "good"}, [0, 1, 3]),
        ({"quality": ["good", "mua"], "location": "CA3"}, [1, 3]),
        ({"is_fast": True}, [2]),
        ({"id": [3, 0]}, [0, 3]),
    ],
)
def test_units_are_those_that_have_the_wanted_values(written, units, kept):
    loaded = load(written, units=units, series=[])
    assert plain(loaded["units/spike_times"]) == [SPIKES[i] for i in kept]
    assert loaded["units/id"].tolist() == kept
    assert loaded["units/quality"].tolist() == [QUALITY[i] for i in kept]


@pytest.mark.parametrize(
    ("units", "message"),
    [
        ({"quality": "best"}, "leaves none of 4 units, which have quality: 'good', 'mua'"),
        ({"location": "CA1", "is_fast": True}, r"location: 'CA1', .*; is_fast: False, True"),
        ({"area": "CA1"}, "units names area, but units have id, .*quality"),
    ],
)
def test_a_choice_that_leaves_no_unit_is_answered_with_what_there_is(written, units, message):
    with pytest.raises(DatasetError, match=rf"rat\.nwb: .*{message}"):
        load(written, units=units)


@pytest.mark.parametrize(
    ("series", "names"),
    [
        ([], set()),
        ([f"/{POSITION}"], {POSITION}),
        (["processing/behavior"], {POSITION, "processing/behavior/speed"}),
        (["acquisition/raw"], {"acquisition/raw"}),
    ],
)
def test_only_the_series_asked_for_are_read(written, series, names, monkeypatch):
    read = []

    def watched(dataset, name, budget, **options):
        read.append(name.rpartition("/")[0])
        return original(dataset, name, budget, **options)

    original = nwb_dataset.read_dataset
    monkeypatch.setattr(nwb_dataset, "read_dataset", watched)
    loaded = load(written, series=series)
    assert set(read) == names
    assert {name.rpartition("/")[0] for name in loaded if name.endswith("/data")} == names


def test_a_series_that_is_not_there_is_answered_with_those_that_are(written):
    with pytest.raises(DatasetError, match=rf"no series speed; there are .*{POSITION}.*Correct"):
        load(written, series=["speed"])


def test_where_the_electrodes_are_is_found_by_the_peak_channel_too(path):
    with h5py.File(path, "r+") as file:
        for name in ("electrodes", "electrodes_index"):
            del file["units"][name]
        file["units/peak_channel_id"] = [2, 0, 7, 1]
    assert load(path)["units/location"].tolist() == ["CA3", "CA1", "", "CA1"]


def test_nested_ragged_columns_are_left_out(path, written):
    with h5py.File(path, "r+") as file:
        file["intervals/trials/licks_index_index"] = [1, 2]
    assert set(load(written)) - set(load(path)) == {"intervals/trials/licks"}


def _external(file):
    file["acquisition/far"] = h5py.ExternalLink("/nowhere/other.nwb", "/acquisition/far")


def _external_data(file):
    del file[f"{POSITION}/data"]
    file[f"{POSITION}/data"] = h5py.ExternalLink("/nowhere/other.nwb", "/data")


def _bomb(file):
    del file[f"{POSITION}/data"]
    file[POSITION].create_dataset("data", (10**6, 10**7), "u1", chunks=(10**3, 10**3))


def _index(*ends):
    def change(file):
        file["units/spike_times_index"][...] = ends

    return change


def _rate(file):
    file["processing/behavior/speed/starting_time"].attrs["rate"] = 0.0


def _circle(file):
    file["processing/round"] = file["processing"]
    file["processing/soft"] = h5py.SoftLink("/processing")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_external, "acquisition/far is a link to another file, which is not followed"),
        (_external_data, "track/data is a link to another file, which is not followed"),
        (_bomb, "track/data declares 10 TB"),
        (_index(3, 2, 4, 6), "units/spike_times_index is damaged: it must rise from 0 to at"),
        (_index(3, 3, 4, 200), "units/spike_times_index is damaged: it must rise from 0 to at"),
        (_rate, "the rate of .*/speed/starting_time must be positive, got 0"),
    ],
)
def test_hostile_and_damaged_files_are_refused_with_a_remedy(path, change, message):
    with h5py.File(path, "r+") as file:
        change(file)
    with pytest.raises(DatasetError, match=message) as error:
        load(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_groups_that_contain_themselves_end(path, written):
    with h5py.File(path, "r+") as file:
        _circle(file)
    assert load(path).keys() == load(written).keys()


def test_a_file_cut_anywhere_says_so(path):
    data = path.read_bytes()
    for length in range(1, len(data), len(data) // 20):
        path.write_bytes(data[:length])
        with pytest.raises(DatasetError, match=r"rat\.nwb"):
            load(path)


def test_other_hdf5_and_zarr_are_refused_with_a_remedy(tmp_path):
    with h5py.File(tmp_path / "rat.h5", "w") as file:
        file["x"] = 1
    with pytest.raises(DatasetError, match=r"is HDF5 but not NWB 2; .*Hdf5Dataset"):
        load(tmp_path / "rat.h5")
    (tmp_path / "rat.nwb.zarr").mkdir()
    with pytest.raises(DatasetError, match="NWB in Zarr, which is not read; export it to HDF5"):
        load(tmp_path / "rat.nwb.zarr")


@pytest.mark.parametrize(
    "options", [{"units": ["good"]}, {"units": {"quality": {}}}, {"series": "speed"}]
)
def test_wrong_options_are_refused_at_construction(options):
    (name,) = options
    with pytest.raises(DatasetError, match=f"{name} of NwbDataset must .*leave it out"):
        NwbDataset(filepath="rat.nwb", **options)


@pytest.mark.data
def test_a_published_file_gives_its_units():
    path = Path(os.environ.get("CEBRA_KEDRO_DATA", "absent")) / "nwb" / "A8604-211122.nwb"
    if not path.is_file():
        pytest.skip(f"CEBRA_KEDRO_DATA has no nwb/{path.name}")
    spike_times = load(path)["units/spike_times"]
    assert len(spike_times) == 3
    assert sum(map(len, spike_times)) == 21354
    assert all((np.diff(times) >= 0).all() for times in spike_times)
