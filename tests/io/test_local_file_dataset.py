"""What every file dataset inherits: versions, atomic saving, missing files, local paths."""

import os
from pathlib import Path

import numpy as np
import pytest
from kedro.io import DatasetError, Version

from cebra_kedro.io import NpzDataset, RecordingDataset
from cebra_kedro.io.local_file_dataset import LocalFileDataset


class TextDataset(LocalFileDataset[str]):
    """The smallest subclass."""

    _format_name = "text"

    def _read(self, path):
        return path.read_bytes().decode("utf-8")

    def _write(self, path, data):
        path.write_text(data)
        if data == "fail":
            raise ValueError("half-way")


@pytest.fixture
def filepath(tmp_path):
    return tmp_path / "deep" / "text.txt"


def test_saves_into_a_new_folder_and_loads(filepath):
    dataset = TextDataset(filepath=filepath)
    assert not dataset.exists()
    dataset.save("content")
    assert dataset.exists()
    assert dataset.load() == "content"
    assert [path.name for path in filepath.parent.iterdir()] == ["text.txt"]


def test_a_failing_save_keeps_the_old_file(filepath):
    dataset = TextDataset(filepath=filepath)
    dataset.save("old")
    with pytest.raises(DatasetError, match="half-way"):
        dataset.save("fail")
    assert dataset.load() == "old"
    assert [path.name for path in filepath.parent.iterdir()] == ["text.txt"]


def test_a_missing_file_is_named_with_a_remedy(filepath):
    with pytest.raises(DatasetError, match=r"text\.txt does not exist; run the pipeline"):
        TextDataset(filepath=filepath).load()


def test_an_unreadable_file_is_named_with_the_cause_and_a_remedy(filepath):
    dataset = TextDataset(filepath=filepath)
    dataset.save("content")
    filepath.write_bytes(b"\xff")
    with pytest.raises(
        DatasetError,
        match=r"text\.txt is not a readable text \(Unicode.*; copy it again, .*run the",
    ):
        dataset.load()


def test_versions_are_kept_and_the_latest_is_loaded(filepath):
    for version in ("2024-01-01T00.00.00.000Z", "2024-01-02T00.00.00.000Z"):
        dataset = TextDataset(filepath=filepath, version=Version(None, version))
        assert dataset.resolve_save_version() == version
        dataset.save(version)
    assert TextDataset(filepath=filepath, version=Version(None, None)).load() == version
    first = Version("2024-01-01T00.00.00.000Z", None)
    assert TextDataset(filepath=filepath, version=first).load() == first.load
    assert (filepath / first.load / "text.txt").is_file()


def test_a_version_is_not_overwritten(filepath):
    version = Version(None, "2024-01-01T00.00.00.000Z")
    TextDataset(filepath=filepath, version=version).save("first")
    again = TextDataset(filepath=filepath, version=version)
    with pytest.raises(DatasetError, match="must not exist if versioning is enabled"):
        again.save("second")
    assert again.load() == "first"


def test_one_save_stamps_one_version(filepath, monkeypatch):
    stamps = (f"2024-01-01T00.00.00.{number:03d}Z" for number in range(9))
    monkeypatch.setattr("kedro.io.core.generate_timestamp", lambda: next(stamps))
    TextDataset(filepath=filepath, version=Version(None, None)).save("content")
    assert [path.name for path in filepath.iterdir()] == ["2024-01-01T00.00.00.000Z"]
    assert next(stamps) == "2024-01-01T00.00.00.001Z"


def test_without_any_version_nothing_exists_and_loading_says_so(filepath):
    dataset = TextDataset(filepath=filepath, version=Version(None, None))
    assert not dataset.exists()
    with pytest.raises(DatasetError, match="Did not find any versions"):
        dataset.load()


def test_switching_versions_on_or_off_over_existing_data_is_explained(filepath, tmp_path):
    TextDataset(filepath=filepath).save("unversioned")
    with pytest.raises(DatasetError, match="versioning was enabled on a dataset already saved"):
        TextDataset(filepath=filepath, version=Version(None, None)).save("versioned")
    other = tmp_path / "other.txt"
    TextDataset(filepath=other, version=Version(None, None)).save("versioned")
    with pytest.raises(DatasetError, match=r"a folder has this name; remove .*versioned: true"):
        TextDataset(filepath=other).save("unversioned")


def test_a_file_where_the_folder_should_be_is_explained(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DatasetError, match=r"into folder .*file.*choose another filepath"):
        TextDataset(filepath=tmp_path / "file" / "text.txt").save("content")


def test_remote_paths_are_refused_at_construction():
    with pytest.raises(DatasetError, match="RecordingDataset must be a file on this machine"):
        RecordingDataset(filepath="s3://bucket/data.h5")


def test_relative_paths_are_relative_to_the_working_folder_as_in_kedro(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    NpzDataset(filepath=os.path.join("data", "x.npz")).save({"a": np.zeros(1)})  # noqa: PTH118
    assert Path("data/x.npz").is_file()
