"""HDF5 of any layout becomes named arrays; no other file is opened, and no bomb goes off."""

import subprocess
import sys
import zlib

import h5py
import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kedro.io import DatasetError

from cebra_kedro.io.hdf5_dataset import Hdf5Dataset

COUNTS = np.arange(12, dtype=np.uint16).reshape(4, 3)
TABLE = np.array(
    [(0.5, b"left", (1, 2), True), (1.5, b"right", (3, 4), False)],
    [("time", ">f8"), ("side", "S5"), ("xy", [("x", "i2"), ("y", "i2")]), ("hit", "?")],
)
TRIALS = [np.array([0.5, 1.0]), np.zeros(0), np.array([2.0])]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "rat.h5"


@pytest.fixture
def session(path):
    """A file with something of everything."""
    with h5py.File(path, "w") as file:
        file["processed/counts"] = COUNTS
        file.create_dataset("processed/packed", data=COUNTS, compression="gzip", shuffle=True)
        for number in range(12):
            file[f"units/{number}"] = np.full(number, float(number))
        file["events"] = TABLE
        file["subject"] = "Maus µ"
        file["labels"] = ["left", "", "rechts"]
        file["fixed"] = np.array([b"a", b"bc"])
        file["moving"] = np.array([True, False])
        trials = file.create_dataset("trials", (3,), h5py.vlen_dtype(float))
        for i, values in enumerate(TRIALS):
            trials[i] = values
        file["nothing"] = h5py.Empty("f4")
    return path


def load(path, arrays=None):
    return Hdf5Dataset(filepath=path, arrays=arrays).load()


def test_everything_comes_under_its_path_in_plain_dtypes(session):
    loaded = load(session)
    lists = {name: loaded.pop(name) for name in ("units", "trials")}
    assert [values.tolist() for values in lists["units"]] == [[float(n)] * n for n in range(12)]
    assert [values.tolist() for values in lists["trials"]] == [v.tolist() for v in TRIALS]
    plain = {
        "processed/counts": COUNTS,
        "processed/packed": COUNTS,
        "events/time": TABLE["time"].astype("f8"),
        "events/side": np.array(["left", "right"]),
        "events/xy/x": np.array([1, 3], np.int16),
        "events/xy/y": np.array([2, 4], np.int16),
        "events/hit": np.array([True, False]),
        "subject": np.array("Maus µ"),
        "labels": np.array(["left", "", "rechts"]),
        "fixed": np.array(["a", "bc"]),
        "moving": np.array([True, False]),
        "nothing": np.zeros(0, np.float32),
    }
    assert loaded.keys() == plain.keys()
    for name, values in plain.items():
        assert (loaded[name].dtype, loaded[name].shape) == (values.dtype, values.shape), name
        assert loaded[name].dtype.metadata is None
        np.testing.assert_array_equal(loaded[name], values)


@given(
    array=hnp.arrays(
        hnp.boolean_dtypes() | hnp.integer_dtypes(endianness="?") | hnp.floating_dtypes(),
        hnp.array_shapes(min_dims=0, min_side=0, max_side=5),
    ),
    compression=st.sampled_from([None, "gzip", "lzf"]),
)
@settings(deadline=None, max_examples=80)
def test_what_h5py_writes_is_loaded(tmp_path_factory, array, compression):
    path = tmp_path_factory.getbasetemp() / "any.h5"
    with h5py.File(path, "w") as file:
        options = {"compression": compression} if array.size and array.ndim else {}
        file.create_dataset("a/x", data=array, **options)
    (found,) = load(path).values()
    assert found.dtype == array.dtype.newbyteorder("=")
    assert found.shape == array.shape
    np.testing.assert_array_equal(found, array)


def test_arrays_gives_own_names_to_paths_fields_and_groups(session):
    arrays = {"neural": "/processed/counts", "spikes": "units/*", "too": "units", "at": "events/xy"}
    loaded = load(session, arrays)
    assert list(loaded) == ["neural", "spikes", "too", "at/x", "at/y"]
    np.testing.assert_array_equal(loaded["neural"], COUNTS)
    assert [len(values) for values in loaded["spikes"]] == list(range(12))
    np.testing.assert_array_equal(loaded["at/x"], [1, 3])


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("processed/count", r"there is no processed/count; /processed holds counts, packed\. Corr"),
        ("events/place", r"there is no events/place; / holds events, fixed, .*"),
        ("processed", "processed is a group with counts, packed; name one of its datasets"),
        ("processed/*", "wants a group of one-dimensional datasets of numbers, but counts is none"),
        ("absent/*", r"there is no absent/\*"),
    ],
)
def test_a_wrong_path_is_answered_with_what_there_is(session, where, message):
    with pytest.raises(DatasetError, match=rf"rat\.h5: arrays: neural: .*{message}"):
        load(session, {"neural": where})


def test_links_that_lead_back_end_and_each_dataset_comes_once(path):
    with h5py.File(path, "w") as file:
        file["a/x"] = np.arange(3)
        file["a/self"] = file["a"]
        file["a/root"] = file["/"]
        file["a/soft"] = h5py.SoftLink("/a")
        file["0_alias"] = h5py.SoftLink("/a/x")
        file["b"] = file["a"]
        file["round"] = h5py.SoftLink("/circle")
        file["dangling"] = h5py.SoftLink("/nowhere/x")
    assert list(load(path, {"x": "/b/soft/self/x"})) == ["x"]
    with pytest.raises(DatasetError, match="there is no dangling"):
        load(path, {"x": "dangling"})
    assert list(load(path)) == ["a/x"]
    with h5py.File(path, "r+") as file:
        file["circle"] = h5py.SoftLink("/round")
    with pytest.raises(DatasetError, match="is a soft link that leads in circles"):
        load(path)


def _outside(file, kind, folder):
    """Something that leads to a file that must not be opened."""
    other = folder / "other.h5"
    with h5py.File(other, "w") as opened:
        opened["secret"] = np.arange(5)
    if kind == "external link":
        file["x"] = h5py.ExternalLink(str(other), "/secret")
    elif kind == "soft link to an external link":
        file["group"] = h5py.ExternalLink(str(other), "/")
        file["x"] = h5py.SoftLink("/group/secret")
    elif kind == "external storage":
        (folder / "raw.bin").write_bytes(bytes(40))
        file.create_dataset("x", (5,), "i8", external=[(str(folder / "raw.bin"), 0, 40)])
    elif kind == "virtual dataset":
        layout = h5py.VirtualLayout((5,), "i8")
        layout[:] = h5py.VirtualSource(str(other), "secret", (5,))
        file.create_virtual_dataset("x", layout)


@pytest.mark.parametrize(
    "kind",
    ["external link", "soft link to an external link", "external storage", "virtual dataset"],
)
def test_no_other_file_is_opened(path, kind):
    with h5py.File(path, "w") as file:
        file["own"] = np.arange(2)
        _outside(file, kind, path.parent)
    for arrays in (None, {"x": "x"}):
        with pytest.raises(DatasetError, match=r"rat\.h5: .*(not followed|not opened); copy"):
            load(path, arrays)
    assert load(path, {"x": "own"})["x"].tolist() == [0, 1]


@pytest.mark.parametrize("dtype", [h5py.ref_dtype, [("t", "f8"), ("r", h5py.ref_dtype)], "V8"])
def test_references_and_opaque_values_are_refused_with_a_remedy(path, dtype):
    with h5py.File(path, "w") as file:
        file.create_dataset("x", (2,), dtype)
    with pytest.raises(DatasetError, match=r"x.* holds .*, which are not read; name .*MatDataset"):
        load(path)


def _unallocated(file):
    file.create_dataset("x", (10**6, 10**7), "u1", chunks=(1000, 1000), compression="gzip")


def _one_huge_chunk(file):
    data = file.create_dataset("x", (10,), "f8", maxshape=(None,), chunks=(10**8,))
    data.id.write_direct_chunk((0,), bytes(100), 1)


def _inflating(file):
    data = file.create_dataset("x", (10_000,), "u1", chunks=(10_000,), compression="gzip")
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(2**20)) for _ in range(400)) + packer.flush()
    data.id.write_direct_chunk((0,), packed)


def _deflated_twice(file):
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_chunk((100,))
    properties.set_deflate(9)
    properties.set_deflate(9)
    space = h5py.h5s.create_simple((100,))
    h5py.h5d.create(file.id, b"x", h5py.h5t.NATIVE_UINT8, space, properties)
    file["x"][...] = 1


def _wide_texts(file):
    """One long text makes all of an array of fixed width long."""
    texts = file.create_dataset("x", (3000,), h5py.string_dtype())
    texts[0] = "x" * 100_000


BOMBS = {
    "10 TB without content": _unallocated,
    "a huge chunk": _one_huge_chunk,
    "a chunk that inflates beyond its size": _inflating,
    "compressed twice": _deflated_twice,
    "a text that makes others wide": _wide_texts,
}


@pytest.mark.parametrize("case", BOMBS)
def test_a_bomb_is_refused_in_one_line_before_memory_is_taken(path, case):
    with h5py.File(path, "w") as file:
        BOMBS[case](file)
    program = f"""
import resource, h5py
from cebra_kedro.io.hdf5_dataset import Hdf5Dataset
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    Hdf5Dataset(filepath={str(path)!r}).load()
except Exception as error:
    print(type(error).__name__, error)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    message, grown_kb = done.stdout.splitlines()
    assert message.startswith("DatasetError")
    assert "rat.h5: " in message
    assert "save it" in message
    assert int(grown_kb) < 50_000


def test_the_size_is_said(path):
    with h5py.File(path, "w") as file:
        _unallocated(file)
    with pytest.raises(DatasetError, match="x declares 10 TB, the file has 0 B for it"):
        load(path)


def test_a_heap_on_which_hdf5_would_hang_is_refused(path):
    """An object that has no size; read without the check, HDF5 2.0 never returns."""
    with h5py.File(path, "w") as file:
        file["x"] = ["left", "right"]
    data = bytearray(path.read_bytes())
    heap = data.index(b"GCOL")
    free = heap + 16
    while data[free]:  # the last object has number 0: the space that is left
        free += 16 + -(-int.from_bytes(data[free + 8 : free + 16], "little") // 8) * 8
    data[free + 8 : free + 16] = bytes(8)
    path.write_bytes(data)
    with pytest.raises(DatasetError, match="a heap of values of variable length is damaged"):
        load(path)


@pytest.mark.parametrize("content", [b"", b"no HDF5", b"\x89HDF\r\n\x1a\n" + bytes(100)])
def test_another_or_an_empty_file_is_named_with_a_remedy(path, content):
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=r"rat\.h5 is .*copy it again, or correct filepath"):
        load(path)


def test_a_file_cut_anywhere_says_so(session):
    data = session.read_bytes()
    for length in range(0, len(data), max(1, len(data) // 80)):
        session.write_bytes(data[:length])
        with pytest.raises(DatasetError, match=r"rat\.h5"):
            load(session)


def test_it_is_read_only_and_says_what_it_lacks(path):
    dataset = Hdf5Dataset(filepath=path)
    assert not dataset.exists()
    with pytest.raises(DatasetError, match=r"rat\.h5 does not exist; place"):
        dataset.load()
    with pytest.raises(DatasetError, match="Hdf5Dataset is read-only"):
        dataset.save({"x": np.eye(2)})
    with pytest.raises(DatasetError, match="arrays of Hdf5Dataset must map own names"):
        Hdf5Dataset(filepath=path, arrays=["x"])
