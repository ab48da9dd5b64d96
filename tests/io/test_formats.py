"""Every kind of value comes back as it was, from a file that says what it was computed from."""

from __future__ import annotations

import io
import json
import math
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kedro.io import DatasetError
from matplotlib.figure import Figure
from PIL import Image

from cebra_kedro.io import CebraModelDataset, FigureDataset, NpzDataset, RecordingDataset
from cebra_kedro.io.formats import format_of
from cebra_kedro.recording import Label, Recording

CONTENTS = ["recordings", "arrays", "models", "tables", "figures"]


def recording(name="buddy"):
    return Recording(
        neural=np.arange(12).reshape(4, 3),
        labels={"position": Label(np.linspace(0, 1, 4), "continuous", "m")},
        bin_width_s=0.025,
        name=name,
        meta={
            "source": "made here",
            "checksum": "0f",
            "checksum_status": "verified",
            "simulated": False,
            "area": "CA1",
        },
    )


def figure():
    drawn = Figure()
    drawn.subplots().plot([0, 1])
    return drawn


@pytest.fixture
def values(tiny_encoder_model):
    return {
        "recordings": recording(),
        "arrays": {"embedding": np.eye(3, dtype=np.float32), "fold": np.arange(2)},
        "models": tiny_encoder_model,
        "tables": pd.DataFrame({"metric": ["r2"], "value": [0.1]}),
        "figures": figure(),
    }


@pytest.fixture
def written(values, tmp_path, tiny_encoder_model):
    """Writes the value of one kind; returns format and file."""

    def write(contents, fingerprint=tiny_encoder_model.fingerprint):
        format = format_of(contents)
        path = tmp_path / f"value{format.suffix}"
        format.write(path, values[contents], fingerprint)
        return format, path

    return write


@pytest.mark.parametrize("contents", CONTENTS)
def test_the_fingerprint_is_read_back(contents, written, tiny_encoder_model):
    format, path = written(contents)
    assert format.fingerprint(path) == tiny_encoder_model.fingerprint


@pytest.mark.parametrize("contents", sorted(set(CONTENTS) - {"models"}))
def test_without_fingerprint_none_is_read(contents, written):
    format, path = written(contents, None)
    assert format.fingerprint(path) is None


@pytest.mark.parametrize("contents", CONTENTS)
@pytest.mark.parametrize("damage", ["", "no such file"])
def test_an_unreadable_file_has_no_fingerprint_but_an_error(contents, damage, written):
    format, path = written(contents)
    path.write_text(damage)
    with pytest.raises(Exception):  # noqa: B017 (of whatever library reads it)
        format.fingerprint(path)


# torch names files at random
@pytest.mark.parametrize("contents", sorted(set(CONTENTS) - {"models"}))
def test_equal_values_give_equal_files(contents, written):
    _, path = written(contents)
    before = path.read_bytes()
    path.unlink()
    written(contents)
    assert path.read_bytes() == before


@pytest.mark.parametrize("contents", CONTENTS)
def test_a_format_is_picklable(contents):
    format = format_of(contents)
    assert pickle.loads(pickle.dumps(format)) == format


@pytest.mark.parametrize("contents", CONTENTS)
def test_another_kind_of_value_is_refused(contents, tmp_path):
    format = format_of(contents)
    with pytest.raises(DatasetError, match=r"saves .*, got int"):
        format.write(tmp_path / "x", 3, None)


def test_files_are_those_of_the_datasets_of_single_files(written, values):
    _, path = written("recordings")
    assert dict(RecordingDataset(filepath=path).load().meta) == dict(values["recordings"].meta)
    _, path = written("arrays")
    assert list(NpzDataset(filepath=path).load()) == ["embedding", "fold"]
    with np.load(path) as archive:
        assert archive.files == ["embedding", "fold"]  # nothing but the arrays
    _, path = written("models")
    assert CebraModelDataset(filepath=path).load().n_neurons == (3,)
    format, path = written("figures")
    assert format.read(path) == FigureDataset(filepath=path).load()
    assert Image.open(io.BytesIO(format.read(path))).size == (640, 480)


def test_facts_about_a_recording_are_read_without_its_arrays(written):
    format, path = written("recordings")
    assert format.about(path) == {
        "source": "made here",
        "checksum": "0f",
        "checksum_status": "verified",
        "simulated": False,
        "n_time": 4,
        "n_neurons": 3,
        "n_trials": None,
        "bin_width_s": 0.025,
        "suspicions": [],
    }
    json.dumps(format.about(path))


def test_a_recording_of_unknown_origin_has_facts_too(tmp_path):
    format = format_of("recordings")
    bare = Recording(np.ones((2, 1)), {}, 1.0, "bare")
    format.write(tmp_path / "bare.h5", bare, None)
    about = format.about(tmp_path / "bare.h5")
    assert (about["source"], about["n_time"]) == (None, 2)


def test_the_fingerprint_of_a_recording_is_not_part_of_it(written, values):
    format, path = written("recordings")
    read = format.read(path)
    np.testing.assert_array_equal(read.neural, values["recordings"].neural)
    assert "fingerprint" not in read.meta


def test_a_cell_with_another_fingerprint_than_its_encoder_is_refused(written):
    with pytest.raises(DatasetError, match=r"has fingerprint 0123abcd, but its cell other"):
        written("models", "other")


def test_only_a_figure_may_be_none():
    assert [name for name in CONTENTS if format_of(name).optional] == ["figures"]


CELLS = st.one_of(
    st.floats(allow_nan=False),
    st.integers(-(2**53), 2**53),
    st.booleans(),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
)


class TestTables:
    @given(
        columns=st.lists(st.text("abc_.", min_size=1, max_size=4), min_size=1, unique=True),
        n_rows=st.integers(1, 4),
        data=st.data(),
    )
    @settings(deadline=None, max_examples=60)
    def test_values_come_back_exactly(self, tmp_path_factory, columns, n_rows, data):
        kinds = [data.draw(st.sampled_from(CELLS.original_strategies)) for _ in columns]
        table = pd.DataFrame(
            {
                name: data.draw(st.lists(kind, min_size=n_rows, max_size=n_rows))
                for name, kind in zip(columns, kinds, strict=True)
            }
        )
        format, path = format_of("tables"), tmp_path_factory.getbasetemp() / "any.json"
        format.write(path, table, "one")
        pd.testing.assert_frame_equal(format.read(path), table, check_exact=True)

    def test_missing_and_infinite_values_and_numpy_numbers(self, tmp_path):
        table = pd.DataFrame(
            {
                "value": np.array([0.1, math.nan, -math.inf], np.float32),
                "seed": np.array([0, 1, 2], np.int32),
                "unit": ["m", None, ""],
            }
        )
        format, path = format_of("tables"), tmp_path / "t.json"
        format.write(path, table, None)
        read = format.read(path)
        np.testing.assert_array_equal(read["value"].to_numpy(np.float32), table["value"])
        assert read["seed"].tolist() == [0, 1, 2]
        assert read["unit"].isna().tolist() == [False, True, False]
        assert read["unit"].tolist()[::2] == ["m", ""]

    def test_an_empty_table_keeps_its_columns(self, tmp_path):
        format, path = format_of("tables"), tmp_path / "t.json"
        format.write(path, pd.DataFrame(columns=["metric", "value"]), None)
        assert list(format.read(path)) == ["metric", "value"]
        assert len(format.read(path)) == 0

    @pytest.mark.parametrize(
        ("table", "message"),
        [
            (pd.DataFrame({1: [0]}), r"have a name each.*\[1\]"),
            (pd.DataFrame([[0, 1]], columns=["a", "a"]), r"have a name each"),
            (pd.DataFrame({"a": pd.to_datetime(["2024-01-01"])}), "turn dates into text"),
            (pd.DataFrame({"a": [np.zeros(2)]}), "holds numbers, texts and None"),
        ],
    )
    def test_what_would_not_come_back_is_refused(self, table, message, tmp_path):
        with pytest.raises(DatasetError, match=message):
            format_of("tables").write(tmp_path / "t.json", table, None)

    def test_other_json_is_no_table(self, tmp_path):
        path = tmp_path / "t.json"
        path.write_text('{"fingerprint": "one"}')
        with pytest.raises(ValueError, match="not a table"):
            format_of("tables").fingerprint(path)


class TestSuffix:
    @pytest.mark.parametrize(
        ("contents", "suffix"),
        [("recordings", "/recording.h5"), ("figures", "/a/b.png"), ("arrays", ".npz")],
    )
    def test_a_file_in_the_folder_of_the_key(self, contents, suffix):
        assert format_of(contents, suffix).suffix == suffix

    @pytest.mark.parametrize(
        "suffix", [".png", "recording.h5", "/../x.h5", "/.h5", "_x.h5", "", 3, "/x.h5/"]
    )
    def test_others_are_refused(self, suffix):
        with pytest.raises(DatasetError, match=r"suffix of recordings must be \.h5, or a file in"):
            format_of("recordings", suffix)

    def test_unknown_contents_are_refused(self):
        with pytest.raises(DatasetError, match=r"one of recordings, arrays, .*, got 'models2'"):
            format_of("models2")
