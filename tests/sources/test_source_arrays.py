"""Arrays of one's own become recordings, whatever they are called; what does not fit is named."""

import numpy as np
import pytest

from cebra_kedro.recording import Recording, RecordingError
from cebra_kedro.sources.arrays import read_arrays, read_recording

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
    return read_arrays(
        arrays() if raw is None else raw, **{"session": "mine", "bin_width_s": 0.1} | options
    )


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
        ({"neural": None}, {}, r"mine: there is no array neural for neural; there are speed, plac"),
        ({}, {"neural": "x"}, "there is no array x for neural; there are neural, speed"),
        ({}, {"trial": "x"}, "there is no array x for trial"),
        ({}, {"labels": {"x": None}}, "there is no array x for label x"),
        ({}, {"labels": {"a": {"array": "x"}}}, "there is no array x for label a"),
        ({"neural": np.ones(N_TIME)}, {}, r"neural must be a non-empty array \(time, neuron\)"),
        ({"neural": np.ones((0, 2))}, {}, r"neural must be a non-empty array.*\(0, 2\)"),
        ({"neural": np.full((N_TIME, 2), np.nan)}, {}, "mine: neural must hold finite numbers"),
        ({}, {"labels": {"speed": {"units": "m"}}}, "label speed has no option units; it has arr"),
        (
            {},
            {"labels": {"speed": {"kind": "discrete"}}},
            "mine: label speed: a discrete label holds integer class ids, got dtype float64",
        ),
        ({}, {"labels": {"speed": {"kind": "angle"}}}, "label kind must be one of continuous, dis"),
        (
            {"who": np.array(["a", "b"] * 10)},
            {},
            r"mine: label who must hold numbers, got <U1; number the classes",
        ),
        ({"speed": np.ones(7)}, {"labels": {"speed": None}}, "label speed has 7 rows but neural"),
        ({"trial": np.repeat([0, 1, 0, 1], 5)}, {}, "trial ids return after another trial"),
        ({"trial": np.zeros(3, int)}, {}, r"trial must be an integer array \(20,\)"),
        ({"speed": np.full(N_TIME, np.inf)}, {}, "label speed has 20 values that are NaN or inf"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(changes, options, message):
    with pytest.raises(RecordingError, match=message):
        read(arrays(**changes), **options)


@pytest.mark.parametrize("trial", [np.repeat([0.4, 1.6], 10), np.repeat(["a", "b"], 10)])
def test_trial_ids_that_are_no_whole_numbers_are_refused(trial):
    with pytest.raises(RecordingError, match="mine: trial must hold whole numbers"):
        read(arrays(trial=trial))


def test_a_recording_is_read_as_it_is():
    recording = read()
    assert read_recording(recording, session="mine") is recording
    with pytest.raises(RecordingError, match=r"mine: source: recording reads .* got dict; name"):
        read_recording({"neural": np.ones((3, 2))}, session="mine")
    assert isinstance(recording, Recording)
