"""The published parts of a kind of session become a recording; other files are refused."""

import os
from pathlib import Path
from types import SimpleNamespace

import joblib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cebra_kedro.recording import RecordingError
from cebra_kedro.simulate.monkey_reaching import simulate_session
from cebra_kedro.sources.monkey_reaching import published_parts, read_reaching, to_recording
from cebra_kedro.sources.published_pickle import load_restricted_joblib
from cebra_kedro.splits import PART_NAMES, rows, split_recording

TRIALS = {"train": 5, "valid": 2, "test": 3}
TRIAL_LEN, N_UNITS = 12, 4


def fixture(part, passive=False, seed=0):
    """A file in the published format, made by hand: every value tells its row."""
    rng = np.random.default_rng([seed, PART_NAMES.index(part)])
    n = TRIALS[part]
    row = np.arange(n * TRIAL_LEN, dtype=np.float64)
    target = rng.integers(0, 8, n)
    kind = np.full(n, passive) if isinstance(passive, bool) else np.asarray(passive)[:n]
    return {
        "spikes": np.stack([row, row % 7, row % 5, row % 3], axis=1) / 1000,
        "vel": np.stack([row, -row], axis=1),
        "pos": np.stack([np.sin(row), np.cos(row)], axis=1) * 5,
        "passive": kind,
        "movement_dir": target,
        "movement_dir_actpas": target + 8 * kind,
        "num_trials": n,
        "trial_len": TRIAL_LEN,
    }


def published(contents):
    return {
        part: SimpleNamespace(
            content=content, checksum=part * 2, checksum_status="verified", source=f"{part}.jl"
        )
        for part, content in contents.items()
    }


def files(**options):
    return {part: fixture(part, **options) for part in PART_NAMES}


def convert(contents, **options):
    defaults = {"session": "active", "simulated": False}
    return to_recording(published(contents), **defaults | options)


def test_parts_stand_one_after_another():
    contents = files()
    recording = convert(contents, expected_neurons=N_UNITS)
    assert (recording.name, recording.bin_width_s) == ("active", 0.001)
    for name, key in {"position": "pos", "velocity": "vel"}.items():
        together = np.concatenate([contents[part][key] for part in PART_NAMES])
        np.testing.assert_array_equal(recording.labels[name].values, together.astype(np.float32))
    spikes = np.concatenate([contents[part]["spikes"] for part in PART_NAMES])
    np.testing.assert_array_equal(recording.neural, spikes.astype(np.float32))
    assert recording.neural.dtype == np.float32
    units = {name: (label.kind, label.unit) for name, label in recording.labels.items()}
    assert units == {
        "position": ("continuous", "cm"),
        "velocity": ("continuous", "cm/s"),
        "target": ("discrete", ""),
        "passive": ("discrete", ""),
        "condition": ("discrete", ""),
    }


def test_labels_of_a_trial_hold_in_each_of_its_bins():
    mixed = np.array([True, False, True, True, False])
    contents = files(passive=mixed)
    recording = convert(contents, session="all")
    n_trials = sum(TRIALS.values())
    for name, key in {
        "target": "movement_dir",
        "passive": "passive",
        "condition": "movement_dir_actpas",
    }.items():
        of_trials = np.concatenate([contents[part][key] for part in PART_NAMES]).astype(int)
        of_bins = recording.labels[name].values.reshape(n_trials, TRIAL_LEN)
        np.testing.assert_array_equal(of_bins, np.tile(of_trials[:, None], TRIAL_LEN))
    np.testing.assert_array_equal(recording.trial, np.repeat(np.arange(n_trials), TRIAL_LEN))


def test_the_split_is_that_of_the_files():
    contents = files()
    recording = convert(contents)
    part = published_parts(recording)
    assert part.shape == (1, recording.n_time)
    assert part.dtype == np.int8
    for name in PART_NAMES:
        expected = contents[name]["spikes"].astype(np.float32)
        np.testing.assert_array_equal(recording.neural[rows(part[0], name)], expected)


def test_a_session_of_a_catalog_has_its_split_as_a_label():
    parts = published(files())
    recording = read_reaching(parts, session="active", bin_width_s=0.02, expected_neurons=N_UNITS)
    part = recording.labels["part"]
    assert part.kind == "discrete"
    np.testing.assert_array_equal(part.values, published_parts(recording)[0])
    others = {name: label for name, label in recording.labels.items() if name != "part"}
    assert set(others) == set(convert(files()).labels)
    assert recording.bin_width_s == 0.02
    np.testing.assert_array_equal(
        split_recording(recording, "label", label="part"), published_parts(recording)
    )
    with pytest.raises(RecordingError, match="expected 5 neurons, got 4"):
        read_reaching(parts, session="active", expected_neurons=5)


@pytest.mark.parametrize(("status", "simulated"), [("verified", False), ("simulated", True)])
def test_one_simulated_part_makes_a_session_of_a_catalog_simulated(status, simulated):
    parts = published(files())
    parts["test"].checksum_status = status
    assert read_reaching(parts, session="active").meta["simulated"] is simulated


def test_the_split_survives_being_stored(tmp_path):
    from cebra_kedro.io import RecordingDataset

    recording = convert(files())
    dataset = RecordingDataset(filepath=tmp_path / "active.h5")
    dataset.save(recording)
    np.testing.assert_array_equal(published_parts(dataset.load()), published_parts(recording))


def test_meta_says_where_the_arrays_come_from():
    meta = dict(convert(files()).meta)
    assert meta == {
        "source": "train.jl; valid.jl; test.jl",
        "checksum": "train traintrain; valid validvalid; test testtest",
        "checksum_status": "verified",
        "subject": "active",
        "area": "area 2 of somatosensory cortex",
        "modality": "smoothed spike counts",
        "simulated": False,
        "bins_per_trial": TRIAL_LEN,
        "trials_per_part": [5, 2, 3],
    }


@pytest.mark.parametrize("status", ["unverified", "mismatch"])
def test_one_doubtful_part_makes_the_recording_doubtful(status):
    parts = published(files())
    parts["valid"].checksum_status = status
    recording = to_recording(parts, session="active", simulated=False)
    assert recording.meta["checksum_status"] == status


def test_a_recording_of_another_origin_has_no_published_split():
    recording = convert(files())
    without = type(recording)(
        neural=recording.neural, labels=recording.labels, bin_width_s=0.001, name="other"
    )
    with pytest.raises(RecordingError, match=r"other: meta must hold trials_per_part.*splits"):
        published_parts(without)


@settings(max_examples=10, deadline=None)
@given(
    session=st.sampled_from(["active", "passive", "all"]),
    active=st.tuples(st.integers(1, 6), st.integers(2, 6)),
    passive=st.tuples(st.integers(1, 6), st.integers(2, 6)),
)
def test_simulated_sessions_of_unequal_trial_numbers_are_read(session, active, passive):
    contents = {
        part: simulate_session(
            seed=1,
            session=session,
            part=part,
            active_trials=active,
            passive_trials=passive,
            trial_len=24,
            n_units=3,
        )
        for part in PART_NAMES
    }
    recording = convert(contents, session=session, simulated=True, bin_width_s=0.025)
    assert recording.meta["trials_per_part"] == [c["num_trials"] for c in contents.values()]
    kinds = {"active": {0}, "passive": {1}, "all": {0, 1}}[session]
    assert set(recording.labels["passive"].values) == kinds


def test_a_file_dumped_as_published_is_read(tmp_path):
    """joblib dumps with numpy scalars, opened by the restricted unpickler."""
    contents = {}
    for part, content in files().items():
        content["num_trials"] = np.int64(content["num_trials"])
        path = tmp_path / f"active_{part}.jl"
        joblib.dump(content, path)
        contents[part] = load_restricted_joblib(path)
    np.testing.assert_array_equal(convert(contents).neural, convert(files()).neural)


def cut(content, n_rows):
    return content | {key: content[key][:n_rows] for key in ("spikes", "pos", "vel")}


def test_a_truncated_last_trial_is_refused_with_its_index():
    contents = files()
    contents["test"] = cut(contents["test"], 2 * TRIAL_LEN + 7)
    with pytest.raises(
        RecordingError,
        match="active test: spikes ends within trial 2, the last one, of which it has 7 of 12 bins",
    ):
        convert(contents)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pos": None, "trial_len": None}, "active valid: the content lacks pos, trial_len, got"),
        ({"trial_len": 12.0}, "trial_len must be a whole number of at least 1, got 12.0"),
        ({"num_trials": 0}, "num_trials must be a whole number of at least 1, got 0"),
        (
            {"num_trials": 3},
            "spikes has 24 rows, which is 2 trials of 12 bins, but num_trials is 3",
        ),
        ({"vel": np.zeros((12, 2))}, "vel has 12 rows, which is 1 trials of 12 bins"),
        ({"pos": np.zeros((24, 3))}, r"pos must be a non-empty array \(time, 2\), got .*24, 3"),
        ({"spikes": np.zeros(24)}, r"spikes must be a non-empty array \(time, neuron\)"),
        ({"spikes": np.full((24, 4), np.nan)}, "spikes must hold finite numbers"),
        ({"spikes": np.full((24, 4), -1.0)}, "spikes must not be negative, got -1"),
        ({"spikes": np.zeros((24, 5))}, r"all parts must have as many neurons, got \[4, 5, 4\]"),
        ({"pos": np.eye(24)[:, :2] * 0.1}, "pos must be in cm .* got a span of 0.1"),
        ({"pos": np.eye(24)[:, :2] * 250}, "pos must be in cm .* got a span of 250"),
        ({"passive": np.zeros(3, bool)}, "passive must have one value for each of 2 trials"),
        ({"passive": np.array([0, 2])}, "passive must hold True and False"),
        ({"movement_dir": np.array([0, 45])}, r"movement_dir must hold .* got \[45\]; divide"),
        (
            {"movement_dir": np.array([1, 2]), "movement_dir_actpas": np.array([1, 10])},
            r"movement_dir_actpas must be movement_dir, \+ 8 where passive; trial 1 has 10 instead",
        ),
    ],
)
def test_files_of_another_kind_are_refused(changes, message):
    contents = files()
    contents["valid"] = contents["valid"] | changes
    contents["valid"] = {key: v for key, v in contents["valid"].items() if v is not None}
    with pytest.raises(RecordingError, match=message):
        convert(contents)


def test_a_missing_part_is_named():
    contents = files()
    del contents["valid"]
    with pytest.raises(RecordingError, match="parts train, valid, test, got train, test; add the"):
        convert(contents)


def test_parts_of_other_trial_lengths_are_refused():
    contents = files()
    contents["test"] = contents["test"] | {"trial_len": 6, "num_trials": 6}
    for key in ("passive", "movement_dir", "movement_dir_actpas"):
        contents["test"][key] = np.repeat(contents["test"][key], 2)
    with pytest.raises(RecordingError, match=r"as many bins in a trial, got \[12, 12, 6\]"):
        convert(contents)


@pytest.mark.parametrize(("session", "passive"), [("active", True), ("passive", False)])
def test_trials_of_the_other_kind_are_refused(session, passive):
    with pytest.raises(
        RecordingError, match=f"every trial must be {session}, but 10 of 10 are not"
    ):
        convert(files(passive=passive), session=session)


def test_another_number_of_neurons_is_refused():
    with pytest.raises(RecordingError, match="expected 65 neurons, got 4"):
        convert(files(), expected_neurons=65)


@pytest.mark.data
@pytest.mark.parametrize(
    ("session", "trials"), [("active", [141, 26, 26]), ("passive", [131, 20, 20])]
)
def test_the_published_files_are_read(session, trials):
    folder = Path(os.environ.get("CEBRA_KEDRO_DATA", "")) / "monkey_reaching_preload_smth_40"
    paths = {part: folder / f"{session}_{part}.jl" for part in PART_NAMES}
    if not all(path.is_file() for path in paths.values()):
        pytest.skip("needs the published files in the folder CEBRA_KEDRO_DATA")
    contents = {part: load_restricted_joblib(path) for part, path in paths.items()}
    recording = convert(contents, session=session, expected_neurons=65)
    assert recording.meta["trials_per_part"] == trials
    assert recording.meta["bins_per_trial"] == 600
