"""From raw content to recordings and splits; what a description names must be there."""

import dataclasses
import pickle
from collections.abc import Mapping

import numpy as np
import pytest
from small_experiments import (
    DELTA,
    ONE_BIN,
    POSITION,
    area,
    computed,
    experiment,
    movie,
    rats,
    saved,
    with_labels,
)

from cebra_kedro.pipelines.ingestion.nodes import read_recordings, split_recordings
from cebra_kedro.recording import Label, RecordingError
from cebra_kedro.simulate.allen import (
    simulate_calcium,
    simulate_calcium_summary,
    simulate_neuropixels,
)
from cebra_kedro.simulate.hippocampus import simulate_rat
from cebra_kedro.simulate.movie import simulate_movie
from cebra_kedro.sources.published_pickle import PublishedFile
from cebra_kedro.splits import TEST, TRAIN, VALID

TRACK = {"name": "rat_on_track", "bin_width_s": 0.05}


def published(status="simulated"):
    return PublishedFile(simulate_rat(seed=1, n_trials=16, n_units=5), "12ab", status, "here")


class Lazy(Mapping):
    """Counts what is read, as from files."""

    def __init__(self, content):
        self.content, self.read = content, []

    def __getitem__(self, key):
        self.read.append(key)
        return self.content[key]

    def __iter__(self):
        return iter(self.content)

    def __len__(self):
        return len(self.content)


def read(raw, described, only=None):
    return read_recordings(raw, described, only, "rats")


@pytest.mark.parametrize(("status", "simulated"), [("simulated", True), ("verified", False)])
def test_a_recording_knows_where_it_comes_from(status, simulated):
    raw = {name: published(status) for name in ("buddy", "cicero")}
    found = computed(read(raw, experiment(source=TRACK)))
    assert list(found) == ["buddy", "cicero"]
    for name, recording in found.items():
        assert (recording.name, recording.bin_width_s, recording.n_neurons) == (name, 0.05, 5)
        assert recording.meta["simulated"] is simulated
        assert recording.meta["checksum"] == "12ab"
        assert recording.meta["checksum_status"] == status


def test_an_error_names_where_the_session_was_read_from():
    raw = {"buddy": published(), "cicero": PublishedFile({}, "12ab", "verified", "there.jl")}
    with pytest.raises(RecordingError, match=r"cicero: .*\(read from there.jl\)"):
        computed(read(raw, experiment(source=TRACK)))
    with pytest.raises(RecordingError, match=r"\(read from session buddy of the raw entry\)"):
        computed(read({"buddy": {}}, experiment(source="recording"), "buddy"))


def test_options_of_the_source_reach_it():
    arrays = {"spikes": np.ones((40, 2)), "where": np.linspace(0, 1, 40)}
    source = {
        "name": "arrays",
        "bin_width_s": 0.1,
        "neural": "spikes",
        "labels": {"position": {"array": "where", "unit": "m"}},
    }
    found = computed(read({"buddy": arrays}, experiment(source=source), "buddy"))["buddy"]
    assert found.neural.shape == (40, 2)
    assert found.labels["position"].unit == "m"


def test_a_run_reads_its_own_sessions_only(recordings):
    raw = Lazy(recordings)
    assert list(computed(read(raw, experiment(), "cicero"))) == ["cicero"]
    assert raw.read == ["cicero"]


def test_each_population_is_read_and_what_they_have_in_common_once():
    parts = Lazy(
        {
            "movie": _file(simulate_movie(seed=1, n_dims=4)),
            "summary": _file(
                simulate_calcium_summary(1, areas=["VISp"], n_containers=1, n_cells=4)
            ),
            "ca": _file(simulate_calcium("VISp", 1, n_containers=1, n_cells=4)),
            "neuropixels": _file(simulate_neuropixels("VISp", 1, n_units=4, n_sessions=1)),
        }
    )
    raw = Lazy({"VISp": parts})
    source = {"name": "movie_areas", "n_neurons": 3, "seed": 0, "replace": False}
    found = computed(read(raw, movie(source=source)))
    assert list(found) == ["VISp/ca", "VISp/neuropixels"]
    assert [one.neural.dtype for one in found.values()] == [np.float32, np.uint8]
    assert raw.read == ["VISp"]
    assert sorted(parts.read) == sorted(parts)
    # what has been read by one run is not taken for what another one finds
    computed(read(raw, movie(source=source)))
    assert raw.read == ["VISp", "VISp"]


def _file(content):
    return PublishedFile(content, "0", "simulated", "here")


def test_recordings_can_be_read_in_other_processes(tmp_path):
    recordings = rats()
    pieces = read(saved(recordings, tmp_path, "recordings"), experiment())
    for key, cell in pieces.cells.items():
        arrived = pickle.loads(pickle.dumps(cell)).compute(tmp_path)
        np.testing.assert_array_equal(arrived.neural, recordings[key].neural)


def test_recordings_of_other_sessions_stay(tmp_path, recordings):
    saved(read(recordings, experiment()), tmp_path, "recordings")
    store = saved(read(recordings, experiment(), "buddy"), tmp_path, "recordings")
    assert list(store) == ["buddy", "cicero"]


def test_every_fold_splits_whole_trials_and_each_part_has_some(recordings):
    splits = split_recordings(recordings, experiment(split={"by": "trial", "folds": 2}), None, "r")
    assert list(splits) == ["buddy", "cicero"]
    for name, entry in splits.items():
        trial = recordings[name].segment()
        assert entry["part"].shape == (2, len(trial))
        for fold in entry["part"]:
            assert set(fold) == {TRAIN, VALID, TEST}
            assert all(len(set(fold[trial == one])) == 1 for one in np.unique(trial))


def test_too_few_trials_are_refused_with_the_name_of_the_recording(recordings):
    described = experiment(split={"by": "trial", "folds": 4})
    with pytest.raises(ValueError, match=r"buddy \(split by trial\).*at least 29 trials"):
        split_recordings(recordings, described, None, "rats")


def test_every_population_is_split():
    splits = split_recordings(area(), movie(), None, "movie")
    assert list(splits) == ["VISp/ca", "VISp/neuropixels"]
    for key, recording in area().items():
        repeat = recording.labels["repeat"].values
        np.testing.assert_array_equal(splits[key]["part"][0], np.maximum(repeat - 1, 0))


def test_a_run_splits_its_own_sessions_only(recordings):
    assert list(split_recordings(recordings, experiment(), ["cicero"], "rats")) == ["cicero"]


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        (
            {"encoders": {"position": POSITION | {"labels": ["place"]}}},
            r"rats has.*position is guided by place, but buddy has position, direction",
        ),
        (
            {"encoders": {"a": {"classes": "position", "pairs": {"law": "discrete"}}}},
            r"encoders.a.classes names position, which is continuous; name a discrete label",
        ),
        ({"decode": {"speed": {}}}, "decode.speed names speed, but the labels are position, dir"),
        (
            {"compare": {"sessions": {"align": ["speed"]}}},
            "compare.sessions aligns by speed, but the labels are position, direction, increasing",
        ),
        (
            {"guidance": {"cicero": {"labels": ["angle"], "pairs": DELTA}}},
            "guided by angle, but cicero has position",
        ),
    ],
)
def test_what_the_description_names_and_no_recording_has_is_refused(recordings, blocks, message):
    with pytest.raises(ValueError, match=message):
        split_recordings(recordings, experiment(**blocks), None, "rats")


def test_all_that_is_wrong_is_said_at_once(recordings):
    described = experiment(
        encoders={"position": POSITION | {"labels": ["place"]}}, decode={"speed": {}}
    )
    with pytest.raises(ValueError, match=r"guided by place, but buddy.*but cicero.*decode.speed"):
        split_recordings(recordings, described, None, "rats")


def test_labels_are_asked_of_the_sessions_and_populations_of_an_encoder_only(recordings):
    place = Label(np.arange(recordings["buddy"].n_time) % 3, "discrete")
    recordings = recordings | {"buddy": with_labels(recordings["buddy"], place=place)}
    block = {"classes": "place", "pairs": {"law": "discrete"}, "sessions": ["buddy"]}
    # decoded where there is one
    described = experiment(encoders={"place": block}, decode={"place": {}})
    assert len(split_recordings(recordings, described, None, "rats")) == 2
    without = dataclasses.replace(
        area()["VISp/ca"], labels={"repeat": area()["VISp/ca"].label("repeat")}
    )
    spikes = {"populations": ["neuropixels"], "encoder": ONE_BIN, "labels": ["features"]}
    described = movie(encoders={"spikes": spikes | {"pairs": DELTA}})
    assert len(split_recordings(area() | {"VISp/ca": without}, described, None, "movie")) == 2


def test_labels_that_only_sessions_outside_a_run_have_are_not_missed(recordings):
    """As those of other kinds of demonstration sets, which one run does not work on."""
    place = Label(np.zeros(recordings["buddy"].n_time, int), "discrete")
    recordings = recordings | {"buddy": with_labels(recordings["buddy"], place=place)}
    described = experiment(
        decode={"position": {}, "place": {}}, compare={"sessions": {"align": ["place"]}}
    )
    assert list(split_recordings(recordings, described, "cicero", "rats")) == ["cicero"]


def trained(**changes):
    """A description with one encoder, of a window of ten bins."""
    block = POSITION | {"encoder": {"architecture": "offset10-model", "hidden_units": 4}}
    return experiment(encoders={"position": block | changes})


def cut(recording, n_bins):
    """The first bins of each trial."""
    first = np.searchsorted(recording.trial, recording.trial)
    keep = np.arange(recording.n_time) - first < n_bins
    labels = {
        name: dataclasses.replace(label, values=label.values[keep])
        for name, label in recording.labels.items()
    }
    return dataclasses.replace(
        recording, neural=recording.neural[keep], labels=labels, trial=recording.trial[keep]
    )


def test_trials_that_are_shorter_than_a_window_are_refused_before_training(recordings):
    short = {name: cut(recording, 9) for name, recording in recordings.items()}
    with pytest.raises(ValueError, match=r"position see 10 bins at once, but the longest .* 9;"):
        split_recordings(short, trained(), None, "rats")
    assert split_recordings(recordings, trained(), None, "rats")


@pytest.mark.parametrize(
    "block",
    [
        {"pairs": DELTA | {"windows": "cebra"}},
        {"labels": [], "pairs": {"law": "time", "time_offset_bins": 2}, "fit_on": "all"},
    ],
    ids=["windows cross trials", "fitted on all rows"],
)
def test_windows_that_are_not_cut_from_training_trials_are_left_to_training(recordings, block):
    short = {name: cut(recording, 9) for name, recording in recordings.items()}
    encoder = POSITION | {"encoder": {"architecture": "offset10-model", "hidden_units": 4}}
    described = (
        experiment(encoders={"free_transductive": encoder | block})
        if ("fit_on" in block)
        else trained(**block)
    )
    assert split_recordings(short, described, None, "rats")


def test_pairs_further_apart_than_trials_are_long_are_refused(recordings):
    far = {"law": "time_delta", "time_offset_bins": 12}
    short = {name: cut(recording, 12) for name, recording in recordings.items()}
    with pytest.raises(ValueError, match=r"have time_offset_bins 12, but .* has 12; lower"):
        split_recordings(short, trained(pairs=far), None, "rats")


def test_pairs_in_time_lie_among_bins_whose_window_fits(recordings):
    """Of 12 bins, 3 are in the middle of 10; two of them are at most 2 apart."""
    short = {name: cut(recording, 12) for name, recording in recordings.items()}
    for offset, fits in ((2, True), (3, False)):
        described = trained(labels=[], pairs={"law": "time", "time_offset_bins": offset})
        if fits:
            assert split_recordings(short, described, None, "rats")
            continue
        with pytest.raises(ValueError, match=r"have time_offset_bins 3, but .* has 12"):
            split_recordings(short, described, None, "rats")


def test_labels_that_are_constant_guide_and_decode_nothing(recordings):
    still = Label(np.full(recordings["buddy"].n_time, 0.5), "continuous", "m")
    changed = recordings | {"buddy": with_labels(recordings["buddy"], position=still)}
    described = experiment(decode={"position": {}})
    with pytest.raises(ValueError, match=r"guided by position, which is constant in buddy.*decode"):
        split_recordings(changed, described, None, "rats")


def test_labels_that_are_constant_where_encoders_are_trained_guide_nothing(recordings):
    """They vary in test bins only: a law of one class."""
    described = experiment(decode={})
    part = split_recordings(recordings, described, None, "rats")["buddy"]["part"]
    values = np.where(part[1] == TEST, 0.1, 0.5) + np.linspace(0, 0.01, len(part[1]))
    values[part[1] == TRAIN] = 0.5
    still = Label(values, "continuous", "m")
    changed = recordings | {"buddy": with_labels(recordings["buddy"], position=still)}
    with pytest.raises(ValueError, match=r"constant in the training bins of fold 1 of buddy; spl"):
        split_recordings(changed, described, None, "rats")


@pytest.mark.parametrize(("value", "level"), [(0, "silent"), (3, "constant")])
def test_a_recording_without_activity_is_refused(recordings, value, level):
    neural = np.full_like(recordings["buddy"].neural, value)
    changed = recordings | {"buddy": dataclasses.replace(recordings["buddy"], neural=neural)}
    with pytest.raises(ValueError, match=rf"all \d+ neurons of buddy are {level} in all \d+ bins"):
        split_recordings(changed, experiment(), None, "rats")


def test_a_clock_of_trials_guides_where_there_are_trials(recordings):
    near = {"law": "delta_normal", "delta": 0.05, "ties": "uniform"}
    by_phase = {"labels": ["phase_of_trial"], "pairs": near, "sessions": "joint"}
    described = experiment(encoders={"together": by_phase}, split={"by": "block"}, decode={})
    assert set(split_recordings(recordings, described, None, "rats")) == set(recordings)
    bare = dataclasses.replace(recordings["buddy"], trial=None)
    with pytest.raises(
        ValueError, match=r"together are guided by phase_of_trial, but buddy has no"
    ):
        split_recordings(recordings | {"buddy": bare}, described, None, "rats")


def test_classes_that_are_tested_but_never_trained_on_are_refused(recordings):
    lap = Label(recordings["buddy"].trial, "discrete")
    changed = recordings | {"buddy": with_labels(recordings["buddy"], lap=lap)}
    with pytest.raises(ValueError, match=r"decode.lap: classes .* test bins of fold 0 but in no"):
        split_recordings(changed, experiment(decode={"lap": {}}), None, "rats")


def test_what_is_suspected_is_told_and_kept(recordings, caplog):
    neural = recordings["buddy"].neural.copy()
    neural[:, 1] = 0
    raw = {"buddy": dataclasses.replace(recordings["buddy"], neural=neural)}
    found = computed(read(raw, experiment(source="recording"), "buddy"))
    said = found["buddy"].meta["suspicions"]
    assert any("neurons" in text and "silent" in text for text in said)
    split_recordings(found, experiment(), "buddy", "rats")
    assert [record.message for record in caplog.records] == [f"buddy: {text}" for text in said]


def test_a_class_is_called_the_same_in_every_session(recordings):
    def sided(recording, *names):
        values = np.arange(recording.n_time) % 2
        return with_labels(recording, side=Label(values, "discrete", names=names))

    changed = {
        "buddy": sided(recordings["buddy"], "left", "right"),
        "cicero": sided(recordings["cicero"], "front", "right"),
    }
    with pytest.raises(
        ValueError, match=r"say classes: \[left, right, front\] in source.labels.si"
    ):
        split_recordings(changed, experiment(), None, "rats")
    same = {name: sided(recording, "left", "right") for name, recording in recordings.items()}
    assert split_recordings(same, experiment(), None, "rats")
