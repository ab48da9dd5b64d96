"""``kedro run``, with an error that is the user's to mend shown as one line, not as a traceback."""

from __future__ import annotations

import contextlib
import copy
import functools
import logging
import multiprocessing
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import click
from kedro.config import MissingConfigException
from kedro.framework import project
from kedro.framework.cli.project import run as kedro_run
from kedro.io import CatalogProtocol
from kedro.io.core import DatasetError
from kedro.pipeline import Pipeline
from kedro.validation.exceptions import ParameterValidationError
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from cebra_kedro.store import NoEntryError

logger = logging.getLogger(__name__)

_USERS_TO_MEND = (
    DatasetError,
    MissingConfigException,
    NoEntryError,
    OmegaConfBaseException,
    OSError,
    ParameterValidationError,
    RuntimeError,
    ValueError,
    YAMLError,
)
"""The traceback of a run that has begun stands in its log; other errors show theirs."""


def _one_line_errors(callback: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(callback)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        from cebra_kedro.pipeline_registry import conf_folder, read_descriptions
        from cebra_kedro.run.checks import check_environment, check_names, check_project_path
        from cebra_kedro.run.go_on import HowToGoOn
        from cebra_kedro.run.log_file import file_only
        from cebra_kedro.run.manifest import one_line
        from cebra_kedro.run.progress import close_progress
        from cebra_kedro.run.selection import check_runner, check_selection

        try:
            check_project_path(Path.cwd())
            if kwargs["env"]:  # where Kedro, and the registry, look for the environment
                os.environ["KEDRO_ENV"] = kwargs["env"]
            check_environment(conf_folder(), os.environ.get("KEDRO_ENV") or None)
            names = [*kwargs["pipelines"], *filter(None, [kwargs["pipeline"]])]
            pipelines = dict(project.pipelines)
            problems = {} if set(names) <= set(pipelines) else read_descriptions().problems
            check_names(pipelines, names, kwargs["namespaces"], problems)
            check_selection(pipelines, names, kwargs)
            check_runner(kwargs["runner"], kwargs["runner_params"] or {})
            if sessions := kwargs.pop("sessions", None):
                kwargs["params"] = {**(kwargs["params"] or {}), "only_sessions": sessions}
            return callback(*args, **kwargs)
        except KeyboardInterrupt:
            close_progress()
            file_only.info("interrupted")
            # One that the pool no longer knows would be waited for when this process ends.
            for child in multiprocessing.active_children():
                child.kill()
            raise click.ClickException(
                "interrupted; finished encoders are kept, and the same command goes on from there"
            ) from None
        except _USERS_TO_MEND as error:
            logger.debug("the run failed", exc_info=True)
            notes = getattr(error, "__notes__", ())
            go_on = [str(note) for note in notes if isinstance(note, HowToGoOn)]
            raise click.ClickException("\n".join([one_line(error), *go_on])) from error
        finally:
            close_progress()

    return wrapped


def _names(_: click.Context, __: click.Parameter, value: str | None) -> list[str] | None:
    """Names between commas."""
    if value is None:
        return None
    names = [name.strip() for name in value.split(",") if name.strip()]
    if not names:
        raise click.BadParameter("name sessions between commas, e.g. buddy,cicero")
    return names


def _parameters(_: click.Context, __: click.Parameter, value: Any) -> Any:
    """What ``--params`` says, as Kedro reads it; lists may have commas.

    Raises:
        ClickException: names the parameter, what came, and what to do.
    """
    if not isinstance(value, str):
        return value
    found = OmegaConf.create()
    for item in _between_commas(value):
        name, equals, text = (part.strip() for part in item.partition("="))
        where = f"conf/local/parameters_{name.partition('.')[0]}.yml"
        if not (name and equals):
            raise click.ClickException(
                f"--params takes name=value, e.g. hippocampus.training.steps=50, got {item!r}"
            )
        if re.search(r"\.\d+(\.|$)|\[", name):
            whole = re.split(r"\.\d+|\[", name)[0]
            raise click.ClickException(
                f"--params {item}: a member of a list cannot be set by itself; give the whole "
                f"list ({whole}=[…]), or write it into {where}"
            )
        try:
            found.merge_with(OmegaConf.from_dotlist([f"{name}={text}"]))
        except (OmegaConfBaseException, YAMLError) as error:
            raise click.ClickException(
                f"--params {name}: {text!r} cannot be read; a list is written {name}=[0,1], in "
                f"quotes on a shell; or write it into {where}"
            ) from error
    return OmegaConf.to_container(found)


def _between_commas(text: str) -> list[str]:
    """The parts between commas that do not stand in brackets."""
    depth, parts = 0, [""]
    for letter in text:
        depth += (letter in "[{") - (letter in "]}")
        if letter == "," and depth <= 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


@click.group(name="cebra-kedro")
def cli() -> None:
    """Commands of this project."""


def _config_file(context: click.Context, _: click.Parameter, value: str | None) -> str | None:
    """Options from the file of ``--config``; those of the command line come before them."""
    from cebra_kedro.run.config_file import read_config_file
    from cebra_kedro.run.manifest import one_line

    if value:
        options = [option.name for option in run.params if option.name not in (None, "config")]
        try:
            given = read_config_file(Path(value), [*filter(None, options)])
        except ValueError as error:
            raise click.ClickException(one_line(error)) from error
        context.default_map = {**(context.default_map or {}), **given}
    return value


_READ_BY_US = {"params": _parameters, "config": _config_file}


def _with_our_reading(option: click.Parameter) -> click.Parameter:
    """An option of Kedro's, with our own reading of what it says if we have one."""
    if option.name not in _READ_BY_US:
        return option
    ours = copy.copy(option)
    ours.callback = _READ_BY_US[option.name]
    return ours


run: click.Command = copy.copy(kedro_run)
run.params = [
    *(_with_our_reading(option) for option in kedro_run.params),
    click.Option(
        ["--sessions"],
        callback=_names,
        help="Work on these sessions only, e.g. buddy,cicero; results of others stay as they are.",
    ),
]
run.callback = _one_line_errors(cast("Callable[..., Any]", kedro_run.callback))
cli.add_command(run)


@cli.command("new-recording")
@click.argument("files", nargs=-1, required=True)
@click.option("--name", help="Name of the experiment; that of the first file if not given.")
def new_recording(files: tuple[str, ...], name: str | None) -> None:
    """Look into FILES (or URLs) of a recording and draft the description of an experiment.

    Files of one kind that hold the same names are sessions, others parts of one session. Two files
    are written to conf/local, in which every guess is marked; none is overwritten.
    """
    from cebra_kedro.draft import draft
    from cebra_kedro.experiment.descriptions import RESERVED
    from cebra_kedro.run.manifest import one_line

    try:
        draft(files, name, Path.cwd(), RESERVED)
    except _USERS_TO_MEND as error:
        raise click.ClickException(one_line(error)) from error


_RUN_OPTIONS = [
    click.option("--pipelines", default="__default__", help="As of kedro run."),
    click.option("--env", "-e", help="As of kedro run."),
    click.option("--sessions", help="As of kedro run."),
]


def _of_a_run(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say which run is meant."""
    for option in reversed(_RUN_OPTIONS):
        command = option(command)
    return command


@cli.command("slurm")
@_of_a_run
@click.option("--tasks", default=16, show_default=True, type=click.IntRange(1), help="Of an array.")
@click.option("--sbatch", default="", help='Options of sbatch: "--time=02:00:00 --mem=4G".')
@click.option("--submit", is_flag=True, help="Submit the jobs, too.")
def slurm(
    pipelines: str, env: str | None, sessions: str | None, tasks: int, sbatch: str, submit: bool
) -> None:
    """Write jobs of SLURM that do a run: array jobs over its trainings, decodings and sweeps.

    The folder of the project must be one that all nodes see. Nothing waits for the jobs; `status`
    says how far they are.
    """
    from cebra_kedro.run.slurm import phases_of, write_scripts

    with _project_of_run(pipelines, env) as (pipeline, _):
        asked = {"--pipelines": pipelines, "--env": env, "--sessions": sessions}
        if pipelines == "__default__":
            del asked["--pipelines"]
        command = [sys.executable, "-m", "kedro", "run"]
        command += [f"{option}={value}" for option, value in asked.items() if value is not None]
        folder = Path.cwd() / "data" / "slurm" / pipelines.replace(",", "+").strip("_")
        phases = phases_of(pipeline)
        script = write_scripts(folder, phases, command, n_tasks=tasks, options=shlex.split(sbatch))
    click.echo(f"{len(phases)} jobs: {', '.join(phase.name for phase in phases)}")
    if not submit:
        click.echo(f"Submit them with {script}")
    elif code := subprocess.run([script], check=False).returncode:
        raise click.ClickException(f"{script} failed with exit code {code}")


@cli.command("status")
@_of_a_run
def status(pipelines: str, env: str | None, sessions: str | None) -> None:
    """Say how much of a run is done, by its files: also while jobs are at it."""
    from cebra_kedro.run.status import status_of

    with _project_of_run(pipelines, env, sessions) as (pipeline, catalog):
        found = list(status_of(pipeline, catalog))
    width = max((len(one.name) for one in found), default=0)
    for one in found:
        click.echo(f"{one.name:{width}}  {one}")


@contextlib.contextmanager
def _project_of_run(
    pipelines: str, env: str | None, sessions: str | None = None
) -> Iterator[tuple[Pipeline, CatalogProtocol]]:
    """The pipeline of a run, and its catalog."""
    from kedro.framework.session import KedroSession
    from kedro.framework.startup import bootstrap_project

    from cebra_kedro.run.checks import check_names
    from cebra_kedro.run.manifest import one_line

    logging.getLogger("kedro").setLevel(logging.WARNING)
    try:
        if env:
            os.environ["KEDRO_ENV"] = env
        bootstrap_project(Path.cwd())
        names = pipelines.split(",")
        registered = dict(project.pipelines)
        check_names(registered, names, [])
        only = {"only_sessions": sessions} if sessions else None
        with KedroSession.create(project_path=Path.cwd(), env=env, runtime_params=only) as session:
            context = cast("KedroSession", session).load_context()
            yield Pipeline([registered[name] for name in names]), context.catalog
    except _USERS_TO_MEND as error:
        raise click.ClickException(one_line(error)) from error


def main() -> None:
    """The same commands as ``kedro``'s own, as ``cebra-kedro``."""
    cli()
