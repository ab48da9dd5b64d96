"""Recordings of an area: sampled neurons, the frames they saw, and the features of each frame."""

import numpy as np
import pytest

from cebra_kedro.recording import RecordingError
from cebra_kedro.simulate.allen import (
    simulate_calcium,
    simulate_calcium_summary,
    simulate_neuropixels,
)
from cebra_kedro.simulate.movie import simulate_movie
from cebra_kedro.sources import allen
from cebra_kedro.sources.movie import read_area, read_group
from cebra_kedro.sources.published_pickle import PublishedFile

SIZE = {"n_containers": 1, "n_cells": 6}


def file(content, status="simulated", checksum="0"):
    return PublishedFile(content, checksum, status, "here")


@pytest.fixture(scope="module")
def raw():
    """Six cells and eight units."""
    return {
        "movie": file(simulate_movie(seed=1, n_dims=3)),
        "summary": file(simulate_calcium_summary(1, areas=["VISp"], **SIZE)),
        "ca": file(simulate_calcium("VISp", 1, **SIZE), checksum="cc"),
        "neuropixels": file(
            simulate_neuropixels("VISp", 1, n_units=8, n_sessions=2), checksum="nn"
        ),
    }


AREA = {"session": "VISp", "n_neurons": 4, "seed": 333, "replace": False}
GROUP = {"session": "VISp", "n_neurons": 3, "seed": 333}


@pytest.mark.parametrize(("population", "checksum"), [("ca", "cc"), ("neuropixels", "nn")])
def test_a_recording_says_what_was_seen_and_where_it_comes_from(raw, population, checksum):
    recording = read_area(raw, population=population, **AREA)
    assert recording.name == f"VISp_{population}"
    assert recording.bin_width_s == allen.BIN_WIDTH_S[population]
    assert recording.n_neurons == 4
    assert set(recording.labels) == {"frame", "repeat", "scene", "features"}
    meta = recording.meta
    assert (meta["checksum"], meta["simulated"], meta["neuron_seed"]) == (checksum, True, 333)
    assert meta["neurons_available"] >= 6
    features = recording.labels["features"]
    assert (features.kind, features.table.shape) == ("continuous", (900, 3))
    frame = recording.labels["frame"].values
    expected = raw["movie"].content["features"][frame].astype(np.float32)
    np.testing.assert_array_equal(features.matrix(), expected)
    assert np.unique(recording.labels["repeat"].values).tolist() == list(range(10))


def test_neurons_are_those_that_the_seed_chooses(raw):
    pool = allen.neuropixels_pseudomouse(raw["neuropixels"], "VISp")
    chosen = allen.choose_neurons(8, 4, 333, replace=False)
    recording = read_area(raw, population="neuropixels", **AREA)
    np.testing.assert_array_equal(recording.neural, pool.select(chosen))
    other = read_area(raw, population="neuropixels", **AREA | {"seed": 1})
    assert not np.array_equal(other.neural, recording.neural)


def test_more_neurons_than_there_are_can_only_be_sampled_with_replacement(raw):
    many = AREA | {"n_neurons": 20}
    assert read_area(raw, population="neuropixels", **many | {"replace": True}).n_neurons == 20
    with pytest.raises(ValueError, match="n asks for 20 neurons, but only 8 are available"):
        read_area(raw, population="neuropixels", **many)


@pytest.mark.parametrize("modality", ["ca", "neuropixels"])
def test_groups_have_no_neuron_in_common(raw, modality):
    groups = [read_group(raw, population=f"group{g}_{modality}", **GROUP) for g in (0, 1)]
    assert [one.meta["group"] for one in groups] == [0, 1]
    assert {one.name for one in groups} == {f"VISp_{modality}"}
    columns = [{column.tobytes() for column in one.neural.T} for one in groups]
    assert all(len(found) == 3 for found in columns)
    assert not columns[0] & columns[1]
    np.testing.assert_array_equal(
        groups[0].labels["frame"].values, groups[1].labels["frame"].values
    )


def test_cells_of_a_group_are_taken_once(raw):
    """An area's own recording has six cells on three days each, groups those of the first day."""
    assert read_area(raw, population="ca", **AREA).meta["neurons_available"] == 18
    assert read_group(raw, population="group0_ca", **GROUP).meta["neurons_available"] == 6


def test_another_number_of_repeats_is_refused(raw):
    with pytest.raises(RecordingError, match="VISp_ca: frames must hold 9 repeats of the movie"):
        read_area(raw, population="ca", **AREA, n_repeats=9)


def test_a_published_movie_has_features_and_no_scenes(raw):
    features = raw["movie"].content["features"].astype(np.float32)
    published = raw | {"movie": file(features, "unverified")}
    recording = read_area(published, population="ca", **AREA)
    assert set(recording.labels) == {"frame", "repeat", "features"}
    np.testing.assert_array_equal(recording.labels["features"].table, features)


def test_a_published_file_is_not_called_simulated(raw):
    published = raw | {"ca": file(raw["ca"].content, "verified")}
    assert read_area(published, population="ca", **AREA).meta["simulated"] is False


@pytest.mark.parametrize(
    ("read", "population", "options"),
    [
        (read_area, "group0_ca", AREA),
        (read_area, "calcium", AREA),
        (read_group, "ca", GROUP),
        (read_group, "group0_calcium", GROUP),
        (read_group, "groupa_ca", GROUP),
        (read_group, "group2_ca", GROUP),
        (read_group, "group-1_ca", GROUP),
    ],
)
def test_a_population_of_another_name_is_refused_with_those_there_are(
    raw, read, population, options
):
    with pytest.raises(RecordingError, match=rf"VISp: population must be .*got '{population}'"):
        read(raw, population=population, **options)
