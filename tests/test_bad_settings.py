"""Settings, names and folders that a run cannot use are answered on one line before it begins."""

import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml

from cebra_kedro.pipeline_registry import register_pipelines
from cebra_kedro.run.trainable import USUAL
from cebra_kedro.training.encoder import known_architectures
from kedro_command import kedro
from kedro_project import (
    ONE_RAT,
    ONE_RAT_COMMAND,
    copy_project,
    manifest,
    run_command,
    run_session,
)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            "hippocampus.training.stesp=3",
            "unknown parameter hippocampus.training.stesp (did you mean steps?)",
        ),
        ("hippocampus.training.steps=0", "hippocampus.training.steps should be greater than"),
        ("hippocampus.training.seeds=1", "hippocampus.training.seeds should be a valid"),
        ("hippocampus.source.bin_width=1", "source rat_on_track has no option bin_width; it take"),
        ("hippocampus.figures.embedding.color=1", "figures.embedding: the figure has no option co"),
        ("hippocampus.encoders.together.sessions=[]", "hippocampus.encoders.together.sessions"),
    ],
)
def test_wrong_parameters_stop_the_run_before_it_begins(refused, finished, params, message):
    said = refused("--env", "test", *ONE_RAT_COMMAND, "--params", params)
    assert message in said
    files = [f"{finished}/conf/{env}/parameters_hippocampus.yml" for env in ("base", "test")]
    assert said.endswith(f"Correct {' or '.join(files)} or --params")


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            "hippocampus.training.encoder.architecture=offset11-model",
            ": encoder.architecture must be registered by cebra, got 'offset11-model'; did you",
        ),
        (
            "hippocampus.training.device=cuda",
            "hippocampus.training.device: device cuda is not available on this machine; use auto",
        ),
    ],
)
def test_what_cannot_be_trained_here_is_refused_before_the_run(refused, params, message):
    if "cuda" in params and torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    assert message in refused("--env", "test", *ONE_RAT_COMMAND, "--params", params)


def test_architectures_that_are_not_asked_for_are_registered():
    assert set(known_architectures()) >= USUAL


def test_a_mistyped_folder_of_recordings_is_not_made(refused, tmp_path, monkeypatch):
    folder = tmp_path / "recordigns"
    monkeypatch.setenv("CEBRA_KEDRO_DATA", str(folder))
    said = refused("--env", "paper", "--pipelines", "hippocampus", "--sessions", "buddy")
    assert said.startswith(f"CEBRA_KEDRO_DATA names {folder}, which is no folder; correct it, or")
    assert not folder.exists()


def test_what_is_not_read_of_local_is_said(project):
    own = "hippocampus: {training: {steps: 4}}"
    (project / "conf/local/parameters_hippocampus.yml").write_text(own)
    done = run_command(
        project, "--env=test", "--namespaces=ingestion.hippocampus", *ONE_RAT_COMMAND
    )
    assert done.exit_code == 0, done.stderr
    log = (project / manifest(project)["log"]).read_text()
    (line,) = [line for line in log.splitlines() if "conf/local" in line]
    assert line.endswith("left out: parameters_hippocampus.yml")


@pytest.mark.parametrize("name", ["rat", "only_session"])
def test_a_parameter_of_nothing_stops_the_run_before_it_begins(refused, name):
    said = refused("--env", "test", *ONE_RAT_COMMAND, "--params", f"{name}=1")
    assert f"unknown parameter {name}" in said
    assert said.endswith("Correct conf/*/parameters*.yml or --params")


def test_what_would_need_another_pipeline_is_not_taken_from_the_command(refused):
    params = "hippocampus.baselines.umap.components=2"
    said = refused("--env", "test", *ONE_RAT_COMMAND, "--params", params)
    assert "other encoders, baselines or figures of hippocampus" in said
    assert "say them in conf/base, conf/local or the environment, not with --params" in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--env", "tset"], "there is no environment tset"),
        (["--env", "test", "--pipelines", "hipocampus"], "did you mean hippocampus?"),
        (
            ["--env", "test", "--namespaces", "training.hipocampus"],
            "did you mean training.hippocampus",
        ),
        (
            ["--env", "test", "--pipelines", "hippocampus", "--sessions", "budy"],
            "there is no session budy; did you mean buddy? "
            "hippocampus has achilles, buddy, cicero, gatsby",
        ),
        (
            ["--env", "test", "--pipelines", "hippocampus", "--sessions", "buddy,VISp"],
            "there is no session VISp; hippocampus has achilles, buddy, cicero, gatsby",
        ),
        (
            ["--env", "test", "--pipelines", "hippocampus,monkey_reaching", "--sessions", "buddy"],
            "monkey_reaching has none of the sessions buddy; choose what runs, "
            "e.g. --pipelines hippocampus",
        ),
    ],
)
def test_wrong_names_are_answered_with_those_there_are(refused, arguments, message):
    assert message in refused(*arguments)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--runner=ThreadRuner", "--runner: there is no runner ThreadRuner; did you mean ThreadR"),
        ("--runner-params=max_worker=2", "SequentialRunner takes no max_worker; choose is_async"),
        ("--tags=slow", "--tags: there is no tag slow in pipeline hippocampus; there are none"),
        *[
            (
                f"{option}=training.hippocampus.positon.train",
                f"{option}: there is no node training.hippocampus.positon.train in pipeline "
                "hippocampus; did you mean training.hippocampus.position.train",
            )
            for option in ("--nodes", "--from-nodes", "--to-nodes")
        ],
        *[
            (
                f"{option}=hippocampus.recording",
                f"{option}: there is no entry hippocampus.recording in pipeline hippocampus; "
                "did you mean hippocampus.recordings",
            )
            for option in ("--to-outputs", "--from-inputs")
        ],
    ],
)
def test_a_misspelt_choice_of_nodes_is_answered_with_what_is_meant(refused, option, message):
    assert message in refused("--env", "test", *ONE_RAT_COMMAND, option)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("runner: ThreadRuner", "--runner: there is no runner ThreadRuner; did you mean ThreadR"),
        ("runer: ThreadRunner", "kedro run has no option runer; did you mean runner?"),
        ("sessions: budy", "there is no session budy; did you mean buddy?"),
        ("tags: [slow]", "--tags: there is no tag slow in pipeline hippocampus; there are none"),
    ],
)
def test_options_in_a_file_are_checked_as_those_of_the_command(refused, tmp_path, option, message):
    file = tmp_path / "run.yml"
    file.write_text(f"run:\n  pipelines: hippocampus\n  {option}\n")
    assert message in refused("--env", "test", f"--config={file}")


@pytest.mark.parametrize("name", ["data [1]", "{rat}", "what?"])
def test_a_project_whose_path_kedro_takes_for_a_pattern_is_refused(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    result = run_command(copy_project(folder), "--env", "test", *ONE_RAT_COMMAND)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(f"Error: the path of the project, {folder}, has ")
    assert result.stderr.endswith("rename the folder, or move the project elsewhere\n")
    assert result.stderr.count("\n") == 1


def test_a_full_disk_is_named_with_its_folder(refused, finished, monkeypatch):
    full = shutil.disk_usage(finished)._replace(free=3000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
    said = refused("--env", "test", *ONE_RAT_COMMAND)
    assert f"the disk of {finished}/data" in said
    assert "is full (3 kB are free); free space on it" in said


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("parameters_own.yml", "hippocampus: [1\n", "parameters_own.yml"),
        ("parameters_hippocampus.yml", "hippocampus: {training: {steps: '${no:}'}}\n", "no"),
        (
            "catalog_own.yml",
            "hippocampus.raw: {type: cebra_kedro.io.NoSuchDataset}\n",
            "NoSuchDataset",
        ),
        (
            "catalog_own.yml",
            "hippocampus.raw: {typ: cebra_kedro.io.NpzDataset}\n",
            "hippocampus.raw",
        ),
    ],
)
def test_configuration_that_cannot_be_read_is_named(refused, environment, file, text, message):
    name = environment(file, text)
    assert message in refused("--env", name, *ONE_RAT_COMMAND)


def test_a_file_where_results_belong_is_named(finished, tmp_path):
    other = shutil.copytree(finished, tmp_path / "other")
    shutil.rmtree(other / "data/08_reporting")
    (other / "data/08_reporting").write_text("mine")
    result = run_command(other, "--env", "test", *ONE_RAT_COMMAND)
    assert result.exit_code == 1
    assert result.stderr == (
        f"Error: {other}/data/08_reporting is a file, but results need a folder of this name; "
        "move the file away\n"
    )
    assert (other / "data/08_reporting").read_text() == "mine"


def test_a_folder_without_write_permission_is_named(refused, finished):
    folder = finished / "data/08_reporting"
    folder.chmod(0o500)
    try:
        if os.access(folder, os.W_OK):
            pytest.skip("this user, e.g. root, may write everywhere")
        assert f"chmod u+rwx {folder}" in refused("--env", "test", *ONE_RAT_COMMAND)
    finally:
        folder.chmod(0o700)


@pytest.mark.parametrize("module", [["kedro", "run"], ["cebra_kedro"]], ids=["kedro", "package"])
def test_both_commands_show_one_line_and_no_traceback(finished, module):
    done = subprocess.run(
        [sys.executable, "-m", *module, "--env", "test", "--params", "rat=1"],
        cwd=finished,
        env=os.environ | {"KEDRO_DISABLE_TELEMETRY": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "Error: unknown parameter rat. Correct conf/*/parameters*.yml or --params\n"
    )


@pytest.fixture
def mine(project) -> Path:
    """A project with two experiments of the user's own, one of which is described wrongly."""
    description = {
        "sessions": ["monday"],
        "source": "recording",
        "split": {"by": "block"},
        "training": {"steps": 3, "encoder": {"architecture": "offset1-model"}},
        "encoders": {"time": {"pairs": {"law": "time", "time_offset_bins": 3}}},
    }
    wrong = description | {"encodres": {}}
    text = yaml.safe_dump({"mine": description, "wrong": wrong}, sort_keys=False)
    (project / "conf/local/parameters_mine.yml").write_text(text)
    return project


def test_a_wrong_description_is_logged_and_leaves_the_other_pipelines(mine, monkeypatch, caplog):
    monkeypatch.chdir(mine)
    monkeypatch.setenv("KEDRO_ENV", "test")
    with caplog.at_level(logging.ERROR, "cebra_kedro"):
        pipelines = register_pipelines()
    assert {"mine", "hippocampus", "synthetic", "training", "__default__"} <= set(pipelines)
    assert "wrong" not in pipelines
    (message,) = caplog.messages
    file = f"{mine}/conf/local/parameters_mine.yml"
    assert message == (
        f"unknown parameter wrong.encodres (did you mean encoders?). Correct {file} or --params"
    )


def test_a_wrong_description_leaves_the_list_of_pipelines(mine):
    listed = yaml.safe_load(kedro("registry", "list", project=mine))
    assert {"mine", "hippocampus", "__default__"} <= set(listed)
    assert "wrong" not in listed


def test_a_run_of_what_is_described_wrongly_is_refused_and_others_run(mine):
    result = run_command(mine, "--env", "test", "--pipelines", "wrong")
    assert (result.exit_code, result.stdout) == (1, "")
    *_, said = result.stderr.splitlines()
    assert said == (
        "Error: unknown parameter wrong.encodres (did you mean encoders?). "
        f"Correct {mine}/conf/local/parameters_mine.yml or --params"
    )
    assert not (mine / "data").exists()
    run_session(mine, namespaces=["ingestion.hippocampus"], params=ONE_RAT["params"])
    assert manifest(mine)["status"] == "finished"
    assert "wrong" not in manifest(mine)["parameters"]


def test_an_experiment_without_an_entry_for_its_sessions_is_told_where_to_say_it(mine):
    result = run_command(mine, "--env", "test", "--pipelines", "mine")
    assert result.exit_code == 1
    *_, said = result.stderr.splitlines()
    assert "the catalog has no entry mine.raw" in said
    assert "conf/local/catalog_mine.yml" in said
