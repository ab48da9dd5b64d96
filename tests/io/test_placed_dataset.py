"""Files that a user fetches by hand: what is missing is named, and nothing is ever written."""

import pytest
from kedro.io import DatasetError

from cebra_kedro.io import (
    MatlabFolderDataset,
    NwbFolderDataset,
    PublishedPickleDataset,
    PublishedTableDataset,
    TorchTensorDataset,
)

PAGE = "https://example.org/files"
ENTRIES = [
    (MatlabFolderDataset, {"variables": ["events"]}),
    (NwbFolderDataset, {"area": "VISp"}),
    (PublishedPickleDataset, {}),
    (PublishedTableDataset, {}),
    (TorchTensorDataset, {}),
]
each_class = pytest.mark.parametrize(("dataset_class", "options"), ENTRIES)


@each_class
@pytest.mark.parametrize("method", ["load", "fetch_if_missing"])
def test_what_is_missing_is_named_with_its_place_and_where_to_get_it(
    tmp_path, dataset_class, options, method
):
    place = tmp_path / "raw" / "recording"
    dataset = dataset_class(filepath=place, obtain_from=PAGE, **options)
    assert not dataset.exists()
    with pytest.raises(DatasetError) as caught:
        getattr(dataset, method)()
    for part in (f"from {PAGE}", f"place it at {place}", "simulated recordings are used"):
        assert part in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@each_class
def test_without_a_page_the_place_is_still_named(tmp_path, dataset_class, options):
    dataset = dataset_class(filepath=tmp_path / "recording", **options)
    with pytest.raises(DatasetError, match=f"at {tmp_path}/recording"):
        dataset.fetch_if_missing()


@pytest.mark.parametrize(("dataset_class", "options"), ENTRIES[:2])
def test_an_empty_folder_counts_as_missing(tmp_path, dataset_class, options):
    (tmp_path / "notes.txt").touch()
    dataset = dataset_class(filepath=tmp_path, **options)
    assert not dataset.exists()
    with pytest.raises(DatasetError, match=rf"{tmp_path} is no folder with \.(mat|nwb) files"):
        dataset.load()


@each_class
def test_saving_is_refused(tmp_path, dataset_class, options):
    dataset = dataset_class(filepath=tmp_path / "recording", **options)
    with pytest.raises(DatasetError, match=f"{dataset_class.__name__} is read-only"):
        dataset.save({"neural": 1})
    assert list(tmp_path.iterdir()) == []


@each_class
def test_a_remote_file_is_refused(dataset_class, options):
    with pytest.raises(DatasetError, match="must be a file on this machine"):
        dataset_class(filepath="s3://bucket/recording", **options)


class TestTable:
    def test_it_comes_with_its_checksum(self, tmp_path):
        path = tmp_path / "data_summary.csv"
        path.write_text('exp,cre_line,neurons\n7,NA,"[1\n 2]"\n')
        first = PublishedTableDataset(filepath=path).load()
        assert first.content["neurons"].tolist() == ["[1\n 2]"]
        # Only an empty field is missing, as in our own tables.
        assert first.content["cre_line"].tolist() == ["NA"]
        assert (first.checksum_status, first.source) == ("unverified", str(path))
        path.write_text("exp\n8\n")
        assert PublishedTableDataset(filepath=path).load().checksum != first.checksum

    def test_a_damaged_one_is_named_with_a_remedy(self, tmp_path):
        path = tmp_path / "data_summary.csv"
        path.write_bytes(b"")
        with pytest.raises(
            DatasetError, match=r"data_summary\.csv is not a readable table \(CSV\)"
        ):
            PublishedTableDataset(filepath=path, obtain_from=PAGE).load()
