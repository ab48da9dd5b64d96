"""The hook around a run, where nodes run in other processes: nothing breaks, nothing gets lost."""

import json
import os
import shutil
import subprocess
import sys

from kedro.pipeline import node

from cebra_kedro.hooks import RunReportHook
from kedro_project import RAT


def test_in_a_process_that_began_no_run_the_hook_is_silent():
    hook = RunReportHook()
    some_node = node(len, "x", "y", name="count")
    error = ValueError("no")
    hook.before_dataset_loaded(node=some_node)
    hook.after_dataset_loaded(dataset_name="x", data=[])
    hook.before_node_run(node=some_node)
    hook.after_dataset_saved(dataset_name="y", data=0, node=some_node)
    hook.on_node_error(error=error, node=some_node)
    hook.on_pipeline_error(error=error, pipeline=None)
    assert error.__notes__ == ["in count"]


def test_a_run_in_several_processes_leaves_manifest_provenance_and_scores(one_rat, tmp_path):
    project = shutil.copytree(one_rat, tmp_path / "copied")
    reporting = project / "data/08_reporting"
    scores = (reporting / "hippocampus/buddy/metrics.csv").read_bytes()
    arguments = ["--runner", "ParallelRunner", "--pipelines", "ingestion,decoding"]
    done = subprocess.run(
        [sys.executable, "-m", "kedro", "run", "--env", "test", "--namespaces", RAT, *arguments],
        cwd=project,
        env=os.environ | {"KEDRO_DISABLE_TELEMETRY": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "UserWarning" not in done.stderr
    assert "position_error_median on test data" in done.stdout
    assert (reporting / "hippocampus/buddy/metrics.csv").read_bytes() == scores

    manifest = json.loads((reporting / "run_manifest.json").read_text())
    assert manifest["status"] == "finished"
    (raw,) = manifest["raw_files"]
    assert (raw["dataset"], raw["checksum_status"]) == (f"{RAT}.recording", "simulated")
    provenance = json.loads((reporting / "provenance.json").read_text())
    assert provenance["hippocampus/buddy/metrics.csv"]["run_id"] == manifest["run_id"]
    assert provenance["hippocampus/buddy/metrics.csv"]["simulated"] is True
    assert provenance["hippocampus/buddy/loss.png"]["run_id"] != manifest["run_id"]
