"""Arrays that stay in their files give what those in memory give, and no more of them is read."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cebra_kedro import on_disk
from cebra_kedro.on_disk import (
    FirstColumns,
    InFile,
    InHdf5,
    OnDisk,
    Scaled,
    Selected,
    blocks,
    chosen_rows,
    first_columns,
)

VALUES = np.random.default_rng(0).normal(size=(97, 5)).astype(np.float32)


def in_file(folder, values=VALUES) -> InFile:
    path = folder / "values.bin"
    path.write_bytes(b"head" + values.tobytes())
    return InFile(path, 4, values.shape, values.dtype)


def in_hdf5(folder, **options) -> InHdf5:
    path = folder / "values.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("a/b", data=VALUES, **options)
    return InHdf5(path, "/a/b", VALUES.shape, VALUES.dtype, (options.get("chunks") or (1,))[0])


@pytest.fixture(
    params=[
        "file",
        "hdf5",
        "selected",
        "scaled",
        "transposed",
        "scaled, transposed",
        "transposed hdf5",
        "columns",
    ]
)
def pair(request, tmp_path) -> tuple[OnDisk, np.ndarray]:
    """An array on disk, and the same in memory."""
    array = in_file(tmp_path)
    rows = np.array([3, 90, 4, 4, 50, 51, 52])
    compressed = in_hdf5(tmp_path, chunks=(10, 2), compression="gzip")
    return {
        "file": (array, VALUES),
        "hdf5": (compressed, VALUES),
        "selected": (Selected(array, rows), VALUES[rows]),
        "scaled": (Scaled(array, np.float64, 2.0, 1.0), VALUES.astype(np.float64) * 2 + 1),
        "transposed": (array.T, VALUES.T),
        "scaled, transposed": (
            Scaled(array, np.float64, np.arange(5.0), 1.0).T,
            (VALUES.astype(np.float64) * np.arange(5) + 1).T,
        ),
        "transposed hdf5": (compressed.T, VALUES.T),
        "columns": (FirstColumns(array, 3), VALUES[:, :3]),
    }[request.param]


def test_rows_are_those_of_the_array_in_memory(pair):
    array, values = pair
    assert (array.shape, array.dtype, len(array)) == (values.shape, values.dtype, len(values))
    assert (array.ndim, array.size, array.nbytes) == (values.ndim, values.size, values.nbytes)
    n = len(values)
    mask = np.arange(n) % 3 == 1
    for rows in (slice(None), slice(1, 4), slice(4, 1), slice(0, n, 2), slice(None, None, -1)):
        np.testing.assert_array_equal(array[rows], values[rows])
    for index in (np.array([[n - 1, 0], [1, 1]]), np.array([], int), mask):
        np.testing.assert_array_equal(array[index], values[index])
    np.testing.assert_array_equal(np.asarray(array), values)
    np.testing.assert_array_equal(array.astype(np.float16)[:], values.astype(np.float16))


@settings(max_examples=50, deadline=None)
@given(rows=st.lists(st.integers(0, len(VALUES) - 1), max_size=40))
def test_any_rows_in_any_order(tmp_path_factory, rows):
    index = np.array(rows, np.int64)
    array = in_file(tmp_path_factory.mktemp("rows"))
    np.testing.assert_array_equal(array[index], VALUES[index])
    np.testing.assert_array_equal(chosen_rows(array, index)[:], VALUES[index])


def test_what_follows_on_is_read_at_once_and_nothing_twice(tmp_path, monkeypatch):
    array, asked = in_file(tmp_path), []
    read = InFile.read

    def counted(self, stretches):
        asked.extend(stretches := list(stretches))
        return read(self, stretches)

    monkeypatch.setattr(InFile, "read", counted)
    array[np.array([[7, 8, 9], [8, 9, 10], [40, 41, 42]])]
    assert asked == [(7, 11), (40, 43)]


def test_blocks_are_the_whole_in_order(pair, monkeypatch):
    array, values = pair
    monkeypatch.setattr(on_disk, "BLOCK_BYTES", 4 * values[:1].nbytes)
    for each in (array, values):
        found = list(blocks(each))
        assert len(found) > 1
        np.testing.assert_array_equal(np.concatenate(found), values)


def test_blocks_of_chunks_are_whole_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr(on_disk, "BLOCK_BYTES", 11 * VALUES[:1].nbytes)
    array = in_hdf5(tmp_path, chunks=(10, 2), compression="gzip")
    assert [len(block) for block in blocks(array)] == [20, 20, 20, 20, 17]


def test_a_whole_that_memory_does_not_hold_is_refused(tmp_path):
    path = tmp_path / "sparse.bin"
    with path.open("wb") as file:
        file.truncate(2**42)  # takes no room
    array = InFile(path, 0, (2**32, 256), np.dtype("f4"))
    with pytest.raises(MemoryError, match=r"4.4e\+03 GB is wanted as a whole"):
        np.asarray(array)
    assert not array[np.array([2**32 - 1])].any()


def test_a_file_cut_short_is_told(tmp_path):
    with pytest.raises(ValueError, match="cut short"):
        InFile(in_file(tmp_path)._path, 4, (98, 5), VALUES.dtype)


def test_digests_tell_rows_and_columns_apart(tmp_path):
    array = in_file(tmp_path)
    assert Selected(array, np.arange(3)).digest == ""
    array.digest = "of the file"
    some = [
        array,
        chosen_rows(array, np.arange(3)),
        chosen_rows(array, np.arange(4)),
        first_columns(array, 2),
        first_columns(array, 3),
    ]
    assert len({one.digest for one in some}) == len(some)
    assert chosen_rows(array, np.arange(3)).digest == some[1].digest
