"""One tensor comes back as an array; what is no tensor is refused, and what is code never runs."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from kedro.io import DatasetError

from cebra_kedro.io import TorchTensorDataset


@pytest.fixture
def path(tmp_path):
    return tmp_path / "testfeat.pth"


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_a_tensor_comes_back(path, zipped):
    features = torch.rand(9, 5, generator=torch.Generator().manual_seed(0))
    torch.save(features, path, _use_new_zipfile_serialization=zipped)
    published = TorchTensorDataset(filepath=path).load()
    assert published.content.dtype == np.float32
    np.testing.assert_array_equal(published.content, features.numpy())
    assert (published.checksum_status, published.source) == ("unverified", str(path))


def test_a_tensor_with_a_gradient_comes_back(path):
    torch.save(torch.ones(3, requires_grad=True), path)
    np.testing.assert_array_equal(TorchTensorDataset(filepath=path).load().content, np.ones(3))


@pytest.mark.parametrize("content", [{"features": torch.ones(2)}, [torch.ones(2)], 3])
def test_anything_but_a_bare_tensor_is_refused(path, content):
    torch.save(content, path)
    name = type(content).__name__
    with pytest.raises(DatasetError, match=rf"testfeat\.pth holds a {name}, expected one bare"):
        TorchTensorDataset(filepath=path).load()


class Trap:
    """Makes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (str(self.mark),)


def test_code_in_the_file_is_refused_and_does_not_run(path, tmp_path):
    mark = tmp_path / "code_ran"
    torch.save(Trap(mark), path)
    with pytest.raises(DatasetError, match=r"mkdir, which could run code; nothing in") as caught:
        TorchTensorDataset(filepath=path).load()
    assert not mark.exists()
    # torch advises this; it would open the trap.
    assert "weights_only" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"no tensor", b"PK\x03\x04 cut short"])
def test_a_damaged_file_is_named_with_where_to_get_it(path, content):
    path.write_bytes(content)
    dataset = TorchTensorDataset(filepath=path, obtain_from="https://example.org")
    with pytest.raises(DatasetError, match=r"testfeat\.pth is not .* from https://example\.org"):
        dataset.load()
