"""One content gives the same arrays from any version of MATLAB's format; hostile files an error."""

import h5py
import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
import scipy.io
import scipy.sparse
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from kedro.io import DatasetError

from cebra_kedro.io.mat_dataset import MatDataset
from mat73_files import write_mat73

SPIKES = [np.array([0.5, 1.25, 3.0]), np.array([2.0]), np.zeros(0), np.array([1.0, 4.0])]
EMPTY = np.zeros((0, 0))


def cell(*items, shape=None):
    array = np.empty(len(items), object)
    for i, item in enumerate(items):
        array[i] = item
    return array.reshape(shape or (1, -1), order="F")


def struct_array(**fields):
    first = next(iter(fields.values()))
    array = np.empty((1, len(first)), [(name, object) for name in fields])
    for name, values in fields.items():
        array[name][0] = cell(*values)[0]
    return array


def unit(spikes, **others):
    return {"time": spikes[:, None], "quality": "good", **others}


VARIABLES = {
    "row": np.arange(5.0)[None],
    "column": np.arange(5, dtype=np.int16)[:, None],
    "rate": np.array([[30000.0]]),
    "matrix": np.arange(6.0).reshape(2, 3),
    "movie": np.arange(24, dtype=np.uint8).reshape(2, 3, 4),
    "single": np.arange(6, dtype=np.float32).reshape(3, 2),
    "wave": np.array([[1 + 2j, 3 - 1j], [0, 1j]]),
    "running": np.array([[True, False, True]]),
    "nothing": EMPTY,
    "none_of_five": np.zeros((5, 0)),
    "animal": "Maus 7 µ",
    "sparse": scipy.sparse.csc_array(np.array([[0, 2.0, 0], [1.0, 0, 0]])),
    "texts": cell("left", "", "right"),
    "cells": cell(*SPIKES),
    "session": {"day": np.array([[3.0]]), "room": {"name": "A", "size": np.array([[1.0, 2.0]])}},
    "trials": struct_array(start=[1.0, 2.0, 3.0], spikes=SPIKES[:3], side=["a", "b", "a"]),
    "sorted": cell(EMPTY, unit(SPIKES[0]), EMPTY, unit(SPIKES[2], extra=1.0)),
    "tetrodes": cell(
        cell(cell(unit(SPIKES[0]), EMPTY, unit(SPIKES[1])), EMPTY, cell(unit(SPIKES[3])))
    ),
    "by_unit_and_trial": cell(cell(*SPIKES[:2]), cell(*SPIKES[2:])),
    "grid": cell(*SPIKES, shape=(2, 2)),
}
EXPECTED = {
    "row": np.arange(5.0),
    "column": np.arange(5, dtype=np.int16),
    "rate": np.array([30000.0]),
    **{name: VARIABLES[name] for name in ("matrix", "movie", "single", "wave", "none_of_five")},
    "running": np.array([True, False, True]),
    "nothing": np.zeros(0),
    "animal": np.array("Maus 7 µ"),
    "sparse": np.array([[0, 2.0, 0], [1.0, 0, 0]]),
    "texts": np.array(["left", "", "right"]),
    "cells": SPIKES,
    "session/day": np.array([3.0]),
    "session/room/name": np.array("A"),
    "session/room/size": np.array([1.0, 2.0]),
    "trials/start": [np.array([1.0]), np.array([2.0]), np.array([3.0])],
    "trials/spikes": SPIKES[:3],
    "trials/side": np.array(["a", "b", "a"]),
    "sorted/time": [SPIKES[0], SPIKES[2]],
    "sorted/quality": np.array(["good", "good"]),
    "sorted/path": np.array(["2", "4"]),
    "tetrodes/time": [SPIKES[0], SPIKES[1], SPIKES[3]],
    "tetrodes/quality": np.array(["good"] * 3),
    "tetrodes/path": np.array(["1,1,1", "1,1,3", "1,3,1"]),
    "by_unit_and_trial": SPIKES,
    "by_unit_and_trial/path": np.array(["1,1", "1,2", "2,1", "2,2"]),
    "grid": SPIKES,
    "grid/path": np.array(["1,1", "2,1", "1,2", "2,2"]),
}


# Version 5 with the bytes in the other order: int16 stored for double x = [258, -2].
BIG_ENDIAN = (
    b"MATLAB 5.0 MAT-file".ljust(124) + b"\x01\x00MI" + bytes.fromhex("0000000e 00000038")
    + bytes.fromhex("00000006 00000008 00000006 00000000 00000005 00000008 00000001 00000002")
    + bytes.fromhex("00010001 78000000 00000003 00000004 0102fffe 00000000")
)  # fmt: skip


def assert_same(loaded, expected):
    assert loaded.keys() == expected.keys()
    for name, values in expected.items():
        found = loaded[name]
        assert type(found) is type(values), name
        pairs = zip(found, values, strict=True) if isinstance(values, list) else [(found, values)]
        for one, other in pairs:
            assert one.shape == other.shape, name
            assert one.dtype == other.dtype or one.dtype.kind == other.dtype.kind == "U", name
            np.testing.assert_array_equal(one, other)


def write_v5(path, variables=VARIABLES, *, compressed=False):
    scipy.io.savemat(path, variables, do_compression=compressed)
    return path


WRITERS = {
    "v6": write_v5,
    "v7": lambda path, variables=VARIABLES: write_v5(path, variables, compressed=True),
    "v7.3": lambda path, variables=VARIABLES: write_mat73(path, variables, "gzip"),
}


@pytest.fixture(params=WRITERS)
def write(request, tmp_path):
    return lambda variables=VARIABLES: WRITERS[request.param](tmp_path / "rat.mat", variables)


def load(path, arrays=None):
    return MatDataset(filepath=path, arrays=arrays).load()


def test_every_version_gives_the_same_arrays(write):
    assert_same(load(write()), EXPECTED)


def test_a_field_that_only_some_structs_have_is_left_out_with_a_warning(write, caplog):
    load(write())
    assert "sorted/extra is left out: only 1 of 2 structs have it" in caplog.text


NUMBERS = hnp.arrays(
    st.sampled_from(["f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "?", "c16"]),
    hnp.array_shapes(min_dims=2, max_dims=4, min_side=0, max_side=4),
)


@given(array=NUMBERS, version=st.sampled_from(sorted(WRITERS)))
@settings(deadline=None, max_examples=120)
def test_arrays_are_those_that_scipy_reads_but_vectors_have_one_dimension(
    tmp_path_factory, array, version
):
    assume(array.size or array.dtype.kind != "c")  # 7.3 does not tell that [] is complex
    folder = tmp_path_factory.getbasetemp()
    path = WRITERS[version](folder / "any.mat", {"x": array})
    oracle = scipy.io.loadmat(write_v5(folder / "oracle.mat", {"x": array}))["x"]
    if oracle.ndim == 2 and (1 in oracle.shape or oracle.shape == (0, 0)):
        oracle = oracle.ravel()
    assert_same(load(path), {"x": oracle.astype(array.dtype)})


def test_version_4_and_big_endian_files_are_read(tmp_path):
    path = tmp_path / "old.mat"
    content = {"x": np.arange(6.0).reshape(2, 3), "name": "rat", "s": scipy.sparse.eye_array(3)}
    scipy.io.savemat(path, content, format="4")
    expected = {"x": content["x"], "name": np.array("rat"), "s": np.eye(3)}
    assert_same(load(path), expected)
    path.write_bytes(BIG_ENDIAN)
    assert_same(load(path), {"x": np.array([258.0, -2.0])})


def test_arrays_picks_by_name_and_reads_only_their_variables(write, monkeypatch):
    path = write()
    found = load(path, {"units": "tetrodes/time", "box": "session/room", "x": "/row"})
    names = ["units", "box/name", "box/size", "x"]
    assert list(found) == names
    np.testing.assert_array_equal(found["units"][2], SPIKES[3])
    with pytest.raises(DatasetError, match=r"arrays: x: there is no rows; there are .*row"):
        load(path, {"x": "rows"})
    with pytest.raises(DatasetError, match=r"no session/dy; there are session/day, session/room"):
        load(path, {"x": "session/dy"})


def test_mixed_cells_and_opaque_values_are_left_out_by_name_and_refused_when_asked_for(
    write, caplog
):
    path = write(
        {"x": np.eye(2), "notes": cell("text", 3.0), "s": {"good": 1.0, "mix": cell("a", 1.0)}}
    )
    assert load(path).keys() == {"x", "s/good"}
    assert "notes is left out: its cells hold text beside other values" in caplog.text
    assert "s/mix is left out" in caplog.text
    with pytest.raises(DatasetError, match="notes is not read: its cells hold text"):
        load(path, {"x": "notes"})


def test_hdf5_that_matlab_did_not_write_names_the_other_class(tmp_path):
    with h5py.File(tmp_path / "rat.mat", "w") as file:
        file["x"] = np.eye(2)
    with pytest.raises(DatasetError, match=r"MATLAB did not write it .* read it with Hdf5Dataset"):
        load(tmp_path / "rat.mat")


def test_it_is_read_only_and_says_what_it_lacks(tmp_path):
    dataset = MatDataset(filepath=tmp_path / "rat.mat")
    assert not dataset.exists()
    with pytest.raises(DatasetError, match=r"rat\.mat does not exist; place"):
        dataset.load()
    with pytest.raises(DatasetError, match="MatDataset is read-only"):
        dataset.save({"x": np.eye(2)})
    with pytest.raises(DatasetError, match="arrays of MatDataset must map own names"):
        MatDataset(filepath=tmp_path / "rat.mat", arrays=["x"])
