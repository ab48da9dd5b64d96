"""Runs where results are already: what is kept, what is made anew, what a failure leaves."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from kedro.io import DatasetError
from kedro.runner import ThreadRunner

from cebra_kedro.io import NpzDataset
from kedro_project import RAT, contents, manifest, provenance, reporting, run_session

OTHER_SEED = {"hippocampus": {"training": {"seeds": [7]}}}


def output(project: Path, *parts: str) -> Path:
    return project.joinpath("data/07_model_output/hippocampus/buddy", *parts)


def models(project: Path) -> dict[str, tuple[bytes, int]]:
    """Name → bytes and time of change of every model file."""
    folder = project / "data/06_models"
    return {
        name: (content, (folder / name).stat().st_mtime_ns)
        for name, content in contents(folder, "*.pt").items()
    }


def test_a_second_run_trains_nothing_and_changes_no_result(one_rat, copied):
    before = models(copied)
    run_session(copied, namespaces=[RAT])
    assert models(copied) == before
    old, new = (contents(reporting(p) / "hippocampus") for p in (one_rat, copied))
    assert old == new


def test_a_changed_parameter_trains_again_what_it_concerns(copied):
    before = models(copied)
    params = {"hippocampus": {"variants": {"time": {"steps": 4}}}}
    run_session(copied, params=params, namespaces=[f"{RAT}.time", f"{RAT}.hybrid"])
    changed = {
        name.split("/")[2] for name, model in models(copied).items() if model != before[name]
    }
    assert changed == {"time"}
    assert len(pd.read_csv(output(copied, "time", "loss_history.csv"))) == 4 * 3 * 2


def test_another_seed_gives_other_embeddings_and_leaves_none_of_the_old(copied):
    def embedding(seed):
        file = output(copied, "time", "embeddings", f"fold0_seed{seed}.npz")
        return NpzDataset(filepath=file).load()["embedding"]

    before = [embedding(seed) for seed in (0, 1)]
    run_session(copied, params=OTHER_SEED, namespaces=[f"{RAT}.time"])
    assert not any(np.allclose(embedding(7), old, atol=1e-3) for old in before)
    assert len(list(output(copied, "time", "embeddings").iterdir())) == 3


def test_the_last_stage_alone_knows_that_its_input_was_simulated(copied):
    figure = reporting(copied) / "hippocampus/buddy/error.png"
    figure.unlink()
    (reporting(copied) / "report.html").unlink()
    run_session(copied, pipeline_names=["reporting"], namespaces=[RAT])
    assert figure.is_file()
    entry = provenance(copied)["hippocampus/buddy/error.png"]
    assert entry["simulated"] is True
    assert entry["run_id"] == manifest(copied)["run_id"]
    assert manifest(copied)["raw_files"] == []
    assert "simulated" in (reporting(copied) / "report.html").read_text()


def test_a_stage_whose_input_was_never_made_says_which_file_is_missing(project):
    with pytest.raises(DatasetError, match=r"recording\.h5 does not exist; run the pipeline"):
        run_session(project, pipeline_names=["training"], namespaces=[f"{RAT}.time"])
    facts = manifest(project)
    assert facts["status"] == "failed"
    assert facts["failed_node"] == f"{RAT}.time.train"
    assert "recording.h5 does not exist" in facts["error"]
    assert any("Traceback" in line for line in facts["traceback"])
    assert not (reporting(project) / "report.html").exists()


def test_a_failure_half_way_leaves_a_report_that_says_so(copied, monkeypatch):
    from cebra_kedro import plots

    def broken(*_, **__):
        raise ValueError("no axes left")

    monkeypatch.setattr(plots, "plot_loss_curves", broken)
    with pytest.raises(ValueError, match="no axes left"):
        run_session(copied, pipeline_names=["decoding", "reporting"], namespaces=[RAT])
    assert manifest(copied)["failed_node"] == f"{RAT}.loss_figure"
    assert "failed" in (reporting(copied) / "report.html").read_text()


def test_threads_give_the_same_scores_and_times_for_every_node(one_rat, project):
    chosen = [f"{RAT}.{name}" for name in ("raw", "pca", "raw_window")]
    run_session(project, pipeline_names=["ingestion"], namespaces=[RAT])
    run_session(project, namespaces=chosen, runner=ThreadRunner(max_workers=4))
    for name in ("raw", "pca", "raw_window"):
        assert output(project, name, "scores.csv").read_bytes() == (
            output(one_rat, name, "scores.csv").read_bytes()
        )
    assert len(manifest(project)["node_seconds"]) == 2 * len(chosen)
    assert manifest(project)["status"] == "finished"


def test_an_interrupted_run_says_how_to_go_on_and_keeps_its_encoders(one_rat, tmp_path):
    other = shutil.copytree(one_rat, tmp_path / "other")
    folder = other / "data/06_models"
    shutil.rmtree(folder)
    process = subprocess.Popen(
        [sys.executable, "-m", "kedro", "run", "--env=test", "--pipelines=training", f"-ns={RAT}"],
        cwd=other,
        env=os.environ | {"KEDRO_DISABLE_TELEMETRY": "true"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    # The line comes when the encoders of the first variant are there, six variants to come.
    line = next((line for line in process.stderr if "encoders trained" in line), "")
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=120)
    assert line, rest
    assert process.returncode == 1
    assert "Traceback" not in rest
    assert rest.splitlines()[-1] == (
        "Error: interrupted; finished encoders are kept, and the same command goes on from there"
    )
    assert manifest(other)["status"] == "unfinished"

    kept = {name: (folder / name).stat().st_mtime_ns for name in contents(folder, "*.pt")}
    assert 2 <= len(kept) < 38
    run_session(other, pipeline_names=["training"], namespaces=[RAT])
    assert len(contents(folder, "*.pt")) == 38
    assert {name: (folder / name).stat().st_mtime_ns for name in kept} == kept
    # As if nothing had happened.
    output = "data/07_model_output"
    assert contents(other / output, "*.npz") == contents(one_rat / output, "*.npz")
