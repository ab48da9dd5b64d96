"""Published result files: compared before they are opened; a missing one is said, not raised."""

import logging
import os
import pickle

import pandas as pd
import pytest
from kedro.io import DatasetError

import published_fixtures
from cebra_kedro.io import PublishedHdfDataset, ResultsCsvDataset, ResultsFolderDataset
from cebra_kedro.sources.published_results import git_blob_id
from published_fixtures import write_hdf, write_runs

SOURCE = "https://example.org/data"
OTHER = "0" * 40


@pytest.fixture
def hdf(tmp_path):
    path = tmp_path / "Figure1.h5"
    write_hdf(path, published_fixtures.figure_1())
    return path


def load_hdf(path, **arguments):
    return PublishedHdfDataset(filepath=path, source=SOURCE, **arguments).load()["Figure1.h5"]


def test_the_published_file_is_verified(hdf):
    file = load_hdf(hdf, blob_id=git_blob_id(hdf).upper())
    assert (file.status, file.checksum) == ("verified", git_blob_id(hdf))
    assert (file.name, file.path, file.source) == ("Figure1.h5", hdf, SOURCE)
    assert set(file.content) == {"synthetic_viz", "synthetic_scores", "visualization"}


def test_without_a_declared_id_the_file_is_unverified(hdf):
    assert load_hdf(hdf).status == "unverified"


def test_a_mismatch_stops_before_the_file_is_opened(hdf):
    hdf.write_bytes(b"not even an HDF file")
    with pytest.raises(DatasetError, match="not opened") as caught:
        load_hdf(hdf, blob_id=OTHER)
    for part in (str(hdf), OTHER, git_blob_id(hdf), SOURCE, "allow_mismatch: true"):
        assert part in str(caught.value)


def test_a_mismatch_can_be_allowed_and_is_logged(hdf, caplog):
    with caplog.at_level(logging.WARNING, logger="cebra_kedro"):
        file = load_hdf(hdf, blob_id=OTHER, allow_mismatch=True)
    assert file.status == "mismatch"
    assert file.content
    assert OTHER in caplog.text


def test_a_missing_file_is_a_value_that_says_where_it_belongs(tmp_path):
    path = tmp_path / "Figure1.h5"
    file = load_hdf(path, blob_id=OTHER)
    assert (file.status, file.path, file.source) == ("missing", path, SOURCE)
    assert file.content is None
    assert not PublishedHdfDataset(filepath=path, source=SOURCE).exists()


def test_code_in_a_file_is_refused(hdf):
    class Shell:
        def __reduce__(self):
            return os.system, ("true",)

    write_hdf(hdf, {"a": {"b": 1}}, pickled=pickle.dumps(Shell()))
    with pytest.raises(DatasetError, match=rf"{os.name}\.system.*{SOURCE}"):
        load_hdf(hdf)


def test_a_damaged_file_is_refused_with_its_source(hdf):
    hdf.write_bytes(b"no HDF file")
    with pytest.raises(DatasetError, match=rf"Figure1\.h5.*Figure1\.h5 of {SOURCE}"):
        load_hdf(hdf)


def test_a_second_place_is_looked_into_if_the_first_is_empty(tmp_path):
    first, second = tmp_path / "Figure2/mcmc.csv", tmp_path / "mcmc.csv"
    dataset = ResultsCsvDataset(
        filepath=first, also_at=second, source=SOURCE, name="Figure2/mcmc.csv"
    )
    assert dataset.load()["Figure2/mcmc.csv"].path == first
    published_fixtures.mcmc().to_csv(second)
    assert dataset.load()["Figure2/mcmc.csv"].path == second
    first.parent.mkdir()
    published_fixtures.mcmc().to_csv(first)
    file = dataset.load()["Figure2/mcmc.csv"]
    assert file.path == first
    pd.testing.assert_frame_equal(file.content, published_fixtures.mcmc(), check_dtype=False)


def test_each_file_of_a_folder_is_compared_by_itself(tmp_path):
    folder = tmp_path / "results_v1"
    for name in ("pca.csv", "tsne.csv", "other.csv"):
        write_runs(folder / name, published_fixtures.runs())
    ids = {"pca.csv": git_blob_id(folder / "pca.csv"), "tsne.csv": None, "umap.csv": OTHER}
    dataset = ResultsFolderDataset(filepath=folder, source=SOURCE, blob_ids=ids)
    files = dataset.load()
    assert {name: file.status for name, file in files.items()} == {
        "results_v1/pca.csv": "verified",
        "results_v1/tsne.csv": "unverified",
        "results_v1/umap.csv": "missing",
    }
    assert len(files["results_v1/pca.csv"].content) == 36  # 4 rats, 3 seeds, 3 repeats
    write_runs(folder / "umap.csv", published_fixtures.runs(7))
    with pytest.raises(DatasetError, match=r"umap\.csv"):
        dataset.load()


def test_a_column_of_something_else_is_refused_with_its_name(tmp_path):
    (tmp_path / "x.csv").write_text('a,b\n1,"unclosed\n')
    with pytest.raises(DatasetError, match=r"x\.csv"):
        ResultsCsvDataset(filepath=tmp_path / "x.csv", source=SOURCE).load()


@pytest.mark.parametrize("wrong", ["123", "g" * 40, 37])
def test_an_id_that_is_none_is_refused(tmp_path, wrong):
    with pytest.raises(DatasetError, match="40 hex digits in quotes"):
        PublishedHdfDataset(filepath=tmp_path / "x.h5", source=SOURCE, blob_id=wrong)
    with pytest.raises(DatasetError, match=r"blob_ids\[a\.csv\]"):
        ResultsFolderDataset(filepath=tmp_path, source=SOURCE, blob_ids={"a.csv": wrong})


def test_nothing_is_written(hdf):
    before = hdf.read_bytes()
    with pytest.raises(DatasetError, match="read-only"):
        PublishedHdfDataset(filepath=hdf, source=SOURCE).save({})
    assert hdf.read_bytes() == before
