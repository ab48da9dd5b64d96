"""``kedro run`` alone: a part of each experiment, from end to end; the rest goes on from it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from cebra_kedro.configuration import configuration
from cebra_kedro.experiment import Descriptions
from kedro_project import PROJECT, manifest, reporting, run_command

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(default_run, tmp_path_factory) -> Path:
    return shutil.copytree(default_run, tmp_path_factory.mktemp("default") / "project")


@pytest.fixture(scope="module")
def parts():
    found = Descriptions.of(configuration(PROJECT / "conf", "test")["parameters"]).experiments
    return {name: one.for_default_run() for name, one in found.items() if one.default_run}


def test_tables_have_the_sessions_and_variants_of_the_part(project, parts):
    assert set(parts) == {"allen_decoding", "hippocampus", "monkey_reaching", "synthetic"}
    for name, part in parts.items():
        table = pd.read_csv(reporting(project) / name / "metrics.csv")
        assert list(table["subject"].unique()) == list(part.sessions), name
        scored = {readout.name for readout in part.readouts}
        decoded = table[~table["decoder"].isin(["none"]) & table["decoder"].notna()]
        assert set(decoded["variant"]) == scored, name


def test_the_manifest_says_what_was_done_not_what_could_have_been(project, parts):
    recorded = manifest(project)["parameters"]
    for name, part in parts.items():
        assert tuple(recorded[name]["sessions"]) == part.sessions
        assert set(recorded[name]["encoders"]) == set(part.encoders)


def test_stages_of_the_part_can_run_again(project):
    result = run_command(project, "--env", "test", "--namespaces", "decoding.hippocampus")
    assert result.exit_code == 0, result.output


def test_the_whole_experiment_keeps_the_encoders_of_its_part(project, parts):
    folder = project / "data/06_models/hippocampus/position/buddy"
    before = {file.name: file.stat().st_mtime_ns for file in folder.glob("*.pt")}
    assert before
    command = ("--env", "test", "--pipelines", "hippocampus")
    result = run_command(project, *command, "--namespaces", "ingestion.hippocampus")
    assert result.exit_code == 0, result.output
    result = run_command(project, *command, "--namespaces", "training.hippocampus.position")
    assert result.exit_code == 0, result.output
    assert {file.name: file.stat().st_mtime_ns for file in folder.glob("*.pt")} == before
    sessions = {file.name for file in folder.parent.iterdir() if file.is_dir()}
    assert sessions > set(parts["hippocampus"].sessions)


def test_a_namespace_outside_the_part_is_refused_with_the_remedy(project):
    result = run_command(project, "--env", "test", "--namespaces", "training.hippocampus.hybrid")
    assert result.exit_code == 1
    assert "add --pipelines everything" in result.output
    other = ("--namespaces", "training.hippocampus.hybrd")
    assert "did you mean" in run_command(project, "--env", "test", *other).output
