"""Copies of the project in folders of their own, run through Kedro's session in this process."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from click.testing import CliRunner, Result

from cebra_kedro.experiment.descriptions import NOT_EXPERIMENTS

PROJECT = Path(__file__).parents[1]
ONE_RAT: dict[str, Any] = {
    "pipeline_names": ["hippocampus"],
    "params": {"only_sessions": ["buddy"]},
}
"""What :func:`run_session` takes to run rat buddy."""
ONE_RAT_COMMAND = ("--pipelines", "hippocampus", "--sessions", "buddy")
"""The same for the command line."""


def copy_project(folder: Path, processes: int = 1) -> Path:
    """A project without data and without the developer's own settings.

    Args:
        folder: where it is made.
        processes: of its runs with small parameters. Tests run side by side, so that one is enough
            for most; each other imports torch anew.
    """
    shutil.copytree(PROJECT / "conf", folder / "conf", ignore=_own_settings)
    for file in (folder / "conf/test").glob("parameters_*.yml"):
        file.write_text(file.read_text().replace("processes: 2", f"processes: {processes}"))
    shutil.copy(PROJECT / "pyproject.toml", folder)
    (folder / "src").mkdir()  # Kedro wants it; the package itself is the installed one
    return folder


def run_session(project: Path, env: str = "test", params: dict | None = None, **run: Any) -> None:
    """``kedro run`` in a project, through the session; errors are raised."""
    from kedro.framework.session import KedroSession

    with (
        _bootstrapped(project),
        KedroSession.create(project_path=project, env=env, runtime_params=params) as session,
    ):
        session.run(**run)


def run_command(project: Path, *arguments: str) -> Result:
    """``kedro run`` in a project through the command line, in this process."""
    from cebra_kedro.cli import run

    with _bootstrapped(project):
        return CliRunner().invoke(run, arguments)


def base_parameters() -> dict[str, Any]:
    """What ``conf/base/parameters*.yml`` say."""
    files = sorted((PROJECT / "conf" / "base").glob("parameters*.yml"))
    return {key: block for file in files for key, block in yaml.safe_load(file.read_text()).items()}


def shipped_experiments() -> dict[str, dict[str, Any]]:
    """The descriptions among them."""
    return {
        name: block
        for name, block in base_parameters().items()
        if not name.startswith("_") and name not in NOT_EXPERIMENTS
    }


def contents(folder: Path, pattern: str = "*") -> dict[str, bytes]:
    """Relative path → bytes of every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob(pattern))
        if path.is_file()
    }


def reporting(project: Path) -> Path:
    """The reporting folder of a project."""
    return project / "data" / "08_reporting"


def manifest(project: Path) -> dict[str, Any]:
    """The manifest of the latest run."""
    return json.loads((reporting(project) / "run_manifest.json").read_text())


def provenance(project: Path) -> dict[str, dict[str, Any]]:
    """What is known about each file, by its path relative to the reporting folder."""
    return json.loads((reporting(project) / "provenance.json").read_text())


@contextmanager
def _bootstrapped(project: Path) -> Iterator[None]:
    """Kedro set up for a project; the folder and search paths are put back afterwards."""
    from kedro.framework.startup import bootstrap_project

    before = Path.cwd(), sys.path[:], os.environ.copy()
    try:
        os.environ["KEDRO_DISABLE_TELEMETRY"] = "true"
        os.environ.pop("KEDRO_ENV", None)
        os.chdir(project)
        bootstrap_project(project)
        yield
    finally:
        os.chdir(before[0])
        sys.path[:] = before[1]
        os.environ.clear()
        os.environ.update(before[2])


def _own_settings(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if Path(folder).name == "local" and name != ".gitkeep"]
