"""``kedro run``, with an error that is the user's to mend shown as one line, not as a traceback."""

from __future__ import annotations

import copy
import functools
import logging
from collections.abc import Callable
from typing import Any

import click
from kedro.framework.cli.project import run as kedro_run
from kedro.io.core import DatasetError
from kedro.validation.exceptions import ParameterValidationError

logger = logging.getLogger(__name__)


def _one_line_errors(callback: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(callback)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return callback(*args, **kwargs)
        except KeyboardInterrupt:
            raise click.ClickException(
                "interrupted; finished encoders are kept, and the same command goes on from there"
            ) from None
        except (DatasetError, ParameterValidationError, OSError, ValueError, RuntimeError) as error:
            logger.debug("the run failed", exc_info=True)
            raise click.ClickException(_message(error)) from error

    return wrapped


def _message(error: BaseException) -> str:
    """The message; for errors that do not name themselves, with their type."""
    text = " ".join(str(error).split())
    return text or type(error).__name__


@click.group(name="cebra-kedro")
def cli() -> None:
    """Commands of this project."""


run: click.Command = copy.copy(kedro_run)
run.callback = _one_line_errors(kedro_run.callback)
cli.add_command(run)
