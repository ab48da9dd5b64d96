"""MATLAB files that are damaged, or made to harm, end in one line, without harm."""

import struct
import tracemalloc
import zlib

import h5py
import numpy as np
import pytest
import scipy.io
from kedro.io import DatasetError

from cebra_kedro.io.mat_dataset import MatDataset
from mat73_files import write_mat73


def cell(*items):
    array = np.empty((1, len(items)), object)
    for i, item in enumerate(items):
        array[0, i] = item
    return array


TETRODES = cell(cell({"time": np.arange(3.0)}, np.zeros((0, 0))), cell({"time": np.arange(2.0)}))
SMALL = {"row": np.arange(5.0), "animal": "Maus", "tetrodes": TETRODES}
WRITERS = {
    "v6": lambda path: scipy.io.savemat(path, SMALL),
    "v7": lambda path: scipy.io.savemat(path, SMALL, do_compression=True),
    "v7.3": lambda path: write_mat73(path, SMALL, "gzip"),
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "rat.mat"


def load(path, arrays=None):
    return MatDataset(filepath=path, arrays=arrays).load()


# Elements of version 5, written by hand where scipy writes none like them.
HEADER = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"


def element(kind, data):
    return struct.pack("<II", kind, len(data)) + data + b"\0" * (-len(data) % 8)


def variable(shape, content, *, kind=6, name=b"x"):
    flags = element(6, struct.pack("<II", kind, 0))
    dims = element(5, struct.pack(f"<{len(shape)}i", *shape))
    return element(14, flags + dims + element(1, name) + content)


def bomb(declared_bytes):
    """A compressed variable of 320 MB of zeros."""
    packer = zlib.compressobj(1)
    packed = packer.compress(struct.pack("<II", 14, declared_bytes))
    packed += b"".join(packer.compress(bytes(2**20)) for _ in range(320)) + packer.flush()
    return struct.pack("<II", 15, len(packed)) + packed


DOUBLE = variable((1, 1), element(9, struct.pack("<d", 1)), name=b"")


def test_a_table_and_a_function_in_a_struct_leave_its_numbers(path, caplog):
    names = element(1, b"") + element(1, b"MCOS") + element(1, b"table")
    table = element(14, element(6, struct.pack("<II", 17, 0)) + names + DOUBLE)
    function = variable((1, 1), DOUBLE, kind=16, name=b"")
    fields = element(5, struct.pack("<i", 4)) + element(1, b"t\0\0\0f\0\0\0n\0\0\0")
    path.write_bytes(HEADER + variable((1, 1), fields + table + function + DOUBLE, kind=2))
    assert {name: array.tolist() for name, array in load(path).items()} == {"x/n": [1.0]}
    assert "x/t is left out: a MATLAB object (table) has no plain form" in caplog.text
    assert "x/f is left out: a function handle has no plain form" in caplog.text


def cells_in_cells(n):
    size, openings = len(DOUBLE), []
    for _ in range(n):
        body = variable((1, 1), b"", kind=1)[8:]
        size += len(body)
        openings.append(struct.pack("<II", 14, size) + body)
        size += 8
    return b"".join(reversed(openings)) + DOUBLE


HUGE = (10**6, 10**6)
NO_FIELDS = element(5, bytes(4)) + element(1, b"")
ROW_9 = element(5, b"\x09\0\0\0") + element(5, b"\0\0\0\0\1\0\0\0") + element(9, bytes(8))
HOSTILE = {
    "zeros that inflate to what they declare": lambda: HEADER + bomb(320 * 2**20),
    "zeros that inflate to more than they declare": lambda: HEADER + bomb(1000),
    "numbers of 8 TB": lambda: HEADER + variable(HUGE, element(9, b"")),
    "cells 60 000 deep": lambda: HEADER + cells_in_cells(60_000),
    "a trillion structs without fields": lambda: HEADER + variable(HUGE, NO_FIELDS, kind=2),
    "a trillion cells": lambda: HEADER + variable(HUGE, b"", kind=1),
    "a trillion letters": lambda: HEADER + variable(HUGE, element(16, b"ab"), kind=4),
    "a sparse matrix of 8 TB": lambda: (
        HEADER + variable(HUGE, element(5, b"") * 2 + element(9, b""), kind=5)
    ),
    "a sparse row outside the matrix": lambda: HEADER + variable((1, 1), ROW_9, kind=5),
    "a variable longer than the file": lambda: HEADER + struct.pack("<II", 14, 2**32 - 1),
    "numbers longer than their variable": lambda: (
        HEADER + variable((1, 1), struct.pack("<II", 9, 2**31))
    ),
    "another format": lambda: b"not a MATLAB file, but long enough to have a header" * 5,
    "nothing": lambda: b"",
    "a few bytes": lambda: bytes(7),
    "version 4 of 8 TB": lambda: struct.pack("<5i", 0, *HUGE, 0, 2) + b"x\0",
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_file_is_refused_in_one_line_and_little_memory(path, case):
    path.write_bytes(HOSTILE[case]())
    tracemalloc.start()
    try:
        with pytest.raises(DatasetError, match=r"rat\.mat.*(copy it again|correct)") as caught:
            load(path)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "\n" not in str(caught.value)
    assert peak_bytes < 3 * path.stat().st_size + 10e6  # 10 MB: h5py and scipy, when imported here


@pytest.mark.parametrize("version", WRITERS)
def test_a_file_cut_anywhere_says_so_or_gives_whole_arrays(path, version):
    WRITERS[version](path)
    whole, data = load(path), path.read_bytes()
    for length in range(0, len(data), max(1, len(data) // 60)):
        path.write_bytes(data[:length])
        try:
            found = load(path)
        except DatasetError as error:
            assert "rat.mat" in str(error)
        else:  # cut between two variables
            for name, values in found.items():
                assert str(values) == str(whole[name])


@pytest.mark.parametrize("version", ["v6", "v7"])
def test_changed_bytes_end_in_an_error_or_in_arrays(path, version):
    """Not 7.3, since the library HDF5 may crash on damaged bytes, and the tests with it."""
    WRITERS[version](path)
    data, rng = path.read_bytes(), np.random.default_rng(0)
    for position in rng.integers(0, len(data), 300):
        changed = bytearray(data)
        changed[position] ^= 1 << rng.integers(8)
        path.write_bytes(changed)
        try:
            load(path)
        except DatasetError as error:
            assert "rat.mat" in str(error)


def test_cells_that_contain_themselves_are_refused(path):
    write_mat73(path, {"c": cell(1.0, 2.0)})
    with h5py.File(path, "r+") as file:
        file["c"][0, 0] = file["c"].ref
    with pytest.raises(DatasetError, match="c contains itself"):
        load(path)


def test_cells_that_share_a_cell_do_not_multiply(path):
    """Each of 30 cells holds the next one twice, so that there would be 2^30 vectors."""
    write_mat73(path, {f"c{i}": cell(1.0, 2.0) for i in range(30)})
    with h5py.File(path, "r+") as file:
        for i in range(29):
            file[f"c{i}"][:, 0] = [file[f"c{i + 1}"].ref] * 2
    with pytest.raises(DatasetError, match="is shared by two cells"):
        load(path)


def test_a_variable_in_another_file_is_not_opened(path):
    other = write_mat73(path.parent / "other.mat", {"secret": np.eye(2)})
    write_mat73(path, {"x": np.eye(2)})
    with h5py.File(path, "r+") as file:
        file["y"] = h5py.ExternalLink(str(other), "/secret")
    with pytest.raises(DatasetError, match="/y is a link to another file, which is not followed"):
        load(path)
    assert list(load(path, {"x": "x"})) == ["x"]
