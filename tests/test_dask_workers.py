"""Cells on Dask's workers: the same bytes as here, whoever dies."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from kedro.io import DatasetError

from cebra_kedro.cells import Cell, CellsFailedError, complete
from cebra_kedro.run.compute import compute_block, engine_of
from kedro_project import ONE_RAT, contents, copy_project, reporting, run_session
from test_cells import FORMAT, KEYS, cells, files, refuse, word

pytest.importorskip("distributed")
# raised by distributed, and by what it leaves to the garbage collector
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:Creating scratch directories:UserWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
]

HERE = Path(__file__).parent
ENVIRONMENT = os.environ | {"PYTHONPATH": f"{HERE}:{os.environ.get('PYTHONPATH', '')}"}


class Cluster:
    """A scheduler and workers as a person starts them, each a process of its own.

    Args:
        folder: for the scheduler's file; workers have it as their current folder.
        n_workers: how many.
    """

    def __init__(self, folder: Path, n_workers: int = 2) -> None:
        self.folder = folder
        self.file = folder / "scheduler.json"
        self.scheduler = self._start("scheduler", "--port", "0", "--no-dashboard")
        wait_for(self.file.exists)
        self.workers = [self.start_worker() for _ in range(n_workers)]

    def start_worker(self) -> subprocess.Popen:
        """Another worker, which is not started again when it dies."""
        return self._start("worker", "--nthreads", "1", "--no-nanny", "--no-dashboard")

    def _start(self, what: str, *options: str) -> subprocess.Popen:
        command = [sys.executable, "-m", "dask", what, "--scheduler-file", str(self.file), *options]
        with (self.folder / f"{what}.log").open("a") as log:
            return subprocess.Popen(
                command, cwd=self.folder, env=ENVIRONMENT, stdout=log, stderr=log
            )

    def close(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()

    @property
    def parameters(self) -> dict:
        return {"engine": "dask", "dask": {"scheduler_file": str(self.file)}}


def wait_for(condition, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def cluster(tmp_path) -> Iterator[Cluster]:
    (tmp_path / "elsewhere").mkdir()
    cluster = Cluster(tmp_path / "elsewhere")
    yield cluster
    cluster.close()


@contextlib.contextmanager
def engine(parameters: dict, **options) -> Iterator[None]:
    parameters = parameters | {"dask": parameters["dask"] | options}
    with engine_of(compute_block({"compute": parameters})):
        yield


@pytest.fixture
def log(tmp_path):
    return tmp_path / "log"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "words"


@pytest.mark.parametrize("shared_folder", [True, False])
def test_cells_on_workers_are_those_computed_here(cluster, folder, log, shared_folder, tmp_path):
    with engine(cluster.parameters, shared_folder=shared_folder):
        entries = complete(cells(log), folder, FORMAT)
        again = complete(cells(log), folder, FORMAT)
    here = complete(cells(log), tmp_path / "here", FORMAT)
    assert {key: (e.fingerprint, e.about) for key, e in entries.items()} == {
        key: (e.fingerprint, e.about) for key, e in here.items()
    }
    assert {key: entry.file for key, entry in again.items()} == {
        key: folder / f"{key}.json" for key in KEYS
    }
    assert contents(folder) == contents(tmp_path / "here")
    assert len(log.read_text().splitlines()) == 2 * len(KEYS)


def test_errors_of_workers_are_listed_and_the_others_go_on(cluster, folder, log):
    failing = {f"{key}_odd": Cell(refuse, "one") for key in KEYS[:2]}
    with (
        engine(cluster.parameters),
        pytest.raises(
            CellsFailedError, match=r"2 of 8 pieces failed.*no value for fold0_seed1_odd"
        ),
    ):
        complete(cells(log) | failing, folder, FORMAT)
    assert files(folder) == [f"{key}.json" for key in KEYS]


def slow(path):
    path.with_suffix(".begun").write_text(str(os.getpid()))
    time.sleep(1.0)
    return word(path)


def test_the_work_of_a_killed_worker_is_done_by_another(cluster, folder):
    def kill_one():
        wait_for((folder / "a.begun").exists)
        os.kill(int((folder / "a.begun").read_text()), signal.SIGKILL)

    killer = threading.Thread(target=kill_one)
    killer.start()
    with engine(cluster.parameters):
        entries = complete({key: Cell(slow, "one") for key in "abcd"}, folder, FORMAT)
    killer.join()
    assert list(entries) == list("abcd")
    assert [process.poll() for process in cluster.workers].count(None) == 1
    assert not list(folder.glob(".*.tmp"))


def test_without_a_scheduler_the_rerun_computes_what_is_missing(cluster, folder, log):
    def kill_scheduler():
        wait_for(lambda: len(list(folder.rglob("*.json"))) >= 2)
        cluster.scheduler.kill()

    killer = threading.Thread(target=kill_scheduler)
    killer.start()
    with pytest.raises(Exception), engine(cluster.parameters):  # noqa: B017
        complete(cells(log, seconds=0.5), folder, FORMAT)
    killer.join()
    done = contents(folder, "[!.]*.json")
    assert 2 <= len(done) < len(KEYS)
    log.unlink()
    complete(cells(log), folder, FORMAT)
    assert len(log.read_text().splitlines()) == len(KEYS) - len(done)


PARENT = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import test_dask_workers as here
with here.engine({"engine": "dask", "dask": {"scheduler_file": sys.argv[2]}}):
    here.complete(here.cells(Path(sys.argv[4]), seconds=0.5), Path(sys.argv[3]), here.FORMAT)
"""


def test_without_its_parent_the_rerun_computes_what_is_missing(cluster, folder, log):
    command = [sys.executable, "-c", PARENT, str(HERE), str(cluster.file), str(folder), str(log)]
    parent = subprocess.Popen(command, env=ENVIRONMENT)
    wait_for(lambda: len(list(folder.rglob("*.json"))) >= 2)
    parent.kill()
    parent.wait()
    for path in folder.rglob("[!.]*.json"):
        assert FORMAT.read(path) == path.relative_to(folder).with_suffix("").as_posix().upper()
    with engine(cluster.parameters):
        entries = complete(cells(log), folder, FORMAT)
    assert list(entries) == list(KEYS)
    # what the two workers were at when the parent died may be computed again
    assert len(log.read_text().splitlines()) <= len(KEYS) + len(cluster.workers)


@pytest.mark.slow
def test_a_thousand_cells_leave_a_whole_table(cluster, folder):
    tiny = {f"cell{number}": Cell(word, "one") for number in range(1000)}
    with engine(cluster.parameters):
        entries = complete(tiny, folder, FORMAT)
    assert list(entries) == list(tiny)
    assert [FORMAT.read(entry.file) for entry in entries.values()] == list(tiny)


@pytest.mark.slow
@pytest.mark.parametrize("shared_folder", [True, False])
def test_a_rat_on_workers_started_by_hand_has_the_same_results(
    one_rat, cluster, tmp_path, shared_folder
):
    project = copy_project(tmp_path / "project")
    compute = {"dask": cluster.parameters["dask"] | {"shared_folder": shared_folder}}
    parameters = ONE_RAT["params"] | {"compute": {"engine": "dask"} | compute}
    run_session(project, **ONE_RAT | {"params": parameters})
    assert results(project) == results(one_rat)


@pytest.mark.slow
def test_a_rat_on_local_workers_has_the_same_results(one_rat, tmp_path):
    project = copy_project(tmp_path / "project")
    compute = {"engine": "dask", "dask": {"local": {"workers": 2}}}
    run_session(project, **ONE_RAT | {"params": ONE_RAT["params"] | {"compute": compute}})
    assert results(project) == results(one_rat)


def results(project: Path) -> dict[str, bytes]:
    folder = reporting(project) / "hippocampus"
    found = contents(folder, "*.csv") | contents(folder, "*.png")
    assert "metrics.csv" in found
    return found


@pytest.mark.parametrize(
    ("compute", "words"),
    [
        ({"engine": "dusk"}, r"compute.engine: Input should be 'processes' or 'dask'"),
        ({"workers": 3}, r"compute.workers: Extra inputs are not permitted"),
        (
            {"engine": "dask", "dask": {"local": {}, "scheduler": "tcp://here:1"}},
            "say one of scheduler, scheduler_file, local, jobs, got scheduler and local",
        ),
        (
            {"engine": "dask", "dask": {"scheduler": "tcp://127.0.0.1:1"}},
            "no Dask scheduler answers at tcp://127.0.0.1:1",
        ),
        (
            {"engine": "dask", "dask": {"scheduler_file": "nowhere.json"}},
            "start dask scheduler --scheduler-file nowhere.json",
        ),
        (
            {"engine": "dask", "dask": {"jobs": {"system": "slurm", "workers": 1}}},
            "compute.dask.jobs.options needs cores and memory",
        ),
    ],
)
def test_a_wrong_place_is_refused_before_work_starts(compute, words, tmp_path):
    project = copy_project(tmp_path / "project")
    with pytest.raises((ValueError, DatasetError), match=words):
        run_session(project, **ONE_RAT | {"params": ONE_RAT["params"] | {"compute": compute}})
    assert not list(project.glob("data/06_models"))
    assert not list(project.glob("data/.running/*"))
    assert not (reporting(project) / "run_manifest.json").exists()
