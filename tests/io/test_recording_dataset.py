"""Recordings come back as they were saved, and other programs can read the file."""

import json
import string
import time

import h5py
import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kedro.io import DatasetError, Version

from cebra_kedro.io import RecordingDataset
from cebra_kedro.recording import Label, Recording

FLOATS = hnp.floating_dtypes(endianness="?", sizes=(16, 32, 64))
INTEGERS = st.one_of(
    hnp.integer_dtypes(endianness="?"), hnp.unsigned_integer_dtypes(endianness="?")
)
NAMES = st.text(string.ascii_letters + "_ .-µ", min_size=1, max_size=8).filter(
    lambda name: set(name) != {"."}
)
META = st.dictionaries(
    st.text(max_size=6),
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        # a lone surrogate cannot stand in any file name or log either
        | st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
        max_leaves=5,
    ),
    max_size=4,
)


@st.composite
def labels(draw, n_time):
    kind = draw(st.sampled_from(["continuous", "discrete", "circular"]))
    dtype = draw(INTEGERS if kind == "discrete" else FLOATS)
    shape = (n_time, draw(st.integers(1, 3))) if draw(st.booleans()) else (n_time,)
    if kind == "continuous" and draw(st.booleans()):
        table = _finite(draw, dtype, (draw(st.integers(1, 4)), draw(st.integers(1, 3))))
        codes = draw(hnp.arrays(draw(INTEGERS), n_time, elements=st.integers(0, len(table) - 1)))
        return Label(codes, kind, "", table)
    names = draw(st.lists(st.text(max_size=3), max_size=3)) if kind == "discrete" else ()
    unit = draw(st.sampled_from(["", "m", "rad", "deg"]))
    return Label(_finite(draw, dtype, shape), kind, unit, names=tuple(names))


@st.composite
def recordings(draw):
    n_time = draw(st.integers(1, 6))
    neural = _finite(draw, draw(FLOATS | INTEGERS), (n_time, draw(st.integers(1, 4))))
    trial = np.cumsum(draw(st.lists(st.integers(0, 1), min_size=n_time, max_size=n_time)))
    return Recording(
        neural=neural,
        labels=draw(st.dictionaries(NAMES, labels(n_time), max_size=3)),
        bin_width_s=draw(st.floats(1e-6, 1e3)),
        name=draw(NAMES),
        trial=draw(st.sampled_from([None, trial.astype(np.int32), trial])),
        meta=draw(META),
    )


def _finite(draw, dtype, shape):
    elements = (
        {"allow_nan": False, "allow_infinity": False} if np.issubdtype(dtype, np.floating) else None
    )
    return draw(hnp.arrays(dtype, shape, elements=elements))


def assert_same(one, other):
    """Equal bit for bit, with dtypes (byte order too) and the order of the labels."""
    _assert_same_array(one.neural, other.neural)
    assert list(one.labels) == list(other.labels)
    for name, label in one.labels.items():
        _assert_same_array(label.values, other.labels[name].values)
        expected = other.labels[name]
        assert (label.kind, label.unit, label.names) == (
            expected.kind,
            expected.unit,
            expected.names,
        )
        assert (label.table is None) == (other.labels[name].table is None)
        if label.table is not None:
            _assert_same_array(label.table, other.labels[name].table)
    assert (one.trial is None) == (other.trial is None)
    if one.trial is not None:
        _assert_same_array(one.trial, other.trial)
    assert (one.name, one.bin_width_s) == (other.name, other.bin_width_s)
    assert json.dumps(dict(one.meta)) == json.dumps(dict(other.meta))


def _assert_same_array(one, other):
    assert (one.dtype, one.shape) == (other.dtype, other.shape)
    assert one.tobytes() == other.tobytes()


@pytest.fixture
def recording():
    rng = np.random.default_rng(0)
    return Recording(
        neural=rng.poisson(0.05, (2000, 50)),
        labels={
            "position": Label(rng.random(2000), "continuous", "m"),
            "direction": Label(rng.integers(0, 2, 2000), "discrete", names=("left", "right")),
            "angle": Label(rng.random((2000, 2)).astype(np.float32), "circular", "rad"),
        },
        bin_width_s=0.025,
        name="buddy",
        trial=np.repeat(np.arange(20), 100),
        meta={"source": "made here", "checksum_status": "simulated", "areas": ["CA1"]},
    )


@pytest.fixture
def filepath(tmp_path):
    return tmp_path / "buddy.h5"


@pytest.fixture
def dataset(filepath):
    return RecordingDataset(filepath=filepath)


class TestRoundTrip:
    @given(recording=recordings())
    @settings(deadline=None, max_examples=80)
    def test_what_is_saved_is_loaded(self, tmp_path_factory, recording):
        dataset = RecordingDataset(filepath=tmp_path_factory.getbasetemp() / "any.h5")
        dataset.save(recording)
        assert_same(dataset.load(), recording)

    def test_with_versions(self, filepath, recording):
        version = Version(None, "2024-01-01T00.00.00.000Z")
        RecordingDataset(filepath=filepath, version=version).save(recording)
        latest = RecordingDataset(filepath=filepath, version=Version(None, None)).load()
        assert_same(latest, recording)

    def test_an_array_of_many_chunks(self, dataset):
        neural = np.arange(3_000_000, dtype=np.float32).reshape(-1, 100)  # 12 MB, chunks of 1 MiB
        dataset.save(Recording(neural=neural, labels={}, bin_width_s=1.0, name="long"))
        np.testing.assert_array_equal(dataset.load().neural, neural)

    def test_equal_recordings_give_equal_files(self, tmp_path, recording):
        for name in ("one.h5", "two.h5"):
            RecordingDataset(filepath=tmp_path / name).save(recording)
            time.sleep(1.1)  # HDF5 would keep the second
        assert (tmp_path / "one.h5").read_bytes() == (tmp_path / "two.h5").read_bytes()


class TestFile:
    def test_is_readable_with_plain_h5py_as_documented(self, dataset, filepath, recording):
        dataset.save(recording)
        with h5py.File(filepath) as file:
            np.testing.assert_array_equal(file["neural"], recording.neural)
            np.testing.assert_array_equal(file["trial"], recording.trial)
            position = file["labels/position"]
            np.testing.assert_array_equal(position, recording.labels["position"].values)
            assert dict(position.attrs) == {"kind": "continuous", "unit": "m"}
            assert file.attrs["format"] == "cebra-kedro recording"
            assert file.attrs["format_version"] == 2
            assert "tables" not in file
            assert file.attrs["name"] == "buddy"
            assert file.attrs["bin_width_s"] == 0.025
            assert json.loads(file.attrs["meta"])["areas"] == ["CA1"]

    def test_what_a_label_is_for_each_code_stands_in_a_table(self, dataset, filepath):
        features = np.random.default_rng(0).random((900, 768)).astype(np.float32)
        frame = np.tile(np.arange(900), 10)
        labels = {"movie": Label(frame, "continuous", table=features)}
        dataset.save(Recording(np.ones((9000, 1)), labels, 1 / 30, "movie"))
        with h5py.File(filepath) as file:
            np.testing.assert_array_equal(file["labels/movie"], frame)
            np.testing.assert_array_equal(file["tables/movie"], features)
        assert filepath.stat().st_size < 2 * features.nbytes  # not once for each of ten repeats
        loaded = dataset.load().labels["movie"]
        np.testing.assert_array_equal(loaded.matrix(), features[frame])

    def test_files_of_version_1_are_read(self, dataset, filepath, recording):
        """They were as files without tables are now."""
        dataset.save(recording)
        with h5py.File(filepath, "a") as file:
            file.attrs["format_version"] = 1
        assert_same(dataset.load(), recording)

    @pytest.mark.parametrize(("share_of_zeros", "compression"), [(0.9, "gzip"), (0.1, None)])
    def test_floats_are_compressed_where_most_are_zero(self, tmp_path, share_of_zeros, compression):
        rng = np.random.default_rng(0)
        neural = rng.normal(size=(200, 5)).astype(np.float32)
        neural[rng.uniform(size=neural.shape) < share_of_zeros] = 0
        file = tmp_path / "events.h5"
        RecordingDataset(filepath=file).save(Recording(neural, {}, 0.1, "events"))
        with h5py.File(file) as opened:
            assert opened["neural"].compression == compression
        np.testing.assert_array_equal(RecordingDataset(filepath=file).load().neural, neural)

    def test_counts_are_compressed(self, dataset, filepath, recording):
        """Counts of 0.05 a bin carry 0.29 bits each; stored plainly they take 64."""
        dataset.save(recording)
        with h5py.File(filepath) as file:
            neural = file["neural"]
            assert (neural.compression, neural.compression_opts, neural.shuffle) == (
                "gzip",
                1,
                True,
            )
            assert neural.id.get_storage_size() < recording.neural.nbytes / 10


class TestRefusal:
    def test_something_else_is_not_saved(self, dataset):
        with pytest.raises(DatasetError, match="saves a Recording, got dict"):
            dataset.save({"neural": np.zeros((2, 2))})

    @pytest.mark.parametrize("name", ["a/b", "", ".", "..", "nul\0"])
    def test_label_names_that_hdf5_cannot_store_are_named(self, dataset, filepath, name):
        label = Label(np.zeros(3), "continuous")
        recording = Recording(
            neural=np.ones((3, 1)), labels={name: label}, bin_width_s=1.0, name="r"
        )
        with pytest.raises(DatasetError, match=r"recording r has a label named .*rename it"):
            dataset.save(recording)
        assert not filepath.exists()

    @pytest.mark.parametrize(
        ("meta", "message"),
        [
            ({"array": np.zeros(2)}, "must hold JSON values"),
            ({"nan": float("nan")}, "must hold JSON values"),
            ({"pair": (1, 2)}, "does not survive JSON in pair"),
            ({1: "one"}, "does not survive JSON"),
            ({"long": "x" * 70_000}, "takes 70.* bytes"),
        ],
    )
    def test_meta_that_would_come_back_changed_is_refused(self, dataset, meta, message):
        recording = Recording(
            neural=np.ones((3, 1)), labels={}, bin_width_s=1.0, name="r", meta=meta
        )
        with pytest.raises(DatasetError, match=f"meta of recording r {message}"):
            dataset.save(recording)

    def test_a_missing_file_says_so(self, dataset):
        with pytest.raises(DatasetError, match=r"buddy\.h5 does not exist"):
            dataset.load()


class TestDamage:
    def test_a_file_cut_anywhere_says_so(self, dataset, filepath, recording):
        dataset.save(recording)
        data = filepath.read_bytes()
        for length in np.linspace(0, len(data) - 1, 40, dtype=int):
            filepath.write_bytes(data[:length])
            with pytest.raises(DatasetError, match=r"buddy\.h5 is not a readable .*copy it again"):
                dataset.load()

    @pytest.mark.parametrize("path", ["neural", "labels/position", "trial"])
    def test_a_changed_byte_in_an_array_is_noticed(self, dataset, filepath, recording, path):
        dataset.save(recording)
        with h5py.File(filepath) as file:
            chunk = file[path].id.get_chunk_info(0)
        data = bytearray(filepath.read_bytes())
        data[chunk.byte_offset + chunk.size // 2] ^= 1
        filepath.write_bytes(data)
        with pytest.raises(DatasetError, match=r"buddy\.h5 is not a readable"):
            dataset.load()

    def test_a_text_file_says_so(self, dataset, filepath):
        filepath.write_text("neural,position\n")
        with pytest.raises(DatasetError, match=r"buddy\.h5 is not a readable recording"):
            dataset.load()

    def test_another_hdf5_file_says_so(self, dataset, filepath):
        with h5py.File(filepath, "w") as file:
            file["data"] = np.zeros(3)
        with pytest.raises(DatasetError, match=r"buddy\.h5 is an HDF5 file but not a recording"):
            dataset.load()

    def test_a_later_format_asks_for_an_upgrade(self, dataset, filepath, recording):
        dataset.save(recording)
        with h5py.File(filepath, "a") as file:
            file.attrs["format_version"] = 3
        with pytest.raises(DatasetError, match=r"format_version 3.* reads up to 2; upgrade"):
            dataset.load()

    def test_content_that_is_no_valid_recording_says_so(self, dataset, filepath, recording):
        dataset.save(recording)
        with h5py.File(filepath, "a") as file:
            file["labels/position"][7] = np.nan
        with pytest.raises(DatasetError, match=r"buddy\.h5 .*label position has 1 values that are"):
            dataset.load()


def test_preview_shows_the_first_bins_as_a_table(dataset, recording):
    dataset.save(recording)
    preview = dataset.preview(nrows=3)
    assert preview["index"] == [0, 1, 2]
    assert preview["columns"] == [
        "trial",
        "position (m)",
        "direction",
        "angle (rad) 0",
        "angle (rad) 1",
        "sum over 50 neurons",
    ]
    assert preview["data"][2][1] == recording.labels["position"].values[2]
    assert preview["data"][2][5] == recording.neural[2].sum()
    json.dumps(preview)  # kedro-viz sends it as JSON
    coded = Label(np.array([0, 1, 1]), "continuous", "m", table=np.ones((2, 3)))
    dataset.save(Recording(np.ones((3, 1)), {"place": coded}, 1.0, "coded"))
    assert dataset.preview()["columns"][0] == "place (code)"
    assert RecordingDataset.preview.__annotations__["return"] == "TablePreview"
