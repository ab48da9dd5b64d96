"""Runs where results are already: what is kept, what is made anew, what a failure leaves."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from kedro.io import DatasetError
from kedro.runner import ThreadRunner

from kedro_project import (
    ONE_RAT,
    ONE_RAT_COMMAND,
    contents,
    manifest,
    provenance,
    reporting,
    run_command,
    run_session,
)

NAME = "hippocampus"
N_MODELS = 6 * 3 * 2 + 2  # encoders of one rat in three folds and two seeds, and one for all folds


def changed_rat(**blocks: Any) -> dict[str, Any]:
    """A run of rat buddy with other parameters."""
    return ONE_RAT | {"params": ONE_RAT["params"] | {NAME: blocks}}


def computed(project: Path) -> dict[str, tuple[bytes, int]]:
    """Name → bytes and time of change of what is kept from run to run, without the indices.

    What a killed process was just writing is not among them: the next run removes it.
    """
    return {
        f"{folder}/{name}": (content, (project / "data" / folder / name).stat().st_mtime_ns)
        for folder in ("06_models", "07_model_output")
        for name, content in contents(project / "data" / folder, "[!.]*seed*").items()
    }


def results(project: Path) -> dict[str, bytes]:
    """Tables, figures and lists of the experiment."""
    return contents(reporting(project) / NAME)


def drawn(project: Path) -> dict[str, int]:
    """Picture or drawing → when it was drawn."""
    folder = reporting(project) / NAME
    files = [*folder.rglob("*.png"), *folder.rglob("*.svg")]
    return {str(file.relative_to(folder)): file.stat().st_mtime_ns for file in files}


def table(project: Path) -> pd.DataFrame:
    return pd.read_csv(reporting(project) / NAME / "metrics.csv", keep_default_na=False)


def test_a_second_run_computes_nothing_and_changes_no_result(one_rat, copied):
    before, pictures = computed(copied), drawn(copied)
    run_session(copied, **ONE_RAT)
    assert computed(copied) == before
    assert drawn(copied) == pictures
    assert results(copied) == results(one_rat)
    for folder in ("02_intermediate", "03_primary"):
        assert contents(copied / "data" / folder) == contents(one_rat / "data" / folder)


def test_a_changed_encoder_is_trained_embedded_and_decoded_again_and_no_other(copied):
    before, old = computed(copied), table(copied)
    run_session(copied, **changed_rat(encoders={"time": {"steps": 4}}))
    after, new = computed(copied), table(copied)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {name for name in before if "/time/" in name}
    assert len(changed) == 3 * 3 * 2  # models, embeddings and predictions
    same = old["variant"] != "time"
    pd.testing.assert_frame_equal(new[same], old[same])
    assert (new.loc[~same, "value"] != old.loc[~same, "value"]).any()


def test_a_changed_figure_is_drawn_again_and_the_others_are_kept(copied):
    before = drawn(copied)
    (reporting(copied) / NAME / "buddy/loss.svg").unlink()  # a lost one as well
    run_session(copied, **changed_rat(figures={"embedding": {"rows": "test"}}))
    changed = {Path(name).stem for name, when in drawn(copied).items() if when != before[name]}
    assert changed == {"embedding", "loss"}


def test_changed_decoders_decode_again_and_train_nothing(copied):
    before = computed(copied)
    run_session(copied, **changed_rat(decoders={"neighbours": [3]}))
    after = computed(copied)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {name for name in before if "/predictions/" in name}


def test_other_seeds_leave_none_of_the_old(copied):
    before = computed(copied)
    run_session(copied, **changed_rat(training={"seeds": [7]}))
    after = computed(copied)
    models = [name for name in after if name.endswith(".pt")]
    assert len(models) == N_MODELS / 2
    assert all(name.removesuffix(".pt").endswith("_seed7") for name in models)
    baselines = [name for name in after if not name.removesuffix(".npz").endswith("_seed7")]
    assert {
        name.split("/")[-2 if "predictions" in name else 2] for name in baselines if ".npz" in name
    } == {"pca", "raw", "raw_window"}
    assert {name: after[name] for name in baselines if ".npz" in name} == {
        name: before[name] for name in baselines if ".npz" in name
    }
    scores = table(copied)
    trained = ~scores["variant"].isin(["pca", "raw", "raw_window"])
    assert set(scores.loc[trained, "seed"]) == {7}
    # of two folds, no embeddings are alike: another seed is another encoder
    old = [content for name, (content, _) in before.items() if "time/embeddings" in name]
    new = [content for name, (content, _) in after.items() if "time/embeddings" in name]
    assert not set(old) & set(new)


def test_one_session_leaves_rows_figures_and_files_of_the_others_as_they_are(all_rats, tmp_path):
    project = shutil.copytree(all_rats, tmp_path / "project")
    before, old, files = computed(project), table(project), results(project)
    drawn = {name: (reporting(project) / NAME / name).stat().st_mtime_ns for name in files}
    old_pairs = pd.read_csv(reporting(project) / NAME / "consistency.csv")
    first_run = manifest(project)["run_id"]
    time.sleep(1.1)  # run ids are to the second
    done = run_command(
        project, "--env=test", *ONE_RAT_COMMAND, "--params", f"{NAME}.encoders.time.steps=4"
    )
    assert done.exit_code == 0, done.output

    after = computed(project)
    changed = {name for name in after if after[name] != before.get(name)}
    assert after.keys() == before.keys()
    assert changed == {name for name in before if "/time/" in name and "buddy" in name}
    new = table(project)
    same = (old["subject"] != "buddy") | (old["variant"] != "time")
    pd.testing.assert_frame_equal(new[same], old[same])
    assert (new.loc[~same, "value"] != old.loc[~same, "value"]).any()
    pairs = pd.read_csv(reporting(project) / NAME / "consistency.csv")
    ends = old_pairs[["source", "target"]]
    pd.testing.assert_frame_equal(pairs[["source", "target"]], ends)
    touched = ends.map(lambda name: name.startswith("buddy/time/")).any(axis=1)
    pd.testing.assert_frame_equal(pairs[~touched], old_pairs[~touched])
    for name, content in results(project).items():
        if name.split("/")[0] in ("achilles", "cicero", "gatsby"):
            assert content == files[name], name
            assert (reporting(project) / NAME / name).stat().st_mtime_ns == drawn[name], name
    # ... and the page says so
    known = provenance(project)
    assert known[f"{NAME}/metrics.csv#achilles"]["run_id"] == first_run
    assert known[f"{NAME}/metrics.csv#buddy"]["run_id"] == manifest(project)["run_id"] != first_run
    assert "from an earlier run" in (reporting(project) / "report.html").read_text()


def test_the_last_stage_alone_knows_that_its_input_was_simulated(copied):
    figure = reporting(copied) / NAME / "buddy/scores.png"
    figure.unlink()
    (reporting(copied) / "report.html").unlink()
    run_session(copied, namespaces=[f"reporting.{NAME}"], **ONE_RAT)
    assert figure.is_file()
    entry = provenance(copied)[f"{NAME}/buddy/scores.png"]
    assert entry["simulated"] is True
    assert entry["run_id"] == manifest(copied)["run_id"]
    assert "simulated" in (reporting(copied) / "report.html").read_text()


def test_a_stage_whose_input_was_never_made_says_which_folder_is_empty(project):
    message = r"02_intermediate/hippocampus has no index\.json.*run the pipeline"
    with pytest.raises(DatasetError, match=message):
        run_session(project, namespaces=[f"training.{NAME}.time"])
    facts = manifest(project)
    assert facts["status"] == "failed"
    assert facts["failed_node"] == f"training.{NAME}.time.train"
    assert "02_intermediate/hippocampus has no index.json" in facts["error"]
    assert any("Traceback" in line for line in facts["traceback"])
    assert not (reporting(project) / "report.html").exists()


def test_a_failure_half_way_leaves_a_report_that_says_so(copied, monkeypatch):
    from cebra_kedro.plots import loss

    def broken(*_, **__):
        raise ValueError("no axes left")

    monkeypatch.setattr(loss, "loss_figure", broken)
    whole = results(copied)
    (reporting(copied) / NAME / "buddy/loss.svg").unlink()  # else it need not be drawn
    before = results(copied)
    with pytest.raises(DatasetError, match="no axes left"):
        run_session(copied, **ONE_RAT)
    assert manifest(copied)["failed_node"] == f"reporting.{NAME}.loss"
    assert "failed" in (reporting(copied) / "report.html").read_text()
    assert results(copied) == before  # nothing half written, and no picture lost
    monkeypatch.undo()
    run_session(copied, **ONE_RAT)
    assert manifest(copied)["status"] == "finished"
    assert results(copied) == whole


def test_a_training_that_fails_keeps_the_others_and_the_next_run_goes_on(
    one_rat, project, monkeypatch
):
    from cebra_kedro.training import loop

    train, calls = loop.train, []

    def broken(*data, **options):
        calls.append(1)
        if len(calls) in (5, 6):  # an encoder is tried twice
            raise ValueError("the loss is not finite")
        return train(*data, **options)

    monkeypatch.setattr(loop, "train", broken)
    here = {NAME: {"training": {"processes": 1}}}  # other processes have what is not broken
    with pytest.raises(DatasetError, match="the loss is not finite"):
        run_session(project, **(ONE_RAT | {"params": ONE_RAT["params"] | here}))
    kept = computed(project)
    assert len([name for name in kept if name.endswith(".pt")]) == 5  # also the one after it
    monkeypatch.undo()
    run_session(project, **ONE_RAT)
    after = computed(project)
    assert {name: after[name] for name in kept} == kept
    assert results(project) == results(one_rat)


def test_threads_give_the_same_bytes_and_times_for_every_node(one_rat, project):
    run_session(project, **ONE_RAT, runner=ThreadRunner(max_workers=4))
    assert same_as(project, one_rat)
    facts = manifest(project)
    assert facts["status"] == "finished"
    assert facts["node_seconds"].keys() == manifest(one_rat)["node_seconds"].keys()


@pytest.mark.slow
def test_processes_give_the_same_bytes(one_rat, project):
    """In a process of its own: forks of this one would wait for threads that they do not have."""
    process = start(project, "--runner=ParallelRunner")
    said = process.communicate(timeout=300)[1]
    assert process.returncode == 0, said
    assert same_as(project, one_rat)
    assert manifest(project)["status"] == "finished"
    assert provenance(project)[f"{NAME}/metrics.csv#buddy"]["simulated"] is True


@pytest.mark.slow
def test_scores_of_a_killed_parallel_run_do_not_pass_for_those_of_an_earlier_one(copied):
    """Its processes write, and the one that would note it is killed: simulated under real."""
    file = reporting(copied) / "provenance.json"
    real = {place: e | {"simulated": False} for place, e in provenance(copied).items()}
    file.write_text(json.dumps(real))
    scores = reporting(copied) / NAME / "metrics.csv"
    scores.unlink()
    stages = f"--namespaces=ingestion.{NAME},decoding.{NAME},reporting.{NAME}"
    process = start(copied, "--runner=ParallelRunner", stages)
    deadline = time.monotonic() + 120
    while not scores.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)
    stop(process, signal.SIGKILL)
    known = provenance(copied)
    assert f"{NAME}/metrics.csv" not in known
    assert f"{NAME}/metrics.csv#buddy" not in known
    models = f"../06_models/{NAME}/time/index.json#buddy"
    assert known[models] == real[models]  # which that run does not write


def same_as(project: Path, other: Path) -> bool:
    """Whether embeddings, predictions, tables and figures are the same bytes."""
    folder = "data/07_model_output"
    assert contents(project / folder, "*.npz") == contents(other / folder, "*.npz")
    assert results(project) == results(other)
    drawings = contents(reporting(other), "*.svg")
    assert drawings
    assert contents(reporting(project), "*.svg") == drawings
    return True


def start(project: Path, *arguments: str) -> subprocess.Popen:
    """``kedro run`` of the rat in a process of its own, and a group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "kedro", "run", "--env=test", *ONE_RAT_COMMAND, *arguments],
        cwd=project,
        env=os.environ | {"KEDRO_DISABLE_TELEMETRY": "true"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for_models(project: Path, process: subprocess.Popen, count: int) -> None:
    """Until so many encoders are there."""
    deadline = time.monotonic() + 120
    while len(list((project / "data/06_models").rglob("*.pt"))) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)


def stop(process: subprocess.Popen, how: signal.Signals) -> str:
    """Stop all of its group, as a terminal does; what it said without Python's own remarks.

    Python drops an interrupt that falls into the callback of a weak reference, and says so; then it
    is sent again, as a person would press the keys again.
    """
    os.killpg(process.pid, how)
    try:
        _, said = process.communicate(timeout=15)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, how)
        _, said = process.communicate(timeout=120)
    return re.sub(
        r"Exception ignored .*\n(Traceback .*\n(?: .*\n)+)?KeyboardInterrupt:? *\n", "", said
    )


@pytest.mark.slow
@pytest.mark.parametrize(("how", "processes"), [(signal.SIGINT, 1), (signal.SIGKILL, 2)])
def test_a_run_stopped_in_the_middle_of_training_goes_on_as_if_nothing_had_happened(
    one_rat, project, how, processes
):
    process = start(project, "--params", f"{NAME}.training.processes={processes}")
    wait_for_models(project, process, 4)
    said = stop(process, how)
    if processes == 1:
        assert "Traceback" not in said
    if how == signal.SIGINT:
        assert process.returncode == 1
        # the last words of this process; those of joblib's processes may stand around them
        words = "interrupted; finished encoders are kept, and the same command goes on from there"
        assert f"Error: {words}" in said.splitlines()
    assert manifest(project)["status"] == "unfinished"
    kept = computed(project)
    assert 4 <= len(kept) < N_MODELS
    assert not (reporting(project) / NAME / "metrics.csv").exists()

    run_session(project, **ONE_RAT)
    after = computed(project)
    assert {name: after[name] for name in kept} == kept  # not trained again
    assert len([name for name in after if name.endswith(".pt")]) == N_MODELS
    assert same_as(project, one_rat)
    leftovers = [path for path in project.rglob(".*") if path.suffix in (".tmp", ".checkpoint")]
    assert [path for path in leftovers if path.is_file()] == []
