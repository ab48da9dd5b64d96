"""What the parameter files may say: everything shipped is valid, everything misspelt is refused."""

import copy
import json

import pytest
from kedro.config import OmegaConfigLoader
from pydantic import ValidationError

from cebra_kedro.experiments import HIPPOCAMPUS
from cebra_kedro.parameters import (
    HippocampusParameters,
    ProjectParameters,
    TrainingParameters,
    VariantParameters,
)
from cebra_kedro.settings import CONFIG_LOADER_ARGS
from cebra_kedro.simulate.hippocampus import simulate_rat
from cebra_kedro.sources.hippocampus import to_recording
from cebra_kedro.sources.published_pickle import PublishedFile
from kedro_project import PROJECT, base_parameters

ENVIRONMENTS = sorted(path.name for path in (PROJECT / "conf").iterdir() if path.is_dir())


def valid():
    return copy.deepcopy(base_parameters())


def training(**changes):
    return TrainingParameters.model_validate(valid()["hippocampus"]["training"] | changes)


def variant(name="position", **changes):
    return VariantParameters.model_validate(valid()["hippocampus"]["variants"][name] | changes)


def blocks(value, path=()):
    """Every block of parameters with its path."""
    if isinstance(value, dict):
        yield path, value
        for name, inner in value.items():
            yield from blocks(inner, (*path, name))


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_shipped_environment_is_valid(environment):
    loader = OmegaConfigLoader(str(PROJECT / "conf"), env=environment, **CONFIG_LOADER_ARGS)
    ProjectParameters.model_validate(loader["parameters"])


@pytest.mark.parametrize("path", [path for path, _ in blocks(base_parameters())], ids=".".join)
def test_a_misspelt_name_is_refused_in_every_block(path):
    parameters = valid()
    block = dict(blocks(parameters))[path]
    block["misspelt"] = 1
    with pytest.raises(ValidationError, match="misspelt"):
        ProjectParameters.model_validate(parameters)


def test_parameters_survive_their_plain_form():
    parameters = ProjectParameters.model_validate(valid())
    plain = json.loads(json.dumps(parameters.model_dump(mode="json")))
    assert ProjectParameters.model_validate(plain) == parameters


def test_a_variant_replaces_learning_rate_and_steps_and_shares_the_rest():
    shared = training(steps=100, batch_size=32, device="cpu")
    plain = variant().training_config(shared, seed=7)
    changed = variant(learning_rate=0.5, steps=3).training_config(shared, seed=7)
    assert (plain.steps, plain.optimizer) == (100, shared.optimizer)
    assert (changed.steps, changed.optimizer.learning_rate) == (3, 0.5)
    assert shared.optimizer.learning_rate == 0.003
    for config in (plain, changed):
        assert (config.seed, config.batch_size, config.device) == (7, 32, "cpu")
        assert (config.encoder, config.schedule) == (shared.encoder, shared.schedule)


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("time", {"labels": ["position"]}, "time law uses no labels"),
        ("time", {"shuffle_labels": True}, "time law uses no labels"),
        ("position", {"labels": []}, "time_delta law needs labels"),
        ("hybrid", {"labels": []}, "hybrid law needs labels"),
        ("position", {"fit_on": "all"}, "would train on the labels of test trials"),
        ("position", {"learning_rate": 0.0}, "greater than 0"),
        ("position", {"learning_rate": float("nan")}, "less than or equal to 1"),
        ("position", {"steps": 0}, "greater than or equal to 1"),
    ],
)
def test_variants_that_make_no_sense_are_refused(name, changes, message):
    with pytest.raises(ValidationError, match=message):
        variant(name, **changes)


@pytest.mark.parametrize("seeds", [[], [1, 1], [-1, 2]])
def test_seeds_are_different_and_not_negative(seeds):
    with pytest.raises(ValidationError, match="seeds"):
        training(seeds=seeds)


def refused(change, message):
    parameters = valid()
    change(parameters["hippocampus"])
    with pytest.raises(ValidationError, match=message):
        ProjectParameters.model_validate(parameters)


def test_a_variant_that_no_pipeline_trains_is_refused():
    refused(
        lambda p: p["variants"].update(tiem=p["variants"]["time"]),
        f"expected a block for each of {', '.join(HIPPOCAMPUS.trained_variants)}, got tiem",
    )


def test_a_variant_that_is_missing_is_named():
    refused(lambda p: p["variants"].pop("time"), "time is missing")


def test_neurons_are_expected_of_rats_that_exist():
    refused(
        lambda p: p["ingestion"].update(expected_neurons={"budy": 48}),
        "expected_neurons names budy, but the rats are achilles, buddy",
    )


def test_labels_are_those_of_a_recording():
    refused(
        lambda p: p["variants"]["position"].update(labels=["positon"]),
        "variants.position names the label positon, but the labels are position, direction",
    )
    refused(
        lambda p: p["variants"].update(
            position={"classes": "drection", "pairs": {"law": "discrete"}}
        ),
        "variants.position names the label drection",
    )
    content = simulate_rat(seed=0, n_trials=2, n_units=3)
    published = PublishedFile(content, "0" * 64, "simulated", "here")
    assert (
        tuple(to_recording(published, subject="a", simulated=True).labels)
        == HippocampusParameters.known_labels
    )


def test_an_encoder_that_does_not_fit_the_distance_is_refused_before_training():
    refused(
        lambda p: p["training"]["encoder"].update(architecture="offset10-model-mse"),
        "variants.position_direction does not fit training: offset10-model-mse has no normalised",
    )
