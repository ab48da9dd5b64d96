"""One array survives its file; pickles are neither written nor read."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from kedro.io.core import DatasetError

from cebra_kedro.io import NpyDataset

ARRAYS = npst.arrays(
    st.sampled_from(["f4", "f8", "i8", "u1", "?", "U3"]), npst.array_shapes(min_dims=0, max_dims=3)
)


@settings(deadline=None)
@given(array=ARRAYS)
def test_an_array_survives_its_file(tmp_path_factory, array):
    path = tmp_path_factory.mktemp("npy") / "array.npy"
    dataset = NpyDataset(filepath=path)
    dataset.save(array)
    loaded = dataset.load()
    assert loaded.dtype == array.dtype
    np.testing.assert_array_equal(loaded, array)
    np.testing.assert_array_equal(np.load(path), array)


def test_python_objects_are_refused_in_both_directions(tmp_path):
    dataset = NpyDataset(filepath=tmp_path / "array.npy")
    for data in (np.array([object()]), [1, 2], {"a": np.zeros(2)}):
        with pytest.raises(DatasetError, match="NpyDataset saves an array of numbers or text"):
            dataset.save(data)
    assert not dataset.exists()
    np.save(tmp_path / "array.npy", np.array([{}]), allow_pickle=True)
    with pytest.raises(DatasetError, match=r"not a readable \.npy file"):
        dataset.load()


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DatasetError, match=r"array.npy does not exist; run the pipeline"):
        NpyDataset(filepath=tmp_path / "array.npy").load()
