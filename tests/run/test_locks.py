"""Two runs at once: one that shares an experiment is refused, at once and with who has it."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading

import pytest

from cebra_kedro.run.locks import SHARED_LOCK, RunLocks, RunningError, briefly

HOLD = """
import sys
from pathlib import Path
from cebra_kedro.run.locks import RunLocks
locks = RunLocks(Path(sys.argv[1]), "kedro run --pipelines rats")
locks.take(sys.argv[2:])
print("taken", flush=True)
sys.stdin.readline()
locks.release()
print("released", flush=True)
sys.stdin.readline()
"""


class Other:
    """Another process that holds experiments."""

    def __init__(self, folder, *experiments):
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(folder), *experiments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout.readline() == "taken\n"

    def release(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "released\n"


@pytest.fixture
def other(tmp_path):
    other = Other(tmp_path, "mice", "rats")
    yield other
    other.process.kill()
    other.process.communicate()


@pytest.fixture
def locks(tmp_path):
    locks = RunLocks(tmp_path, "kedro run")
    yield locks
    locks.release()


def test_an_experiment_of_another_run_is_refused_with_who_has_it(other, locks):
    with pytest.raises(RunningError) as refused:
        locks.take(["apes", "rats"])
    said = str(refused.value)
    assert said.startswith(
        f"rats is being worked on by process {other.process.pid} on {socket.gethostname()} since 20"
    )
    assert "(kedro run --pipelines rats); wait until it has ended" in said
    assert "\n" not in said


def test_who_is_refused_takes_nothing(other, locks, tmp_path):
    with pytest.raises(RunningError):
        locks.take(["apes", "rats"])
    third = RunLocks(tmp_path, "kedro run")
    third.take(["apes"])
    third.release()
    with pytest.raises(RunningError):
        locks.take(["mice"])  # nor has the refusal freed what the other holds


def test_other_experiments_go_on_side_by_side(other, locks):
    locks.take(["apes"])


def test_what_is_released_is_free_and_leaves_no_file(other, locks, tmp_path):
    other.release()
    assert list(tmp_path.iterdir()) == []
    locks.take(["rats"])
    assert json.loads((tmp_path / "rats.lock").read_text())["pid"] == os.getpid()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
def test_a_process_that_was_killed_holds_nothing(other, locks, tmp_path):
    os.kill(other.process.pid, signal.SIGKILL)
    other.process.wait()
    assert (tmp_path / "rats.lock").exists()
    locks.take(["rats"])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows has no forks")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_a_fork_that_outlives_its_parent_holds_nothing(tmp_path, locks):
    # the fork says that it is there: right after it was born it may still hold what its parent held
    program = HOLD.replace(
        'print("taken"', 'import os, time; os.fork() and time.sleep(60); print("taken"'
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path), "rats"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert parent.stdout.readline() == "taken\n"
        with pytest.raises(RunningError):
            locks.take(["rats"])
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
        locks.take(["rats"])
    finally:
        os.killpg(parent.pid, signal.SIGKILL)
        parent.communicate()


def test_a_lock_that_says_nothing_is_still_one(tmp_path, locks, other):
    (tmp_path / "rats.lock").write_text("")
    with pytest.raises(RunningError, match="another run works on rats; wait"):
        locks.take(["rats"])


def test_locks_may_be_released_twice(locks):
    locks.take(["rats"])
    locks.release()
    locks.release()
    locks.take(["rats"])


def test_of_many_that_come_at_once_one_gets_it(tmp_path):
    """Also while the file is deleted and made again."""
    inside, most, errors = [], [], []

    def work():
        for _ in range(50):
            locks = RunLocks(tmp_path, "kedro run")
            try:
                locks.take(["rats"])
            except RunningError:
                continue
            except Exception as error:
                errors.append(error)
                return
            inside.append(1)
            most.append(len(inside))
            inside.pop()
            locks.release()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert max(most) == 1


COUNT = """
import sys
from pathlib import Path
from cebra_kedro.run.locks import briefly
folder = Path(sys.argv[1])
for _ in range(200):
    with briefly(folder):
        file = folder / "count"
        file.write_text(str(int(file.read_text()) + 1))
"""


def test_processes_that_write_the_same_file_wait_for_each_other(tmp_path):
    (tmp_path / "count").write_text("0")
    command = [sys.executable, "-c", COUNT, str(tmp_path)]
    processes = [subprocess.Popen(command) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert (tmp_path / "count").read_text() == "600"


def test_a_folder_that_is_missing_is_made(tmp_path):
    with briefly(tmp_path / "new"):
        assert (tmp_path / "new" / SHARED_LOCK).exists()
