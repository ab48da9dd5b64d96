"""A folder of encoders as one catalog entry: given to nodes, indexed on save, never copied."""

import pytest
from kedro.io import DatasetError

from cebra_kedro.io import ModelStoreDataset

store = pytest.importorskip("cebra_kedro.training.store")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "experiment" / "subject" / "variant"


@pytest.fixture
def dataset(folder):
    return ModelStoreDataset(filepath=folder)


def test_the_saved_store_is_loaded(dataset, folder):
    assert not dataset.exists()
    dataset.save(store.ModelStore(folder))
    assert dataset.exists()
    assert (folder / "index.json").is_file()
    loaded = dataset.load()
    assert isinstance(loaded, store.ModelStore)
    assert loaded.folder == folder


def test_models_written_by_the_store_are_there_after_loading(dataset, folder, tiny_encoder_model):
    folder.mkdir(parents=True)
    tiny_encoder_model.save(folder / "fold0_seed1.pt")
    fingerprints = {"fold0_seed1": tiny_encoder_model.fingerprint}
    dataset.save(store.ModelStore(folder, fingerprints))
    loaded = dataset.load()
    assert list(loaded) == ["fold0_seed1"]
    assert loaded["fold0_seed1"].n_neurons == tiny_encoder_model.n_neurons


def test_the_same_folder_under_another_spelling_is_accepted(dataset, folder):
    dataset.save(store.ModelStore(folder.parent / "." / ".." / folder.parent.name / folder.name))
    assert dataset.exists()


def test_a_store_of_another_folder_is_refused(dataset, folder, tmp_path):
    with pytest.raises(DatasetError, match=r"lies in .*elsewhere, but this entry is .*variant"):
        dataset.save(store.ModelStore(tmp_path / "elsewhere"))
    assert not dataset.exists()


def test_something_else_is_refused(dataset):
    with pytest.raises(DatasetError, match="saves a ModelStore, got dict"):
        dataset.save({"fold0_seed1": "model"})


def test_a_folder_without_index_is_not_finished(dataset, folder):
    with pytest.raises(DatasetError, match=r"variant has no index\.json.*run the node"):
        dataset.load()


def test_a_training_node_gets_its_folder_before_there_is_an_index(folder):
    loaded = ModelStoreDataset(filepath=folder, allow_incomplete=True).load()
    assert loaded.folder == folder
    assert len(loaded) == 0


def test_a_damaged_index_says_so(dataset, folder):
    folder.mkdir(parents=True)
    (folder / "index.json").write_text('{"fold0_seed1": ')
    with pytest.raises(DatasetError, match=r"variant is not a readable .*delete its index\.json"):
        dataset.load()


def test_a_file_in_place_of_the_folder_says_so(dataset, folder):
    folder.parent.mkdir(parents=True)
    folder.write_text("")
    with pytest.raises(DatasetError, match=r"variant is a file, .* needs a folder"):
        dataset.load()
