"""A label as numbers: distances between its rows mean something, whatever kind it is."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cebra_kedro.recording import Label, Recording, RecordingError

TABLE = np.array([[0.5, 1.0], [2.0, 3.0], [4.0, 5.0]])


@pytest.mark.parametrize("shape", [(4,), (4, 1), (4, 3)])
def test_a_continuous_label_is_itself_in_columns(shape):
    values = np.random.default_rng(0).normal(size=shape)
    matrix = Label(values, "continuous").matrix()
    assert matrix.dtype == np.float32
    np.testing.assert_array_equal(matrix, values.reshape(4, -1).astype(np.float32))


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=20), st.integers(-3, 3))
def test_an_angle_is_its_point_on_the_circle_however_often_it_has_gone_round(angles, turns):
    angle = np.array(angles)
    matrix, turned = (
        Label(values, "circular", "rad").matrix() for values in (angle, angle + 2 * np.pi * turns)
    )
    assert matrix.shape == (len(angle), 2)
    # float32 of order 1, made in float64 from angles of order 100
    np.testing.assert_allclose(matrix @ [1, 1j], np.exp(1j * angle), atol=1e-6)
    np.testing.assert_allclose(turned, matrix, atol=1e-6)


def test_several_angles_are_their_cosines_and_then_their_sines():
    angles = np.array([[0.0, np.pi / 2], [np.pi, 0.0]])
    expected = [[1, 0, 0, 1], [-1, 1, 0, 0]]
    np.testing.assert_allclose(Label(angles, "circular").matrix(), expected, atol=1e-6)  # float32


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=20))
def test_a_class_is_one_column_of_its_own(ids):
    label = Label(np.array(ids), "discrete")
    matrix = label.matrix()
    assert matrix.dtype == np.float32
    assert matrix.shape == (len(ids), len(set(ids)))
    np.testing.assert_array_equal(label.classes[matrix.argmax(axis=1)], ids)
    # two rows are as far apart as two unit vectors, or in one place
    distance = np.linalg.norm(matrix[:, None] - matrix[None], axis=-1)
    different = np.not_equal.outer(ids, ids)
    np.testing.assert_allclose(distance, np.sqrt(2) * different, atol=1e-6)  # float32


def test_classes_of_all_sessions_give_their_rows_the_same_columns():
    ids = np.array([2, 5, 9])
    one, other = (Label(np.array(v), "discrete").matrix(ids) for v in ([2, 5], [9, 5]))
    assert one.tolist() == [[1, 0, 0], [0, 1, 0]]
    assert other.tolist() == [[0, 0, 1], [0, 1, 0]]


def test_a_code_stands_for_a_row_of_the_table():
    label = Label(np.array([2, 0, 0, 1]), "continuous", table=TABLE)
    matrix = label.matrix()
    assert matrix.dtype == np.float32
    np.testing.assert_array_equal(matrix, TABLE[[2, 0, 0, 1]].astype(np.float32))
    assert label.classes.size == 0


def test_a_label_cannot_be_changed_and_neither_are_the_arrays_it_was_made_of():
    values, table = np.array([0, 1]), TABLE.copy()
    label = Label(values, "continuous", table=table)
    for array in (label.values, label.table):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 7
    assert values.flags.writeable
    assert table.flags.writeable


@pytest.mark.parametrize(
    ("values", "kind", "table", "message"),
    [
        ([0, 1], "discrete", TABLE, r"a table holds what a continuous label is .* discrete label"),
        ([0, 1], "circular", TABLE, "circular label"),
        ([0, 1], "continuous", TABLE[0], r"float array \(code, dim\); got float64 of shape \(2,\)"),
        ([0, 1], "continuous", TABLE.astype(int), "got int64 of shape"),
        ([0.0, 1.0], "continuous", TABLE, r"has integer codes \(time,\), got float64"),
        ([[0], [1]], "continuous", TABLE, r"integer codes .* of shape \(2, 1\)"),
        ([0, 3], "continuous", TABLE, r"codes must be in 0 … 2, .* got 0 to 3"),
        ([-1, 1], "continuous", TABLE, r"codes must be in 0 … 2, .* got -1 to 1"),
        ([0, 1], "text", None, "label kind must be one of continuous, discrete, circular, got 'te"),
        ([0, 1], "continuous", None, "a continuous label holds floats, got dtype int64; cast it"),
        ([0.0, 1.0], "discrete", None, "a discrete label holds integer class ids, got dtype float"),
    ],
)
def test_what_is_no_label_is_refused(values, kind, table, message):
    with pytest.raises(RecordingError, match=message):
        Label(np.array(values), kind, table=table)


@pytest.fixture
def recording():
    return Recording(
        neural=np.ones((3, 2)),
        labels={
            "speed": Label(np.array([0.1, 0.2, 0.3]), "continuous", "m/s"),
            "heading": Label(np.array([0.0, np.pi, 0.0]), "circular", "rad"),
            "choice": Label(np.array([4, 1, 4]), "discrete"),
            "features": Label(np.array([2, 2, 0]), "continuous", table=TABLE),
        },
        bin_width_s=0.1,
        name="made",
    )


def test_labels_stand_side_by_side_in_the_order_asked_for(recording):
    names = ["features", "choice", "heading", "speed"]
    matrix = recording.label_matrix(names)
    parts = [recording.label(name).matrix() for name in names]
    np.testing.assert_array_equal(matrix, np.concatenate(parts, axis=1))
    assert (matrix.shape, matrix.dtype) == ((3, 2 + 2 + 2 + 1), np.float32)


def test_classes_are_those_given_for_the_label_of_this_name(recording):
    ids = np.array([0, 1, 4])
    matrix = recording.label_matrix(["choice", "speed"], {"choice": ids, "other": np.arange(9)})
    np.testing.assert_array_equal(matrix[:, :3], [[0, 0, 1], [0, 1, 0], [0, 0, 1]])
    np.testing.assert_allclose(matrix[:, 3], [0.1, 0.2, 0.3], rtol=1e-6)  # float32


def test_a_label_that_there_is_not_is_answered_with_those_there_are(recording):
    with pytest.raises(KeyError, match=r"made has no label place; it has speed, heading, choice"):
        recording.label_matrix(["speed", "place"])
    with pytest.raises(KeyError, match="it has none"):
        dataclasses.replace(recording, labels={}).label("place")


def test_a_table_with_a_value_that_is_not_finite_is_refused(recording):
    table = TABLE.copy()
    table[1, 1] = np.nan
    broken = Label(np.array([0, 0, 0]), "continuous", table=table)
    with pytest.raises(RecordingError, match=r"label features has 1 values .* index \(1, 1\)"):
        dataclasses.replace(recording, labels={"features": broken})


def test_codes_need_one_row_a_bin(recording):
    label = Label(np.array([0, 1]), "continuous", table=TABLE)
    with pytest.raises(RecordingError, match="label features has 2 rows but neural has 3"):
        dataclasses.replace(recording, labels={"features": label})
