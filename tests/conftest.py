"""Projects that have run, shared by all tests that look at what a run leaves."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from filelock import FileLock
from hypothesis import settings

from kedro_project import ONE_RAT, contents, copy_project, run_command, run_session

settings.register_profile("untimed", deadline=None)  # machines are busy at times
settings.load_profile("untimed")


@pytest.fixture
def project(tmp_path) -> Path:
    """A project in which nothing has run."""
    return copy_project(tmp_path)


@pytest.fixture(scope="session")
def one_rat(tmp_path_factory) -> Path:
    """A project in which rat buddy has run; to be read only."""
    return shared_run(tmp_path_factory, "one_rat", **ONE_RAT)


@pytest.fixture(scope="session")
def all_rats(tmp_path_factory) -> Path:
    """A project in which all rats have run; to be read only."""
    return shared_run(tmp_path_factory, "all_rats", pipeline_names=["hippocampus"])


@pytest.fixture(scope="session")
def default_run(tmp_path_factory) -> Path:
    """A project in which what ``kedro run`` alone does has run; to be read only."""
    return shared_run(tmp_path_factory, "default_run")


def shared_run(factory: pytest.TempPathFactory, name: str, **run: Any) -> Path:
    """A project in which something has run: once, for all processes that test side by side."""
    root = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    project, finished = root / name, root / f"{name}.finished"
    with FileLock(root / f"{name}.lock"):
        if not finished.exists():
            shutil.rmtree(project, ignore_errors=True)
            project.mkdir()
            run_session(copy_project(project), **run)
            finished.touch()
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
            after_manifest = after.pop(manifest)
            assert before.pop(manifest) != after_manifest
            new = [name for name in after if name.startswith("logs/") and name not in before]
            kept, log = sorted(new, key=lambda name: name.endswith(".log"))
            assert after.pop(kept) == after_manifest
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
