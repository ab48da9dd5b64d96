"""Runs in MLflow: a run for each experiment, in it one for each variant; each thing once."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from kedro.io import DatasetError

from cebra_kedro.run.manifest import RunManifest
from cebra_kedro.run.mlflow_block import MlflowBlock
from cebra_kedro.run.mlflow_store import MlflowStore, open_store
from kedro_command import kedro
from kedro_project import ONE_RAT, contents, manifest, reporting, run_session

mlflow = pytest.importorskip("mlflow")
# of connections of MLflow's databases, which it leaves to the garbage collector
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

NAME = "hippocampus"
TRACKED = ONE_RAT | {"params": ONE_RAT["params"] | {"mlflow": {"enabled": True}}}


class Found:
    """What a store holds of the experiment.

    Args:
        project: whose store it is.
    """

    def __init__(self, project: Path) -> None:
        self.client = mlflow.MlflowClient(f"sqlite:///{project}/data/mlflow/mlflow.db")
        known = self.client.get_experiment_by_name(NAME)
        runs = self.client.search_runs([known.experiment_id], max_results=1000)
        self.runs = {run.info.run_id: run for run in runs}
        self.histories = {
            (run_id, name): len(self.client.get_metric_history(run_id, name))
            for run_id, run in self.runs.items()
            for name in run.data.metrics
        }
        self.folder = project / "data/mlflow/artifacts" / NAME
        self.times = {file: file.stat().st_mtime_ns for file in self.folder.rglob("*.pt")}

    @property
    def whole(self) -> Any:
        (run,) = [r for r in self.runs.values() if "mlflow.parentRunId" not in r.data.tags]
        return run

    @property
    def variants(self) -> dict[str, Any]:
        named = {run.data.tags.get("variant"): run for run in self.runs.values()}
        assert len(named) == len(self.runs)
        return {name: run for name, run in named.items() if name}

    @property
    def statuses(self) -> set[str]:
        return {run.info.status for run in self.runs.values()}

    def files(self, run: Any) -> dict[str, bytes]:
        return contents(self.folder / run.info.run_id / "artifacts")


@pytest.fixture(scope="module")
def history(one_rat, tmp_path_factory) -> Iterator[SimpleNamespace]:
    """A project in which a run has failed at a figure, gone on, and been run again."""
    from cebra_kedro.plots import loss

    def broken(*_, **__):
        raise ValueError("no axes left")

    project = shutil.copytree(one_rat, tmp_path_factory.mktemp("history") / "project")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.setattr(loss, "loss_figure", broken)
        (reporting(project) / NAME / "buddy/loss.svg").unlink()  # else it need not be drawn
        with pytest.raises(DatasetError, match="no axes left"):
            run_session(project, **TRACKED)
        failed = Found(project)
        patch.undo()
        run_session(project, **TRACKED)
        resumed = Found(project)
        run_session(project, **TRACKED)
        yield SimpleNamespace(project=project, failed=failed, resumed=resumed, again=Found(project))


def test_a_failed_run_is_failed_and_holds_what_was_finished(history):
    found = history.failed
    assert found.statuses == {"FAILED"}
    assert found.whole.data.tags["failed_node"] == f"reporting.{NAME}.loss"
    assert "no axes left" in found.whole.data.tags["error"]
    assert found.variants["position"].data.metrics


def test_the_same_command_goes_on_with_the_same_runs_until_they_are_finished(history):
    assert history.resumed.runs.keys() == history.failed.runs.keys()
    assert history.resumed.statuses == {"FINISHED"}
    assert not {"error", "failed_node"} & {*history.resumed.whole.data.tags}


def test_nothing_is_written_twice(history):
    assert history.again.runs.keys() == history.failed.runs.keys()
    assert {*history.again.histories.values()} == {1}
    assert history.again.times == history.failed.times


def test_every_variant_of_the_table_has_its_mean_scores(history):
    table = pd.read_csv(reporting(history.project) / NAME / "metrics.csv", keep_default_na=False)
    variants = history.resumed.variants
    assert variants.keys() == {*table["variant"]}
    for name, run in variants.items():
        of_variant = table[table["variant"] == name].groupby(["decoder", "metric"])["value"]
        means = {"/".join(filter(None, by)): mean for by, mean in of_variant.mean().items()}
        # 1e-12: the same mean, perhaps added up in another order
        assert run.data.metrics == pytest.approx(means, rel=1e-12)


def test_consistency_belongs_to_the_experiment(history):
    table = pd.read_csv(reporting(history.project) / NAME / "consistency.csv")
    means = table.groupby("between")["r2"].mean()
    assert history.resumed.whole.data.metrics == {
        f"consistency_r2/{name}": pytest.approx(value) for name, value in means.items()
    }


def test_variants_can_be_compared_by_what_they_were_trained_with(history):
    position = history.resumed.variants["position"].data.params
    time = history.resumed.variants["time"].data.params
    assert position["labels"] != time.get("labels")
    assert position["steps"] == time["steps"]
    assert history.resumed.variants["pca"].data.tags["kind"] == "baseline"


def test_parameters_of_the_whole_experiment_are_flat_and_a_file(history):
    whole, described = history.resumed.whole, manifest(history.project)["parameters"][NAME]
    assert whole.data.params["training.steps"] == str(described["training"]["steps"])
    assert b'"sessions"' in history.resumed.files(whole)["parameters.json"]


def test_models_are_the_files_of_the_run(history):
    for encoder in ("position", "time"):
        files = history.resumed.files(history.resumed.variants[encoder])
        models = contents(history.project / "data/06_models" / NAME / encoder, "*.pt")
        copies = {name: content for name, content in files.items() if name != "written.json"}
        assert copies == {f"models/{name}": content for name, content in models.items()}
        assert copies


def test_figures_tables_and_the_report_are_artifacts(history):
    files = history.again.files(history.again.whole)
    folder = reporting(history.project)
    figures = contents(folder / NAME, "*.png")
    assert {
        f"figures/{name}": content for name, content in figures.items()
    }.items() <= files.items()
    assert files["tables/metrics.csv"] == (folder / NAME / "metrics.csv").read_bytes()
    assert files["report.html"] == (folder / "report.html").read_bytes()


def test_simulated_recordings_cannot_pass_for_real_ones(history):
    assert {run.data.tags["recordings"] for run in history.again.runs.values()} == {"simulated"}


def test_the_run_says_what_made_it(history):
    tags, facts = history.again.whole.data.tags, manifest(history.project)
    assert tags["kedro_run"] == history.again.whole.info.run_name == facts["run_id"]
    assert tags["environment"] == "test"
    assert tags["version.torch"] == facts["packages"]["torch"]


def test_other_parameters_are_another_run(history, tmp_path):
    project = shutil.copytree(history.project, tmp_path / "other")
    store = f"sqlite:///{project}/data/mlflow/mlflow.db"
    params = TRACKED["params"] | {
        "mlflow": {"enabled": True, "store": store, "models": False},
        NAME: {"encoders": {"time": {"steps": 4}}},
    }
    run_session(project, namespaces=[f"training.{NAME}.time"], params=params)
    whole = [r for r in Found(project).runs.values() if "variant" not in r.data.tags]
    assert {run.data.params.get("encoders.time.steps") for run in whole} >= {"4"}
    assert len(whole) == 2


@pytest.mark.slow
def test_nodes_in_other_processes_leave_the_same_models(history, tmp_path):
    project = shutil.copytree(history.project, tmp_path / "copied")
    shutil.rmtree(project / "data/mlflow")
    arguments = ["--runner", "ParallelRunner", "--namespaces", f"training.{NAME}.position"]
    arguments += ["--sessions", "buddy", "--params", "mlflow.enabled=true"]
    kedro("run", *arguments, project=project)
    found = Found(project)
    assert found.statuses == {"FINISHED"}
    models = {name for name in found.files(found.variants["position"]) if name.endswith(".pt")}
    expected = contents(project / "data/06_models" / NAME / "position", "*.pt")
    assert models == {f"models/{name}" for name in expected}


def test_a_share_of_the_cells_writes_no_run(one_rat, tmp_path):
    project = shutil.copytree(one_rat, tmp_path / "share")
    params = TRACKED["params"] | {"compute": {"share": "0/2"}}
    run_session(project, namespaces=[f"training.{NAME}.time"], params=params)
    assert not (project / "data/mlflow").exists()


def test_a_store_that_does_not_answer_stops_the_run_before_it_begins(refused, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    params = "mlflow.enabled=true,mlflow.store=http://127.0.0.1:1"
    said = refused("--env", "test", "--pipelines", NAME, "--sessions", "buddy", "--params", params)
    assert said.startswith("the MLflow store http://127.0.0.1:1 cannot be used")
    assert said.endswith("start it or correct mlflow.store, or use mlflow.enabled=false")


def test_a_store_that_fails_at_the_end_leaves_the_run_as_it_is(tmp_path, monkeypatch, caplog):
    store = open_store(MlflowBlock(enabled=True, store="sqlite:///runs.db"), tmp_path)

    def gone(*_: Any, **__: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(MlflowStore, "write", gone)
    run = RunManifest.begin({}, {}, tmp_path, ())
    with caplog.at_level(logging.WARNING, "cebra_kedro"):
        store.write_run(run.end("finished"), {"rats": None}, tmp_path)
    assert "could not be written to MLflow" in caplog.text
    assert "no space left" in caplog.text
