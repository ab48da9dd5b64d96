"""Columns of any common table come back by name; what is ambiguous is refused, not guessed."""

import logging
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kedro.io import DatasetError

from cebra_kedro.io.table_dataset import TableDataset

FLOATS = st.floats(allow_nan=False, width=64)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "rat.csv"


def write(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


def load(path, text=None, encoding="utf-8", **options):
    if text is not None:
        write(path, text, encoding)
    return TableDataset(filepath=path, **options).load()


def plain(arrays):
    return {name: values.tolist() for name, values in arrays.items()}


@given(
    rows=st.lists(st.tuples(FLOATS, FLOATS, st.integers(-(2**63), 2**63 - 1)), min_size=1),
    style=st.sampled_from(
        [("\t", "."), (";", "."), (",", "."), (" ", "."), ("  ", ","), (";", ","), ("\t", ",")]
    ),
    end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    quoted=st.booleans(),
)
@settings(deadline=None)
def test_numbers_come_back_to_the_last_bit_whatever_separates_them(
    tmp_path_factory, rows, style, end, encoding, quoted
):
    sep, decimal = style
    # A point or an exponent says which numbers have decimals; 1e5 alone has none.
    cells = [["x", "µ", "n"], ["0.5", "0.5", "1"]]
    cells += [[repr(x), repr(y), str(n)] for x, y, n in rows]
    lines = [sep.join(row) for row in cells]
    lines[1:] = [line.replace(".", decimal) for line in lines[1:]]
    if quoted:
        lines[0] = lines[0].replace("x", '"x"')
    path = tmp_path_factory.getbasetemp() / "any.txt"
    loaded = load(path, end.join(lines) + end, encoding)
    assert list(loaded) == ["x", "µ", "n"]
    for i, name in enumerate(loaded):
        expected = np.array([0.5, 0.5, 1][i : i + 1] + [row[i] for row in rows])
        np.testing.assert_array_equal(loaded[name], expected)
    assert loaded["n"].dtype == np.int64


def test_each_column_keeps_its_kind(path):
    loaded = load(
        path,
        'time, count,moving,area, rate,subject\n0.5,3,True,"CA1, left",1.5,NA\n1,4,False,,NA,A1\n',
    )
    assert plain(loaded) == {
        "time": [0.5, 1.0],
        "count": [3, 4],
        "moving": [True, False],
        "area": ["CA1, left", ""],
        "rate": [1.5, pytest.approx(np.nan, nan_ok=True)],
        "subject": ["NA", "A1"],  # missing only where the others are numbers
    }
    assert [values.dtype.kind for values in loaded.values()] == list("fibUfU")


def test_arrays_gives_own_names_and_makes_matrices_in_natural_order(path):
    header = ",".join([f"unit_{i}" for i in (10, 2, 1)] + ["x", "y", "note"])
    arrays = {"neural": "unit_*", "position": ["y", "x"], "first": "unit_1", "one": ["x"]}
    loaded = load(path, f"{header}\n10,2,1,5,6.5,7\n10,2,1,5,6,bad\n", arrays=arrays)
    assert plain(loaded) == {
        "neural": [[1, 2, 10], [1, 2, 10]],
        "position": [[6.5, 5], [6, 5]],
        "first": [1, 1],
        "one": [[5], [5]],
    }  # and what is wrong with the column note is nobody's concern


def test_date_times_are_on_one_clock_across_columns_and_zones(path):
    loaded = load(
        path,
        "start,stop,clock,day\n"
        "2024-03-01 12:00:00.25,2024-03-01T13:00:01+01:00,12:00:01,2024-03-01\n"
        "2024-03-01 12:00:01,,12:00:02,2024-03-01\n",
    )
    noon = 1709294400  # date -u -d "2024-03-01 12:00" +%s
    assert loaded["start"].tolist() == [noon + 0.25, noon + 1]
    assert loaded["stop"][0] == noon + 1
    assert np.isnan(loaded["stop"][1])
    assert loaded["clock"].tolist() == ["12:00:01", "12:00:02"]
    assert loaded["day"].dtype.kind == "U"


def test_a_file_without_header_gets_numbered_columns_when_it_is_said(path):
    with pytest.raises(DatasetError, match=r"no header; say load_args: \{header: null\}"):
        load(path, "1,2.5\n3,4\n")
    assert plain(load(path, load_args={"header": None})) == {
        "column_0": [1, 3],
        "column_1": [2.5, 4],
    }


def test_several_header_rows_make_one_name(path):
    text = "scorer,net,net\nbodyparts,nose,nose\ncoords,x,y\n0,1.5,2\n1,3,4\n"
    with pytest.raises(DatasetError, match=r"called net; .*DeepLabCut.*\{header: \[1, 2\]\}"):
        load(path, text)
    loaded = load(path, load_args={"header": [1, 2], "index_col": 0})
    assert plain(loaded) == {"nose/x": [1.5, 3], "nose/y": [2, 4]}


def test_load_args_say_what_cannot_be_found_out(path):
    text = "made by a camera; v. 2\n\nx|n # header\n1'000,5|-999 # first\n# nothing\n2,5|3\n"
    args = {"sep": "|", "decimal": ",", "thousands": "'", "comment": "#", "skiprows": 1}
    loaded = load(path, text, load_args={**args, "na_values": -999})
    np.testing.assert_array_equal(loaded["x"], [1000.5, 2.5])
    np.testing.assert_array_equal(loaded["n"], [np.nan, 3])


def test_the_row_names_of_pandas_and_empty_columns_of_a_spreadsheet_are_understood(path):
    pd.DataFrame({"x": [1.5, 2.5]}).to_csv(path)
    assert plain(load(path)) == {"index": [0, 1], "x": [1.5, 2.5]}
    assert plain(load(path, "x,y,,\n1,2,,\n")) == {"x": [1], "y": [2]}
    with pytest.raises(DatasetError, match="column 3 has values but no name"):
        load(path, "x,y,,\n1,2,3,\n")


def test_latin_1_is_a_fallback_that_is_noted(path, caplog):
    with caplog.at_level(logging.WARNING):
        loaded = load(path, "größe\n1\n", "latin-1")
    assert list(loaded) == ["größe"]
    assert "is read as latin-1" in caplog.text


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("x,y\n1,2\n", {"arrays": {"neural": "unit_*"}}, r"neural: .*no column unit_\*; .*x, y\."),
        ("x,y\n1,2\n", {"arrays": {"p": ["x", "z"]}}, "arrays: p: there is no column z; .* x, y"),
        ("x,y\n1,2\n", {"load_args": {"index_col": "t"}}, "index_col: there is no column t"),
        ("x,y,x\n1,2,3\n", {}, "more than one column is called x; rename"),
        ("x,y\n1,2\n\n3\n", {}, r"line 4 has 1 fields, the first row 2"),
        ("x,y\n1,2,3\n4,5,6\n", {}, "line 2 has 3 fields, the first row 2"),
        ('x,y\n"1\n0",2\n4,5,6\n', {}, "line 4 has 3 fields"),
        ("x\n1,5\n", {}, "line 2 has 2 fields"),
        ("x;y\n1,5;1.5\n", {}, r"such as 1,5 and such as 1.5; say load_args: \{decimal"),
        ("x;y\n1,5;1.5a\n2;2b\n2.5;c\n", {}, r"such as 1,5 and such as 1.5"),
        ("x\n1\nNA\nlost\n3\n", {}, r"column x holds numbers, but 'lost' in row 3 .*na_values"),
        ("x;y\n1,5;a\nlost;b\n", {}, "column x holds numbers, but 'lost' in row 2"),
        ("x,y\n", {}, "has no rows"),
        ("\n \n", {}, "has no row 0 for a header"),
        (" , \n1,2\n", {}, "no column has a name"),
        ("x\0y\n", {}, "it has zero bytes"),
        ('x,y\n"1,2\n3,4\n', {}, "line 3 has 1 fields"),
        ("x,label\n1,a\n", {"arrays": {"m": "*"}}, r"one kind for a matrix, got label \(text\), x"),
        ("t\n2024-13-41 12:00\n", {}, "is not a readable table"),
        ("x\n1\n", {"load_args": {"encoding": "hex"}}, "is not a readable table"),
    ],
)
def test_what_is_wrong_or_ambiguous_is_refused_with_place_and_remedy(path, text, options, message):
    with pytest.raises(DatasetError, match=message) as error:
        load(path, text, **options)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "load_args",
    [
        {"storage_options": {}},
        {"engine": "python"},
        {"sep": "(a+)+"},
        {"skiprows": "1"},
        {"header": "infer"},
        {"na_values": {"x": 1}},
    ],
)
def test_other_load_args_are_refused_at_construction(path, load_args):
    with pytest.raises(DatasetError, match=r"load_args.* of TableDataset "):
        TableDataset(filepath=path, load_args=load_args)


def test_other_files_are_refused_at_construction(tmp_path):
    for name in ("rat.xlsx", "rat.csv.gz", "rat.pkl"):
        with pytest.raises(DatasetError, match=r"must end in \.csv, \.tsv, \.txt, \.parquet"):
            TableDataset(filepath=tmp_path / name)
    with pytest.raises(DatasetError, match="arrays of TableDataset must map own names"):
        TableDataset(filepath=tmp_path / "rat.csv", arrays={"x": []})


def test_one_long_text_does_not_fill_the_memory(path):
    with pytest.raises(DatasetError, match=r"note declares .* GB"):
        load(path, "x,note\n" + "1," + "a" * 100_000 + "\n" + "1,\n" * 5000)


def test_it_is_read_only_and_says_what_it_lacks(path):
    with pytest.raises(DatasetError, match=r"rat\.csv does not exist; place"):
        load(path)
    with pytest.raises(DatasetError, match="TableDataset is read-only"):
        TableDataset(filepath=path).save({})


def test_parquet_without_pyarrow_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(DatasetError, match="pip install pyarrow"):
        load(write(tmp_path / "rat.parquet", "PAR1"))


def test_parquet_gives_the_columns_that_a_frame_had(tmp_path):
    pytest.importorskip("pyarrow")
    times = pd.to_datetime(["2024-03-01 12:00:00.25", None])
    frame = pd.DataFrame(
        {
            "unit_10": [1, 2],
            "unit_2": [0.5, np.nan],
            "moving": [True, False],
            "area": ["CA1", None],
            "kind": pd.Categorical(["a", "b"]),
            "start": times,
            "licks": [np.array([0.5, 1.0]), np.zeros(0)],
        },
        index=pd.Index([3, 4], name="frame"),
    )
    path = tmp_path / "rat.parquet"
    frame.to_parquet(path)
    loaded = load(path)
    assert list(loaded) == [*frame, "frame"]
    assert loaded["unit_10"].dtype == np.int64
    assert loaded["moving"].dtype == bool
    assert loaded["area"].tolist() == ["CA1", ""]
    assert loaded["kind"].tolist() == ["a", "b"]
    assert loaded["start"][0] == 1709294400.25
    assert [licks.tolist() for licks in loaded["licks"]] == [[0.5, 1.0], []]
    np.testing.assert_array_equal(
        load(path, arrays={"neural": "unit_*"})["neural"], [[0.5, 1], [np.nan, 2]]
    )
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DatasetError, match="is not a readable table"):
        load(path)
