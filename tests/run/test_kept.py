"""Encoders that a run reads and does not train are those that its parameters describe, or said."""

import logging

import pytest

from cebra_kedro.experiment import Descriptions
from cebra_kedro.run.kept import check_encoders
from kedro_project import (
    ONE_RAT_COMMAND,
    _bootstrapped,
    manifest,
    provenance,
    run_command,
)

LATER = ["--env", "test", "--namespaces", "decoding.hippocampus,reporting.hippocampus"]
STEPS = "hippocampus.training.steps=50"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([*LATER, "--params", STEPS], "was trained with steps 5, while the run says 50; let it"),
        (
            [*LATER, "--params", "hippocampus.training.seeds=[0,1,5]"],
            "it asks for buddy/fold0_seed5, buddy/fold1_seed5, buddy/fold2_seed5, and stored are",
        ),
        (
            [*LATER, "--params", "hippocampus.training.seeds=[1]"],
            "stored are buddy/fold0_seed0, buddy/fold1_seed0, buddy/fold2_seed0 too, and it asks",
        ),
        (
            [*LATER, "--params", "hippocampus.encoders.position.loss.temperature=0.5"],
            "reads hippocampus.position and does not train it, but buddy/fold0_seed0 was trained "
            "with loss.temperature 1.266, while the run says 0.5",
        ),
        (
            ["--env", "test", "--only-missing-outputs", "--params", STEPS],
            "was trained with steps 5, while the run says 50",
        ),
        (
            ["--env", "test", "--from-nodes=reporting.hippocampus.loss", "--params", STEPS],
            "was trained with steps 5, while the run says 50",
        ),
        (
            [
                *("--env", "test", "--nodes=training.hippocampus.time.embed"),
                *("--params", "hippocampus.encoders.time.steps=50"),
            ],
            "was trained with steps 5, while the run says 50",
        ),
    ],
)
def test_a_run_that_would_name_other_parameters_than_those_of_its_encoders_is_refused(
    refused, arguments, message
):
    said = refused(*arguments, *ONE_RAT_COMMAND)
    assert message in said
    assert said.endswith("(--pipelines hippocampus), or leave the parameter as it was")


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            "source.bin_width_s=0.05",
            "reads hippocampus.recordings and does not make it, but that of buddy was made with "
            "source.bin_width_s 0.025, while the run says 0.05; let it be made too (--pipelines",
        ),
        ("split.scheme=interleaved", "made with split.scheme nested, while the run says interle"),
        (
            "encoders.position.labels=[direction]",
            "encoders.position.labels ['position'], while the run says ['direction']",
        ),
        (
            "baselines.pca.components=2",
            "made with baselines.pca.components 3, while the run says 2",
        ),
    ],
)
def test_what_was_made_from_another_description_is_not_read(refused, params, message):
    said = refused(*LATER, *ONE_RAT_COMMAND, "--params", f"hippocampus.{params}")
    assert message in said


def test_decoders_are_those_of_the_predictions_that_are_read(refused):
    stage = ["--env", "test", "--namespaces", "reporting.hippocampus", *ONE_RAT_COMMAND]
    said = refused(*stage, "--params", "hippocampus.decoders.neighbours=[3]")
    assert "made with decoders.neighbours [1, 9], while the run says [3]; let it be" in said


def test_parameters_that_change_no_number_are_no_reason_to_refuse(copied):
    first = manifest(copied)["run_id"]
    params = "hippocampus.training.device=auto,hippocampus.training.threads=2"
    nodes = "--nodes=decoding.hippocampus.score"
    done = run_command(copied, "--env=test", nodes, *ONE_RAT_COMMAND, "--params", params)
    assert done.exit_code == 0, done.stderr
    # what made each result is found by the run that its place names, also when others have run
    known = provenance(copied)
    embeddings = "../07_model_output/hippocampus/time/embeddings/index.json#buddy"
    assert known[embeddings]["run_id"] == first != manifest(copied)["run_id"]
    kept = copied / "data/08_reporting" / known[embeddings]["manifest"]
    assert kept.resolve() == copied / f"data/logs/{first}.json"
    assert '"steps": 5' in kept.read_text()
    assert known["hippocampus/metrics.csv"]["manifest"] != known[embeddings]["manifest"]
    assert (
        f"parameters in ../logs/{first}.json"
        in (copied / "data/08_reporting/report.html").read_text()
    )


def test_encoders_that_a_run_cannot_train_are_warned_of(all_rats, caplog):
    """One for all rats, in a run of one of them with other parameters."""
    from kedro.framework.project import pipelines
    from kedro.framework.session import KedroSession

    params = {"hippocampus": {"training": {"steps": 7}, "encoders": {"time": {"steps": 7}}}}
    with (
        _bootstrapped(all_rats),
        KedroSession.create(project_path=all_rats, env="test", runtime_params=params) as session,
        caplog.at_level(logging.WARNING, "cebra_kedro"),
    ):
        context = session.load_context()
        described = Descriptions.of(context.config_loader["parameters"]).experiments
        pipeline, chosen = pipelines["hippocampus"], {"hippocampus": ("buddy",)}
        check_encoders(pipeline, context.catalog, described, chosen)
    (said,) = [text for text in caplog.messages if "is kept as it is" in text]
    assert "but joint/fold0_seed0 was trained with steps 5, while the run says 7" in said
