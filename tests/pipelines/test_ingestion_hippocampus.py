"""From a raw file to a recording and its split, with the facts of the file kept."""

import numpy as np
import pytest

from cebra_kedro.parameters import IngestionParameters
from cebra_kedro.pipelines.ingestion.hippocampus import read_rat, split_trials
from cebra_kedro.recording import RecordingError
from cebra_kedro.simulate.hippocampus import simulate_rat
from cebra_kedro.sources.published_pickle import PublishedFile
from cebra_kedro.splits import TEST, TRAIN, VALID


def raw(status="simulated"):
    return PublishedFile(simulate_rat(seed=1, n_trials=16, n_units=5), "12ab", status, "here")


@pytest.mark.parametrize(("status", "simulated"), [("simulated", True), ("verified", False)])
def test_a_recording_knows_where_it_comes_from(status, simulated):
    recording = read_rat(raw(status), IngestionParameters(bin_width_s=0.05), subject="buddy")
    assert recording.name == "buddy"
    assert recording.bin_width_s == 0.05
    assert recording.n_neurons == 5
    assert recording.meta["simulated"] is simulated
    assert recording.meta["checksum"] == "12ab"
    assert recording.meta["checksum_status"] == status


def test_neurons_are_counted_for_the_rat_they_are_expected_of():
    parameters = IngestionParameters(bin_width_s=0.025, expected_neurons={"buddy": 6})
    assert read_rat(raw(), parameters, subject="cicero").n_neurons == 5
    with pytest.raises(RecordingError, match=r"buddy: expected 6 neurons, got 5.*read from here\)"):
        read_rat(raw(), parameters, subject="buddy")


def test_every_fold_splits_whole_trials_and_each_part_has_some(recording):
    part = split_trials(recording, IngestionParameters(bin_width_s=0.025, folds=2))["part"]
    assert part.shape == (2, recording.n_time)
    for fold in part:
        assert set(fold) == {TRAIN, VALID, TEST}
        for trial in np.unique(recording.segment()):
            assert len(set(fold[recording.segment() == trial])) == 1


def test_too_few_trials_for_the_folds_are_refused_with_the_name_of_the_recording(recording):
    parameters = IngestionParameters(bin_width_s=0.025, folds=4)
    with pytest.raises(ValueError, match=r"buddy \(ingestion.folds: 4\).*at least 29 trials"):
        split_trials(recording, parameters)
