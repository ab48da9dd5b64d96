"""Settings, names and folders that a run cannot use are answered on one line before it begins."""

import os
import shutil
import subprocess
import sys

import pytest

from kedro_project import ONE_RAT_COMMAND, run_command


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ("hippocampus.training.stesp=3", "unknown parameter hippocampus.training.stesp"),
        ("hippocampus.training.steps=0", "hippocampus.training.steps should be greater than"),
        ("hippocampus.training.seeds=1", "hippocampus.training.seeds should be a valid"),
        ("rat=1", "unknown parameter rat"),
    ],
)
def test_wrong_parameters_stop_the_run_before_it_begins(refused, params, message):
    said = refused("--env", "test", *ONE_RAT_COMMAND, "--params", params)
    assert message in said
    assert said.endswith("Correct conf/*/parameters*.yml or --params")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--env", "tset"], "there is no environment tset"),
        (["--env", "test", "--pipelines", "hipocampus"], "did you mean hippocampus?"),
        (["--env", "test", "--namespaces", "hippocampus.budy"], "did you mean hippocampus.buddy"),
    ],
)
def test_wrong_names_are_answered_with_those_there_are(refused, arguments, message):
    assert message in refused(*arguments)


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
