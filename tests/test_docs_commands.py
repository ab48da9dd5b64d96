"""Every command in the README and in ``docs/`` is run by a test, or said here why it is not.

A command that is new there fails ``test_every_command_is_decided`` until it has its place below.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest
import scipy.io
import yaml
from click.testing import CliRunner, Result

from cebra_kedro.cli import cli, run
from cebra_kedro.pipeline_registry import read_descriptions
from doc_pages import PAGES, commands, spoken_commands
from kedro_project import PROJECT, copy_project, reporting, run_command, shipped_experiments

# Run here as they stand, with --env test, in this order in one project, so that what is finished is
# kept from one to the next.
RUN_HERE = (
    "kedro run --pipelines everything",
    "kedro run",
    "kedro run --pipelines allen_decoding",
    "kedro run --pipelines hippocampus --sessions buddy,cicero",
    "kedro run --pipelines hippocampus --namespaces training.hippocampus.position",
    "kedro run --pipelines decoding,reporting",
    "kedro run --pipelines hippocampus --namespaces ingestion.hippocampus",
    "kedro run --pipelines hippocampus --namespaces training.hippocampus",
    "kedro run --pipelines hippocampus --namespaces decoding.hippocampus,consistency.hippocampus",
    "kedro run --pipelines hippocampus --namespaces reporting.hippocampus",
)
# Run here to the letter: nothing is trained, and published files that are missing are left out.
RUN_TO_THE_LETTER = (
    "kedro run --pipelines paper_figures --env paper",
    "kedro run --pipelines paper_figures --namespaces paper_figures.figure_1 --env paper",
)
# Run here with fewer steps than they say, since what they change is not --env test's.
RUN_SMALLER: Mapping[str, str] = MappingProxyType(
    {
        "kedro run --pipelines hippocampus --params hippocampus.training.steps=500": (
            "kedro run --pipelines hippocampus --params hippocampus.training.steps=6 "
            "--sessions buddy"
        ),
        "kedro run --pipelines rat": "kedro run --pipelines rat --params rat.training.steps=5",
    }
)
# Run by another test.
RUN_ELSEWHERE: Mapping[str, str] = MappingProxyType(
    {
        "kedro new-recording data/01_raw/rat/spikes.mat data/01_raw/rat/tracking.csv --name rat": (
            "test_docs_commands.py::test_files_of_a_lab_become_an_experiment_in_two_commands"
        ),
        "kedro registry list": (
            "test_bad_settings.py::test_a_wrong_description_leaves_the_list_of_pipelines"
        ),
        "kedro run --pipelines mine": (
            "test_docs.py::test_the_experiment_by_hand_decodes_both_labels"
        ),
        "kedro run --pipelines walk": "test_docs.py::test_the_walk_is_decoded_from_its_embedding",
        "kedro run --pipelines hippocampus": (
            "test_runs.py::test_one_encoder_of_all_rats_embeds_each_of_them"
        ),
        "kedro run --pipelines monkey_reaching": (
            "test_monkey_run.py::test_every_variant_of_every_session_is_scored_by_both_decoders"
        ),
        "kedro run --pipelines allen_decoding --sessions VISp": (
            "test_allen.py::test_every_variant_of_an_area_is_scored_by_both_decoders"
        ),
        "kedro run --pipelines allen_consistency": (
            "test_allen.py::test_consistency_compares_sessions_encoders_and_populations"
        ),
        "kedro run --pipelines synthetic": (
            "test_synthetic_run.py::test_each_set_is_scored_by_the_labels_that_it_has"
        ),
        "kedro run --pipelines synthetic --sessions poisson": (
            "test_synthetic_run.py::test_every_variant_is_scored_by_each_label_with_its_chance"
        ),
        "kedro run --env paper --pipelines linear_track": (
            "test_linear_track.py::test_the_guided_encoder_tells_its_position_best"
        ),
        "kedro run --params compute.engine=dask,compute.dask.local.workers=4": (
            "test_dask_workers.py::test_a_rat_on_local_workers_has_the_same_results"
        ),
        **dict.fromkeys(
            (
                "dask scheduler --scheduler-file /shared/scheduler.json",
                "dask worker --scheduler-file /shared/scheduler.json --nthreads 1",
                "kedro run --params "
                "compute.engine=dask,compute.dask.scheduler_file=/shared/scheduler.json",
            ),
            "test_dask_workers.py::test_a_rat_on_workers_started_by_hand_has_the_same_results",
        ),
        **dict.fromkeys(
            (
                "cebra-kedro slurm --pipelines hippocampus --tasks 16 "
                '--sbatch "--time=02:00:00 --mem=4G"',
                "data/slurm/hippocampus/submit.sh",
            ),
            "test_slurm.py::test_a_rat_by_jobs_of_slurm_has_the_same_results",
        ),
        "cebra-kedro status --pipelines hippocampus": (
            "test_slurm.py::test_status_tells_what_is_done_and_what_is_not"
        ),
        "kedro run --params mlflow.enabled=true": (
            "test_mlflow_run.py::test_every_variant_of_the_table_has_its_mean_scores"
        ),
        "kedro viz build --include-previews": (
            "test_viz.py::test_figures_and_tables_are_previewed"
        ),
    }
)
# Run by .ci/run, which every change goes through.
RUN_BY_CI = ("pip install -e .", 'pip install -e ".[test]"', "pytest -n auto")
_PUBLISHED = "fetches published recordings, or wants them placed by hand, and trains for long"
_LONG = "trains for hours on recordings of the published sizes"
NOT_RUN: Mapping[str, str] = MappingProxyType(
    {
        "kedro run --pipelines hippocampus --env paper": _PUBLISHED,
        "kedro run --pipelines hippocampus --env paper --sessions buddy": _PUBLISHED,
        "kedro run --pipelines monkey_reaching --env paper": _PUBLISHED,
        "kedro run --pipelines allen_decoding --env paper": _PUBLISHED,
        "kedro run --pipelines allen_consistency --env paper": _PUBLISHED,
        "kedro run --pipelines synthetic --env paper --sessions poisson": _PUBLISHED,
        "kedro run --pipelines monkey_reaching --env rehearsal": _LONG,
        "kedro run --pipelines allen_decoding --env rehearsal": _LONG,
        "kedro run --pipelines allen_consistency --env rehearsal": _LONG,
        "AT=https://raw.githubusercontent.com/nelpy/example-data/"
        "099548c0608ffaa92933c66346c0d96f05a18622/linear-track": "of the next command",
        "kedro new-recording $AT/spikes.mat $AT/trajectory.videoPositionTracking --name rat": (
            "fetches from the network; test_linear_track drafts from the same files"
        ),
        "export CEBRA_KEDRO_DATA=/path/to/recordings": "a placeholder; tests marked `data` set it",
        "kedro viz run --pipeline allen_decoding": (
            "opens a browser and waits; test_viz looks at the same page, built"
        ),
        "python -m http.server --bind 127.0.0.1 --directory build": (
            "serves until it is stopped; test_viz serves the same folder"
        ),
        'pip install -e ".[dask]"': "an installation; .ci/run installs it with test",
        'pip install -e ".[mlflow]"': "an installation; .ci/run installs it with test",
        "mlflow ui --backend-store-uri sqlite:///data/mlflow/mlflow.db": (
            "serves until it is stopped; test_mlflow_run reads the same store"
        ),
        'pip install -e ".[jupyter]"': "an installation; .ci/run installs it with dev",
        "kedro jupyter lab": "opens a browser and waits; test_notebooks runs the notebooks",
        "python benchmarks/training_speed.py --repeats 5": (
            "takes minutes of a machine that does nothing else"
        ),
    }
)
DECIDED = {*RUN_HERE, *RUN_TO_THE_LETTER, *RUN_SMALLER, *RUN_ELSEWHERE, *RUN_BY_CI, *NOT_RUN}


# --- whether all are decided ----------------------------------------------------------------------
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(PROJECT).as_posix())
def test_every_command_is_decided(page):
    undecided = {*commands(page)} - DECIDED
    assert not undecided, "run these in a test, or say in this file why not"


def test_no_command_is_decided_that_no_page_has():
    assert {command for page in PAGES for command in commands(page)} >= DECIDED


def test_each_command_is_decided_once():
    everything = [
        *RUN_HERE,
        *RUN_TO_THE_LETTER,
        *RUN_SMALLER,
        *RUN_ELSEWHERE,
        *RUN_BY_CI,
        *NOT_RUN,
    ]
    assert len(everything) == len(DECIDED)


@pytest.mark.parametrize("place", RUN_ELSEWHERE.values())
def test_the_tests_that_run_the_others_exist(place):
    file, name = place.split("::")
    assert f"def {name}(" in (PROJECT / "tests" / file).read_text()


@pytest.mark.parametrize("command", RUN_BY_CI)
def test_the_checks_run_what_is_left_to_them(command):
    lines = (PROJECT / ".ci" / "run").read_text().replace(" --quiet", "").splitlines()
    assert any(re.match(rf"{re.escape(command)}( |$)", line) for line in lines)


# --- commands that are run ------------------------------------------------------------------------
@pytest.fixture(scope="module")
def used(tmp_path_factory) -> tuple[Path, dict[str, Result]]:
    """A project in which every command of ``RUN_HERE`` has run, and what each gave."""
    project = copy_project(tmp_path_factory.mktemp("used"))
    leave_little(project)
    return project, {command: ran(project, command, "--env", "test") for command in RUN_HERE}


def leave_little(project: Path) -> None:
    """Every experiment with few sessions and one kind of figure; the others are drawn elsewhere."""
    for name, description in shipped_experiments().items():
        sessions = ["buddy", "cicero"] if name == "hippocampus" else description["sessions"][:1]
        figures = [*description["figures"]][:1]
        small = description | {"sessions": sessions, "figures": figures}
        small.pop("sweep", None)
        if "default_run" in small:
            small["default_run"] = {"encoders": description["default_run"]["encoders"]}
        text = yaml.safe_dump({name: small}, sort_keys=False)
        (project / f"conf/base/parameters_{name}.yml").write_text(text)
        file = project / f"conf/test/parameters_{name}.yml"
        changed = yaml.safe_load(file.read_text())[name]
        kept = {key: block for key, block in changed.items() if key not in ("sweep", "default_run")}
        file.write_text(yaml.safe_dump({name: kept}))


def ran(project: Path, command: str, *more: str) -> Result:
    program, name, *arguments = shlex.split(command)
    assert (program, name) == ("kedro", "run")
    return run_command(project, *arguments, *more)


@pytest.mark.slow
@pytest.mark.parametrize("command", RUN_HERE)
def test_commands_succeed_one_after_the_other(used, command):
    project, results = used
    assert results[command].exit_code == 0, results[command].output
    assert (reporting(project) / "report.html").is_file()


@pytest.mark.slow
def test_a_parameter_of_a_command_counts(used):
    project, _ = used
    (command,) = [command for command in RUN_SMALLER.values() if "hippocampus" in command]
    result = ran(project, command, "--env", "test")
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("command", RUN_TO_THE_LETTER)
def test_figures_of_the_paper_are_drawn_as_far_as_their_files_go(project, command, monkeypatch):
    monkeypatch.delenv("CEBRA_KEDRO_DATA", raising=False)
    result = ran(project, command)
    assert result.exit_code == 0, result.output


@pytest.mark.slow
def test_files_of_a_lab_become_an_experiment_in_two_commands(tmp_path, monkeypatch):
    project = copy_project(tmp_path)
    monkeypatch.chdir(project)
    (command,) = [command for command in RUN_ELSEWHERE if command.startswith("kedro new-")]
    _, *arguments = shlex.split(command)
    write_a_rat(project / "data" / "01_raw" / "rat")
    drafted = CliRunner().invoke(cli, arguments)
    assert drafted.exit_code == 0, drafted.output
    described = yaml.safe_load((project / "conf/local/parameters_rat.yml").read_text())["rat"]
    assert described["source"]["name"] == "signals"
    result = ran(project, RUN_SMALLER["kedro run --pipelines rat"], "--env", "test")
    assert result.exit_code == 0, result.output
    assert (reporting(project) / "rat" / "metrics.csv").is_file()


def write_a_rat(folder: Path) -> None:
    """Spike times of units that are tuned to the place, and where a camera saw the rat."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    time = 10 + np.arange(12 * 5 * 30) / 30  # s
    run, step = np.divmod(np.arange(len(time)), 5 * 30)
    way = np.clip(step / (4 * 30), 0, 1)
    place = np.where(run % 2 == 0, way, 1 - way)
    units = np.empty(12, dtype=object)
    for unit, field in enumerate(rng.random(12)):
        counts = rng.poisson(np.exp(-50 * (place - field) ** 2))
        units[unit] = np.sort(np.repeat(time, counts) + rng.random(counts.sum()) / 30)
    scipy.io.savemat(folder / "spikes.mat", {"units": units})
    pd.DataFrame({"time": time, "x": 0.8 * place, "y": 0.6 * place}).to_csv(
        folder / "tracking.csv", index=False
    )


# --- commands that are not run --------------------------------------------------------------------
@pytest.mark.parametrize("command", [c for c in NOT_RUN if c.startswith("kedro run")])
def test_runs_that_take_too_long_name_what_there_is(project, command, monkeypatch):
    """They pass every check before a run, and stop where files would be fetched."""
    monkeypatch.setenv("CEBRA_KEDRO_DATA", str(project))
    reached = []

    def stop(*_: object) -> None:
        reached.append(command)
        raise ValueError("far enough")

    monkeypatch.setattr("cebra_kedro.run.checks.fetch_raw_files", stop)
    _, _, *arguments = shlex.split(command)
    result = run_command(project, *arguments)
    assert reached, result.output
    assert result.stderr == "Error: far enough\n"


@pytest.mark.parametrize("command", [c for c in NOT_RUN if c.startswith("python benchmarks")])
def test_benchmarks_that_are_named_exist_with_their_options(command):
    _, script, option, _ = shlex.split(command)
    assert f'"{option}"' in (PROJECT / script).read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(PROJECT).as_posix())
def test_commands_within_sentences_have_names_that_there_are(page, monkeypatch):
    monkeypatch.chdir(PROJECT)
    monkeypatch.setenv("KEDRO_ENV", "paper")  # which has all that base has, and more
    known = {*read_descriptions().experiments, "everything", "paper_figures"}
    options = {name for option in run.params for name in option.opts}
    for command in spoken_commands(page):
        _, name, *arguments = shlex.split(command)
        assert name in ("run", "new-recording", "registry", "viz", "jupyter"), command
        if name == "run":
            assert {a for a in arguments if a.startswith("--")} <= options, command
        if named := re.search(r"--pipelines (\S+)", command):
            assert {*named[1].split(",")} <= known, command
