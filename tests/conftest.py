"""Projects that have run, shared by all tests that look at what a run leaves."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from kedro_project import ONE_RAT, contents, copy_project, run_command, run_session


@pytest.fixture
def project(tmp_path) -> Path:
    """A project in which nothing has run."""
    return copy_project(tmp_path)


@pytest.fixture(scope="session")
def one_rat(tmp_path_factory) -> Path:
    """A project in which rat buddy has run; to be read only."""
    project = copy_project(tmp_path_factory.mktemp("one_rat"))
    run_session(project, **ONE_RAT)
    return project


@pytest.fixture(scope="session")
def all_rats(tmp_path_factory) -> Path:
    """A project in which all rats have run; to be read only."""
    project = copy_project(tmp_path_factory.mktemp("all_rats"))
    run_session(project, pipeline_names=["hippocampus"])
    return project


@pytest.fixture
def copied(one_rat, tmp_path) -> Path:
    """A copy of the project in which rat buddy has run, to run in again."""
    return shutil.copytree(one_rat, tmp_path / "copied")


@pytest.fixture(scope="session")
def finished(one_rat, tmp_path_factory) -> Path:
    """A project with results, for runs that are refused: they must leave everything as it is."""
    return shutil.copytree(one_rat, tmp_path_factory.mktemp("finished") / "project")


@pytest.fixture
def refused(finished):
    """Runs a command that must fail; returns what it says, which must be one line."""

    def run(*arguments: str, started: bool = False) -> str:
        before = contents(finished / "data")
        result = run_command(finished, *arguments)
        after = contents(finished / "data")
        if started:  # a run that began says in its manifest how it ended
            manifest = "08_reporting/run_manifest.json"
            assert before.pop(manifest) != after.pop(manifest)
            (log,) = [name for name in after if name.startswith("logs/") and name not in before]
            assert b"Traceback" in after.pop(log)
        assert after == before
        assert result.exit_code == 1
        assert result.stdout == ""
        assert result.stderr.count("\n") == 1
        assert result.stderr.startswith("Error: ")
        assert "Traceback" not in result.stderr
        said = result.stderr.removeprefix("Error: ").rstrip()
        return said.removesuffix(f" (log: data/{log})") if started else said

    return run


@pytest.fixture
def environment(finished, tmp_path):
    """Writes an environment of the user's, with the small parameters of the tests."""
    folder = finished / "conf" / tmp_path.name

    def write(name: str, content: dict | str) -> str:
        folder.mkdir(exist_ok=True)
        shutil.copy(finished / "conf/test/parameters_hippocampus.yml", folder)
        text = content if isinstance(content, str) else yaml.safe_dump(content)
        (folder / name).write_text(text)
        return folder.name

    yield write
    shutil.rmtree(folder, ignore_errors=True)
