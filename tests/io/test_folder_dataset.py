"""A folder is handed on as its path."""

import pytest
from kedro.io import DatasetError

from cebra_kedro.io import FolderDataset


def test_a_folder_loads_as_its_path(tmp_path):
    dataset = FolderDataset(filepath=tmp_path)
    assert dataset.load() == tmp_path
    assert dataset.exists()


def test_what_is_no_folder_is_refused(tmp_path):
    (tmp_path / "file").touch()
    for name in ("file", "nothing"):
        dataset = FolderDataset(filepath=tmp_path / name)
        assert not dataset.exists()
        with pytest.raises(DatasetError, match=f"{name} is not a folder"):
            dataset.load()


def test_nothing_is_written(tmp_path):
    with pytest.raises(DatasetError, match="read-only"):
        FolderDataset(filepath=tmp_path).save(tmp_path)
