"""Parameters of the synthetic experiment: laws by kind of label, splits, sweeps."""

import pytest
from pydantic import ValidationError

from cebra_kedro.parameters import SyntheticParameters, VariantParameters
from kedro_project import base_parameters


def valid(**blocks):
    parameters = base_parameters()["synthetic"]
    for name, changes in blocks.items():
        parameters[name] = parameters[name] | changes
    return SyntheticParameters.model_validate(parameters)


@pytest.mark.parametrize(
    ("names", "labels", "classes", "law"),
    [
        (["label", "latent"], ("label",), None, "delta_normal"),
        (["angle"], ("angle",), None, "delta_normal"),
        (["class"], (), "class", "discrete"),
        (["label", "class"], ("label",), "class", "mixed"),
        (["label", "angle"], ("label",), None, "delta_normal"),
    ],
)
def test_the_law_follows_the_labels_of_the_set(names, labels, classes, law):
    parameters = valid()
    variant = parameters.variants["offset5"]
    guided = parameters.guidance.applied_to(variant, names)
    assert (guided.labels, guided.classes, guided.pairs.law) == (labels, classes, law)
    assert guided.encoder == variant.encoder
    assert guided.loss == variant.loss


def test_the_control_stays_a_control():
    parameters = valid()
    guided = parameters.guidance.applied_to(parameters.variants["shuffled"], ["class"])
    assert guided.shuffle_labels
    assert guided.classes == "class"


def test_an_encoder_without_labels_is_left_alone():
    variant = VariantParameters.model_validate({"pairs": {"law": "time", "time_offset_bins": 3}})
    assert valid().guidance.applied_to(variant, ["class"]) == variant


def test_a_label_that_the_set_lacks_is_refused():
    variant = VariantParameters.model_validate(
        {"labels": ["angle"], "pairs": {"law": "delta_normal", "delta": 0.1}}
    )
    with pytest.raises(ValueError, match="guided by angle, but the set has label"):
        valid().guidance.applied_to(variant, ["label"])


def test_a_cell_of_a_sweep_changes_what_it_names():
    parameters = valid()
    changed = parameters.of_cell(
        {"variants.default.pairs.delta": 0.7, "training.seeds": [3, 4], "decoding.metric": "cosine"}
    )
    assert changed.variants["default"].pairs.delta == 0.7
    assert changed.variants["offset1"] == parameters.variants["offset1"]
    assert changed.training.seeds == (3, 4)
    assert changed.decoding.metric == "cosine"
    assert changed.sweep.grid == {}


@pytest.mark.parametrize(
    ("grid", "message"),
    [
        ({"training.step": [1]}, "sweep.grid names training.step, but training has no step"),
        ({"training.steps": [1, 0]}, "sweep.grid gives .*'training.steps': 0.*greater than"),
        ({"training.steps": []}, "sweep.grid has no values for training.steps"),
        ({"ingestion.split": ["contiguous"]}, "but a sweep can change training, variants"),
        ({"variants.other.steps": [1]}, "but variants has no other; it has default"),
        (
            {"variants.default.pairs.time_offset_bins": [5]},
            "the delta_normal law has no time_offset_bins",
        ),
    ],
)
def test_a_wrong_grid_is_refused_before_anything_runs(grid, message):
    with pytest.raises(ValidationError, match=message):
        valid(sweep={"grid": grid})


@pytest.mark.parametrize(("name", "value"), [("subjects", ["pink"]), ("variants", ["offset2"])])
def test_a_sweep_of_something_unknown_is_refused(name, value):
    with pytest.raises(ValidationError, match=rf"sweep.{name} names {value[0]}, but there are "):
        valid(sweep={name: value})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"split": "random_optimistic"}, "ingestion.seed is for split: random_optimistic"),
        ({"seed": 1}, "ingestion.seed is for split: random_optimistic"),
        ({"fractions": [0.8, 0.0, 0.2]}, "three positive numbers"),
        ({"fractions": [0.8, 0.2, 0.2]}, "with sum 1"),
        ({"split": "random"}, "'contiguous' or 'random_optimistic'"),
    ],
)
def test_a_wrong_split_is_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        valid(ingestion=changes)


def test_there_is_no_consistency():
    with pytest.raises(ValidationError, match="consistency"):
        SyntheticParameters.model_validate(
            base_parameters()["synthetic"] | {"consistency": {"bins": 10}}
        )
