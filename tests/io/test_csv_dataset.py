"""Tables come back to the last bit, and a file is there wholly or not at all."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from kedro.io import DatasetError, Version
from kedro_datasets._typing import TablePreview

from cebra_kedro.io import CsvDataset

# Text that reads as a number or as nothing comes back as such, since CSV has no types.
TEXT = st.text("abcé ,;\"'#\n", min_size=1, max_size=6).map(lambda text: f"x{text}x") | (
    st.sampled_from(["NA", "nan", "None", "null", "n/a"])
)
FLOATS = st.floats(allow_nan=True, allow_infinity=False) | st.just(0.1 + 0.2)


@pytest.fixture
def filepath(tmp_path):
    return tmp_path / "deeper" / "metrics.csv"


@pytest.fixture
def table():
    return pd.DataFrame(
        {"subject": ["NA", "buddy"], "fold": [0, 1], "value": [1 / 3, np.nan], "unit": ["m", "%"]}
    )


@given(st.lists(st.tuples(TEXT, st.integers(-(2**62), 2**62), FLOATS), min_size=1, max_size=8))
@settings(deadline=None)
def test_what_is_saved_is_loaded(tmp_path_factory, rows):
    dataset = CsvDataset(filepath=tmp_path_factory.getbasetemp() / "any.csv")
    data = pd.DataFrame(rows, columns=["subject", "seed", "value"])
    data = data.astype({"subject": "str", "seed": np.int64, "value": np.float64})
    dataset.save(data)
    pd.testing.assert_frame_equal(dataset.load(), data, check_exact=True)


@given(hnp.arrays(np.uint64, 20))
@settings(deadline=None, max_examples=30)
def test_floats_of_any_bits_come_back(tmp_path_factory, bits):
    dataset = CsvDataset(filepath=tmp_path_factory.getbasetemp() / "any.csv")
    values = bits.view(np.float64)
    dataset.save(pd.DataFrame({"name": "x", "value": values}))
    # A NaN has many bit patterns; CSV keeps that it is one.
    np.testing.assert_array_equal(dataset.load()["value"].to_numpy(float), values)


def test_a_table_without_rows_keeps_its_columns(filepath):
    dataset = CsvDataset(filepath=filepath)
    dataset.save(pd.DataFrame(columns=["source", "target", "r2"]))
    loaded = dataset.load()
    assert list(loaded.columns) == ["source", "target", "r2"]
    assert loaded.empty


def test_the_file_is_plain_csv_without_the_index(filepath, table):
    CsvDataset(filepath=filepath).save(table.set_index(pd.Index([7, 8])))
    assert filepath.read_bytes() == (
        b"subject,fold,value,unit\nNA,0,0.3333333333333333,m\nbuddy,1,,%\n"
    )


@pytest.mark.parametrize("wrong", [pd.Series([1.0]), [1, 2], pd.DataFrame(index=[0, 1])])
def test_anything_but_a_table_is_refused_and_the_file_stays(filepath, table, wrong):
    dataset = CsvDataset(filepath=filepath)
    dataset.save(table)
    before = filepath.read_bytes()
    with pytest.raises(DatasetError, match="saves a pandas DataFrame with columns"):
        dataset.save(wrong)
    assert filepath.read_bytes() == before


def test_a_failed_save_leaves_the_old_file_and_no_other(filepath, table, monkeypatch):
    dataset = CsvDataset(filepath=filepath)
    dataset.save(table)

    def half_way(self, path, **_):
        path.write_text("subject,fo")
        raise OSError("disk full")

    monkeypatch.setattr(pd.DataFrame, "to_csv", half_way)
    with pytest.raises(DatasetError, match="disk full"):
        dataset.save(table.iloc[:1])
    assert [path.name for path in filepath.parent.iterdir()] == [filepath.name]
    pd.testing.assert_frame_equal(dataset.load(), table)


def test_a_missing_file_is_named_with_a_remedy(filepath):
    dataset = CsvDataset(filepath=filepath)
    assert not dataset.exists()
    with pytest.raises(DatasetError, match=r"metrics\.csv does not exist; run the pipeline"):
        dataset.load()


@pytest.mark.parametrize("content", [b"", b'a,b\n"1,2\n', b"a\n\xff\n"])
def test_a_damaged_file_is_named_with_a_remedy(filepath, content):
    filepath.parent.mkdir()
    filepath.write_bytes(content)
    with pytest.raises(DatasetError, match=r"metrics\.csv is not a readable table \(CSV\)"):
        CsvDataset(filepath=filepath).load()


def test_a_remote_file_is_refused_rather_than_written_here():
    with pytest.raises(DatasetError, match="must be a file on this machine"):
        CsvDataset(filepath="s3://bucket/metrics.csv")


def test_versions_are_kept_apart(filepath, table):
    first, second = "2024-01-01T00.00.00.000Z", "2024-01-02T00.00.00.000Z"
    for version, rows in ((first, 1), (second, 2)):
        CsvDataset(filepath=filepath, version=Version(None, version)).save(table.iloc[:rows])
    assert len(CsvDataset(filepath=filepath, version=Version(None, None)).load()) == 2
    assert len(CsvDataset(filepath=filepath, version=Version(first, None)).load()) == 1


def test_preview_is_the_table_that_kedro_viz_draws(filepath, table):
    dataset = CsvDataset(filepath=filepath)
    dataset.save(table)
    preview = dataset.preview(nrows=1)
    assert CsvDataset.preview.__annotations__["return"] in (TablePreview, "TablePreview")
    assert preview == {
        "index": [0],
        "columns": ["subject", "fold", "value", "unit"],
        "data": [["NA", 0, 1 / 3, "m"]],
    }
    # JSON has no NaN.
    assert dataset.preview(nrows=2)["data"][1] == ["buddy", 1, None, "%"]
    assert len(dataset.load()) == 2
