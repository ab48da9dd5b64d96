"""``kedro run``, with an error that is the user's to mend shown as one line, not as a traceback."""

from __future__ import annotations

import copy
import functools
import logging
import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import click
from kedro.config import MissingConfigException
from kedro.framework import project
from kedro.framework.cli.project import run as kedro_run
from kedro.io.core import DatasetError
from kedro.validation.exceptions import ParameterValidationError
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
        from cebra_kedro.run.checks import check_environment, check_names
        from cebra_kedro.run.go_on import HowToGoOn
        from cebra_kedro.run.log_file import file_only
        from cebra_kedro.run.manifest import one_line
        from cebra_kedro.run.progress import close_progress

        try:
            if kwargs["env"]:  # where Kedro, and the registry, look for the environment
                os.environ["KEDRO_ENV"] = kwargs["env"]
            check_environment(conf_folder(), os.environ.get("KEDRO_ENV") or None)
            names = [*kwargs["pipelines"], *filter(None, [kwargs["pipeline"]])]
            pipelines = dict(project.pipelines)
            problems = {} if set(names) <= set(pipelines) else read_descriptions().problems
            check_names(pipelines, names, kwargs["namespaces"], problems)
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


@click.group(name="cebra-kedro")
def cli() -> None:
    """Commands of this project."""


run: click.Command = copy.copy(kedro_run)
run.params = [
    *kedro_run.params,
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
    from cebra_kedro.run.manifest import one_line

    try:
        draft(files, name, Path.cwd())
    except _USERS_TO_MEND as error:
        raise click.ClickException(one_line(error)) from error


def main() -> None:
    """The same commands as ``kedro``'s own, as ``cebra-kedro``."""
    cli()
