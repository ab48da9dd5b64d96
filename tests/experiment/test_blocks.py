"""Blocks of a description: an option that is unknown, unused or out of range is refused."""

import pytest
from described import DELTA, NETWORK, POSITION, TIME
from pydantic import ValidationError

from cebra_kedro.experiment import blocks as room
from cebra_kedro.experiment.blocks import (
    AlignBlock,
    BaselineBlock,
    CompareBlock,
    DecodeBlock,
    Named,
    SplitBlock,
    TrainingBlock,
    Transfer,
)
from cebra_kedro.experiment.encoder_blocks import EncoderBlock, Guidance
from cebra_kedro.experiment.sweeps import SweepBlock
from cebra_kedro.training.config import EncoderConfig

DISCRETE = {"law": "discrete"}
HYBRID = {"law": "hybrid", "time_offset_bins": 5}
MIXED = {"law": "mixed", "time_offset_bins": 5}


def refused(block, content, message):
    with pytest.raises(ValidationError, match=message):
        block.model_validate(content)


def test_a_name_alone_is_short_for_one_without_options():
    assert Named.model_validate("rat_on_track") == Named.model_validate({"name": "rat_on_track"})
    named = Named.model_validate({"name": "rat_on_track", "bin_width_s": 0.025})
    assert (named.name, named.options) == ("rat_on_track", {"bin_width_s": 0.025})


def test_the_population_of_a_baseline_is_none_of_its_options():
    block = BaselineBlock.model_validate({"name": "pca", "population": "ca", "components": 3})
    assert (block.population, block.options) == ("ca", {"components": 3})


@pytest.mark.parametrize(
    ("split", "options", "n_folds"),
    [
        ({"by": "trial"}, {"folds": 3, "scheme": "nested"}, 3),
        ({"by": "trial", "folds": 5}, {"folds": 5, "scheme": "nested"}, 5),
        ({"by": "repeat", "test_repeat": 2}, {"test_repeat": 2, "n_repeats": 10}, 1),
        ({"by": "block"}, {"fractions": (0.7, 0.1, 0.2)}, 1),
        ({"by": "label"}, {"label": "part"}, 1),
        ({"by": "random_optimistic", "seed": 4}, {"fractions": (0.7, 0.1, 0.2), "seed": 4}, 1),
    ],
    ids=lambda value: value.get("by") if isinstance(value, dict) else None,
)
def test_a_split_gives_its_rule_what_the_rule_takes(split, options, n_folds):
    block = SplitBlock.model_validate(split)
    assert (block.options, block.n_folds) == (options, n_folds)


OPTIONS = {
    "folds": 4,
    "scheme": "interleaved",
    "test_repeat": 3,
    "n_repeats": 11,
    "fractions": [0.6, 0.2, 0.2],
    "label": "kind",
    "seed": 0,
}


@pytest.mark.parametrize("by", ["trial", "repeat", "block", "label", "random_optimistic"])
@pytest.mark.parametrize("option", OPTIONS)
def test_a_split_takes_exactly_the_options_of_its_rule(by, option):
    rule = {"by": by} | ({"seed": 1} if by == "random_optimistic" else {})
    split = rule | {option: OPTIONS[option]}
    if option in SplitBlock.model_validate(rule).options:
        assert SplitBlock.model_validate(split).options[option] in (
            OPTIONS[option],
            tuple(OPTIONS["fractions"]),
        )
    else:
        refused(SplitBlock, split, f"a split by {by} has no {option}; remove it")


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ({"by": "random_optimistic"}, "random_optimistic needs a seed"),
        ({"by": "random_optimistic", "seed": -1}, "greater than or equal to 0"),
        ({"by": "block", "fractions": [0.8, 0.0, 0.2]}, "three positive numbers"),
        ({"by": "block", "fractions": [0.8, 0.2, 0.2]}, "with sum 1"),
        ({"by": "block", "fractions": [0.8, 0.2]}, r"fractions"),
        ({"by": "random"}, "'block', 'label' or 'random_optimistic'"),
        ({"by": "repeat", "test_repeat": 11}, r"test_repeat must be in 1 … 10 \(n_repeats\)"),
        ({"by": "repeat", "test_repeat": 0}, "greater than or equal to 1"),
        ({"by": "trial", "folds": 1}, "greater than or equal to 2"),
        ({"by": "trial", "scheme": "random"}, "'nested' or 'interleaved'"),
        ({}, "by\n  Field required"),
    ],
)
def test_a_wrong_split_is_refused(split, message):
    refused(SplitBlock, split, message)


def training(**changes):
    return TrainingBlock.model_validate({"steps": 10} | changes)


@pytest.mark.parametrize("seeds", [[], [1, 1], [-1, 2]])
def test_seeds_are_different_and_not_negative(seeds):
    refused(TrainingBlock, {"steps": 10, "seeds": seeds}, "seeds")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("steps", 0),
        ("batch_size", 1),
        ("negatives", 0),
        ("threads", 0),
        ("processes", 0),
        ("device", "gpu"),
        ("precision", "float16"),
    ],
)
def test_training_out_of_range_is_refused(name, value):
    refused(TrainingBlock, {"steps": 10, name: value}, name)


@pytest.mark.parametrize(
    ("changes", "n_processes", "n_workers"),
    [
        ({}, 6, 6),  # one thread each
        ({"threads": 4}, 1, 6),
        ({"threads": 9}, 1, 6),  # more than there are
        ({"threads": None}, 1, 6),  # one after the other, on all cores
        ({"processes": 2}, 2, 2),
        ({"processes": 2, "threads": None}, 2, 2),
    ],
)
def test_as_many_processes_as_there_are_cores_for_their_threads(
    monkeypatch, changes, n_processes, n_workers
):
    monkeypatch.setattr(room, "available_cores", lambda: 6)
    block = training(**changes)
    assert (block.n_processes, block.n_workers) == (n_processes, n_workers)


@pytest.mark.parametrize(
    ("content", "labels"),
    [
        (POSITION, ("position",)),
        ({"classes": "target", "pairs": DISCRETE}, ("target",)),
        ({"labels": ["x", "y"], "classes": "target", "pairs": MIXED}, ("x", "y", "target")),
        ({"pairs": TIME}, ()),
    ],
)
def test_every_label_that_guides_is_known(content, labels):
    block = Guidance.model_validate(content)
    assert block.all_labels == labels
    assert block.is_guided is bool(labels)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"labels": ["position"], "pairs": TIME}, "time law uses no labels; remove labels"),
        ({"classes": "target", "pairs": TIME}, "time law uses no classes; remove classes"),
        ({"pairs": DELTA}, "time_delta law needs labels"),
        ({"pairs": {"law": "hybrid", "time_offset_bins": 3}}, "hybrid law needs labels"),
        ({"pairs": DISCRETE}, "discrete law needs classes"),
        ({"labels": ["x"], "classes": "y", "pairs": DISCRETE}, "discrete law uses no labels"),
        ({"labels": ["x"], "pairs": MIXED}, "mixed law needs classes"),
        ({"pairs": {"law": "time"}}, "time law needs time_offset_bins"),
    ],
)
def test_labels_fit_the_law(content, message):
    refused(Guidance, content, message)
    refused(EncoderBlock, content, message)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"pairs": TIME, "shuffle_labels": True}, "time law uses no labels to shuffle"),
        ({"pairs": TIME, "shuffle_labels": "encoder"}, "time law uses no labels to shuffle"),
        (POSITION | {"shuffle_labels": "decoder"}, "'encoder' or 'encoder_and_decoder'"),
        (POSITION | {"fit_on": "all"}, "would train on the labels of test trials"),
        ({"pairs": TIME, "sessions": "joint"}, r"time law pairs .* labels: \[time_in_trial\]"),
        ({"pairs": TIME, "sessions": {"joint": ["a", "b"]}}, "sessions: joint needs labels"),
        ({"pairs": TIME, "populations": ["a", "b"]}, "several populations needs labels"),
        (POSITION | {"pairs": HYBRID, "sessions": "joint"}, "hybrid law pairs bins of one"),
        (POSITION | {"labels": ["phase_of_trial"]}, "phase_of_trial is alike in all trials.*ties"),
        (POSITION | {"sessions": {"jont": ["a"]}}, "sessions"),
        (POSITION | {"sessions": "a"}, "sessions"),
        (POSITION | {"learning_rate": 0.0}, "greater than 0"),
        (POSITION | {"learning_rate": float("nan")}, "less than or equal to 1"),
        (POSITION | {"steps": 0}, "greater than or equal to 1"),
        (POSITION | {"batch_size": 1}, "greater than or equal to 2"),
    ],
)
def test_encoders_that_make_no_sense_are_refused(content, message):
    refused(EncoderBlock, content, message)


@pytest.mark.parametrize(
    ("block", "content", "name"),
    [
        (EncoderBlock, POSITION, "sessions"),
        (SweepBlock, {"grid": {"n_neurons": [3]}, "encoders": ["a"]}, "sessions"),
        (DecodeBlock, {}, "scores"),
        (AlignBlock, {"align": ["position"]}, "variants"),
    ],
)
def test_all_are_meant_where_none_is_named_and_none_at_all_is_refused(block, content, name):
    assert getattr(block.model_validate(content), name) is None
    refused(block, content | {name: []}, rf"{name}\n  .*at least 1 item")


def test_an_encoder_of_no_sessions_together_is_refused():
    refused(EncoderBlock, POSITION | {"sessions": {"joint": []}}, "at least 1 item")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (True, "encoder"),
        (False, None),
        (None, None),
        ("encoder", "encoder"),
        ("encoder_and_decoder", "encoder_and_decoder"),
    ],
)
def test_shuffled_labels_are_those_of_the_encoder_unless_more_is_said(written, meant):
    block = EncoderBlock.model_validate(POSITION | {"shuffle_labels": written})
    assert block.shuffle_labels == meant


@pytest.mark.parametrize(
    ("written", "sessions", "joint"),
    [
        (None, None, False),
        (["a", "b"], ("a", "b"), False),
        ("joint", None, True),
        ({"joint": ["a", "b"]}, ("a", "b"), True),
    ],
)
def test_sessions_are_each_on_their_own_or_joint(written, sessions, joint):
    block = EncoderBlock.model_validate(POSITION | {"sessions": written})
    assert (block.sessions, block.joint) == (sessions, joint)
    assert EncoderBlock.model_validate(block.model_dump()) == block


def test_a_network_is_told_from_networks_by_population():
    one = EncoderBlock.model_validate(POSITION | {"encoder": NETWORK}).encoder
    assert one == EncoderConfig(**NETWORK)
    several = EncoderBlock.model_validate(POSITION | {"encoder": {"ca": NETWORK, "np": {}}})
    assert several.encoder == {"ca": one, "np": EncoderConfig()}
    assert EncoderBlock.model_validate(several.model_dump()) == several


def test_what_is_wrong_in_a_network_is_said_once():
    for encoder, where in [({"hidden_units": 1}, ()), ({"ca": {"hidden_units": 1}}, ("ca",))]:
        with pytest.raises(ValidationError) as caught:
            EncoderBlock.model_validate(POSITION | {"encoder": encoder})
        (error,) = caught.value.errors()
        assert (*where, "hidden_units") == error["loc"][2:]


def test_sessions_are_compared_in_one_way_or_several():
    align = {"align": ["position", "direction"]}
    assert CompareBlock.model_validate({"sessions": align}).sessions == (AlignBlock(**align),)
    two = [align | {"name": "a"}, align | {"name": "b"}]
    assert [block.name for block in CompareBlock.model_validate({"sessions": two}).sessions] == [
        "a",
        "b",
    ]
    refused(CompareBlock, {"sessions": [align, align]}, "need names of their own")


@pytest.mark.parametrize(
    ("name", "value"),
    [("align", []), ("bins", 1), ("min_samples", 0), ("widening", -1), ("cell", 0)],
)
def test_an_alignment_out_of_range_is_refused(name, value):
    refused(AlignBlock, {"align": ["position"], name: value}, name)


def test_a_transfer_has_a_name_in_tables():
    assert Transfer(fitted_to="active", scored_on="passive").name == "active_to_passive"


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ({}, "say one of grid, points, random, got none"),
        ({"training.steps": []}, "grid has no values for training.steps"),
        ({"split.by": ["block"]}, "but a sweep can change training, encoders, decoders, n_neur"),
        ({"n_neurons": [4, 0]}, r"n_neurons must be whole numbers of at least 1, got 0"),
        ({"n_neurons": ["all"]}, "n_neurons must be whole numbers"),
        ({"n_neurons": [True]}, "n_neurons must be whole numbers"),
    ],
)
def test_a_wrong_grid_is_refused(grid, message):
    refused(SweepBlock, {"grid": grid, "encoders": ["position"]}, message)


@pytest.mark.parametrize(
    ("sweep", "message"),
    [
        ({"grid": {"n_neurons": [3]}, "points": [{"n_neurons": 3}]}, "got grid and points"),
        ({"points": [{"training.steps": 1}, {"n_neurons": 3}]}, "name the same parameters"),
        ({"points": [{"split.by": "block"}]}, "but a sweep can change"),
        ({"random": {"draws": 0, "over": {"n_neurons": [3]}}}, "greater than 0"),
        ({"random": {"draws": 2, "over": {}}}, "at least 1 item"),
        ({"random": {"draws": 2, "over": {"training.steps": []}}}, "random has no values for"),
        (
            {"random": {"draws": 2, "over": {"training.steps": {"low": 3, "high": 3}}}},
            "low must be below high, got 3 and 3",
        ),
        (
            {"random": {"draws": 2, "over": {"n_neurons": {"low": 0, "high": 3, "log": True}}}},
            "with log, low must be above 0",
        ),
    ],
)
def test_a_wrong_sweep_is_refused(sweep, message):
    refused(SweepBlock, {**sweep, "encoders": ["position"]}, message)


def test_a_sweep_may_be_a_list_or_drawn():
    points = [{"training.steps": 3, "n_neurons": None}, {"training.steps": 5, "n_neurons": 2}]
    listed = SweepBlock.model_validate({"points": points, "encoders": ["a"]})
    assert listed.cells == points
    random = {"draws": 20, "seed": 3, "over": {"training.steps": {"low": 1, "high": 9}}}
    drawn = SweepBlock.model_validate({"grid": None, "random": random, "encoders": ["a"]}).cells
    assert {type(cell["training.steps"]) for cell in drawn} == {int}
    assert {cell["training.steps"] for cell in drawn} <= set(range(1, 10))


def test_a_sweep_may_take_all_neurons_and_names_its_encoders():
    grid = {"n_neurons": [10, None]}
    assert SweepBlock.model_validate({"grid": grid, "encoders": ["a"]}).sessions is None
    refused(SweepBlock, {"grid": grid, "encoders": []}, "encoders")
    refused(SweepBlock, {"grid": grid}, "encoders")
