"""Published result files are read as pandas wrote them, and never run."""

import hashlib
import os
import pickle
import shutil
import subprocess
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

import published_fixtures
from cebra_kedro.sources.published_pickle import DamagedPickleError, UnsafePickleError
from cebra_kedro.sources.published_results import (
    git_blob_id,
    read_results_csv,
    read_results_hdf,
)
from published_fixtures import write_hdf, write_runs


class Shell:
    """Pickles as a shell command."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


def same(one, other):
    if isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in other)
    if isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return np.array_equal(one, other, equal_nan=isinstance(other, float))


@pytest.mark.parametrize(
    "content",
    [
        published_fixtures.figure_1(),
        published_fixtures.figure_2(),
        published_fixtures.supplementary_video(),
        published_fixtures.figure_3(),
        published_fixtures.figure_5(),
    ],
    ids=["figure_1", "figure_2", "video", "figure_3", "figure_5"],
)
def test_contents_come_back_as_they_were_stored(content, tmp_path):
    write_hdf(tmp_path / "x.h5", content)
    assert same(read_results_hdf(tmp_path / "x.h5"), content)


@pytest.mark.filterwarnings("ignore")  # pandas warns that objects are stored as a pickle
def test_files_that_pandas_writes_are_read(tmp_path):
    pytest.importorskip("tables")
    content = published_fixtures.figure_5()
    path = tmp_path / "pandas.h5"
    pd.DataFrame(content, dtype=object).to_hdf(path, key="data")
    found = read_results_hdf(path)
    assert same(found, content)
    assert 900 in found["layer_decoding"]  # names of rows keep their types


def test_a_file_that_carries_code_is_refused_and_nothing_runs(tmp_path):
    marker, path = tmp_path / "marker", tmp_path / "attack.h5"
    attack = pickle.dumps(Shell(f"echo ran > {marker}"))
    pickle.loads(attack)
    assert marker.exists()  # the attack is real
    marker.unlink()
    write_hdf(path, {"a": {"b": 1}}, pickled=attack)
    with pytest.raises(UnsafePickleError, match=rf"attack\.h5: .*{os.name}\.system"):
        read_results_hdf(path)
    assert not marker.exists()


def test_code_in_the_names_of_rows_is_refused_too(tmp_path):
    path = tmp_path / "attack.h5"
    write_hdf(path, {"a": {"b": 1, 2: 3}})
    with h5py.File(path, "a") as file:
        file["data/axis1"][0] = np.frombuffer(pickle.dumps(Shell("true")), np.uint8)
    with pytest.raises(UnsafePickleError, match="system"):
        read_results_hdf(path)


@pytest.mark.parametrize("node", ["axis0", "axis1", "block0_values"])
def test_a_part_that_is_missing_is_named(tmp_path, node):
    path = tmp_path / "x.h5"
    write_hdf(path, {"a": {"b": 1}})
    with h5py.File(path, "a") as file:
        del file[f"data/{node}"]
    with pytest.raises(DamagedPickleError, match=f"data/{node} is missing; there: "):
        read_results_hdf(path)


def test_other_layouts_and_other_files_are_refused(tmp_path):
    path = tmp_path / "x.h5"
    path.write_bytes(b"no HDF file")
    with pytest.raises(DamagedPickleError, match=r"x\.h5 is not a readable HDF file"):
        read_results_hdf(path)
    write_hdf(path, {"a": {"b": 1}}, pickled=pickle.dumps(np.zeros((3, 1))))
    with pytest.raises(DamagedPickleError, match=r"shape \(1, 1\) .*got \(3, 1\)"):
        read_results_hdf(path)
    with h5py.File(path, "a") as file:
        del file["data/block0_values"]
        file["data/block0_values"] = np.zeros((1, 1))
    with pytest.raises(DamagedPickleError, match="must hold one pickle"):
        read_results_hdf(path)
    with h5py.File(path, "w") as file:
        file["other"] = 1
    with pytest.raises(DamagedPickleError, match="there: other"):
        read_results_hdf(path)


def test_the_line_above_the_header_is_skipped(tmp_path):
    table = published_fixtures.runs()
    write_runs(tmp_path / "runs.csv", table)
    found = read_results_csv(tmp_path / "runs.csv")
    assert list(found.columns) == ["logdir", "steps", *table.columns]
    pd.testing.assert_frame_equal(found[table.columns], table, check_dtype=False)


def test_a_plain_table_loses_its_row_numbers_only(tmp_path):
    table = published_fixtures.autolfads()
    table.to_csv(tmp_path / "plain.csv")
    found = read_results_csv(tmp_path / "plain.csv")
    pd.testing.assert_frame_equal(found, table, check_dtype=False)


def test_what_is_no_table_is_refused(tmp_path):
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(ValueError, match=r"empty\.csv is not a readable table"):
        read_results_csv(tmp_path / "empty.csv")


def test_blob_ids_are_those_of_git(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"hello\n")
    # As in every introduction to git: echo hello | git hash-object --stdin
    assert git_blob_id(path) == "ce013625030ba8dba906f756967f9e9ca394464a"
    path.write_bytes(os.urandom(3_000_000))  # more than one chunk
    expected = hashlib.sha1(b"blob 3000000\0" + path.read_bytes()).hexdigest()
    assert git_blob_id(path) == expected
    if shutil.which("git"):
        done = subprocess.run(
            ["git", "hash-object", str(path)], capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == expected


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "blob_id", "shapes"),
    [
        (
            "Figure1.h5",
            "37f62c577a2effa7d0767df348850511c4f57c6a",
            {("synthetic_viz", "true"): (15000, 2), ("visualization", "autolfads"): (10168, 2)},
        ),
        (
            "SupplVideo1.h5",
            "915b3c23c8973a08ad83920fc51abf39ce25e46f",
            {("prediction", 0): (1903, 2), ("prediction_shuffled", 0): (1736, 2)},
        ),
    ],
)
def test_published_files_have_their_documented_arrays(name, blob_id, shapes):
    path = Path(os.environ.get("CEBRA_KEDRO_DATA", ""), "published_results", name)
    if "CEBRA_KEDRO_DATA" not in os.environ or not path.is_file():
        pytest.skip(f"needs published_results/{name} in the folder CEBRA_KEDRO_DATA")
    assert git_blob_id(path) == blob_id
    content = read_results_hdf(path)
    for (column, row), shape in shapes.items():
        assert content[column][row].shape == shape
