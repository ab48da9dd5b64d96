"""Trained encoders as a versioned catalog entry."""

import pickle

import numpy as np
import pytest
from kedro.io import DatasetError, Version

from cebra_kedro.io import CebraModelDataset


@pytest.fixture
def filepath(tmp_path):
    return tmp_path / "encoder.pt"


@pytest.fixture
def dataset(filepath):
    return CebraModelDataset(filepath=filepath)


def assert_same(one, other):
    """Equal configuration and weights, and the same embedding bit for bit."""
    assert (one.config, one.n_neurons) == (other.config, other.n_neurons)
    assert one.state.keys() == other.state.keys()
    for name, weights in one.state.items():
        np.testing.assert_array_equal(weights.numpy(), other.state[name].numpy())
    neural = np.random.default_rng(0).normal(size=(20, one.n_neurons[0])).astype(np.float32)
    np.testing.assert_array_equal(one.transform(neural), other.transform(neural))


def test_what_is_saved_is_loaded(dataset, filepath, tiny_encoder_model):
    assert not dataset.exists()
    dataset.save(tiny_encoder_model)
    assert dataset.exists()
    assert_same(dataset.load(), tiny_encoder_model)
    assert list(filepath.parent.iterdir()) == [filepath]


def test_with_versions(filepath, tiny_encoder_model):
    version = Version(None, "2024-01-01T00.00.00.000Z")
    CebraModelDataset(filepath=filepath, version=version).save(tiny_encoder_model)
    assert (filepath / "2024-01-01T00.00.00.000Z" / "encoder.pt").is_file()
    latest = CebraModelDataset(filepath=filepath, version=Version(None, None)).load()
    assert_same(latest, tiny_encoder_model)


def test_something_else_is_not_saved(dataset, filepath, tiny_encoder_model):
    with pytest.raises(DatasetError, match="saves an EncoderModel, got dict"):
        dataset.save(dict(tiny_encoder_model.state))
    assert not filepath.exists()


def test_a_missing_file_says_so(dataset):
    with pytest.raises(DatasetError, match=r"encoder\.pt does not exist"):
        dataset.load()


def test_a_file_cut_anywhere_says_so(dataset, filepath, tiny_encoder_model):
    dataset.save(tiny_encoder_model)
    data = filepath.read_bytes()
    for length in np.linspace(0, len(data) - 1, 20, dtype=int):
        filepath.write_bytes(data[:length])
        with pytest.raises(
            DatasetError, match=r"encoder\.pt is not a readable encoder.*copy it again"
        ):
            dataset.load()


def test_a_pickle_under_this_name_is_not_opened(dataset, filepath, tiny_encoder_model):
    class Attack:
        def __reduce__(self):
            return (pytest.fail, ("the pickle was opened",))

    filepath.write_bytes(pickle.dumps(Attack()))
    with pytest.raises(DatasetError, match=r"encoder\.pt is not a readable encoder"):
        dataset.load()


class Attack:
    """Fails the test when it is unpickled."""

    def __reduce__(self):
        return pytest.fail, ("the pickle was opened",)


def without_advice(error):
    """What an error says, of which nothing may lead to running the file."""
    said = str(error.value)
    for advice in ("weights_only", "Weights only", "add_safe_globals", "trust"):
        assert advice not in said
    assert "\n" not in said
    return said


def test_what_could_run_code_is_named_and_there_is_no_advice_to_run_it(
    dataset, filepath, tiny_encoder_model
):
    import torch

    torch.save({"format": "cebra-kedro encoder", "state": Attack()}, filepath)
    with pytest.raises(DatasetError) as error:
        dataset.load()
    said = without_advice(error)
    assert str(filepath) in said
    assert "_pytest.outcomes" in said
    assert "which could run code; nothing in it was run" in said


@pytest.mark.parametrize("content", [b"", b"no tensor", pickle.dumps(Attack())])
def test_a_damaged_file_is_named_without_advice_to_run_it(filepath, content, tiny_encoder_model):
    from cebra_kedro.training.model import EncoderModel

    filepath.write_bytes(content)
    with pytest.raises(DatasetError) as error:
        CebraModelDataset(filepath=filepath).load()
    assert str(filepath) in without_advice(error)
    with pytest.raises(ValueError, match=r".") as error:
        EncoderModel.load(filepath)
    assert str(filepath) in without_advice(error)


def test_another_torch_file_says_so(dataset, filepath, tiny_encoder_model):
    import torch

    torch.save({"weights": torch.zeros(2)}, filepath)
    with pytest.raises(DatasetError, match=r"encoder\.pt .*not an encoder of cebra-kedro"):
        dataset.load()
