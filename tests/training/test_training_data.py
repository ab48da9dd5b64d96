"""What an encoder may be fitted on, and the law that a configuration names."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from tiny_training import LAWS, tiny_data

from cebra_kedro import sampling
from cebra_kedro.recording import Label, Recording
from cebra_kedro.sampling import find_anchors
from cebra_kedro.training import PairsConfig
from cebra_kedro.training.data import TrainingData, pair_law, session_data

CLASSES = {
    "time": sampling.TimeLaw,
    "time_delta": sampling.TimeDeltaLaw,
    "delta_normal": sampling.DeltaNormalLaw,
    "discrete": sampling.ClassLaw,
    "mixed": sampling.MixedLaw,
    "hybrid": sampling.HybridLaw,
}


def law_of(pairs: dict, *sessions: TrainingData, seed: int = 0):
    segments = [session.segment for session in sessions]
    anchors = find_anchors(segments, [(2, 3)] * len(sessions))
    return pair_law(sessions, anchors, PairsConfig(**pairs), seed)


@pytest.mark.parametrize("name", LAWS)
def test_each_name_stands_for_its_law(name):
    law = law_of(LAWS[name], tiny_data())
    assert type(law) is CLASSES[name]
    assert len(law.draw(0, 8, 5).positives) == PairsConfig(**LAWS[name]).n_objectives


def test_every_option_reaches_its_law():
    data = tiny_data()
    time = law_of({"law": "time", "time_offset_bins": 7}, data, seed=3)
    assert (time.time_offset_bins, time.seed) == (7, 3)
    change = law_of(LAWS["time_delta"] | {"ties": "uniform"}, data)
    assert (change.time_offset_bins, change.ties) == (2, "uniform")
    normal = law_of({"law": "delta_normal", "delta": 0.3, "ties": "uniform"}, data)
    assert (normal.delta, normal.ties) == (0.3, "uniform")
    classes = law_of({"law": "discrete", "prior": "uniform"}, data)
    assert classes.prior == "uniform"
    mixed = law_of(LAWS["mixed"] | {"prior": "empirical", "ties": "uniform"}, data)
    assert (mixed.time_offset_bins, mixed.prior, mixed.ties) == (2, "empirical", "uniform")


def test_the_priors_follow_cebra_unless_told_otherwise():
    assert law_of(LAWS["discrete"], tiny_data()).prior == "empirical"
    assert law_of(LAWS["mixed"], tiny_data()).prior == "uniform"


@pytest.mark.parametrize(
    ("name", "lacking"),
    [
        ("time_delta", "labels"),
        ("delta_normal", "labels"),
        ("hybrid", "labels"),
        ("mixed", "labels"),
        ("mixed", "classes"),
        ("discrete", "classes"),
    ],
)
def test_a_law_asks_for_the_labels_it_needs(name, lacking):
    data = dataclasses.replace(tiny_data(), **{lacking: None})
    with pytest.raises(ValueError, match=f"the {name} law needs {lacking} in every session"):
        law_of(LAWS[name], data)


def test_labels_of_different_width_cannot_be_compared():
    one, other = tiny_data(), tiny_data(seed=1)
    other = dataclasses.replace(other, labels=np.hstack([other.labels, other.labels]))
    with pytest.raises(ValueError, match=r"same dimension in every session, got \[\(2,\), \(4,\)"):
        law_of(LAWS["time_delta"], one, other)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"neural": np.zeros(150)}, r"neural must be an array \(time, neuron\).*\(150,\)"),
        ({"segment": np.zeros(149, int)}, r"segment must have one row per time bin \(150\)"),
        ({"labels": np.zeros((7, 1))}, r"labels must have one row per time bin \(150\), got 7"),
        ({"labels": np.zeros((150, 1), int)}, "labels must be floats, got int64"),
        ({"classes": np.zeros(150)}, "classes must be integers, got float64"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(tiny_data(), **change)


ROWS = np.array([0, 1, 2, 5, 6, 7, 8, 10])


@pytest.fixture
def recording():
    """Three trials of four bins; every value tells its row."""
    row = np.arange(12)
    return Recording(
        neural=np.stack([row, -row], axis=1),
        labels={
            "position": Label(row / 10, "continuous", "m"),
            "angle": Label(row / 2, "circular", "rad"),
            "place": Label(row % 3, "discrete"),
            "features": Label(row % 2, "continuous", table=np.array([[0.0, 1.0], [2.0, 3.0]])),
        },
        bin_width_s=0.1,
        name="made",
        trial=row // 4,
    )


def test_an_encoder_sees_the_chosen_rows_and_windows_that_stay_in_them(recording):
    data = session_data(recording, ROWS)
    np.testing.assert_array_equal(data.neural, recording.neural[ROWS])
    # a new segment at each gap (after 2 and 8) and at each border of trials (before 8)
    assert data.segment.tolist() == [0, 0, 0, 1, 1, 1, 2, 3]
    assert data.labels is data.classes is None


def test_rows_that_are_joined_are_one_segment(recording):
    assert session_data(recording, ROWS, joined=True).segment.tolist() == [0] * 8


def test_labels_stand_side_by_side_as_columns(recording):
    data = session_data(recording, ROWS, ["angle", "features", "place", "position"], "place")
    expected = np.column_stack(
        [
            np.cos(ROWS / 2),
            np.sin(ROWS / 2),
            2 * (ROWS % 2),
            1 + 2 * (ROWS % 2),
            *(place == ROWS % 3 for place in range(3)),
            ROWS / 10,
        ]
    )
    assert data.labels.dtype == np.float32
    np.testing.assert_allclose(data.labels, expected, atol=1e-6)  # float32 of order 1
    np.testing.assert_array_equal(data.classes, ROWS % 3)


def test_classes_have_the_columns_of_the_ids_given_or_of_the_whole_recording(recording):
    """Also those that no training row has, so that folds and sessions have as many columns."""
    assert session_data(recording, np.array([0, 3]), ["place"]).labels.tolist() == [[1, 0, 0]] * 2
    ids = {"place": np.array([0, 1, 2, 7])}
    assert session_data(recording, ROWS, ["place"], ids=ids).labels.shape == (8, 4)


def test_a_seed_permutes_labels_and_classes_of_the_chosen_rows_together(recording):
    data = session_data(recording, ROWS, ["position"], "place", shuffle_seed=3)
    row = np.rint(data.labels[:, 0] * 10).astype(int)
    assert row.tolist() != ROWS.tolist()
    assert sorted(row) == ROWS.tolist()
    np.testing.assert_array_equal(data.classes, row % 3)
    np.testing.assert_array_equal(data.neural[:, 0], ROWS)
    again = session_data(recording, ROWS, ["position"], "place", shuffle_seed=3)
    np.testing.assert_array_equal(again.labels, data.labels)
    other = session_data(recording, ROWS, ["position"], "place", shuffle_seed=4)
    assert (other.labels != data.labels).any()


def test_a_label_that_there_is_not_is_named(recording):
    with pytest.raises(KeyError, match="has no label speed; it has position, angle, place"):
        session_data(recording, ROWS, ["speed"])
