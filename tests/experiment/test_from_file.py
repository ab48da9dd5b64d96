"""Encoders that are read from files: what is said of them, and what may not be."""

import pytest
from described import POSITION, TIME, areas, encoders, rats

from cebra_kedro.experiment import Experiment

FILE = {"from_file": "theirs.pt", "sessions": ["ann"]}
EACH = {"from_file": {"ann": "ann.pt", "cat": "cat.pt"}}


def described(**blocks):
    return rats(encoders=encoders(**blocks))


def readout(experiment, source="theirs"):
    [found] = [one for one in experiment.readouts if one.source == source]
    return found


def test_of_a_file_that_says_nothing_the_name_in_tables_does():
    found = readout(described(theirs=FILE))
    assert (found.name, found.transductive) == ("theirs_unknown_split", True)
    found = readout(described(theirs_unknown_split=FILE), "theirs_unknown_split")
    assert found.name == "theirs_unknown_split"


def test_what_is_declared_of_its_training_is_believed():
    found = readout(described(theirs=FILE | {"fit_on": "train"}))
    assert (found.name, found.transductive) == ("theirs", False)
    found = readout(described(their_transductive=FILE | {"fit_on": "all"}), "their_transductive")
    assert (found.name, found.transductive) == ("their_transductive", True)
    with pytest.raises(ValueError, match="says so in its name"):
        described(theirs=FILE | {"fit_on": "all"})


def test_there_is_one_of_it_whatever_the_seeds():
    experiment = described(theirs=FILE)
    assert experiment.seeds_of(readout(experiment)) == (0,)
    assert experiment.seeds_of(readout(experiment, "position")) == (0, 1)


def test_its_populations_have_a_row_each():
    block = {"from_file": "theirs.pt", "populations": ["ca", "neuropixels"]}
    names = [one.name for one in areas(encoders={"theirs": block}).readouts]
    assert names[:2] == ["theirs_ca_unknown_split", "theirs_neuropixels_unknown_split"]


def test_files_of_sessions_are_its_sessions():
    assert described(theirs=EACH).sessions_of("theirs") == ("ann", "cat")
    assert described(theirs=FILE).sessions_of("theirs") == ("ann",)
    joint = described(theirs={"from_file": "theirs.pt", "sessions": "joint"})
    assert joint.sessions_of("theirs") == ("ann", "ben", "cat")


def test_it_needs_no_network_and_survives_its_plain_form():
    training = {"steps": 1, "early_stop": {}}
    experiment = rats(training=training, encoders={"theirs": FILE, "each": EACH})
    plain = experiment.model_dump(mode="json")
    assert "pairs" not in plain["encoders"]["theirs"]
    assert Experiment.model_validate(plain) == experiment


def test_the_default_run_has_the_files_of_its_sessions():
    experiment = rats(encoders=encoders(theirs=EACH), default_run={"sessions": ["cat"]})
    assert experiment.for_default_run().encoders["theirs"].from_file == {"cat": "cat.pt"}


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ({"from_file": "theirs.pt"}, "one file for the sessions ann, ben, cat; say which"),
        (EACH | {"sessions": ["ann", "ben"]}, "files for ann, cat, but the encoder is of the"),
        ({"from_file": {"dan": "dan.pt"}}, "names dan, but there are ann, ben, cat"),
        ({"from_file": {"ann": "a"}, "joint": True}, "joint has one file with a network for each"),
        (FILE | {"pairs": TIME}, "from_file is not trained; remove pairs"),
        (FILE | {"labels": ["position"]}, "remove labels"),
        (
            FILE | {"steps": 5, "batch_size": 3},
            "from_file is not trained; remove steps, batch_size",
        ),
        (FILE | {"shuffle_labels": True}, "from_file is not trained; remove shuffle_labels"),
        (POSITION | {"fit_on": "unknown"}, "fit_on: unknown is for encoders with from_file"),
    ],
)
def test_what_does_not_fit_a_file_is_refused(block, message):
    with pytest.raises(ValueError, match=message):
        described(theirs=block)


@pytest.mark.parametrize(
    "block",
    [
        {"sweep": {"encoders": ["theirs"], "grid": {"training.steps": [1, 2]}}},
        {"search": {"encoder": "theirs", "trials": 2, "over": {"training.steps": [1, 2]}}},
    ],
)
def test_it_is_neither_swept_nor_searched(block):
    with pytest.raises(ValueError, match="theirs is read from a file, not trained; name another"):
        rats(encoders=encoders(theirs=FILE), **block)
