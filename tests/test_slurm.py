"""Runs as jobs of SLURM, by scripts and by dask_jobqueue."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from kedro.framework import project as kedro
from kedro.pipeline import Pipeline, node

from cebra_kedro.run.slurm import phases_of
from kedro_project import ONE_RAT, ONE_RAT_COMMAND, contents, copy_project, reporting, run_session
from slurm_node import SlurmNode, why_not

slurm = pytest.mark.skipif(bool(why_not()), reason=why_not())
# as in test_dask_workers
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:Creating scratch directories:UserWarning"),
]


def nothing(*_):
    return None


def chain(*names: str) -> Pipeline:
    """Nodes each of which reads what the one before it writes."""
    return Pipeline(
        [
            node(
                nothing,
                f"d{number}",
                f"d{number + 1}",
                name=name.rpartition(".")[2],
                namespace=name.rpartition(".")[0],
            )
            for number, name in enumerate(names)
        ]
    )


def test_long_nodes_become_arrays_and_the_job_after_them_writes_their_indices():
    names = ("ingestion.x.read", "training.x.a.train", "training.x.a.embed", "decoding.x.decode")
    phases = phases_of(chain(*names, "decoding.x.score"))
    assert [(phase.name, phase.nodes, phase.is_array) for phase in phases] == [
        ("ingestion", names[:1], False),
        ("training", names[1:2], True),
        ("training", names[1:3], False),
        ("decoding", names[3:4], True),
        ("decoding", (names[3], "decoding.x.score"), False),
    ]


def test_a_run_that_ends_with_an_array_has_a_job_for_its_index():
    phases = phases_of(chain("training.x.a.train"))
    assert [phase.is_array for phase in phases] == [True, False]


def test_every_node_of_every_pipeline_is_in_a_job(one_rat):
    for name, pipeline in kedro.pipelines.items():
        phases = phases_of(pipeline)
        done: set[str] = set()
        parents = {
            child.name: {one.name for one in pipeline.nodes if set(one.outputs) & set(child.inputs)}
            for child in pipeline.nodes
        }
        for phase in phases:
            for each in phase.nodes:
                assert parents[each] <= done, (name, each)
                done |= set() if phase.is_array else {each}
        assert done == {each.name for each in pipeline.nodes}


def cebra_kedro(project: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    program = "from cebra_kedro.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=project,
        env=os.environ | {"KEDRO_DISABLE_TELEMETRY": "true"} | environment,
        check=False,
        capture_output=True,
        text=True,
    )


def test_status_tells_what_is_done_and_what_is_not(one_rat, copied):
    def status(*arguments: str) -> dict[str, str]:
        done = cebra_kedro(copied, "status", "--env=test", *ONE_RAT_COMMAND, *arguments)
        assert done.returncode == 0, done.stderr
        return dict(line.split(maxsplit=1) for line in done.stdout.splitlines())

    before = status()
    assert set(before.values()) == {"done"}
    assert "training.hippocampus.position.train" in before
    models = sorted((copied / "data/06_models/hippocampus/position").rglob("*.pt"))
    models[0].unlink()
    after = status()
    assert after["training.hippocampus.position.train"] == f"{len(models) - 1} of {len(models)}"
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"training.hippocampus.position.train"}


def test_jobs_of_no_pipeline_are_refused(copied):
    done = cebra_kedro(copied, "slurm", "--pipelines", "hipocampus")
    assert done.returncode == 1
    assert "there is no pipeline hipocampus; did you mean hippocampus" in done.stderr
    assert not (copied / "data/slurm").exists()


@pytest.fixture(scope="module")
def queue(tmp_path_factory):
    node = SlurmNode(tmp_path_factory.mktemp("slurm"))
    yield node
    node.close()


@pytest.mark.slurm
@pytest.mark.slow
@slurm
def test_a_rat_by_jobs_of_slurm_has_the_same_results(one_rat, queue, tmp_path):
    project = copy_project(tmp_path / "project")
    said = cebra_kedro(
        project,
        "slurm",
        "--env=test",
        *ONE_RAT_COMMAND,
        "--tasks=2",
        "--submit",
        **queue.environment,
    )
    assert said.returncode == 0, said.stderr
    assert "02_training: job" in said.stdout
    queue.wait_until_empty()
    logs = {path.name: path.read_text() for path in (project / "data/slurm").rglob("*.log")}
    assert (reporting(project) / "hippocampus/metrics.csv").exists(), logs
    assert results(project) == results(one_rat)
    shares = [text for name, text in logs.items() if "_0.log" in name or "_1.log" in name]
    assert len(shares) == 4
    assert all("computed in" in text for text in shares)
    # the job after an array trained nothing
    after = next(text for name, text in logs.items() if name.startswith("training_attribution"))
    assert "hippocampus.position: 0 computed" in after
    assert (reporting(project) / "report.html").exists()


@pytest.mark.slurm
@pytest.mark.slow
@slurm
def test_a_rat_on_workers_that_are_jobs_has_the_same_results(one_rat, queue, tmp_path, monkeypatch):
    pytest.importorskip("dask_jobqueue")
    for name in ("SLURM_CONF", "PATH"):
        monkeypatch.setenv(name, queue.environment[name])
    project = copy_project(tmp_path / "project")
    options = {"queue": "main", "cores": 1, "memory": "2GB", "log_directory": str(tmp_path)}
    jobs = {"system": "slurm", "workers": 2, "options": options | {"interface": "lo"}}
    compute = {"engine": "dask", "dask": {"jobs": jobs}}
    run_session(project, **ONE_RAT | {"params": ONE_RAT["params"] | {"compute": compute}})
    assert results(project) == results(one_rat)
    queue.wait_until_empty(60)


@pytest.mark.slurm
@slurm
def test_jobs_that_the_queue_refuses_end_the_run_before_it_begins(queue, tmp_path, monkeypatch):
    pytest.importorskip("dask_jobqueue")
    monkeypatch.setenv("SLURM_CONF", queue.environment["SLURM_CONF"])
    project = copy_project(tmp_path / "project")
    options = {"queue": "nowhere", "cores": 1, "memory": "2GB", "log_directory": str(tmp_path)}
    jobs = {"system": "slurm", "workers": 2, "options": options | {"interface": "lo"}}
    compute = {"engine": "dask", "dask": {"jobs": jobs}}
    with pytest.raises(ValueError, match=r"slurm takes no jobs .*nowhere|invalid partition"):
        run_session(project, **ONE_RAT | {"params": ONE_RAT["params"] | {"compute": compute}})
    assert not (project / "data/06_models").exists()


def results(project: Path) -> dict[str, bytes]:
    folder = reporting(project) / "hippocampus"
    found = contents(folder, "*.csv") | contents(folder, "*.png")
    assert "metrics.csv" in found
    return found
