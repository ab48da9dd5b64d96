"""What Trodes exports comes back field by field, and time in seconds."""

import logging
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kedro.io import DatasetError

from cebra_kedro.io.trodes_dataset import TrodesDataset

HEADER = "<Start settings>\nthreshold: 199\nclockrate: {rate}\nFields: {fields}\n<End settings>\n"
POSITION = "<time uint32><xloc uint16><yloc uint16>"
TYPES = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32"]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "rat.videoPositionTracking"


def write(path, records, fields=POSITION, rate="30000", header=HEADER):
    path.write_bytes(header.format(fields=fields, rate=rate).encode() + records)
    return path


def load(path):
    return TrodesDataset(filepath=path).load()


@given(
    types=st.lists(st.tuples(st.sampled_from([*TYPES, "float64"]), st.integers(1, 3)), min_size=1),
    n_records=st.integers(1, 5),
    seed=st.integers(0, 2**32),
    end=st.sampled_from(["\n", "\r\n"]),
)
@settings(deadline=None)
def test_records_of_any_fields_are_loaded_to_the_last_bit(
    tmp_path_factory, types, n_records, seed, end
):
    path = tmp_path_factory.getbasetemp() / "any.dat"
    record = np.dtype([(f"f{i}", kind, (n,)) for i, (kind, n) in enumerate(types)])
    content = np.random.default_rng(seed).bytes(n_records * record.itemsize)
    expected = np.frombuffer(content, record.newbyteorder("<"))
    forms = {1: "{1}", 2: "{0}*{1}", 3: "{1}*{0}"}
    fields = "".join(
        f"<f{i} {forms[count].format(count, kind)}>" for i, (kind, count) in enumerate(types)
    )
    loaded = load(write(path, content, fields, header=HEADER.replace("\n", end)))
    assert list(loaded) == [*record.names, "clockrate"]
    for name, (kind, count) in zip(record.names, types, strict=True):
        assert loaded[name].dtype == kind
        assert loaded[name].shape == ((n_records,) if count == 1 else (n_records, count))
        assert loaded[name].tobytes() == expected[name].tobytes()


def test_time_is_in_seconds_and_nothing_else_is_changed(path):
    records = np.array([(30_000, 1, 2), (45_000, 3, 4)], "<u4, <u2, <u2").tobytes()
    loaded = load(write(path, records))
    assert loaded["time"].dtype == np.float64
    assert loaded["time"].tolist() == [1.0, 1.5]
    assert loaded["yloc"].tolist() == [2, 4]
    assert (loaded["clockrate"].shape, float(loaded["clockrate"])) == ((), 30_000)


def test_a_record_that_is_cut_off_is_left_out_with_a_warning(path, caplog):
    records = np.arange(4, dtype="<u4").tobytes()  # two records of 8 bytes
    with caplog.at_level(logging.WARNING):
        loaded = load(write(path, records + b"\1\2\3"))
    assert len(loaded["time"]) == 2
    assert "the last 3 bytes are left out" in caplog.text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"time,x\n1,2\n", "does not begin with settings"),
        (b"<Start settings>\nclockrate: 30000\n", "does not begin with settings"),
        ({"fields": "time uint32"}, r"must declare Fields: <name type>.*got 'time uint32'"),
        ({"fields": "<time uint32><x object>"}, "field x is declared as object, expected one of"),
        ({"fields": "<time uint32><x 2*3>"}, r"field x is declared as 2\*3"),
        ({"fields": "<time uint32><x 9999999999*float64>"}, "x declares 9999999999 values a rec"),
        ({"fields": "<time uint32><time uint16>"}, r"a name of its own.*has time, time\."),
        ({"fields": "<time uint32><x 20*uint8>"}, "has no record of the 24 bytes"),
        ({"rate": "0"}, "clockrate must be the samples in a second.*got '0'"),
        ({"rate": "fast"}, "clockrate must be the samples in a second.*got 'fast'"),
    ],
)
def test_other_and_damaged_files_are_refused_with_a_remedy(path, content, message):
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        write(path, bytes(16), **content)
    with pytest.raises(DatasetError, match=message) as error:
        load(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_it_is_read_only(path):
    with pytest.raises(DatasetError, match="TrodesDataset is read-only"):
        TrodesDataset(filepath=path).save({})


@pytest.mark.data
def test_a_real_rat_stays_in_the_picture_at_60_frames_a_second():
    folder = Path(os.environ.get("CEBRA_KEDRO_DATA", "absent")) / "real_rat_linear_track"
    path = folder / "trajectory.videoPositionTracking"
    if not path.is_file():
        pytest.skip(f"CEBRA_KEDRO_DATA has no {folder.name}/{path.name}")
    loaded = load(path)
    assert list(loaded) == ["time", "xloc", "yloc", "xloc2", "yloc2", "clockrate"]
    assert np.median(np.diff(loaded["time"])) == pytest.approx(1 / 60, rel=0.02)
    assert loaded["xloc"].max() < 640
    assert loaded["yloc"].max() < 480
