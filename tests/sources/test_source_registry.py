"""Every name stands for a function, and options are checked against what it takes."""

import inspect

import numpy as np
import pytest

from cebra_kedro.recording import Recording
from cebra_kedro.simulate.demo import simulate_continuous
from cebra_kedro.simulate.hippocampus import simulate_rat
from cebra_kedro.simulate.monkey_reaching import simulate_session
from cebra_kedro.sources.published_pickle import PublishedFile
from cebra_kedro.sources.registry import SOURCES, check_source, source
from cebra_kedro.splits import PART_NAMES
from kedro_project import base_parameters


@pytest.mark.parametrize("name", SOURCES)
def test_every_name_is_a_function_of_raw_content_and_a_session(name):
    parameters = list(inspect.signature(source(name)).parameters.values())
    assert parameters[0].name == "raw"
    assert all(one.kind is inspect.Parameter.KEYWORD_ONLY for one in parameters[1:])
    assert "session" in {one.name for one in parameters}


def test_a_name_that_there_is_not_is_answered_with_those_there_are():
    with pytest.raises(ValueError, match=r"no source 'nwb'; there are arrays, signals, rec"):
        source("nwb")


def _file(content):
    return PublishedFile(content, "0", "simulated", "here")


def _reaching(part):
    trials = {"active_trials": (5, 2), "passive_trials": (5, 2)}
    return _file(
        simulate_session(seed=0, session="active", part=part, trial_len=30, n_units=3, **trials)
    )


@pytest.mark.parametrize(
    ("name", "raw", "session", "options"),
    [
        ("arrays", {"neural": np.ones((9, 2))}, "mine", {"bin_width_s": 0.1}),
        ("rat_on_track", _file(simulate_rat(seed=1, n_trials=2, n_units=3)), "buddy", {}),
        ("reaching", {part: _reaching(part) for part in PART_NAMES}, "active", {}),
        ("latents", simulate_continuous(seed=0, n_time=20), "demo", {}),
    ],
)
def test_a_recording_has_the_name_of_its_session(name, raw, session, options):
    recording = source(name)(raw, session=session, **options)
    assert isinstance(recording, Recording)
    assert recording.name == session


@pytest.mark.parametrize(
    ("name", "options", "populations"),
    [
        ("arrays", {"bin_width_s": 0.1}, False),
        ("recording", {}, False),
        ("rat_on_track", {}, False),
        ("movie_areas", {"n_neurons": 3, "seed": 0}, True),
        ("movie_groups", {"n_neurons": 3, "seed": 0, "n_repeats": 4}, True),
    ],
)
def test_what_a_source_needs_is_enough(name, options, populations):
    check_source(name, options, populations)


@pytest.mark.parametrize(
    ("name", "options", "populations", "message"),
    [
        ("nothing", {}, False, "no source 'nothing'"),
        ("arrays", {}, False, "source arrays needs bin_width_s; it takes bin_width_s, neural"),
        ("recording", {"a": 1}, False, "source recording has no option a; it takes none"),
        ("arrays", {"bin": 1}, False, "arrays has no option bin, needs bin_width_s"),
        ("latents", {"session": "a"}, False, "latents has no option session"),
        ("movie_areas", {"seed": 0}, True, "movie_areas needs n_neurons"),
        (
            "latents",
            {},
            True,
            "source latents makes one recording of a session; remove populations",
        ),
        (
            "arrays",
            {"bin_width_s": "fast", "labels": {"place": {"kind": 3}}},
            False,
            "source arrays: bin_width_s: Input should be a valid .*; labels.place.kind: Input",
        ),
        (
            "movie_areas",
            {"n_neurons": 3, "seed": 0},
            False,
            "source movie_areas makes several recordings of a session; name the populations",
        ),
    ],
)
def test_what_a_source_does_not_take_is_refused(name, options, populations, message):
    with pytest.raises(ValueError, match=message):
        check_source(name, options, populations)


def test_every_experiment_of_the_project_has_a_source():
    for block in base_parameters().values():
        if not isinstance(block, dict) or "source" not in block:
            continue
        options = dict(block["source"])
        check_source(options.pop("name"), options, "populations" in block)
