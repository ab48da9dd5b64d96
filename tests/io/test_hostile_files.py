"""Whatever a file holds: it is read rightly, or one error names file, field and remedy.

Nothing in a file is executed, nothing hangs, and no file takes more than twice its size and an
allowance of memory. Files are written by ``hostile_files``; what becomes of each is in
``hostile_cases``.
"""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import tracemalloc
from collections import Counter
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import hostile_files as hf
import numpy as np
import pytest
from hostile_cases import BOMBS, CASES, Case, read

from cebra_kedro.io.local_file_dataset import is_file

LIMIT_S = 20
ALLOWED_MIB = 40
"""Beside twice the file: what libraries take for themselves, whatever they read."""
HARMLESS = [case for case in CASES if case not in BOMBS]
READ_APART = [*(case for case in HARMLESS if not case.says), *BOMBS]
"""Sound files come first, so that what is imported for them is not counted."""
CLEAR_REFS = Path("/proc/self/clear_refs")


class Hanging(BaseException):
    """No answer in time; no Exception, which readers would turn into an error of theirs."""


def written(case: Case, folder: Path) -> Path:
    path = folder / case.file
    (folder / "mark").touch()
    case.write(path)
    return path


def problem_with(case: Case, kind: str, message: str) -> str:
    """What an error should say but does not; empty if it is as it should be."""
    if kind not in {"DatasetError", "RecordingError", "ValueError"}:
        return f"{kind}: {message}"
    wanted = [case.called, *case.says]
    if lacking := [text for text in wanted if text not in message]:
        return f"{lacking} not in: {message}"
    return f"several lines: {message!r}" if "\n" in message.strip() else ""


def n_bytes(path: Path) -> int:
    return path.stat().st_size if is_file(path) else 0


@contextmanager
def time_limit():
    """Ends what hangs in Python."""

    def stop(*_):
        raise Hanging(f"no answer within {LIMIT_S} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(LIMIT_S)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def little_memory(path: Path):
    tracemalloc.start()
    try:
        yield
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 2 * n_bytes(path) + ALLOWED_MIB * 2**20


def named(cases):
    return [pytest.param(case, id=case.name) for case in cases]


def skip_if_unable(case):
    if case.suffix == ".parquet":
        pytest.importorskip("pyarrow")
    if case.write is hf.unreadable and os.getuid() == 0:
        pytest.skip("root may read everything")
    if case.write is hf.pipe and not hasattr(os, "mkfifo"):
        pytest.skip("there are no pipes here")


def test_there_are_more_than_sixty_cases_each_of_its_own_name():
    assert len(CASES) > 60
    assert [name for name, count in Counter(case.name for case in CASES).items() if count > 1] == []
    assert not [case.name for case in CASES if case.says and case.gives]


@pytest.mark.parametrize("case", named([case for case in HARMLESS if case.says]))
def test_what_cannot_be_right_is_refused_in_one_line(case, tmp_path):
    skip_if_unable(case)
    path = written(case, tmp_path)
    with time_limit(), little_memory(path), pytest.raises(Exception) as caught:
        read(case, path)
    assert not problem_with(case, type(caught.value).__name__, str(caught.value))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("case", named([case for case in HARMLESS if not case.says]))
def test_what_is_odd_but_sound_is_read_rightly(case, tmp_path):
    skip_if_unable(case)
    path = written(case, tmp_path)
    with time_limit(), little_memory(path):
        found = read(case, path)
    assert found
    for name, values in case.gives.items():
        for one, other in zip(found[name], values, strict=True):
            np.testing.assert_array_equal(one, other)
    assert not (tmp_path / "ran").exists()


@pytest.fixture(scope="module")
def went_off(tmp_path_factory):
    """Name → what became of it: all bombs are read in one process, which may take 8 GiB."""
    folder = tmp_path_factory.mktemp("bombs")
    for number, case in enumerate(READ_APART):
        (folder / str(number)).mkdir()
        if case.suffix != ".parquet" or find_spec("pyarrow"):
            written(case, folder / str(number))
    program = f"import {__name__} as tests; tests.set_off({str(folder)!r})"
    paths = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-W", "error::RuntimeWarning", "-c", program]
    done = subprocess.run(
        command, env=paths, capture_output=True, text=True, timeout=120, check=False
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["name"]: line for line in lines} | {"stderr": done.stderr}


def set_off(folder: str) -> None:
    """Print a line for each file of a folder with the error and the memory it took at most."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (2**33, 2**33))
    for number, case in enumerate(READ_APART):
        result = _result(case, Path(folder) / str(number) / case.file)
        sys.stdout.write(json.dumps(result) + "\n")
        sys.stdout.flush()


def _result(case: Case, path: Path) -> dict[str, Any]:
    kind = message = ""
    CLEAR_REFS.write_text("5")  # the most that was resident so far is forgotten
    before = _resident_bytes("VmRSS")
    try:
        read(case, path)
    except BaseException as error:
        kind, message = type(error).__name__, str(error)
    grown = _resident_bytes("VmHWM") - before
    return {"name": case.name, "kind": kind, "message": message} | {
        "grown_bytes": grown,
        "file_bytes": n_bytes(path),
    }


def _resident_bytes(which: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(which))


@pytest.mark.skipif(not CLEAR_REFS.exists(), reason="Linux says how much memory was taken")
@pytest.mark.parametrize("case", named(BOMBS))
def test_a_bomb_is_refused_before_memory_is_taken(case, went_off):
    skip_if_unable(case)
    assert case.name in went_off, went_off["stderr"]
    result = went_off[case.name]
    assert not problem_with(case, result["kind"], result["message"])
    assert result["grown_bytes"] < 2 * result["file_bytes"] + ALLOWED_MIB * 2**20


def test_the_traps_work_where_they_are_let(tmp_path):
    hf.pickled(tmp_path / "rat.npz")
    pickle.loads((tmp_path / "rat.npz").read_bytes())
    assert (tmp_path / "ran").exists()
