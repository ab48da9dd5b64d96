"""What ``kedro new-recording`` makes of files, up to a run of what it has written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

from cebra_kedro.cli import cli
from cebra_kedro.draft.roles import label_names
from kedro_project import copy_project, reporting, run_command


def counts(seed: int, n_neurons: int, n_trials: int = 12, n_bins: int = 80) -> dict[str, Any]:
    """Walks from 0 to 1 that neurons are tuned to."""
    rng = np.random.default_rng(seed)
    trial, step = np.divmod(np.arange(n_trials * n_bins), n_bins)
    place = step / n_bins
    rate = 2 * np.exp(-30 * (place[:, None] - rng.random(n_neurons)) ** 2)
    return {
        "neural": rng.poisson(rate),
        "place": place,
        "choice": trial // 3 % 2,  # each third of the trials has both
        "trial": trial,
    }


def draft(project: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Any:
    monkeypatch.chdir(project)
    return CliRunner().invoke(cli, ["new-recording", *arguments])


@pytest.fixture
def bare(tmp_path) -> Path:
    """A folder that looks like a project to the command."""
    (tmp_path / "conf" / "local").mkdir(parents=True)
    return tmp_path


def written(project: Path, name: str) -> dict[str, Any]:
    """The description in conf/local."""
    return yaml.safe_load((project / f"conf/local/parameters_{name}.yml").read_text())[name]


def source_of(project: Path, monkeypatch, **arrays: np.ndarray) -> dict[str, Any]:
    np.savez(project / "one.npz", **arrays)
    result = draft(project, monkeypatch, "one.npz")
    assert result.exit_code == 0, result.output
    return written(project, "one")["source"]


def test_two_files_of_counts_become_an_experiment_that_runs(tmp_path, monkeypatch):
    project = copy_project(tmp_path)
    (project / "data/01_raw").mkdir(parents=True, exist_ok=True)
    for seed, session in enumerate(("monday", "tuesday")):
        np.savez(project / f"data/01_raw/{session}.npz", **counts(seed, 12 + seed))
    files = [f"data/01_raw/{session}.npz" for session in ("monday", "tuesday")]
    result = draft(project, monkeypatch, *files, "--name", "mine")
    assert result.exit_code == 0, result.output
    assert "960 × 12 int64" in result.output
    assert "kedro run --pipelines mine" in result.output
    description = written(project, "mine")
    assert description["sessions"] == ["monday", "tuesday"]
    assert description["source"]["labels"] == {
        "place": {"array": "place", "kind": "continuous"},
        "choice": {"array": "choice", "kind": "discrete"},
    }
    assert description["split"]["by"] == "trial"
    assert description["encoders"]["together"] == {"like": "behaviour", "sessions": "joint"}
    assert description["compare"] == {"sessions": {"align": ["place", "choice"]}}
    text = (project / "conf/local/parameters_mine.yml").read_text()
    assert "NOTHING in the file says it" in text.split("bin_width_s:")[0]

    steps = "mine.training.steps=20"  # that it learns is for a real rat, in test_linear_track
    ran = run_command(project, "--pipelines", "mine", "--env", "test", "--params", steps)
    assert ran.exit_code == 0, ran.output
    assert (reporting(project) / "mine" / "metrics.csv").exists()


@pytest.mark.parametrize(("asked", "said"), [("my-noise", True), ("noise", False)])
def test_a_name_that_becomes_another_is_said(bare, monkeypatch, asked, said):
    np.savez(bare / "one.npz", **counts(0, 12))
    result = draft(bare, monkeypatch, "one.npz", "--name", asked)
    assert result.exit_code == 0, result.output
    assert ("The name of the experiment is my_noise," in result.output) == said
    assert "source" in written(bare, asked.replace("-", "_"))


def test_a_draft_is_never_overwritten(bare, monkeypatch):
    np.savez(bare / "one.npz", **counts(0, 8))
    assert draft(bare, monkeypatch, "one.npz").exit_code == 0
    before = {path.name: path.read_text() for path in (bare / "conf/local").iterdir()}
    again = draft(bare, monkeypatch, "one.npz")
    assert again.exit_code == 1
    assert "are not overwritten; choose another --name" in again.output
    assert {path.name: path.read_text() for path in (bare / "conf/local").iterdir()} == before


def test_spikes_and_tracking_on_their_clocks_become_signals(bare, monkeypatch):
    rng = np.random.default_rng(0)
    time = 50 + np.arange(3000) / 60
    source = source_of(
        bare,
        monkeypatch,
        spike_times=np.sort(rng.uniform(50, 100, 900)),
        spike_unit=rng.integers(5, size=900),
        time=time,
        xloc=np.sin(time),
        yloc=np.cos(time),
    )
    assert source["name"] == "signals"
    assert source["spikes"] == {"times": "spike_times", "units": "spike_unit"}
    assert source["labels"] == {
        "position": {"values": ["xloc", "yloc"], "times": "time", "kind": "continuous"}
    }
    assert "epochs" not in source  # it walks in circles, and never rests


def track(seconds: int = 120) -> dict[str, np.ndarray]:
    """Runs of 4 s to and fro on a line across the picture, with rests of 4 s."""
    time = 7 + np.arange(30 * seconds) / 30
    run, step = np.divmod(np.arange(len(time)), 8 * 30)
    way = np.clip(step / (4 * 30), 0, 1)
    place = np.where(run % 2 == 0, way, 1 - way)
    rng = np.random.default_rng(0)
    return {
        "spike_times": np.sort(rng.uniform(7, 7 + seconds, 40 * seconds)),
        "spike_unit": rng.integers(5, size=40 * seconds),
        "time": time,
        "x": 80 * place,
        "y": 60 * place,
    }


def test_an_animal_on_a_line_has_a_place_and_a_direction_and_its_rest_is_left_out(
    bare, monkeypatch
):
    source = source_of(bare, monkeypatch, **track())
    at = {"values": ["x", "y"], "times": "time"}
    assert source["labels"] == {
        "position": at | {"measure": "along_axis"},
        "direction": at | {"measure": "direction"},
    }
    moving = source["epochs"]["moving"]
    assert (moving["label"], moving["shortest_s"]) == ("position", 1.0)
    assert 0 < moving["faster_than"] < 25  # it walks 25 a second
    text = (bare / "conf/local/parameters_one.yml").read_text()
    assert "100 % of the variance while it moves is along one line" in text
    description = written(bare, "one")
    assert description["split"] == {"by": "trial", "folds": 3, "scheme": "interleaved"}
    assert description["encoders"]["behaviour"]["labels"] == ["position", "direction"]
    # within runs of 4 s, not over all time
    assert description["encoders"]["behaviour"]["pairs"]["time_offset_bins"] < 80


def test_rest_between_trials_of_the_file_is_left_to_the_trials(bare, monkeypatch):
    start = np.arange(7.0, 120.0, 8.0)
    trials = {"trials_start": start, "trials_stop": start + 4}
    source = source_of(
        bare, monkeypatch, **track(), **{k.replace("_", "/"): v for k, v in trials.items()}
    )
    assert source["trials"] == {"start": "trials/start", "stop": "trials/stop"}
    assert "epochs" not in source


@pytest.mark.parametrize(
    ("angle", "unit"),
    [(np.linspace(0, 6.2, 400), "rad"), (np.linspace(-180, 179, 400), "deg")],
    ids=["rad", "deg"],
)
def test_angles_are_circular_in_the_unit_that_their_range_says(bare, monkeypatch, angle, unit):
    angle = np.roll(angle, 100)  # one that only rises would be a clock
    source = source_of(
        bare, monkeypatch, neural=counts(0, 8)["neural"][:400], head_direction_angle=angle
    )
    expected = {"array": "head_direction_angle", "kind": "circular", "unit": unit}
    assert source["labels"] == {"head_direction_angle": expected}


def test_clocks_in_other_units_than_seconds_have_a_scale(bare, monkeypatch):
    arrays = track()
    arrays["spike_times"] = 1000 * arrays["spike_times"]
    assert source_of(bare, monkeypatch, **arrays)["spikes"]["scale"] == 0.001


def test_laps_that_are_counted_are_trials_and_not_decoded(bare, monkeypatch):
    arrays = track()
    arrays["lap_number"] = np.arange(len(arrays["time"])) // 240
    source = source_of(bare, monkeypatch, **arrays)
    assert source["trials"] == {"label": "lap_number"}
    description = written(bare, "one")
    assert description["split"]["by"] == "trial"
    assert "lap_number" not in description["decode"]
    assert "lap_number" not in description["encoders"]["behaviour"]["labels"]


def test_what_was_shown_in_short_intervals_is_a_label_from_their_start(bare, monkeypatch):
    arrays = track()
    start = 8 + np.concatenate([repeat * 11 + np.arange(300) / 30 for repeat in range(9)])
    shown = {
        "shown/start_time": start,
        "shown/stop_time": start + 1 / 30,
        "shown/frame": np.tile(np.arange(300), 9),
        "shown/repeat": np.repeat(np.arange(9), 300),
    }
    source = source_of(bare, monkeypatch, **arrays, **shown)
    at_start = {"times": "shown/start_time", "how": "previous"}
    frame = {"values": "shown/frame", **at_start, "kind": "continuous"}
    assert source["labels"]["frame"] == frame
    intervals = {"start": "shown/start_time", "stop": "shown/stop_time"}
    assert source["epochs"]["intervals"] == intervals
    assert source["trials"] == {"label": "repeat"}


def test_arrays_by_trial_are_counts_with_a_label_for_each_trial(bare, monkeypatch):
    rng = np.random.default_rng(0)
    source = source_of(
        bare,
        monkeypatch,
        spikes=rng.poisson(1.0, (12, 40, 7)),
        hand_pos=rng.random((12, 40, 2)),
        target=rng.integers(0, 4, 12),
    )
    assert source["name"] == "arrays"
    assert "transposed" not in source
    assert source["labels"] == {
        "hand_pos": {"array": "hand_pos", "kind": "continuous"},
        "target": {"array": "target", "kind": "discrete"},
    }
    assert written(bare, "one")["split"]["by"] == "trial"


def test_numbers_of_trials_that_return_in_each_block_are_trials(bare, monkeypatch):
    arrays = counts(0, 8)
    arrays["trial_no"] = arrays.pop("trial") % 6
    source = source_of(bare, monkeypatch, **arrays)
    assert source["trial"] == "trial_no"
    assert "trial_no" not in source["labels"]


def test_what_counts_one_by_one_is_a_trial_whatever_it_is_called(bare, monkeypatch):
    arrays = track()
    arrays["durchgang"] = np.arange(len(arrays["time"])) // 240
    assert source_of(bare, monkeypatch, **arrays)["trials"] == {"label": "durchgang"}


def test_what_goes_once_around_is_an_angle_whatever_it_is_called(bare, monkeypatch):
    angle = np.roll(np.linspace(0, 2 * np.pi, 400), 100)
    source = source_of(bare, monkeypatch, neural=counts(0, 8)["neural"][:400], ry=angle)
    assert source["labels"] == {"ry": {"array": "ry", "kind": "circular", "unit": "rad"}}


def test_arrays_that_are_used_for_nothing_are_listed(bare, monkeypatch):
    arrays = counts(0, 8)
    np.savez(bare / "one.npz", **arrays | {"place": arrays["place"][1:]})
    result = draft(bare, monkeypatch, "one.npz")
    assert "Used for nothing: place: 959 float64" in result.output


def test_units_that_a_pattern_names_are_used(bare, monkeypatch):
    rng = np.random.default_rng(0)
    units = {f"unit_{k}": np.sort(rng.uniform(0, 60, 200)) for k in range(4)}
    np.savez(bare / "one.npz", **units, t=np.arange(0, 60, 0.1), place=rng.random(600))
    result = draft(bare, monkeypatch, "one.npz")
    assert written(bare, "one")["source"]["spikes"] == {"times": "unit_*"}
    assert "Used for nothing" not in result.output


def test_arrays_of_one_name_in_two_folders_are_two_labels(bare, monkeypatch):
    arrays = counts(0, 8)
    place = arrays.pop("place")
    both = {"eyes/left/pos/data": place, "eyes/right/pos/data": 1 - place}
    source = source_of(bare, monkeypatch, **arrays, **both)
    labels = {name: block["array"] for name, block in source["labels"].items()}
    assert labels == {
        "choice": "choice",
        "left_pos": "eyes/left/pos/data",
        "right_pos": "eyes/right/pos/data",
    }


def test_no_label_overwrites_another():
    names = [
        "speed (cm/s)",
        "speed (m/s)",
        "pos",
        "left/pos",
        "left_pos",
        "a/b/x",
        "a/b/x/data",
        "t/d",
    ]
    labels = label_names(names)
    assert list(labels) == names
    assert len(set(labels.values())) == len(names)
    assert labels["pos"] == "pos"
    assert labels["speed (m/s)"] == "speed (m_s)"
    assert labels["a/b/x"] == "x"
    assert labels["t/d"] == "t"


def test_a_slash_in_a_unit_leads_into_no_folder(bare, monkeypatch):
    arrays = counts(0, 8)
    rates = {"speed (cm/s)": arrays["place"], "turn [deg/s]": arrays["place"] ** 2}
    source = source_of(bare, monkeypatch, **arrays, **rates, **{"run cm/s": arrays["place"] ** 3})
    units = {name: block.get("unit") for name, block in source["labels"].items()}
    assert units == {"place": None, "choice": None, "speed": "cm/s", "turn": "deg/s", "run": "cm/s"}
    assert source["labels"]["speed"]["array"] == "speed (cm/s)"


def test_files_of_one_name_in_two_folders_are_two_sessions(bare, monkeypatch):
    for seed, day in enumerate(("day1", "day2", "old/day2")):
        (bare / day).mkdir(parents=True)
        np.savez(bare / day / "rat.npz", **counts(seed, 8))
    files = ["day1/rat.npz", "day2/rat.npz"]
    assert draft(bare, monkeypatch, *files, "--name", "rats").exit_code == 0
    assert written(bare, "rats")["sessions"] == ["day1_rat", "day2_rat"]
    catalog = yaml.safe_load((bare / "conf/local/catalog_rats.yml").read_text())
    assert all(file in str(catalog) for file in files)
    result = draft(bare, monkeypatch, *files, "old/day2/rat.npz", "--name", "other")
    assert result.exit_code == 1
    assert "two have the same name in folders of the same name" in result.output


@pytest.mark.parametrize("name", ["everything", "training", "compute", "hippocampus"])
def test_a_name_that_is_taken_is_refused(bare, monkeypatch, name):
    """Kedro would put two descriptions together, and no pipeline could be run any more."""
    np.savez(bare / "one.npz", **counts(0, 8))
    (bare / "conf/base").mkdir()
    (bare / "conf/base/parameters.yml").write_text("hippocampus:\n  sessions: [a]\n")
    result = draft(bare, monkeypatch, "one.npz", "--name", name)
    assert result.exit_code == 1
    assert "choose another --name" in result.output
    assert [*(bare / "conf/local").iterdir()] == []


def test_a_clock_that_goes_back_is_none_and_it_is_said_where(bare, monkeypatch):
    times = np.arange(960) * 0.1
    times[600:] -= 20
    np.savez(bare / "one.npz", **counts(0, 8), t=times)
    result = draft(bare, monkeypatch, "one.npz")
    assert "rises but goes back at row 600, so it is no clock: mend it there" in result.output


def test_sessions_that_do_not_hold_the_same_names_are_refused(bare, monkeypatch):
    """Else the neurons of one would be paired with the behaviour of the other."""
    for name, place in (("monday", "place"), ("tuesday", "pos")):
        arrays = counts(0, 8)
        np.savez(bare / f"{name}.npz", **arrays | {place: arrays.pop("place")})
    result = draft(bare, monkeypatch, "monday.npz", "tuesday.npz")
    assert result.exit_code == 1
    assert "tuesday.npz lacks place and has pos; give them the same names" in result.output


def test_a_folder_is_called_one(bare, monkeypatch):
    assert "is a folder, not a file" in draft(bare, monkeypatch, "conf").output


def test_what_a_run_would_refuse_is_not_drafted(bare, monkeypatch):
    arrays = counts(0, 8)
    arrays["context"] = np.repeat(np.arange(12), 80) // 3 * 5 + 1
    arrays.pop("trial")
    source_of(bare, monkeypatch, **arrays)
    description = written(bare, "one")
    assert set(description["decode"]) == {"place", "choice"}
    assert (
        "# not context: classes are tested in one that were not trained on"
        in (bare / "conf/local/parameters_one.yml").read_text()
    )


def test_classes_in_text_mean_the_same_in_every_session(bare, monkeypatch):
    for seed, (session, sides) in enumerate((("a", ["left", "right"]), ("b", ["front", "right"]))):
        arrays = counts(seed, 8)
        np.savez(bare / f"{session}.npz", **arrays | {"side": np.array(sides)[arrays["choice"]]})
    assert draft(bare, monkeypatch, "a.npz", "b.npz", "--name", "both").exit_code == 0
    side = written(bare, "both")["source"]["labels"]["side"]
    assert side["classes"] == ["front", "left", "right"]


def test_what_says_most_guides(bare, monkeypatch):
    arrays = counts(0, 8)
    arrays = {"a_speed": np.abs(np.diff(arrays["place"], prepend=0.1)), **arrays}
    source_of(bare, monkeypatch, **arrays)
    assert written(bare, "one")["encoders"]["behaviour"]["labels"] == ["place", "choice"]


def test_bins_whose_label_was_lost_are_dropped_and_it_is_said(bare, monkeypatch):
    arrays = counts(0, 8)
    arrays["place"][100:110] = np.nan
    source = source_of(bare, monkeypatch, **arrays)
    assert source["missing"] == {"rule": "drop"}
    text = (bare / "conf/local/parameters_one.yml").read_text()
    assert "labels.place: 10 of 960 bins have no value" in text


def test_a_matrix_with_neurons_first_is_turned_round(bare, monkeypatch):
    arrays = counts(0, 8)
    arrays["neural"] = arrays["neural"].T
    source = source_of(bare, monkeypatch, **arrays)
    assert source["transposed"] is True


def test_the_width_of_bins_is_taken_from_the_file_where_it_says_it(bare, monkeypatch):
    arrays = counts(0, 8)
    clock = 7 + 0.05 * np.arange(len(arrays["place"]))
    assert source_of(bare, monkeypatch, **arrays, time=clock)["bin_width_s"] == pytest.approx(0.05)
    (bare / "conf/local/parameters_one.yml").unlink()
    (bare / "conf/local/catalog_one.yml").unlink()
    rate = source_of(bare, monkeypatch, **arrays, sampling_rate=np.array(40.0))
    assert rate["bin_width_s"] == pytest.approx(0.025)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lost.npz"], "lost.npz does not exist"),
        (["notes.md"], "is of no format that is known"),
        (["behaviour.npz"], "no array looks like spike times, counts or traces"),
        (["broken.npz"], "broken.npz is not a readable"),
    ],
)
def test_what_is_no_recording_is_refused_and_nothing_written(bare, monkeypatch, arguments, message):
    (bare / "notes.md").write_text("nothing")
    (bare / "broken.npz").write_bytes(b"PK\x03\x04")
    np.savez(bare / "behaviour.npz", place=np.arange(10.0), speed=np.ones(10))
    result = draft(bare, monkeypatch, *arguments)
    assert result.exit_code == 1
    assert message in result.output
    assert "Traceback" not in result.output
    assert not list((bare / "conf/local").iterdir())
