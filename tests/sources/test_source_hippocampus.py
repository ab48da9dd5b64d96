"""Published rat arrays become a recording, and what is not a rat file is refused."""

import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cebra_kedro.recording import RecordingError
from cebra_kedro.simulate.hippocampus import simulate_rat
from cebra_kedro.sources.hippocampus import to_recording


def published(content):
    return SimpleNamespace(
        content=content, checksum="0" * 32, checksum_status="unverified", source="a test"
    )


@pytest.fixture(scope="module")
def rat():
    return simulate_rat(seed=0, n_trials=4, n_units=7)


def convert(content, **options):
    return to_recording(published(content), **{"subject": "remy", "simulated": True} | options)


def test_arrays_reappear_as_counts_position_and_direction(rat):
    recording = convert(rat, expected_neurons=7)
    assert recording.name == "remy"
    assert recording.bin_width_s == 0.025
    assert recording.neural.dtype == np.uint8
    np.testing.assert_array_equal(recording.neural, rat["spikes"])

    position, direction = recording.labels["position"], recording.labels["direction"]
    assert (position.kind, position.unit, position.values.dtype) == ("continuous", "m", np.float32)
    np.testing.assert_array_equal(position.values, rat["position"][:, 0].astype(np.float32))
    assert (direction.kind, direction.values.dtype) == ("discrete", np.int64)
    np.testing.assert_array_equal(np.eye(2)[direction.values], rat["position"][:, 1:])
    assert list(recording.labels) == ["position", "direction", "increasing"]
    # the same runs, told apart by where they lead instead of by the publisher's column
    towards_end = recording.meta["direction_names"].index(recording.meta["increasing_direction"])
    np.testing.assert_array_equal(
        recording.labels["increasing"].values, direction.values == towards_end
    )


def test_trials_are_round_trips(rat):
    trial = convert(rat).trial
    assert np.unique(trial).tolist() == [0, 1, 2, 3]
    # The published border is the last bin of the run that ends: see splits.
    border = int(np.flatnonzero(np.diff(trial))[0]) + 1
    assert rat["position"][border, 1] != rat["position"][border + 1, 1]


def test_meta_says_where_the_arrays_come_from(rat):
    meta = dict(convert(rat).meta)
    assert meta == {
        "source": "a test",
        "checksum": "0" * 32,
        "checksum_status": "unverified",
        "subject": "remy",
        "area": "CA1",
        "modality": "spike counts",
        "simulated": True,
        "direction_names": ["right", "left"],
        "increasing_direction": "left",
    }


@pytest.mark.parametrize(("right_is_increasing", "expected"), [(True, "right"), (False, "left")])
def test_increasing_direction_is_the_one_in_which_position_grows(right_is_increasing, expected):
    rat = simulate_rat(seed=1, n_trials=2, n_units=1, right_is_increasing=right_is_increasing)
    assert convert(rat).meta["increasing_direction"] == expected


def test_a_single_run_has_an_increasing_direction_too():
    ramp = np.linspace(0, 1.6, 20)
    for position, expected in ((ramp, "right"), (ramp[::-1], "left")):
        one_run = np.column_stack([position, np.ones(20), np.zeros(20)])
        recording = convert({"spikes": np.zeros((20, 2)), "position": one_run})
        assert recording.meta["increasing_direction"] == expected


@settings(max_examples=25, deadline=None)
@given(largest=st.integers(0, 2**33))
def test_counts_are_kept_exactly_in_the_smallest_unsigned_type(largest):
    rat = simulate_rat(seed=2, n_trials=2, n_units=1)
    spikes = np.zeros_like(rat["spikes"])
    spikes[3] = largest
    neural = convert(rat | {"spikes": spikes}).neural
    np.testing.assert_array_equal(neural, spikes)
    assert neural.dtype.kind == "u"
    assert neural.dtype.itemsize == 1 or largest > np.iinfo(f"u{neural.dtype.itemsize // 2}").max


def test_inputs_are_not_modified(rat):
    before = {name: values.copy() for name, values in rat.items()}
    convert(rat)
    for name, values in rat.items():
        np.testing.assert_array_equal(values, before[name])
        assert values.flags.writeable


def broken(rat, key, index, value):
    values = rat[key].copy()
    values[index] = value
    return rat | {key: values}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda rat: {"spikes": rat["spikes"]}, "keys spikes and position, got spikes"),
        (lambda rat: rat | {"spikes": rat["spikes"][:, 0]}, "spikes must be a non-empty array"),
        (lambda rat: rat | {"position": rat["position"][:-1]}, "position must have shape"),
        (lambda rat: rat | {"position": rat["position"][:, :2]}, "position must have shape"),
        (lambda rat: broken(rat, "spikes", (5, 2), -1), "-1.0 at bin 5, neuron 2"),
        (lambda rat: broken(rat, "spikes", (5, 2), 0.5), "0.5 at bin 5, neuron 2"),
        (lambda rat: broken(rat, "spikes", (5, 2), np.nan), "spikes must hold finite"),
        (lambda rat: broken(rat, "position", (5, 0), np.inf), "position must hold finite"),
        (lambda rat: broken(rat, "position", (5, slice(1, 3)), (1, 1)), "one-hot.*at bin 5"),
        (lambda rat: broken(rat, "position", (5, slice(1, 3)), (0.5, 0.5)), "one-hot.*at bin 5"),
        (lambda rat: rat | {"position": rat["position"] * [100, 1, 1]}, "must be in m"),
        (lambda rat: rat | {"position": rat["position"] * [0, 1, 1]}, "increase in one direction"),
    ],
)
def test_arrays_that_are_not_a_rat_are_refused(rat, content, message):
    with pytest.raises(RecordingError, match=f"remy: .*{message}"):
        convert(content(rat))


def test_another_number_of_neurons_than_expected_is_refused(rat):
    with pytest.raises(RecordingError, match="expected 48 neurons, got 7"):
        convert(rat, expected_neurons=48)


@pytest.mark.data
def test_published_rat_is_read_as_described():
    path = Path(os.environ.get("CEBRA_KEDRO_DATA", "absent")) / "rat_hippocampus" / "buddy.jl"
    if not path.is_file():
        pytest.skip("CEBRA_KEDRO_DATA has no rat_hippocampus/buddy.jl")
    import joblib

    recording = convert(joblib.load(path), subject="buddy", simulated=False, expected_neurons=48)
    assert recording.neural.shape == (6577, 48)
    # Counts 1-4 occur 4986, 856, 161 and 22 times.
    assert np.bincount(recording.neural.ravel()).tolist() == [309671, 4986, 856, 161, 22]
    assert recording.meta["increasing_direction"] == "left"
    assert recording.trial[-1] == 28
    assert recording.labels["position"].values.max() == np.float32(1.6)
