"""The manifest: what a run was made of, exactly, however it ended."""

import json
import os
import platform
import subprocess
import sys
from importlib.metadata import version
from types import SimpleNamespace

import pytest

from cebra_kedro.run import manifest as room
from cebra_kedro.run.manifest import MANIFEST_NAME, RunManifest

RUN = {"pipeline_names": ["hippocampus"], "namespaces": ["training.hippocampus"], "env": "paper"}
PARAMETERS = {
    "hippocampus": {"training": {"seeds": [3, 4], "device": "cpu"}},
    "synthetic": {"training": {"seeds": [5], "device": "mps"}},  # not in this run
    "only_sessions": ["buddy"],
}


@pytest.fixture
def manifest(tmp_path):
    return RunManifest.begin(RUN, PARAMETERS, tmp_path, {"hippocampus"})


@pytest.fixture
def clock(monkeypatch):
    clock = SimpleNamespace(now_s=10.0)
    monkeypatch.setattr(room.time, "perf_counter", lambda: clock.now_s)
    return clock


def written(manifest, folder):
    manifest.write(folder)
    return json.loads((folder / MANIFEST_NAME).read_text())


def test_what_was_asked_for_is_kept(manifest):
    assert manifest.facts["pipelines"] == ["hippocampus"]
    assert manifest.facts["namespaces"] == ["training.hippocampus"]
    assert manifest.facts["sessions"] == ["buddy"]
    assert manifest.facts["environment"] == "paper"
    assert manifest.facts["parameters"] == PARAMETERS
    assert manifest.facts["seeds"] == {"hippocampus": [3, 4]}


def test_a_plain_run_is_the_default_pipeline_in_base(tmp_path):
    run = {"pipeline_names": None, "namespaces": [], "env": None}
    facts = RunManifest.begin(run, {"only_sessions": None}, tmp_path, ()).facts
    names = ("pipelines", "namespaces", "sessions", "environment")
    assert [facts[name] for name in names] == [["__default__"], [], [], "base"]


def test_versions_are_those_installed(manifest):
    assert manifest.facts["python"] == platform.python_version()
    for name in ("cebra", "kedro", "numpy", "torch"):
        assert manifest.facts["packages"][name] == version(name)


def git(folder, *arguments):
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def test_git_commit_and_uncommitted_changes_are_kept(tmp_path):
    git(tmp_path, "init")
    (tmp_path / "a").touch()
    git(tmp_path, "add", "a")
    git(tmp_path, "commit", "-m", "a")
    clean = RunManifest.begin(RUN, {}, tmp_path, ()).facts
    assert clean["git_commit"] == git(tmp_path, "rev-parse", "HEAD")
    assert clean["git_dirty"] is False
    (tmp_path / "b").touch()
    assert RunManifest.begin(RUN, {}, tmp_path, ()).facts["git_dirty"] is True


def test_without_git_its_fields_are_null(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    facts = RunManifest.begin(RUN, {}, tmp_path, ()).facts
    assert (facts["git_commit"], facts["git_dirty"]) == (None, None)


def test_a_run_that_is_killed_leaves_an_unfinished_manifest(manifest, tmp_path):
    assert written(manifest, tmp_path)["status"] == "unfinished"
    assert written(manifest.end("finished"), tmp_path)["status"] == "finished"


def test_seconds_of_a_node_span_loading_running_and_saving_all_outputs(clock, tmp_path):
    manifest = RunManifest.begin(RUN, {}, tmp_path, ())
    manifest.begin_node("decode", ["scores", "predictions"])
    clock.now_s += 1.0
    manifest.begin_node("decode", ["scores", "predictions"])  # a second input is loaded
    clock.now_s += 2.0
    assert not manifest.note_saved("decode", "predictions")
    assert manifest.node_seconds == {}
    clock.now_s += 4.0
    assert manifest.note_saved("decode", "scores")
    assert manifest.end("finished").facts["node_seconds"] == {"decode": 7.0}
    assert manifest.facts["seconds"] == 7.0


def test_nodes_that_run_side_by_side_keep_their_own_clocks(clock, manifest):
    manifest.begin_node("a", ["x"])
    clock.now_s += 1.0
    manifest.begin_node("b", ["y"])
    clock.now_s += 1.0
    manifest.note_saved("a", "x")
    clock.now_s += 1.0
    manifest.note_saved("b", "y")
    assert manifest.node_seconds == {"a": 2.0, "b": 2.0}


def test_a_node_whose_function_raised_is_named(manifest):
    manifest.begin_node("a", ["x"])
    manifest.begin_node("b", ["y"])
    manifest.note_failed("a")
    facts = manifest.end("failed", ValueError("steps\n  too few")).facts
    assert (facts["failed_node"], facts["error"]) == ("a", "steps too few")


def test_a_node_that_could_not_load_is_named_not_the_one_before(manifest):
    manifest.begin_node("before", ["x"])
    manifest.note_saved("before", "x")
    manifest.begin_node("loading", ["y"])
    assert manifest.end("failed", OSError("gone")).facts["failed_node"] == "loading"


def test_the_traceback_of_a_failure_is_kept_line_by_line(manifest, tmp_path):
    def lengths_differ():
        raise ValueError("lengths differ")

    try:
        lengths_differ()
    except ValueError as error:
        manifest.end("failed", error)
    lines = written(manifest, tmp_path)["traceback"]
    assert any("in lengths_differ" in line for line in lines)
    assert lines[-1] == "ValueError: lengths differ"


def test_an_error_without_words_is_named_by_its_type(manifest):
    assert manifest.end("failed", RuntimeError()).facts["error"] == "RuntimeError"


def test_where_a_cause_was_raised_stands_beside_the_error(manifest):
    cause, error = ValueError("too few bins"), OSError("models: too few\nbins")
    cause.add_note("in ann/fold0_seed0")
    error.__cause__ = cause
    error.add_note("in train")
    facts = manifest.end("failed", error).facts
    assert facts["error"] == "models: too few bins (in train) (in ann/fold0_seed0)"


def test_recordings_are_listed_by_name_with_checksum_and_shape(manifest, tmp_path):
    facts = {"source": "b.jl", "checksum": "12ab", "checksum_status": "verified"}
    about = {**facts, "simulated": False, "n_time": 4, "n_neurons": 3, "bin_width_s": 0.025}
    index = {"cicero": {"n_time": 5, "n_neurons": 2}, "buddy": about}
    manifest.note_recordings("hippocampus.recordings", index)
    manifest.note_recordings("hippocampus.recordings", index)  # noted again where it is read
    first, second = written(manifest.end("finished"), tmp_path)["raw_files"]
    assert first == {
        "dataset": "hippocampus.recordings#buddy",
        "shape": [4, 3],
        **facts,
        "simulated": False,
    }
    assert (second["dataset"], second["shape"]) == ("hippocampus.recordings#cicero", [5, 2])
    assert second["checksum"] is None


@pytest.mark.parametrize(
    ("asked", "device"), [("auto", "H100"), ("cuda", "H100"), ("cpu", "cpu (x86_64)")]
)
def test_device_is_the_one_that_the_parameters_mean_on_this_machine(
    tmp_path, monkeypatch, asked, device
):
    cuda = SimpleNamespace(is_available=lambda: True, get_device_name=lambda: "H100")
    mps = SimpleNamespace(mps=SimpleNamespace(is_available=lambda: False))
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda, backends=mps))
    monkeypatch.setattr(platform, "processor", lambda: "x86_64")
    parameters = PARAMETERS | {"hippocampus": {"training": {"seeds": [0], "device": asked}}}
    facts = RunManifest.begin(RUN, parameters, tmp_path, {"hippocampus"}).end("finished").facts
    assert facts["device"] == device


def test_files_are_told_from_those_of_earlier_runs(manifest, tmp_path):
    file = tmp_path / "scores.csv"
    assert manifest.is_older(file)
    file.touch()
    for age_s, older in ((1.0, True), (-1.0, False)):
        moment = manifest.started_epoch_s - age_s
        os.utime(file, (moment, moment))
        assert manifest.is_older(file) is older


def test_a_failed_write_leaves_the_manifest_of_the_run_before(manifest, tmp_path):
    before = written(manifest, tmp_path)
    manifest.facts["parameters"] = {"not JSON": object()}
    with pytest.raises(TypeError):
        manifest.write(tmp_path)
    assert json.loads((tmp_path / MANIFEST_NAME).read_text()) == before
    assert [path.name for path in tmp_path.iterdir()] == [MANIFEST_NAME]


def begun(tmp_path, run_id, started_at):
    manifest = RunManifest.begin(RUN, {}, tmp_path, ())
    manifest.facts |= {"run_id": run_id, "started_at": started_at}
    manifest.write(tmp_path)
    return manifest


def test_of_two_runs_side_by_side_the_manifest_is_of_the_one_that_began_last(tmp_path):
    first = begun(tmp_path, "first", "2026-01-01T00:00:00+00:00")
    second = begun(tmp_path, "second", "2026-01-01T00:00:00+00:00")  # in the same second
    first.end("finished").write_last(tmp_path)
    assert room.read_manifest(tmp_path)["run_id"] == "second"
    assert room.read_manifest(tmp_path)["status"] == "unfinished"
    second.end("finished").write_last(tmp_path)
    assert room.read_manifest(tmp_path)["status"] == "finished"


def test_manifests_that_results_name_are_kept_and_of_the_others_the_newest(tmp_path):
    for number in range(30):
        begun(tmp_path, str(number), "2026").keep(tmp_path / "logs" / f"{number:02}.json")
    room.delete_kept(tmp_path / "logs", {"03", "25"})
    left = [path.stem for path in sorted((tmp_path / "logs").iterdir())]
    assert left == ["03", *(f"{number:02}" for number in range(10, 30))]


def test_a_manifest_of_a_run_that_began_before_is_replaced(tmp_path):
    late = begun(tmp_path, "late", "2026-01-01T00:00:01+00:00")
    begun(tmp_path, "early", "2026-01-01T00:00:00+00:00")
    late.end("failed").write_last(tmp_path)
    assert room.read_manifest(tmp_path)["run_id"] == "late"


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[1]"])
def test_a_damaged_manifest_is_read_as_none(tmp_path, content):
    (tmp_path / MANIFEST_NAME).write_bytes(content)
    assert room.read_manifest(tmp_path) == {}
