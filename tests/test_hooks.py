"""The hook around a run, where nodes run in other processes: nothing breaks, nothing gets lost."""

import json
import os
import shutil
import subprocess
import sys

from kedro.pipeline import node

from cebra_kedro.hooks import RunReportHook
from kedro_project import ONE_RAT_COMMAND


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
    scores = (reporting / "hippocampus/metrics.csv").read_bytes()
    before = json.loads((reporting / "provenance.json").read_text())
    arguments = ["--runner", "ParallelRunner", "--namespaces"]
    arguments += ["ingestion.hippocampus,decoding.hippocampus", *ONE_RAT_COMMAND]
    done = subprocess.run(
        [sys.executable, "-m", "kedro", "run", "--env", "test", *arguments],
        cwd=project,
        env=os.environ | {"KEDRO_DISABLE_TELEMETRY": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "UserWarning" not in done.stderr
    assert "position_error_median on test data" in done.stdout
    assert (reporting / "hippocampus/metrics.csv").read_bytes() == scores

    manifest = json.loads((reporting / "run_manifest.json").read_text())
    assert manifest["status"] == "finished"
    assert manifest["sessions"] == ["buddy"]
    (raw,) = manifest["raw_files"]
    assert raw["dataset"] == "hippocampus.recordings#buddy"
    assert raw["checksum_status"] == "simulated"
    provenance = json.loads((reporting / "provenance.json").read_text())
    written = ["metrics.csv", "metrics.csv#buddy"]
    stores = ["02_intermediate", "03_primary", "07_model_output"]
    places = [f"hippocampus/{name}" for name in written]
    places += [f"../{folder}/hippocampus/index.json#buddy" for folder in stores[:2]]
    places.append("../07_model_output/hippocampus/predictions/index.json#buddy")
    for place in places:
        assert provenance[place]["run_id"] == manifest["run_id"], place
        assert provenance[place]["simulated"] is True, place
    others = ["hippocampus/buddy/loss.png", "../07_model_output/hippocampus/time/embeddings"]
    for place in provenance:
        if place.startswith(tuple(others)):
            assert provenance[place] == before[place], place
    assert "hippocampus/buddy/loss.png" in provenance
