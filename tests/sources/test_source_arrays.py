"""Arrays of one's own become recordings, whatever they are called; what does not fit is named."""

import numpy as np
import pytest

from cebra_kedro.recording import Recording, RecordingError
from cebra_kedro.sources.arrays import read_arrays, read_recording
from cebra_kedro.sources.registry import typed_options

N_TIME = 20


def arrays(**changes):
    rng = np.random.default_rng(0)
    content = {
        "neural": rng.poisson(2.0, (N_TIME, 4)),
        "speed": rng.normal(size=N_TIME),
        "place": rng.normal(size=(N_TIME, 2)).astype(np.float32),
        "choice": rng.integers(0, 3, N_TIME).astype(np.int16),
        "rewarded": np.arange(N_TIME) % 2 == 0,
        "trial": np.repeat(np.arange(4, dtype=np.uint8), 5),
        "rate_hz": np.array(30.0),
        "neuron_depth": np.arange(4.0),
    }
    return {name: values for name, values in (content | changes).items() if values is not None}


def read(raw=None, **options):
    options = typed_options("arrays", {"bin_width_s": 0.1} | options)
    return read_arrays(arrays() if raw is None else raw, session="mine", **options)


def test_what_is_not_said_is_taken_from_the_arrays_and_told(caplog):
    with caplog.at_level("INFO"):
        recording = read()
    assert (recording.name, recording.bin_width_s) == ("mine", 0.1)
    assert recording.neural.dtype == np.uint8
    np.testing.assert_array_equal(recording.neural, arrays()["neural"])
    np.testing.assert_array_equal(recording.trial, arrays()["trial"])
    kinds = {name: label.kind for name, label in recording.labels.items()}
    # neither what has no row for each bin, nor the trials
    assert kinds == {
        "speed": "continuous",
        "place": "continuous",
        "choice": "discrete",
        "rewarded": "discrete",
    }
    for name, label in recording.labels.items():
        np.testing.assert_allclose(label.values, arrays()[name], rtol=1e-6)  # float32
    told = "speed (continuous), place (continuous), choice (discrete), rewarded (discrete)"
    assert f"mine: source.labels is not given; labels are {told}" in caplog.text
    assert recording.meta["simulated"] is False
    assert recording.meta["subject"] == "mine"


def test_labels_that_are_named_are_the_only_ones(caplog):
    labels = {"velocity": {"array": "speed", "unit": "m/s"}, "choice": None}
    with caplog.at_level("INFO"):
        recording = read(labels=labels)
    assert caplog.text == ""
    assert list(recording.labels) == ["velocity", "choice"]
    velocity = recording.labels["velocity"]
    assert (velocity.kind, velocity.unit, velocity.values.dtype) == ("continuous", "m/s", "float32")
    assert recording.labels["choice"].values.dtype == np.int64


def test_a_kind_that_is_said_counts():
    heading = np.linspace(0, 6, N_TIME)
    raw = arrays(heading=heading, count=np.arange(N_TIME))
    labels = {"heading": {"kind": "circular", "unit": "rad"}, "count": {"kind": "continuous"}}
    recording = read(raw, labels=labels)
    assert recording.labels["heading"].kind == "circular"
    assert recording.labels["count"].kind == "continuous"
    np.testing.assert_array_equal(recording.labels["count"].values, np.arange(N_TIME))


def test_no_labels_are_none():
    assert not read(labels={}).labels
    assert not read({"neural": np.ones((3, 2))}).labels


def test_other_names_of_activity_and_trials():
    raw = {"spikes": np.full((6, 2), 0.5), "block": np.repeat([7, 3], 3), "trial": np.arange(6)}
    recording = read(raw, neural="spikes", trial="block", labels={})
    assert recording.trial.tolist() == [7, 7, 7, 3, 3, 3]
    assert recording.neural.dtype == np.float32
    assert read({"spikes": raw["spikes"]}, neural="spikes").trial is None


@pytest.mark.parametrize(
    ("changes", "options", "message"),
    [
        ({"neural": None}, {}, "mine: neural names neural, but there are speed, place"),
        ({}, {"neural": "x"}, "neural names x, but there are neural, speed"),
        ({}, {"trial": "x"}, "trial names x, but there are neural"),
        ({}, {"labels": {"x": None}}, "labels.x names x, but there are neural"),
        ({}, {"labels": {"a": {"array": "x"}}}, "labels.a names x, but there are neural"),
        ({"neural": np.ones(N_TIME)}, {}, r"neural must be a non-empty array \(time, neuron\)"),
        ({"neural": np.ones((0, 2))}, {}, r"neural must be a non-empty array.*\(0, 2\)"),
        ({"neural": np.full((N_TIME, 2), np.nan)}, {}, "mine: neural must hold finite numbers"),
        (
            {},
            {"labels": {"speed": {"units": "m"}}},
            "labels.speed.units: Extra inputs",
        ),
        (
            {},
            {"labels": {"speed": {"kind": "discrete"}}},
            "mine: labels.speed must hold whole numbers to be discrete; declare it continuous",
        ),
        (
            {},
            {"labels": {"speed": {"kind": "angle"}}},
            "labels.speed.kind: Input should",
        ),
        (
            {"who": np.array(["a", "b"] * 10)},
            {"labels": {"who": {"kind": "continuous"}}},
            "mine: labels.who holds text, which are classes; remove kind",
        ),
        (
            {"speed": np.ones(7)},
            {"labels": {"speed": None}},
            "labels.speed has 7 rows but neur",
        ),
        ({"trial": np.zeros(3, int)}, {}, "trial has 3 rows but neural has 20; every array"),
        (
            {"speed": np.full(N_TIME, np.inf)},
            {},
            "labels.speed: 20 of 20 bins.*rule: drop",
        ),
    ],
)
def test_what_does_not_fit_is_refused_by_name(changes, options, message):
    with pytest.raises(ValueError, match=message):
        read(arrays(**changes), **options)


def test_trial_ids_that_are_no_whole_numbers_are_refused():
    with pytest.raises(RecordingError, match="mine: trial must hold whole numbers"):
        read(arrays(trial=np.repeat([0.4, 1.6], 10)))


def test_where_ids_of_trials_return_each_run_is_a_trial():
    recording = read(arrays(trial=np.repeat([1, 2, 1, 2], 5)))
    assert recording.trial.tolist() == np.repeat([0, 1, 2, 3], 5).tolist()


def test_trials_may_be_named_in_text():
    assert read(arrays(trial=np.repeat(["b", "a"], 10))).trial.tolist() == [1] * 10 + [0] * 10


def test_everything_that_is_wrong_is_said_at_once():
    raw = arrays(speed=np.ones(7), choice=np.full(N_TIME, 0.5))
    labels = {"speed": {}, "choice": {"kind": "discrete"}, "velocity": {}}
    with pytest.raises(RecordingError) as error:
        read(raw, labels=labels)
    message = str(error.value)
    assert message.startswith("mine has 3 problems: (1) labels.choice must hold whole numbers")
    assert "(2) labels.velocity names velocity, but there are" in message
    assert "(3) labels.speed has 7 rows but neural has 20" in message


def test_an_array_that_lies_on_its_side_is_suspected():
    with pytest.raises(RecordingError, match="speed has 20 rows but neural has 4; say transposed"):
        read(arrays(neural=arrays()["neural"].T), labels={"speed": {}}, trial="trial")


def test_angles_in_degrees_are_turned_into_radians_where_it_is_said():
    raw = arrays(heading=np.linspace(0, 342, N_TIME))
    with pytest.raises(RecordingError, match=r"values reach 342 rad, more than a turn; say unit"):
        read(raw, labels={"heading": {"kind": "circular"}})
    with pytest.raises(RecordingError, match="is circular, so its unit is rad or deg, got cm"):
        read(raw, labels={"heading": {"kind": "circular", "unit": "cm"}})
    label = read(raw, labels={"heading": {"kind": "circular", "unit": "deg"}}).labels["heading"]
    np.testing.assert_allclose(label.values, np.deg2rad(raw["heading"]), rtol=1e-6)  # float32
    assert (label.values_unit, label.unit) == ("rad", "deg")  # in rad, to be shown in deg


def test_negative_counts_are_refused():
    with pytest.raises(RecordingError, match=r"some are negative \(the least is -1"):
        read(arrays(neural=arrays()["neural"] - 1))


def test_bins_without_a_label_are_dropped_by_a_declared_rule():
    raw = arrays(speed=np.where(np.arange(N_TIME) == 7, np.nan, 1.5), side=np.array(["l"] * 20))
    raw["side"][12] = ""
    recording = read(raw, labels={"speed": {}, "side": {}}, missing={"rule": "drop"})
    kept = np.delete(np.arange(N_TIME), [7, 12])
    np.testing.assert_array_equal(recording.neural, raw["neural"][kept])
    assert np.isfinite(recording.labels["speed"].values).all()
    # a gap is the border of a trial: of 5, 2 | 2, 2 | 2, 5 bins
    assert np.bincount(recording.trial).tolist() == [5, 2, 2, 2, 2, 5]


def test_short_gaps_are_interpolated_and_all_bins_stay():
    speed = np.arange(N_TIME, dtype=float)
    raw = arrays(speed=np.where(speed == 7, np.nan, speed))
    missing = {"rule": "interpolate", "longest_s": 0.1}
    recording = read(raw, labels={"speed": {}}, missing=missing)
    np.testing.assert_allclose(recording.labels["speed"].values, speed)
    np.testing.assert_array_equal(recording.trial, raw["trial"])


def test_columns_are_joined_by_pattern_and_parts_by_name():
    columns = {f"unit_{number}": np.arange(6.0) + number for number in (10, 9)}
    raw = {"cells": columns, "video": {"x": np.arange(6.0), "y": np.ones(6)}}
    labels = {"place": {"array": ("video/x", "video/y")}}
    recording = read(raw, neural="cells/unit_*", labels=labels)
    np.testing.assert_array_equal(recording.neural[0], [9, 10])
    assert recording.labels["place"].values.shape == (6, 2)


def test_a_recording_is_read_as_it_is():
    recording = read()
    assert read_recording(recording, session="mine") is recording
    with pytest.raises(RecordingError, match=r"mine: source: recording reads .* got dict; name"):
        read_recording({"neural": np.ones((3, 2))}, session="mine")
    assert isinstance(recording, Recording)


def test_classes_keep_their_names_and_the_order_that_is_declared():
    side = np.array(["left", "right"] * 10)
    label = read(arrays(side=side), labels={"side": {}}).labels["side"]
    assert (label.names, label.values[:2].tolist()) == (("left", "right"), [0, 1])
    declared = {"side": {"classes": ["right", "middle", "left"]}}
    label = read(arrays(side=side), labels=declared).labels["side"]
    assert (label.names, label.values[:2].tolist()) == (("right", "middle", "left"), [2, 0])
    assert [label.name_of(class_id) for class_id in (1, 7)] == ["middle", "7"]


def test_numbers_may_have_names_too():
    label = read(labels={"choice": {"classes": ["a", "b", "c"]}}).labels["choice"]
    assert (label.kind, label.names) == ("discrete", ("a", "b", "c"))


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"classes": ["a"]}, "labels.choice holds classes 0 to 2, but classes names 0 to 0"),
        ({"classes": ["a"], "kind": "continuous"}, "is continuous, which has no classes; remove"),
        ({"classes": ["a"], "array": "side"}, "holds b, which classes does not list; it lists a"),
    ],
)
def test_names_that_do_not_fit_are_refused(block, message):
    raw = arrays(side=np.array(["a", "b"] * 10))
    with pytest.raises(RecordingError, match=message):
        read(raw, labels={"choice": block})


def by_trial():
    """Three trials of four bins and two neurons; the second has three bins only."""
    neural = np.arange(24, dtype=float).reshape(3, 4, 2)
    neural[1, 3] = np.nan
    hand = np.arange(12.0).reshape(3, 4)
    return {"spikes": neural, "hand": hand, "xy": np.ones((3, 4, 2)), "target": np.array([5, 6, 7])}


@pytest.mark.parametrize("transposed", [False, True])
def test_trials_as_a_dimension_are_laid_end_to_end(transposed):
    raw = by_trial()
    if transposed:
        raw["spikes"] = raw["spikes"].swapaxes(1, 2)
    labels = {"hand": {}, "xy": {}, "target": {"kind": "discrete"}}
    recording = read(raw, neural="spikes", labels=labels, transposed=transposed)
    kept = np.delete(np.arange(12), 7)
    np.testing.assert_array_equal(recording.neural, np.arange(24).reshape(12, 2)[kept])
    np.testing.assert_array_equal(recording.labels["hand"].values, kept)
    assert recording.labels["xy"].values.shape == (11, 2)
    assert recording.labels["target"].values.tolist() == [5] * 4 + [6] * 3 + [7] * 4
    assert recording.trial.tolist() == [0] * 4 + [1] * 3 + [2] * 4


def test_trials_as_a_dimension_may_have_ids():
    raw = by_trial() | {"number": np.array([30, 10, 20])}
    recording = read(raw, neural="spikes", labels={}, trial="number")
    assert recording.trial.tolist() == [30] * 4 + [10] * 3 + [20] * 4


def test_a_number_that_is_missing_within_a_trial_is_refused():
    raw = by_trial()
    raw["spikes"][0, 1, 1] = np.nan
    with pytest.raises(RecordingError, match="neural must hold finite numbers"):
        read(raw, neural="spikes", labels={})
