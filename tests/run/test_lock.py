"""Two runs at once: the second one is told who is first; a killed one is in nobody's way."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cebra_kedro.run.lock import AlreadyRunningError, RunLock, locked
from cebra_kedro.run.provenance import PROVENANCE_NAME, Provenance

SOURCE = Path(__file__).parents[2] / "src"


def process(code, *arguments):
    """A process of its own that runs Python code and waits for a line where the code says so."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": str(SOURCE)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def take(folder, *experiments):
    """Take and release."""
    lock = RunLock(folder)
    lock.take(experiments, "kedro run")
    lock.release()


HOLDS = """
import sys
from pathlib import Path
from cebra_kedro.run.lock import RunLock
lock = RunLock(Path(sys.argv[1]))
lock.take(sys.argv[2:], "kedro run --pipelines rats")
print("locked", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that runs rats and mice."""
    other = process(HOLDS, tmp_path, "rats", "mice")
    assert other.stdout.readline() == "locked\n"
    yield other
    other.kill()
    other.communicate()


def test_the_second_run_of_an_experiment_is_told_who_is_first(tmp_path, holder):
    with pytest.raises(AlreadyRunningError) as refused:
        RunLock(tmp_path).take(["areas", "rats"], "kedro run")
    said = str(refused.value)
    who = f"process {holder.pid} on {socket.gethostname()} (kedro run --pipelines rats, since 20"
    assert said.startswith(f"rats is being run by {who}")
    assert "\n" not in said


def test_who_is_refused_keeps_nothing_locked_and_changes_nothing(tmp_path, holder):
    before = (tmp_path / "rats.lock").read_text()
    with pytest.raises(AlreadyRunningError):
        RunLock(tmp_path).take(["areas", "rats"], "kedro run")
    assert (tmp_path / "rats.lock").read_text() == before
    take(tmp_path, "areas")


def test_other_experiments_run_side_by_side(tmp_path, holder):
    take(tmp_path, "areas")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mice.lock", "rats.lock"]


def test_a_killed_run_blocks_nobody(tmp_path, holder):
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert (tmp_path / "rats.lock").exists()
    take(tmp_path, "mice", "rats")


def test_a_run_that_has_ended_leaves_nothing(tmp_path):
    lock = RunLock(tmp_path / "locks")
    for _ in range(2):
        lock.take(["rats"], "kedro run")
        lock.release()
        lock.release()
    assert list((tmp_path / "locks").iterdir()) == []


TAKES = """
import sys, time
from pathlib import Path
from cebra_kedro.run.lock import AlreadyRunningError, RunLock
folder, alone = Path(sys.argv[1]), Path(sys.argv[2])
for _ in range(150):
    lock = RunLock(folder)
    try:
        lock.take(["rats"], "kedro run")
    except AlreadyRunningError:
        continue
    alone.touch(exist_ok=False)  # fails if another one is here
    alone.unlink()
    lock.release()
"""


def test_processes_that_take_and_release_are_never_two_at_once(tmp_path):
    others = [process(TAKES, tmp_path / "locks", tmp_path / "alone") for _ in range(3)]
    for other in others:
        other.communicate(timeout=60)
    assert [other.returncode for other in others] == [0, 0, 0]


COUNTS = """
import sys
from pathlib import Path
from cebra_kedro.run.lock import locked
file = Path(sys.argv[1])
for _ in range(100):
    with locked(file.with_suffix(".lock")):
        file.write_text(str(int(file.read_text()) + 1))
"""


def test_a_short_lock_is_waited_for(tmp_path):
    file = tmp_path / "count"
    file.write_text("0")
    others = [process(COUNTS, file) for _ in range(3)]
    for other in others:
        other.communicate(timeout=60)
    assert file.read_text() == "300"
    with locked(file.with_suffix(".lock")):
        pass


NOTES = """
import sys
from pathlib import Path
from cebra_kedro.run.provenance import Provenance
run = Provenance(Path(sys.argv[1]), {"run_id": sys.argv[2], "environment": "test"})
print("read", flush=True)
sys.stdin.readline()
for number in range(40):
    run.note_written({f"{sys.argv[2]}/{number}.csv": []})
"""


def test_runs_side_by_side_keep_the_origins_of_each_other(tmp_path):
    Provenance(tmp_path, {"run_id": "before"}).note_written({"old.csv": []})
    others = [process(NOTES, tmp_path, name) for name in ("rats", "mice")]
    for other in others:  # both have read what was there before either writes
        assert other.stdout.readline() == "read\n"
    for other in others:
        other.stdin.write("go\n")
        other.stdin.flush()
    for other in others:
        other.communicate(timeout=60)
    known = json.loads((tmp_path / PROVENANCE_NAME).read_text())
    assert len(known) == 81
    for place, entry in known.items():
        assert entry["run_id"] == ("before" if place == "old.csv" else place.partition("/")[0])


def test_what_a_run_drops_stays_dropped_though_another_has_read_it(tmp_path):
    Provenance(tmp_path, {"run_id": "old"}).note_written({"a.csv": [], "b.csv": []})
    one, two = (Provenance(tmp_path, {"run_id": name}) for name in ("one", "two"))
    one.drop(["a.csv", "never"])
    two.note_written({"c.csv": []})
    assert sorted(json.loads((tmp_path / PROVENANCE_NAME).read_text())) == ["b.csv", "c.csv"]
    one.note_written({"a.csv": []})
    assert json.loads((tmp_path / PROVENANCE_NAME).read_text())["a.csv"]["run_id"] == "one"
