"""Recordings that cells read one after the other are read once, and never an old one."""

from __future__ import annotations

import os

import numpy as np
import pytest

from cebra_kedro.io.formats import RecordingFormat
from cebra_kedro.io.recordings_read import reader
from cebra_kedro.recording import Label, Recording

FORMAT = RecordingFormat()


def recording(first: int, n_neurons: int = 3) -> Recording:
    neural = np.arange(first, first + 20 * n_neurons, dtype=np.int32).reshape(20, n_neurons)
    label = Label(np.linspace(0, 1, 20, dtype=np.float32), "continuous", "m")
    return Recording(neural, {"position": label}, 0.025, "rat")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "rat.h5"
    FORMAT.write(path, recording(0), "first")
    return path


def test_a_file_that_is_unchanged_is_read_once(file):
    assert FORMAT.read(file) is FORMAT.read(file)


@pytest.mark.parametrize("in_place", [False, True])
def test_a_file_that_was_written_again_is_read_again(file, tmp_path, in_place):
    before = FORMAT.read(file)
    assert FORMAT.fingerprint(file) == "first"
    written = file if in_place else tmp_path / "other.h5"
    FORMAT.write(written, recording(7), "again")
    if in_place:  # where times are coarse, it could be within one tick of the clock
        os.utime(file, ns=(0, 1))
    else:
        written.replace(file)
    assert FORMAT.fingerprint(file) == "again"
    np.testing.assert_array_equal(FORMAT.read(file).neural, recording(7).neural)
    np.testing.assert_array_equal(before.neural, recording(0).neural)


def test_nobody_can_change_what_the_next_one_gets(file):
    read = FORMAT.read(file)
    for values in (read.neural, read.labels["position"].values):
        with pytest.raises(ValueError, match="read-only"):
            values[0] = 1


def test_what_is_kept_has_a_bound(tmp_path):
    read = reader(1000)
    files = {n_neurons: tmp_path / f"{n_neurons}.h5" for n_neurons in (3, 4, 5, 300)}
    for n_neurons, path in files.items():
        FORMAT.write(path, recording(0, n_neurons), None)
    assert read(files[300]) is not read(files[300])  # larger than all that may be kept
    first, second = read(files[3]), read(files[4])  # 321 and 401 bytes
    assert read(files[3]) is first
    read(files[5])  # takes the place of the one that was not asked for since
    assert read(files[3]) is first
    assert read(files[4]) is not second
