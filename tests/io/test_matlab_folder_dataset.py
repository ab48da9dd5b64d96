"""MATLAB files are offered by number, read one variable at a time, and checked before that."""

import h5py
import numpy as np
import pytest
import scipy.io
from kedro.io import DatasetError

from allen_files import calcium, write_calcium
from cebra_kedro.io import MatlabFolderDataset
from cebra_kedro.sources.published_pickle import PublishedFile

VARIABLES = ["filtered_traces_days_events", "united_traces_days_events"]


@pytest.fixture
def containers():
    return calcium()[0]


@pytest.fixture
def folder(tmp_path, containers):
    return write_calcium(tmp_path / "VISp", containers)


def load(folder, variables=VARIABLES):
    return MatlabFolderDataset(filepath=folder, variables=variables).load()


def test_files_come_in_ascending_order_with_the_arrays_that_were_written(folder, containers):
    (folder / "notes.txt").touch()
    published = load(folder)
    assert isinstance(published, PublishedFile)
    assert (published.checksum_status, published.source) == ("unverified", str(folder))
    assert list(published.content) == [7, 55, 101]
    for number, variables in published.content.items():
        assert list(variables) == VARIABLES
        expected = containers[number]
        np.testing.assert_array_equal(variables[VARIABLES[1]], expected[VARIABLES[1]])
        traces = variables[VARIABLES[0]]
        assert traces.dtype == object
        for s in range(3):
            np.testing.assert_array_equal(traces[s, 0], expected[VARIABLES[0]][s, 0])


def test_other_variables_are_not_offered(folder):
    variables = load(folder).content[7]
    assert "cre_line" not in variables
    assert len(variables) == 2
    with pytest.raises(KeyError, match="cre_line"):
        _ = variables["cre_line"]


def test_a_variable_is_read_when_it_is_asked_for_and_only_this_one(folder, monkeypatch):
    asked = []
    real = scipy.io.loadmat

    def loadmat(path, variable_names):
        asked.append((path.name, variable_names))
        return real(path, variable_names=variable_names)

    monkeypatch.setattr(scipy.io, "loadmat", loadmat)
    content = load(folder).content
    assert asked == []
    _ = content[101][VARIABLES[1]]
    assert asked == [("101.mat", [VARIABLES[1]])]


def test_the_checksum_follows_the_files(folder, containers):
    before = load(folder).checksum
    assert load(folder).checksum == before
    (folder / "55.mat").rename(folder / "56.mat")
    renamed = load(folder).checksum
    scipy.io.savemat(folder / "56.mat", containers[7])
    assert len({before, renamed, load(folder).checksum}) == 3


def test_a_file_without_the_variable_is_named_with_what_it_has(folder):
    scipy.io.savemat(folder / "7.mat", {"united_traces_days_events": np.eye(2), "other": 1.0})
    message = r"7\.mat has no variable filtered_traces_days_events, only united_.*, other; fetch"
    with pytest.raises(DatasetError, match=message):
        load(folder)
    assert list(load(folder, VARIABLES[1:]).content) == [7, 55, 101]


@pytest.mark.parametrize("userblock", [0, 512])
def test_files_of_matlab_7_3_are_refused_with_a_remedy(folder, userblock):
    """They are HDF5 behind a header of 512 bytes, which names the version."""
    path = folder / "7.mat"
    with h5py.File(path, "w", userblock_size=userblock) as file:
        file["united_traces_days_events"] = np.eye(2)
    if userblock:
        with path.open("r+b") as file:
            file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM")
    with pytest.raises(
        DatasetError, match=r"7\.mat is a MATLAB 7\.3 file .* save\(\.\.\., '-v7'\)"
    ):
        load(folder)


@pytest.mark.parametrize("content", [b"", b"no MATLAB file", b"\x00" * 700])
def test_a_damaged_file_is_named_with_a_remedy(folder, content):
    (folder / "7.mat").write_bytes(content)
    with pytest.raises(
        DatasetError, match=r"7\.mat is not a readable MATLAB file .* fetch it again"
    ):
        load(folder)


def test_a_file_cut_short_is_named_when_it_is_read_at_the_latest(folder):
    path = folder / "101.mat"
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(DatasetError, match=r"101\.mat is not a readable MATLAB file .* cut short"):
        _ = load(folder).content[101][VARIABLES[1]]


def test_files_must_be_named_by_a_number(folder):
    (folder / "7.mat").rename(folder / "mouse.mat")
    with pytest.raises(DatasetError, match=r"mouse\.mat must be named by the number"):
        load(folder)


def test_two_files_of_one_number_are_refused(folder):
    (folder / "007.mat").write_bytes((folder / "7.mat").read_bytes())
    with pytest.raises(DatasetError, match="holds two files of one number"):
        load(folder)


@pytest.mark.parametrize("variables", [[], "events", None])
def test_the_variables_are_a_list(folder, variables):
    with pytest.raises(DatasetError, match="must list the names to read"):
        MatlabFolderDataset(filepath=folder, variables=variables)
