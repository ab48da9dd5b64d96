"""A real rat from a lab's own files: what is drafted, and what the finished description finds."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest
import yaml
from click.testing import CliRunner

from cebra_kedro.cli import cli
from kedro_project import copy_project, manifest, reporting, run_command

FILES = ("spikes.mat", "trajectory.videoPositionTracking")

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def files() -> list[Path]:
    folder = Path(os.environ.get("CEBRA_KEDRO_DATA", "."), "real_rat_linear_track")
    found = [folder / name for name in FILES]
    if not all(file.is_file() for file in found):
        pytest.skip(f"no recording in {folder}; set CEBRA_KEDRO_DATA")
    return found


@pytest.fixture(scope="module")
def finished(files, tmp_path_factory) -> Path:
    """The description of environment paper, trained for a third of its steps."""
    project = copy_project(tmp_path_factory.mktemp("track"))
    steps = "linear_track.training.steps=250"
    result = run_command(
        project, "--env", "paper", "--pipelines", "linear_track", "--params", steps
    )
    assert result.exit_code == 0, result.output
    return project


def test_the_two_files_are_drafted_as_a_walk_on_a_line(files, tmp_path, monkeypatch):
    project = copy_project(tmp_path)
    monkeypatch.chdir(project)
    result = CliRunner().invoke(cli, ["new-recording", *map(str, files), "--name", "rat"])
    assert result.exit_code == 0, result.output
    drafted = yaml.safe_load((project / "conf/local/parameters_rat.yml").read_text())["rat"]
    source = drafted["source"]
    assert source["spikes"] == {"times": "spikes/spikes/time"}
    assert source["labels"]["position"] == {
        "values": ["trajectory/xloc", "trajectory/yloc"],
        "times": "trajectory/time",
        "measure": "along_axis",
    }
    assert source["labels"]["direction"]["measure"] == "direction"
    assert source["epochs"]["moving"]["label"] == "position"
    assert drafted["split"] == {"by": "trial", "folds": 3, "scheme": "interleaved"}


def test_its_files_are_those_that_were_published(finished):
    (raw,) = manifest(finished)["raw_files"]
    assert raw["shape"] == [11589, 25]
    assert (raw["simulated"], raw["checksum_status"]) == (False, "own")
    assert [Path(file).name for file in raw["source"].split(", ")] == list(FILES)


def test_the_guided_encoder_tells_its_position_best(finished):
    metrics = pd.read_csv(reporting(finished) / "linear_track" / "metrics.csv")
    errors = metrics[metrics["metric"] == "position_error_median"]
    mean = errors.groupby("variant")["value"].mean()
    others = mean.drop("behaviour")
    assert set(others.index) == {"time", "shuffled", "raw", "raw_window", "pca"}
    assert (mean["behaviour"] < others).all(), mean
    chance = metrics[metrics["metric"] == "chance_position_error_median"]["value"].mean()
    assert mean["shuffled"] > 0.85 * chance  # the control tells next to nothing
