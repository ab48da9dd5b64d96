"""What goes to MLflow: names that it takes, means over what is alike, texts that fit."""

import math

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cebra_kedro.experiment import Experiment
from cebra_kedro.metrics import metrics_rows
from cebra_kedro.run.logged import (
    LONGEST_NAME,
    LONGEST_VALUE,
    flat,
    logged_experiment,
    mean_scores,
    valid_name,
)
from cebra_kedro.run.manifest import RunManifest


def rows(session, variant, value, seed=0, decoder="knn", metric="position_r2"):
    return metrics_rows(
        {metric: value},
        units={metric: ""},
        experiment="rats",
        subject=session,
        variant=variant,
        fold=0,
        seed=seed,
        decoder=decoder,
    )


def test_scores_are_means_over_sessions_and_seeds_of_one_variant_decoder_and_metric():
    table = pd.concat(
        [
            rows("ann", "time", 0.1),
            rows("ann", "time", 0.3, seed=1),
            rows("ben", "time", 0.5),
            rows("ann", "time", 0.7, decoder="ridge"),
            rows("ann", "pca", 0.9),
            rows("ann", "pca", 2.0, metric="goodness_of_fit", decoder=""),
        ]
    )
    found = mean_scores(table, ["ann", "ben"])
    assert found == {
        "time": {"knn/position_r2": pytest.approx(0.3), "ridge/position_r2": 0.7},
        "pca": {"knn/position_r2": 0.9, "goodness_of_fit": 2.0},
    }


def test_transfers_between_sessions_are_not_mixed_with_scores_of_sessions():
    table = pd.concat([rows("ann", "time", 0.2), rows("ann_to_ben", "time", 0.8)])
    assert mean_scores(table, ["ann", "ben"]) == {
        "time": {"knn/position_r2": 0.2, "transfer/knn/position_r2": 0.8}
    }


def test_a_score_that_is_no_number_is_left_out():
    table = pd.concat([rows("ann", "time", math.nan), rows("ann", "pca", 0.2)])
    assert mean_scores(table, ["ann"]) == {"pca": {"knn/position_r2": 0.2}}


def test_parameters_in_levels_become_names_with_dots():
    block = {"training": {"steps": 5, "early": None}, "sessions": ["a", "b"], "joint": False}
    assert flat(block | {"sweep": {}, "labels": [], "unit": ""}) == {
        "training.steps": "5",
        "sessions": '["a", "b"]',
        "joint": "false",
    }


def test_a_long_value_ends_where_it_no_longer_fits():
    (value,) = flat({"x": ["session"] * 1000}).values()
    assert len(value) == LONGEST_VALUE
    assert value.startswith('["session", "session"')
    assert value.endswith("…")


@settings(deadline=None)  # the first one imports MLflow
@given(st.lists(st.text(min_size=1, max_size=400), min_size=1, max_size=3))
def test_mlflow_takes_every_name(parts):
    validation = pytest.importorskip("mlflow.utils.validation")
    name = valid_name(*parts)
    assert len(name) <= LONGEST_NAME
    validation._validate_metric_name(name)
    validation._validate_param_name(name)


@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
def test_different_names_stay_different(one, other):
    assert (valid_name(one) == valid_name(other)) == (one == other)


def test_of_an_encoder_from_a_file_nothing_is_said_that_it_was_not_trained_with(tmp_path):
    experiment = Experiment.model_validate(
        {
            "sessions": ["ann"],
            "source": "recording",
            "split": {"by": "trial"},
            "training": {"steps": 5},
            "encoders": {"theirs": {"from_file": "theirs.pt"}},
        }
    )
    facts = {"run_id": "1", "command": "kedro run", "environment": "test", "git_commit": None}
    facts |= {"git_dirty": None, "packages": {}, "parameters": {}}
    models = {"rats.theirs.models": {"ann/all_seed0.pt": tmp_path / "theirs.pt"}}
    manifest = RunManifest(facts, started=0.0, models=models)
    [theirs] = logged_experiment("rats", experiment, manifest, tmp_path, models=True).variants
    assert theirs.name == "theirs_unknown_split"
    assert theirs.parameters["from_file"] == "theirs.pt"
    assert theirs.parameters["fit_on"] == "unknown"
    assert not {"steps", "batch_size", "pairs.law"} & set(theirs.parameters)
