"""What would stop a run later is refused before its first node, in words that help."""

import copy
import json
import os
from pathlib import Path

import pytest
from kedro.io import AbstractDataset, DataCatalog, DatasetError
from kedro.pipeline import Pipeline, node

from cebra_kedro.run.checks import (
    check_environment,
    check_names,
    check_parameters,
    check_writable,
    fetch_raw_files,
)
from kedro_project import base_parameters


def changed(path, value):
    """The base parameters with one value changed."""
    parameters = copy.deepcopy(base_parameters())
    *parents, last = path.split(".")
    block = parameters
    for name in parents:
        block = block[name]
    block[last] = value
    return parameters


def refusal(parameters):
    with pytest.raises(ValueError, match=r".") as caught:
        check_parameters(parameters)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith("Correct conf/*/parameters*.yml or --params")
    return message


def test_parameters_come_back_as_plain_values_with_defaults_filled_in():
    checked = check_parameters(base_parameters())
    assert json.loads(json.dumps(checked)) == checked
    assert checked["hippocampus"]["training"]["seeds"] == [0, 1]
    assert checked["hippocampus"]["variants"]["time"]["shuffle_labels"] is False


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (
            "hippocampus.training.steps",
            0,
            "hippocampus.training.steps should be greater than or equal to 1, got 0",
        ),
        (
            "hippocampus.training.stesp",
            3,
            "unknown parameter hippocampus.training.stesp (did you mean steps?)",
        ),
        ("zzz", 1, "unknown parameter zzz."),
        (
            "hippocampus.variants.time.fit_on",
            "test",
            "hippocampus.variants.time.fit_on should be 'train' or 'all', got 'test'",
        ),
        ("hippocampus.decoding.neighbours", [0], "neighbours must be ≥ 1, got [0]"),
        ("hippocampus.training.optimizer", "adam", "hippocampus.training.optimizer should be"),
    ],
)
def test_a_wrong_parameter_is_named_with_what_came_and_what_was_expected(path, value, message):
    assert message in refusal(changed(path, value))


def test_all_wrong_parameters_are_named_at_once():
    parameters = changed("hippocampus.training.steps", 0)
    parameters["hippocampus"]["consistency"]["bnis"] = 10
    message = refusal(parameters)
    assert "training.steps" in message
    assert "unknown parameter hippocampus.consistency.bnis (did you mean bins?)" in message


def test_a_missing_parameter_is_named():
    parameters = base_parameters()
    del parameters["hippocampus"]["baselines"]["window_bins"]
    assert "parameter hippocampus.baselines.window_bins is missing" in refusal(parameters)


def test_what_came_is_shortened():
    assert len(refusal(changed("hippocampus.training.steps", "x" * 500))) < 250


def test_environments_are_named_when_one_is_unknown(tmp_path):
    for name in ("base", "paper"):
        (tmp_path / name).mkdir()
    (tmp_path / "README.md").touch()
    check_environment(tmp_path, "paper")
    with pytest.raises(ValueError, match=r"no environment papper .*; choose base or paper$"):
        check_environment(tmp_path, "papper")


def test_without_an_environment_the_folder_of_own_settings_is_needed(tmp_path):
    with pytest.raises(
        ValueError, match=rf"{tmp_path}/local is missing.*\(mkdir {tmp_path}/local\)"
    ):
        check_environment(tmp_path, None)
    (tmp_path / "local").mkdir()
    check_environment(tmp_path, None)


def test_a_packaged_configuration_is_left_to_kedro(tmp_path):
    archive = tmp_path / "conf.tar.gz"
    archive.touch()
    check_environment(archive, "paper")


@pytest.fixture
def pipelines():
    def nodes(*namespaces):
        return Pipeline(
            [
                node(len, f"{name}.x", f"{name}.y", name="count", namespace=name)
                for name in namespaces
            ]
        )

    training, decoding = nodes("maze.rat.time"), nodes("maze.mouse.time")
    return {"training": training, "decoding": decoding, "__default__": training + decoding}


def test_existing_pipelines_and_namespaces_at_every_level_pass(pipelines):
    check_names(pipelines, [], [])
    for namespace in ("maze", "maze.rat", "maze.rat.time"):
        check_names(pipelines, ["training"], [namespace])
    check_names(pipelines, [], ["maze.mouse", "maze.rat"])


@pytest.mark.parametrize(
    ("names", "namespaces", "message"),
    [
        (["trainnig"], [], r"no pipeline trainnig; did you mean training\?"),
        (["zzz"], [], "no pipeline zzz; choose training, decoding, __default__"),
        ([], ["maze.rta"], r"no namespace maze.rta; did you mean maze.rat"),
        (["decoding"], ["maze.rat"], "no namespace maze.rat in pipeline decoding; "),
        ([], ["maze.rat", "maze"], "namespace maze.rat lies within maze; name one of the two"),
        ([], ["maze.ra"], "no namespace maze.ra; "),  # a prefix in letters is not one in levels
    ],
)
def test_unknown_pipelines_and_namespaces_are_refused(pipelines, names, namespaces, message):
    with pytest.raises(ValueError, match=message):
        check_names(pipelines, names, namespaces)


def test_folders_that_do_not_exist_yet_can_be_made(tmp_path):
    (tmp_path / "there.csv").touch()
    check_writable([tmp_path / "a/b/scores.csv", tmp_path, tmp_path / "there.csv"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["there.csv"]


def test_a_file_in_the_way_of_a_folder_is_named(tmp_path):
    (tmp_path / "08_reporting").touch()
    with pytest.raises(NotADirectoryError, match=r"08_reporting is a file.*move the file away"):
        check_writable([tmp_path / "ok.csv", tmp_path / "08_reporting/rat/scores.csv"])


def test_a_folder_without_write_permission_is_named(tmp_path):
    tmp_path.chmod(0o500)
    if os.access(tmp_path, os.W_OK):
        pytest.skip("this user, e.g. root, may write everywhere")
    with pytest.raises(PermissionError, match=rf"chmod u\+rwx {tmp_path}"):
        check_writable([tmp_path / "a/scores.csv"])


def test_a_folder_that_the_system_refuses_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
    with pytest.raises(PermissionError, match=rf"chmod u\+rwx {tmp_path}"):
        check_writable([tmp_path / "a/scores.csv"])


class Published(AbstractDataset):
    """A raw file that can be fetched, unless the network is down."""

    network = True

    def __init__(self, filepath):
        self._filepath = filepath
        self.n_attempts = 0

    def fetch_if_missing(self):
        self.n_attempts += 1
        if not self.network:
            raise DatasetError(f"{self._filepath} could not be fetched")
        self._filepath.touch()

    def load(self):
        return "raw"

    def save(self, data):
        raise NotImplementedError

    def _exists(self):
        return self._filepath.exists()

    def _describe(self):
        return {}


@pytest.fixture
def raw(tmp_path):
    return {f"{rat}_raw": Published(tmp_path / f"{rat}.jl") for rat in ("a", "b", "c")}


def reading(*rats):
    return Pipeline([node(repr, f"{rat}_raw", f"{rat}_recording", name=rat) for rat in rats])


def test_only_missing_files_that_the_pipeline_reads_are_fetched(raw):
    raw["a_raw"]._filepath.write_bytes(b"mine")
    fetch_raw_files(reading("a", "b"), DataCatalog(raw))
    assert raw["a_raw"]._filepath.read_bytes() == b"mine"
    assert [d.n_attempts for d in raw.values()] == [0, 1, 0]


def test_without_a_network_one_is_tried_and_all_missing_files_are_named(raw, tmp_path, monkeypatch):
    monkeypatch.setattr(Published, "network", False)
    with pytest.raises(DatasetError) as caught:
        fetch_raw_files(reading("a", "b", "c"), DataCatalog(raw))
    assert str(caught.value) == (
        f"{tmp_path}/a.jl could not be fetched. Also missing: {tmp_path}/b.jl, {tmp_path}/c.jl "
        "(addresses in conf/*/catalog*.yml)"
    )
    assert [d.n_attempts for d in raw.values()] == [1, 0, 0]


def test_a_single_missing_file_is_reported_alone(raw, monkeypatch):
    monkeypatch.setattr(Published, "network", False)
    with pytest.raises(DatasetError, match=r"c\.jl could not be fetched$"):
        fetch_raw_files(reading("c"), DataCatalog(raw))
