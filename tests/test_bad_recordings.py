"""A recording that cannot be used is named on one line with a remedy; results stay as they were."""

import pickle
import shutil
from pathlib import Path

import joblib
import numpy as np
import pytest

from cebra_kedro.simulate.hippocampus import simulate_rat
from kedro_project import ONE_RAT_COMMAND, contents, run_command


@pytest.fixture
def own_file(environment, tmp_path):
    """Points buddy's raw entry to a file of the user's; returns the file and the environment."""

    def declare(content=None, **entry) -> tuple[Path, str]:
        file = tmp_path / "buddy.jl"
        if content is not None:
            joblib.dump(content, file)
        raw = {"type": "cebra_kedro.io.PublishedPickleDataset", "filepath": str(file), **entry}
        sessions = {"type": "cebra_kedro.io.SessionsDataset", "sessions": {"buddy": raw}}
        return file, environment("catalog_own.yml", {"hippocampus.raw": sessions})

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


def test_missing_files_that_cannot_be_fetched_are_named_with_their_addresses(
    refused, tmp_path, monkeypatch
):
    import pooch

    def offline(*_, **__):
        raise OSError("network is unreachable")

    monkeypatch.setattr(pooch, "retrieve", offline)
    monkeypatch.setenv("CEBRA_KEDRO_DATA", str(tmp_path))
    message = refused("--env", "paper", "--pipelines", "hippocampus")
    assert "network is unreachable" in message
    assert "download https://" in message
    assert f"place it at {tmp_path}/rat_hippocampus/achilles.jl" in message
    for name in ("buddy", "cicero", "gatsby"):
        assert f"{tmp_path}/rat_hippocampus/{name}.jl" in message


def test_a_missing_file_without_an_address_is_named(refused, own_file):
    file, name = own_file()
    message = refused("--env", name, *ONE_RAT_COMMAND)
    assert f"{file} does not exist" in message
    assert f"place it at {file}, or correct filepath" in message


def test_a_truncated_file_is_named(refused, own_file):
    file, name = own_file(rat())
    file.write_bytes(file.read_bytes()[:-1000])
    message = refused("--env", name, *ONE_RAT_COMMAND, started=True)
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
    message = refused("--env", name, *ONE_RAT_COMMAND, started=True)
    assert not mark.exists()
    assert str(file) in message
    assert "could run code; refused before anything ran" in message
    pickle.loads(file.read_bytes())
    assert mark.exists()  # the trap works, where it is let


def test_a_file_with_another_checksum_is_named_with_both(refused, own_file):
    file, name = own_file(rat(), md5="0" * 32)
    message = refused("--env", name, *ONE_RAT_COMMAND, started=True)
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
    said = refused("--env", name, *ONE_RAT_COMMAND, started=True)
    assert message in said
    assert str(file) in said


def test_a_wrong_number_of_neurons_is_named(refused):
    arguments = ("--env", "test", *ONE_RAT_COMMAND)
    params = "hippocampus.source.expected_neurons.buddy=48"
    message = refused(*arguments, "--params", params, started=True)
    assert "buddy: expected 48 neurons, got 10; check that the file is this rat's" in message


@pytest.mark.parametrize(
    ("content", "messages"),
    [
        (
            simulate_rat(seed=0, n_trials=15, n_units=4),
            [
                "buddy (split by trial)",
                "at least 16 trials",
                "got 15",
                "(in ingestion.hippocampus.split)",
            ],
        ),
        (
            short_rat(),
            ["10 bins at once", "(in ingestion.hippocampus.split)", "of buddy has 6"],
        ),  # the encoder's window
    ],
    ids=["trials", "window"],
)
def test_recordings_too_short_are_refused_and_no_result_changes(
    finished, own_file, tmp_path, content, messages
):
    _, name = own_file(content)
    other = shutil.copytree(finished, tmp_path / "other")
    before = contents(other / "data")
    result = run_command(other, "--env", name, *ONE_RAT_COMMAND)
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "Traceback" not in result.stderr
    for message in messages:
        assert message in result.stderr
    after = contents(other / "data")
    for file in before:
        if file.startswith("06_models") or file.endswith((".png", ".svg", ".csv", ".html")):
            assert after[file] == before[file], file


def test_a_stage_alone_wants_what_earlier_stages_made_of_all_sessions(copied):
    """Rat buddy has run; a stage of all rats finds no others."""
    result = run_command(copied, "--namespaces", "training.hippocampus.position")
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "no 'gatsby' in this store; it has buddy" in result.stderr
    assert "--sessions" in result.stderr
