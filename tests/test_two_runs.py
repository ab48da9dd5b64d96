"""Runs in one folder at the same time, and runs that fail: real processes, real commands."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kedro_project import ONE_RAT_COMMAND, contents, manifest, provenance, reporting
from terminal import WITHOUT_TERMINALS, screen, shown

KEDRO = [sys.executable, "-m", "kedro", "run", "--env=test"]
RAT = [*KEDRO, *ONE_RAT_COMMAND]
OTHER = [*KEDRO, "--namespaces=ingestion.synthetic"]
ENVIRONMENT = {"KEDRO_DISABLE_TELEMETRY": "true"}


def start(project: Path, *command: str) -> subprocess.Popen:
    return subprocess.Popen(
        command,
        cwd=project,
        env=os.environ | ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen) -> tuple[int, list[str]]:
    """Exit status and lines of the error stream."""
    said = process.communicate(timeout=300)[1]
    return process.returncode, said.splitlines()


@pytest.fixture
def long_run(project):
    """The rat, in a training that does not end."""
    process = start(project, *RAT, "--params", "hippocampus.training.steps=1000000")
    deadline = time.monotonic() + 120
    while not (project / "data/06_models").exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield process
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="process groups are of Unix")
def test_a_second_run_is_refused_beside_and_admitted_after_one_that_was_killed(long_run, project):
    before = contents(project / "data/08_reporting")
    status, lines = finish(start(project, *RAT))
    assert status == 1
    assert len(lines) == 1
    assert lines[0].startswith(f"Error: hippocampus is being worked on by process {long_run.pid} ")
    assert "hippocampus.training.steps=1000000" in lines[0]
    assert contents(project / "data/08_reporting") == before
    assert long_run.poll() is None

    status, lines = finish(start(project, *OTHER))  # of another experiment
    assert status == 0, lines
    known = provenance(project)
    recordings = [
        entry["run_id"] for place, entry in known.items() if place.startswith("../02_intermediate/")
    ]
    assert len(set(recordings)) == 2, "each has noted its own"
    assert manifest(project)["namespaces"] == ["ingestion.synthetic"]
    assert manifest(project)["status"] == "finished"

    os.killpg(long_run.pid, signal.SIGKILL)
    long_run.communicate()
    status, lines = finish(start(project, *KEDRO, "--namespaces=ingestion.hippocampus"))
    assert status == 0, lines
    assert set(known) <= set(provenance(project)), "no note was lost"


@pytest.mark.slow
def test_after_a_failure_two_lines_say_what_happened_and_how_to_go_on(one_rat, copied):
    scores = reporting(copied) / "hippocampus/metrics.csv"
    scores.unlink()
    scores.mkdir()
    status, lines = finish(start(copied, *RAT))
    assert status == 1
    first, second = lines[-2:]
    assert not any("Traceback" in line or "resume" in line for line in lines)
    assert first.startswith("Error: ")
    facts = manifest(copied)
    assert facts["failed_node"] == "decoding.hippocampus.score"
    assert first.endswith(f"(log: {facts['log']})")
    assert "Traceback" in (copied / facts["log"]).read_text()
    assert second.startswith("Go on with: python -m kedro run --env=test ")
    assert list((copied / "data/.running").iterdir()) == []

    scores.rmdir()
    again = shlex.split(second.removeprefix("Go on with: python -m kedro "))
    status, lines = finish(start(copied, sys.executable, "-m", "kedro", *again))
    assert status == 0, lines
    assert contents(reporting(copied) / "hippocampus") == contents(
        reporting(one_rat) / "hippocampus"
    )


def test_a_run_that_is_refused_before_it_starts_has_no_advice_and_no_log(project):
    status, lines = finish(start(project, *KEDRO, "--pipelines=hippocampus", "--sessions=budy"))
    assert status == 1
    assert len(lines) == 1
    assert "did you mean buddy?" in lines[0]
    assert not (project / "data").exists()


def test_a_finished_run_has_a_log_that_its_manifest_names(one_rat):
    facts = manifest(one_rat)
    assert facts["log"] == f"data/logs/{facts['run_id']}.log"
    text = (one_rat / facts["log"]).read_text()
    assert "training.hippocampus.time.train begins" in text
    assert "hippocampus.time: 6 computed" in text
    assert text.splitlines()[-1].split(": ")[-1].startswith("finished after ")


def test_the_manifest_knows_how_many_pieces_each_node_computed(one_rat):
    assert manifest(one_rat)["node_pieces"]["training.hippocampus.time.train"] == [6, 6]


INTERRUPTED = """
import _thread, sys, threading
from cebra_kedro.run import progress
advance, sys.argv = progress.RunProgress.advance, ["kedro", "run", *sys.argv[1:]]
def stop(self, done, *counts):
    advance(self, done, *counts)
    if (self.text(200).split()[-4:-1] == "training hippocampus position".split()) and done >= 2:
        _thread.interrupt_main()
progress.RunProgress.advance = stop
from kedro.framework.cli.cli import main
try:
    main()
except SystemExit as ending:
    assert ending.code == 1
"""


@WITHOUT_TERMINALS
@pytest.mark.slow
def test_an_interruption_on_a_terminal_leaves_its_words_and_nothing_of_the_line(project):
    arguments = ["--env=test", *ONE_RAT_COMMAND, "--params", "hippocampus.training.processes=1"]
    written = shown([sys.executable, "-c", INTERRUPTED, *arguments], 120, cwd=project)
    lines = [line for line in screen(written, 120) if line]
    words = "interrupted; finished encoders are kept, and the same command goes on from there"
    assert lines[-1] == f"Error: {words}"
    assert not any("% " in line for line in lines)
    assert manifest(project)["status"] == "unfinished"
    assert (project / manifest(project)["log"]).read_text().endswith("interrupted\n")


@WITHOUT_TERMINALS
@pytest.mark.slow
@pytest.mark.parametrize("width", [80, 120])
def test_on_a_terminal_log_lines_and_tables_are_undamaged(copied, width):
    written = shown([*RAT, "--params", "hippocampus.training.seeds=[5]"], width, cwd=copied)
    assert "training hippocampus time" in written
    assert "left  " in written
    lines = screen(written, width)
    text = (copied / manifest(copied)["log"]).read_text()
    messages = [
        line.split(" cebra_kedro.cells.complete: ")[1]
        for line in text.splitlines()
        if "computed" in line
    ]
    assert len(messages) > 20
    seen = "".join(lines).replace(" ", "")  # one may stand at the end of a line
    for message in messages:
        assert message.replace(" ", "") in seen
    clocks = [line for line in lines if "computed in" in line]
    assert all(line[2] == line[5] == ":" for line in clocks), "nothing stands before the clock"
    assert not any("% " in line for line in lines[:-2]), "nothing of the line is left"
    assert lines[-2 if lines[-1] == "" else -1]
    assert json.dumps(lines).count("Finished in") == 1
