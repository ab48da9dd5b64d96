"""Arrays come back as they were saved; pickles are neither written nor read."""

import zipfile

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kedro.io import DatasetError, Version

from cebra_kedro.io import NpzDataset

KEYS = st.text(min_size=1, max_size=8).filter(lambda key: key.isprintable() and "\\" not in key)
ARRAYS = hnp.arrays(
    st.one_of(hnp.scalar_dtypes(), hnp.unicode_string_dtypes(), hnp.byte_string_dtypes()),
    hnp.array_shapes(min_dims=0, min_side=0, max_side=4),
)


@pytest.fixture
def filepath(tmp_path):
    return tmp_path / "embedding.npz"


@pytest.fixture
def dataset(filepath):
    return NpzDataset(filepath=filepath)


@pytest.fixture
def content():
    return {"embedding": np.eye(3, dtype=np.float32), "trial": np.arange(3)}


@given(
    data=st.dictionaries(KEYS | st.sampled_from(["file", "allow_pickle", "x.npy"]), ARRAYS),
    compressed=st.booleans(),
)
@settings(deadline=None, max_examples=80)
def test_what_is_saved_is_loaded(tmp_path_factory, data, compressed):
    dataset = NpzDataset(
        filepath=tmp_path_factory.getbasetemp() / "any.npz", save_args={"compressed": compressed}
    )
    dataset.save(data)
    loaded = dataset.load()
    assert list(loaded) == list(data)
    for key, array in data.items():
        assert (loaded[key].dtype, loaded[key].shape) == (array.dtype, array.shape)
        assert loaded[key].tobytes() == array.tobytes()


@pytest.mark.parametrize("compressed", [False, True])
def test_numpy_reads_the_file_and_its_own_files_are_read(filepath, content, compressed):
    dataset = NpzDataset(filepath=filepath, save_args={"compressed": compressed})
    dataset.save(content)
    with np.load(filepath) as archive:
        assert archive.files == list(content)
        np.testing.assert_array_equal(archive["embedding"], content["embedding"])
    (np.savez_compressed if compressed else np.savez)(filepath, **content)
    np.testing.assert_array_equal(dataset.load()["trial"], content["trial"])


def test_compression_is_off_unless_asked_for(dataset, filepath):
    zeros = {"zeros": np.zeros(10_000)}
    dataset.save(zeros)
    assert filepath.stat().st_size > 80_000
    NpzDataset(filepath=filepath, save_args={"compressed": True}).save(zeros)
    assert filepath.stat().st_size < 8_000


def test_equal_content_gives_equal_files(tmp_path, content):
    for name in ("one.npz", "two.npz"):
        NpzDataset(filepath=tmp_path / name).save(content)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


def test_with_versions(filepath, content):
    NpzDataset(filepath=filepath, version=Version(None, "2024-01-01T00.00.00.000Z")).save(content)
    loaded = NpzDataset(filepath=filepath, version=Version(None, None)).load()
    np.testing.assert_array_equal(loaded["embedding"], content["embedding"])


@pytest.mark.parametrize("dtype", [object, [("cell", object)]])
def test_object_arrays_are_refused_by_key_and_the_old_file_stays(dataset, content, dtype):
    dataset.save(content)
    with pytest.raises(DatasetError, match="labels holds Python objects"):
        dataset.save({"embedding": np.zeros(3), "labels": np.empty(3, dtype)})
    assert list(dataset.load()) == list(content)


def test_a_pickle_in_the_file_is_not_opened(dataset, filepath):
    class Attack:
        def __reduce__(self):
            return (pytest.fail, ("the pickle was opened",))

    np.savez(filepath, cells=np.array([Attack()], object))
    with pytest.raises(DatasetError, match=r"embedding\.npz: cells holds Python objects"):
        dataset.load()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([np.zeros(1)], "saves a dict of arrays, got list"),
        ({"score": 0.5}, "score must be a numpy array, got float"),
        ({"x": np.ma.zeros(2)}, "x must be a numpy array, got MaskedArray"),
        ({3: np.zeros(1)}, "keys of an .npz file .*, got 3"),
        ({"": np.zeros(1)}, "keys of an .npz file .*, got ''"),
        ({"a\0b": np.zeros(1)}, "keys of an .npz file"),
    ],
)
def test_other_content_is_refused(dataset, filepath, data, message):
    with pytest.raises(DatasetError, match=message):
        dataset.save(data)
    assert not filepath.exists()


@pytest.mark.parametrize("save_args", [{"compress": True}, {"compressed": "yes"}])
def test_unknown_save_args_are_refused_at_construction(filepath, save_args):
    with pytest.raises(DatasetError, match="takes compressed: true or false"):
        NpzDataset(filepath=filepath, save_args=save_args)


def test_a_missing_file_says_so(dataset):
    with pytest.raises(DatasetError, match=r"embedding\.npz does not exist"):
        dataset.load()


@pytest.mark.parametrize("compressed", [False, True])
def test_a_file_cut_anywhere_says_so(filepath, content, compressed):
    dataset = NpzDataset(filepath=filepath, save_args={"compressed": compressed})
    dataset.save(content)
    data = filepath.read_bytes()
    for length in range(0, len(data), 20):
        filepath.write_bytes(data[:length])
        with pytest.raises(DatasetError, match=r"embedding\.npz is not a readable"):
            dataset.load()


@pytest.mark.parametrize("compressed", [False, True])
def test_a_changed_byte_in_a_member_is_noticed_or_harmless(filepath, content, compressed):
    """Harmless are bytes of the zip format without effect, such as dates."""
    dataset = NpzDataset(filepath=filepath, save_args={"compressed": compressed})
    dataset.save(content)
    data = filepath.read_bytes()
    with zipfile.ZipFile(filepath) as archive:
        end_of_members = archive.start_dir
    noticed = 0
    for position in range(end_of_members):
        changed = bytearray(data)
        changed[position] ^= 1
        filepath.write_bytes(changed)
        try:
            loaded = dataset.load()
        except DatasetError as error:
            assert "embedding.npz" in str(error)
            noticed += 1
        else:
            assert {key: array.tolist() for key, array in loaded.items()} == {
                key: array.tolist() for key, array in content.items()
            }
    assert noticed > end_of_members / 2


def test_another_zip_archive_says_so(dataset, filepath):
    with zipfile.ZipFile(filepath, "w") as archive:
        archive.writestr("readme.txt", "text")
    with pytest.raises(DatasetError, match=r"not an \.npz file: it holds readme\.txt"):
        dataset.load()
