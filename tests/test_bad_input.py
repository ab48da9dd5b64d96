"""What goes wrong is said on one line that names file and remedy, and results stay as they were."""

import os
import pickle
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pytest
import yaml
from kedro_project import RAT, contents, run_command, run_session

from cebra_kedro.simulate.hippocampus import simulate_rat

MANIFEST = "08_reporting/run_manifest.json"


@pytest.fixture(scope="module")
def project(one_rat, tmp_path_factory) -> Path:
    """A project with results; every test checks that they stay."""
    return shutil.copytree(one_rat, tmp_path_factory.mktemp("finished") / "project")


@pytest.fixture
def refused(project):
    """Runs a command that must fail; returns what it says, which must be one line."""

    def run(*arguments: str, started: bool = False) -> str:
        before = contents(project / "data")
        result = run_command(project, *arguments)
        after = contents(project / "data")
        if started:  # a run that began says in its manifest how it ended
            assert before.pop(MANIFEST) != after.pop(MANIFEST)
        assert after == before
        assert result.exit_code == 1
        assert result.stdout == ""
        assert result.stderr.count("\n") == 1
        assert result.stderr.startswith("Error: ")
        assert "Traceback" not in result.stderr
        print(result.stderr)
        return result.stderr.removeprefix("Error: ").rstrip()

    return run


@pytest.fixture
def environment(project, tmp_path):
    """Writes an environment of the user's, with the small parameters of the tests."""
    folder = project / "conf" / tmp_path.name

    def write(name: str, content: dict | str) -> str:
        folder.mkdir(exist_ok=True)
        shutil.copy(project / "conf/test/parameters_hippocampus.yml", folder)
        text = content if isinstance(content, str) else yaml.safe_dump(content)
        (folder / name).write_text(text)
        return folder.name

    yield write
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def own_file(environment, tmp_path):
    """Points buddy's raw entry to a file of the user's; returns the file and the environment."""

    def declare(content=None, **entry) -> tuple[Path, str]:
        file = tmp_path / "buddy.jl"
        if content is not None:
            joblib.dump(content, file)
        raw = {"type": "cebra_kedro.io.PublishedPickleDataset", "filepath": str(file), **entry}
        return file, environment("catalog_own.yml", {f"{RAT}.raw": raw})

    return declare


def rat(**changes):
    return simulate_rat(seed=0, n_trials=16, n_units=4) | changes


def short_rat(n_bins=3):
    """16 round trips with a few bins in each run, less than an encoder's window of 10."""
    up = np.tile(np.repeat([1.0, 0.0], n_bins), 16)
    ramp = np.linspace(0.1, 1.5, n_bins)
    position = np.tile(np.concatenate([ramp, ramp[::-1]]), 16)
    spikes = np.random.default_rng(0).poisson(1.0, (len(up), 4)).astype(float)
    return {"spikes": spikes, "position": np.column_stack([position, up, 1 - up])}


# --- raw files ---------------------------------------------------------------------------------


def test_missing_files_that_cannot_be_fetched_are_named_with_their_addresses(
    refused, tmp_path, monkeypatch
):
    import pooch

    def offline(*_, **__):
        raise OSError("network is unreachable")

    monkeypatch.setattr(pooch, "retrieve", offline)
    monkeypatch.setenv("CEBRA_KEDRO_DATA", str(tmp_path))
    message = refused("--env", "paper")
    assert "network is unreachable" in message
    assert "download https://" in message
    assert f"place it at {tmp_path}/rat_hippocampus/achilles.jl" in message
    for name in ("buddy", "cicero", "gatsby"):
        assert f"{tmp_path}/rat_hippocampus/{name}.jl" in message


def test_a_missing_file_without_an_address_is_named(refused, own_file):
    file, name = own_file()
    message = refused("--env", name, "--namespaces", RAT)
    assert f"{file} does not exist" in message
    assert "place the published file" in message


def test_a_truncated_file_is_named(refused, own_file):
    file, name = own_file(rat())
    file.write_bytes(file.read_bytes()[:-1000])
    message = refused("--env", name, "--namespaces", RAT, started=True)
    assert str(file) in message
    assert "cut short: fetch it again" in message


class Trap:
    """Leaves a file when it is unpickled."""

    def __init__(self, mark: Path):
        self.mark = mark

    def __reduce__(self):
        return Path.touch, (self.mark,)


def test_a_file_that_carries_code_is_refused_and_nothing_runs(refused, own_file, tmp_path):
    file, name = own_file()
    mark = tmp_path / "ran"
    file.write_bytes(pickle.dumps(Trap(mark)))
    message = refused("--env", name, "--namespaces", RAT, started=True)
    assert not mark.exists()
    assert str(file) in message
    assert "could run code; refused before anything ran" in message
    pickle.loads(file.read_bytes())
    assert mark.exists()  # the trap works, where it is let


def test_a_file_with_another_checksum_is_named_with_both(refused, own_file):
    file, name = own_file(rat(), md5="0" * 32)
    message = refused("--env", name, "--namespaces", RAT, started=True)
    assert f"{file} has md5 " in message
    assert "the published file has 00000000000000000000000000000000" in message
    assert "allow_mismatch: true" in message


def with_nan():
    spikes = rat()["spikes"]
    spikes[5, 2] = np.nan
    return rat(spikes=spikes)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (with_nan(), "buddy: spikes must hold finite numbers"),
        (rat(position=rat()["position"][:-3]), "one row for each row of spikes"),
        ({"spikes": rat()["spikes"]}, "must have the keys spikes and position"),
    ],
    ids=["nan", "length", "key"],
)
def test_wrong_arrays_are_named_with_what_was_expected(refused, own_file, content, message):
    file, name = own_file(content)
    said = refused("--env", name, "--namespaces", RAT, started=True)
    assert message in said
    assert str(file) in said


def test_a_wrong_number_of_neurons_is_named(refused):
    arguments = ("--env", "test", "--namespaces", RAT)
    params = "hippocampus.ingestion.expected_neurons.buddy=48"
    message = refused(*arguments, "--params", params, started=True)
    assert "buddy: expected 48 neurons, got 10; check that the file is this rat's" in message


# --- parameters and names ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ("hippocampus.training.stesp=3", "unknown parameter hippocampus.training.stesp"),
        ("hippocampus.training.steps=0", "hippocampus.training.steps should be greater than"),
        ("hippocampus.training.seeds=1", "hippocampus.training.seeds should be a valid"),
        ("rat=1", "unknown parameter rat"),
    ],
)
def test_wrong_parameters_stop_the_run_before_it_begins(refused, params, message):
    said = refused("--env", "test", "--namespaces", RAT, "--params", params)
    assert message in said
    assert said.endswith("Correct conf/*/parameters*.yml or --params")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--env", "tset"], "there is no environment tset"),
        (["--env", "test", "--pipelines", "hipocampus"], "did you mean hippocampus?"),
        (["--env", "test", "--namespaces", "hippocampus.budy"], "did you mean hippocampus.buddy"),
    ],
)
def test_wrong_names_are_answered_with_those_there_are(refused, arguments, message):
    assert message in refused(*arguments)


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("parameters_own.yml", "hippocampus: [1\n", "parameters_own.yml"),
        ("parameters_hippocampus.yml", "hippocampus: {training: {steps: '${no:}'}}\n", "no"),
        ("catalog_own.yml", f"{RAT}.raw: {{type: cebra_kedro.io.NoSuchDataset}}\n", "NoSuchDataset"),
        ("catalog_own.yml", f"{RAT}.raw: {{typ: cebra_kedro.io.NpzDataset}}\n", f"{RAT}.raw"),
    ],
)
def test_configuration_that_cannot_be_read_is_named(refused, environment, file, text, message):
    name = environment(file, text)
    assert message in refused("--env", name, "--namespaces", RAT)


# --- folders -----------------------------------------------------------------------------------


def test_a_file_where_results_belong_is_named(project, tmp_path):
    other = shutil.copytree(project, tmp_path / "other")
    shutil.rmtree(other / "data/08_reporting")
    (other / "data/08_reporting").write_text("mine")
    result = run_command(other, "--env", "test", "--namespaces", RAT)
    assert result.exit_code == 1
    assert result.stderr == (
        f"Error: {other}/data/08_reporting is a file, but results need a folder of this name; "
        "move the file away\n"
    )
    assert (other / "data/08_reporting").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_write_permission_is_named(refused, project):
    folder = project / "data/08_reporting"
    folder.chmod(0o500)
    try:
        assert f"chmod u+rwx {folder}" in refused("--env", "test", "--namespaces", RAT)
    finally:
        folder.chmod(0o700)


# --- recordings that pass ingestion, but not what follows --------------------------------------


@pytest.mark.parametrize(
    ("content", "messages"),
    [
        (
            simulate_rat(seed=0, n_trials=15, n_units=4),
            ["buddy (ingestion.folds: 3)", "at least 16 trials", "got 15", f"(in {RAT}.split)"],
        ),
        (short_rat(), ["10 bins", f"(in {RAT}."]),  # the encoder's window
    ],
    ids=["trials", "window"],
)
def test_recordings_too_short_are_refused_and_no_result_changes(
    project, own_file, tmp_path, content, messages
):
    _, name = own_file(content)
    other = shutil.copytree(project, tmp_path / "other")
    before = contents(other / "data")
    result = run_command(other, "--env", name, "--namespaces", f"{RAT}")
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "Traceback" not in result.stderr
    for message in messages:
        assert message in result.stderr
    after = contents(other / "data")
    for name, content in before.items():
        if name.startswith("06_models") or name.endswith((".png", ".csv", ".html")):
            assert after[name] == content, name


# --- interruption ------------------------------------------------------------------------------


def test_an_interrupted_run_says_how_to_go_on_and_keeps_its_encoders(one_rat, tmp_path):
    other = shutil.copytree(one_rat, tmp_path / "other")
    shutil.rmtree(other / "data/06_models")
    folder = other / "data/06_models"
    process = subprocess.Popen(
        [sys.executable, "-m", "kedro", "run", "--env", "test", "--namespaces", RAT],
        cwd=other,
        env=os.environ | {"KEDRO_DISABLE_TELEMETRY": "true"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    # The line stands when the encoders of the first variant are there, six more to come.
    line = next((line for line in process.stderr if "encoders trained" in line), "")
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=120)
    assert "6 encoders trained" in line or "2 encoders trained" in line
    assert process.returncode == 1
    assert "Traceback" not in rest
    assert rest.splitlines()[-1] == (
        "Error: interrupted; finished encoders are kept, and the same command goes on from there"
    )
    assert '"status": "unfinished"' in (other / "data" / MANIFEST).read_text()

    kept = {name: (folder / name).stat().st_mtime_ns for name in contents(folder, "*.pt")}
    assert 2 <= len(kept) < 38
    run_session(other, namespaces=[RAT])
    finished = contents(folder, "*.pt")
    assert len(finished) == 38
    assert {name: (folder / name).stat().st_mtime_ns for name in kept} == kept
    scores = "data/08_reporting/hippocampus/buddy/metrics.csv"
    assert (other / scores).read_bytes() == (one_rat / scores).read_bytes()


# --- the commands themselves -------------------------------------------------------------------


@pytest.mark.parametrize("module", [["kedro", "run"], ["cebra_kedro"]], ids=["kedro", "package"])
def test_both_commands_show_one_line_and_no_traceback(project, module):
    done = subprocess.run(
        [sys.executable, "-m", *module, "--env", "test", "--params", "rat=1"],
        cwd=project,
        env=os.environ | {"KEDRO_DISABLE_TELEMETRY": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "Error: unknown parameter rat. Correct conf/*/parameters*.yml or --params\n"
    )
