"""Projects that have run, shared by all tests that look at what a run leaves."""

from __future__ import annotations

from pathlib import Path

import pytest
from kedro_project import RAT, copy_project, run_session


@pytest.fixture
def project(tmp_path) -> Path:
    """A project in which nothing has run."""
    return copy_project(tmp_path)


@pytest.fixture(scope="session")
def one_rat(tmp_path_factory) -> Path:
    """A project in which rat buddy has run; to be read only."""
    project = copy_project(tmp_path_factory.mktemp("one_rat"))
    run_session(project, namespaces=[RAT])
    return project


@pytest.fixture(scope="session")
def all_rats(tmp_path_factory) -> Path:
    """A project in which the default pipeline has run; to be read only."""
    project = copy_project(tmp_path_factory.mktemp("all_rats"))
    run_session(project)
    return project
