"""The command line: what the user can mend is one line, what he cannot shows its traceback."""

import multiprocessing
import os
import time

import click
import pytest
from click.testing import CliRunner
from kedro.config import MissingConfigException
from kedro.framework.cli.project import run as kedro_run
from kedro.io import DatasetError
from kedro.pipeline import Pipeline
from kedro.validation.exceptions import ParameterValidationError
from yaml import YAMLError

from cebra_kedro import cli as room
from cebra_kedro import pipeline_registry as registry
from cebra_kedro.experiment import Descriptions
from cebra_kedro.progress import someone_listens
from cebra_kedro.run.go_on import HowToGoOn
from cebra_kedro.run.progress import RunProgress
from cebra_kedro.run.work import Expected


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    """Two pipelines, and a description that is wrong; the environment is put back afterwards."""
    monkeypatch.setattr(room.project, "pipelines", {"rats": Pipeline([]), "areas": Pipeline([])})
    # processes of other tests are none of this command
    monkeypatch.setattr(room.multiprocessing, "active_children", lambda: [])
    problems = {"mice": "unknown parameter mice.figurs. Correct conf/local/parameters.yml"}
    monkeypatch.setattr(registry, "read_descriptions", lambda: Descriptions({}, problems))
    monkeypatch.setenv("KEDRO_ENV", "")


def command(error=None, arguments=(), asked=None):
    """The project's command, whose work is done by a stand-in that notes what it is asked for."""

    def work(**options):
        if error is not None:
            raise error
        if asked is not None:
            asked.update(options)
        click.echo("done")

    stand_in = click.Command("run", params=room.run.params, callback=room._one_line_errors(work))
    return CliRunner().invoke(stand_in, arguments)


def asked_for(*arguments):
    """What Kedro is asked for."""
    asked = {}
    result = command(arguments=arguments, asked=asked)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "done\n", "")
    return asked


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("rats.training.seeds=[0,1],only_sessions=ann", ([0, 1], "ann")),
        ("rats.training.seeds=[[0, 1], {a: 2}]", ([[0, 1], {"a": 2}], None)),
        ("rats.training.seeds=1e-3, only_sessions=null", (0.001, None)),
    ],
)
def test_parameters_may_be_lists(said, found):
    params = asked_for("--params", said)["params"]
    assert (params["rats"]["training"]["seeds"], params.get("only_sessions")) == found


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("rats.training.seeds=[0", "--params rats.training.seeds: '[0' cannot be read; a list is"),
        ("rats.training.seeds.0=5", "a member of a list cannot be set by itself; give the whole"),
        ("rats.training.seeds[0]=5", "(rats.training.seeds=[…]), or write it into conf/local/par"),
        ("rats.training.steps", "takes name=value, e.g. hippocampus.training.steps=50, got 'rat"),
    ],
)
def test_parameters_that_cannot_be_read_are_named(said, message):
    result = command(arguments=["--params", said])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: --params")
    assert result.stderr.count("\n") == 1
    assert message in result.stderr


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
    error.add_note("in ingestion.hippocampus.split")
    assert command(error).stderr == "Error: too few trials (in ingestion.hippocampus.split)\n"


def test_the_place_where_a_cause_was_raised_is_named_once():
    cause, error = ValueError("too few bins"), DatasetError("rats.models: too few bins")
    cause.add_note("in rats ann/fold0_seed0")
    error.__cause__ = middle = DatasetError("too few bins")
    middle.__cause__ = cause
    middle.add_note("in rats ann/fold0_seed0")
    assert command(error).stderr == ("Error: rats.models: too few bins (in rats ann/fold0_seed0)\n")


def test_how_to_go_on_is_a_line_of_its_own():
    error = ValueError("too few trials")
    error.add_note("in decoding.rats.score")
    error.add_note("log: data/logs/a.log")
    error.add_note(HowToGoOn("Go on with: kedro run --from-nodes=decoding.rats.score"))
    assert command(error).stderr == (
        "Error: too few trials (in decoding.rats.score) (log: data/logs/a.log)\n"
        "Go on with: kedro run --from-nodes=decoding.rats.score\n"
    )


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("no"), TypeError("a bug")])
def test_however_a_run_ends_its_progress_is_closed(error, monkeypatch):
    progress = RunProgress(Expected({"train": 1.0}))
    assert someone_listens()
    command(error)
    assert not someone_listens()
    progress.close()


def test_an_error_without_words_is_named_by_its_type():
    assert command(RuntimeError()).stderr == "Error: RuntimeError\n"


def test_an_interruption_says_how_to_go_on():
    result = command(KeyboardInterrupt())
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: interrupted; finished encoders are kept, and the same command goes on from there\n"
    )


def test_an_interruption_leaves_no_process_behind(monkeypatch):
    """One that would be waited for when this process ends."""
    child = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(600,))
    child.start()
    monkeypatch.setattr(room.multiprocessing, "active_children", lambda: [child])
    command(KeyboardInterrupt())
    child.join(10)
    assert child.exitcode is not None


@pytest.mark.parametrize("error", [TypeError("a bug"), AttributeError("a bug"), KeyError("a bug")])
def test_a_defect_is_not_dressed_up_as_an_error_of_the_user(error):
    assert command(error).exception is error


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("buddy", ["buddy"]),
        ("buddy,cicero", ["buddy", "cicero"]),
        (" buddy , cicero, ", ["buddy", "cicero"]),
    ],
)
def test_sessions_are_names_between_commas(text, names):
    assert asked_for("--sessions", text)["params"] == {"only_sessions": names}
    assert asked_for(f"--sessions={text}")["params"] == {"only_sessions": names}


def test_without_sessions_nothing_is_asked_for():
    asked = asked_for()
    assert asked.keys() == {option.name for option in kedro_run.params}
    assert not asked["params"]


def test_sessions_and_parameters_go_together():
    asked = asked_for("--params", "rats.training.steps=3", "--sessions", "buddy")
    assert asked["params"] == {"rats": {"training": {"steps": 3}}, "only_sessions": ["buddy"]}
    assert asked_for("--params", "a=1")["params"] == {"a": 1}


@pytest.mark.parametrize("text", ["", ",", " , "])
def test_an_option_without_any_name_is_refused(text):
    result = command(arguments=["--sessions", text])
    assert result.exit_code == 2
    assert "--sessions" in result.stderr
    assert "name sessions between commas, e.g. buddy,cicero" in result.stderr


def test_the_environment_is_left_where_the_registry_looks_for_it():
    asked_for()
    assert os.environ["KEDRO_ENV"] == ""
    assert asked_for("--env", "test")["env"] == "test"
    assert os.environ["KEDRO_ENV"] == "test"


def test_an_unknown_environment_is_answered_with_those_there_are(tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "conf_folder", lambda: tmp_path)
    for name in ("base", "test", "local"):
        (tmp_path / name).mkdir()
    result = command(arguments=["--env", "tset"])
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: there is no environment tset ")
    assert result.stderr.endswith("choose base or local or test\n")
    asked_for("--env", "test")


def test_an_unknown_pipeline_is_answered_with_one_that_is_alike():
    result = command(arguments=["--pipelines", "areas,rat"])
    assert result.exit_code == 1
    assert result.stderr == "Error: there is no pipeline rat; did you mean rats?\n"
    assert command(arguments=["--pipeline", "rat"]).stderr == result.stderr


def test_a_pipeline_whose_description_is_wrong_is_answered_with_what_is_wrong():
    result = command(arguments=["--pipelines", "mice"])
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: unknown parameter mice.figurs. Correct conf/local/parameters.yml\n"
    )
    asked_for("--pipelines", "rats,areas")


def test_kedro_s_own_command_stays_as_it_is_and_its_options_are_ours():
    assert room.cli.commands["run"] is room.run
    assert room.run.callback.__wrapped__ is kedro_run.callback
    *of_kedro, sessions = room.run.params
    assert [option.opts for option in of_kedro] == [option.opts for option in kedro_run.params]
    changed = [one.name for one in of_kedro if one not in kedro_run.params]
    assert changed == ["config", "params"]
    assert sessions.name == "sessions"
    assert "sessions" not in [option.name for option in kedro_run.params]


def test_help_is_kedro_s_and_tells_of_sessions():
    result = CliRunner().invoke(room.run, ["--help"])
    assert result.exit_code == 0
    assert "--namespaces" in result.stdout
    assert "--sessions" in result.stdout
