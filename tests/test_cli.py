"""The command line: what the user can mend is one line, what he cannot shows its traceback."""

import click
import pytest
from click.testing import CliRunner
from kedro.config import MissingConfigException
from kedro.framework.cli.project import run as kedro_run
from kedro.io import DatasetError
from kedro.validation.exceptions import ParameterValidationError
from yaml import YAMLError

from cebra_kedro import cli as room


def command(error=None):
    """``kedro run`` whose work is done by a stand-in."""

    def work(**_):
        if error is not None:
            raise error
        click.echo("done")

    stand_in = click.Command("run", params=kedro_run.params, callback=room._one_line_errors(work))
    return CliRunner().invoke(stand_in, [])


def test_what_succeeds_is_left_alone():
    result = command()
    assert (result.exit_code, result.stdout, result.stderr) == (0, "done\n", "")


@pytest.mark.parametrize(
    "error",
    [
        DatasetError("a.h5 does not exist;\n  run ingestion"),
        FileNotFoundError("a.h5 does not exist;\trun ingestion"),
        MissingConfigException("a.h5 does not exist; run ingestion\n"),
        ParameterValidationError("a.h5 does not exist;\n\nrun ingestion"),
        RuntimeError("a.h5 does not exist; run ingestion"),
        ValueError("a.h5 does not exist; run ingestion"),
        YAMLError("a.h5 does not exist; run ingestion"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_that_can_be_mended_is_one_line(error):
    result = command(error)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: a.h5 does not exist; run ingestion\n"


def test_the_node_that_failed_is_named():
    error = ValueError("too few trials")
    error.add_note("in hippocampus.buddy.split")
    assert command(error).stderr == "Error: too few trials (in hippocampus.buddy.split)\n"


def test_an_error_without_words_is_named_by_its_type():
    assert command(RuntimeError()).stderr == "Error: RuntimeError\n"


def test_an_interruption_says_how_to_go_on():
    result = command(KeyboardInterrupt())
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: interrupted; finished encoders are kept, and the same command goes on from there\n"
    )


@pytest.mark.parametrize("error", [TypeError("a bug"), AttributeError("a bug"), KeyError("a bug")])
def test_a_defect_is_not_dressed_up_as_an_error_of_the_user(error):
    assert command(error).exception is error


def test_kedro_s_own_command_stays_as_it_is_and_its_options_are_ours():
    assert room.cli.commands["run"] is room.run
    assert room.run.callback.__wrapped__ is kedro_run.callback
    assert room.run.params == kedro_run.params


def test_help_is_kedro_s():
    result = CliRunner().invoke(room.run, ["--help"])
    assert result.exit_code == 0
    assert "--namespaces" in result.stdout
