"""Encoders that start from others: what a description says of them, and what it may not."""

import pytest
from described import DELTA, NETWORK, POSITION, areas, encoders, rats

from cebra_kedro.experiment import Experiment

JOINT = POSITION | {"sessions": {"joint": ["ann", "ben"]}, "steps": 7, "trials": 9}
OF_ANN = {"encoder": "position", "session": "ann"}


def described(new, **more):
    return rats(encoders=encoders(joint=JOINT, new={"sessions": ["cat"]} | new, **more))


def test_it_is_like_the_other_but_for_sessions_and_steps():
    experiment = described({"adapt": "joint"})
    block = experiment.encoders["new"]
    assert block.labels == ("position",) and block.pairs == experiment.encoders["joint"].pairs
    assert (block.sessions, block.joint, block.steps, block.trials) == (("cat",), False, 500, None)
    assert experiment.lenders_of("new") == ("ann", "ben")
    assert experiment.lenders_of("joint") == ()
    assert described({"adapt": "joint", "steps": 20}).encoders["new"].steps == 20


def test_of_several_single_encoders_one_is_named():
    experiment = described({"adapt": OF_ANN})
    assert experiment.lenders_of("new") == ("ann",)
    one, new = POSITION | {"sessions": ["ben"]}, {"adapt": "one", "sessions": ["ann", "cat"]}
    only = rats(encoders={"one": one, "new": new})
    assert only.lenders_of("new") == ("ben",)


def test_one_like_it_differs_where_it_says_so():
    experiment = described({"adapt": "joint"}, few={"like": "new", "trials": 4})
    few, new = experiment.encoders["few"], experiment.encoders["new"]
    assert few == new.model_copy(update={"trials": 4})
    assert (experiment.trials_of("few", "cat"), experiment.trials_of("few", "ann")) == (4, None)


def test_it_survives_its_plain_form():
    experiment = described({"adapt": OF_ANN | {"together": False}, "trials": 3})
    assert Experiment.model_validate(experiment.model_dump(mode="json")) == experiment


@pytest.mark.parametrize(
    ("new", "message"),
    [
        ({"adapt": "nobody"}, "adapt names 'nobody', but the other encoders are"),
        ({"adapt": "new"}, "adapt names 'new', but the other"),
        ({"adapt": {"session": "ann"}}, "adapt names None"),
        ({"adapt": "joint", "sessions": ["ben", "cat"]}, "joint was trained on ben; name sessions"),
        ({"adapt": "joint", "sessions": None}, "joint was trained on ann, ben; name sessions"),
        ({"adapt": "joint", "sessions": "joint"}, "for one new recording at a time"),
        ({"adapt": "position"}, "position is one encoder for each of ann, ben, cat; say which"),
        ({"adapt": {"encoder": "joint", "session": "cat"}}, "names cat, but there are ann, ben"),
        ({"adapt": OF_ANN | {"session": "cat"}}, "position was trained on cat"),
        ({"adapt": OF_ANN | {"encoder": "time"}}, "nothing says which .* set adapt.together: fals"),
        ({"adapt": "joint", "encoder": NETWORK | {"hidden_units": 8}}, "takes over, is archit"),
        ({"adapt": "resampling"}, "two layers of resample-model depend on the number of neurons"),
        ({"adapt": "theirs"}, "adapt names theirs, which is read from a file"),
        ({"adapt": "adapted"}, "adapted is itself adapted from another"),
        ({"adapt": "joint", "fit_on": "train_and_valid"}, "fit_on must be that of joint"),
        ({"adapt": "joint", "trials": 0}, "greater than or equal to 1"),
        ({"adapt": {"encoder": "joint", "step": 1}}, "Extra inputs"),
    ],
)
def test_what_does_not_fit_is_refused(new, message):
    more = {
        "resampling": JOINT | {"encoder": NETWORK | {"architecture": "resample-model"}},
        "theirs": {"from_file": "theirs.pt", "sessions": ["ann"]},
        "adapted": {"adapt": OF_ANN, "sessions": ["ben"]},
    }
    with pytest.raises(ValueError, match=message):
        described(new, **more)


def test_recordings_of_several_populations_are_refused():
    old = POSITION | {"populations": ["ca", "neuropixels"], "sessions": ["VISp"]}
    new = {"adapt": "old", "sessions": ["VISl"]}
    with pytest.raises(ValueError, match="name one population"):
        areas(sessions=["VISp", "VISl"], encoders={"old": old, "new": new})


def test_by_time_it_is_adapted_alone():
    alone = described({"adapt": OF_ANN | {"encoder": "time", "together": False}})
    assert alone.encoders["new"].pairs.law == "time"


@pytest.mark.parametrize(
    "block",
    [
        {"sweep": {"encoders": ["new"], "grid": {"training.steps": [1, 2]}}},
        {"search": {"encoder": "new", "trials": 2, "over": {"training.steps": [1, 2]}}},
    ],
)
def test_it_is_neither_swept_nor_searched(block):
    with pytest.raises(ValueError, match="new is itself adapted from another; name another"):
        rats(encoders=encoders(new={"adapt": OF_ANN, "sessions": ["cat"]}), **block)


def test_all_trials_and_few_exclude_each_other():
    free = {"pairs": {"law": "time", "time_offset_bins": 2}, "fit_on": "all", "trials": 3}
    with pytest.raises(ValueError, match="fit_on: all sees every trial; remove trials"):
        rats(encoders=encoders(free_transductive=free))


def test_a_law_of_its_own_replaces_that_of_the_other():
    block = described({"adapt": "joint", "pairs": DELTA | {"time_offset_bins": 3}}).encoders["new"]
    assert block.pairs.time_offset_bins == 3
