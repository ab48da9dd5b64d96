"""How far a run is: one line for a person, a line now and then for a log file."""

import logging
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from cebra_kedro import progress as ground
from cebra_kedro.run import progress
from cebra_kedro.run.progress import RunProgress, close_progress
from cebra_kedro.run.work import Expected
from terminal import WITHOUT_TERMINALS, screen, shown

READ, TRAIN = "ingestion.rats.read", "training.rats.time.train"
EXPECTED = Expected({READ: 10.0, TRAIN: 30.0})


class Clock:
    """Seconds that pass when told so."""

    def __init__(self):
        self.now_s = 100.0

    def monotonic(self):
        return self.now_s


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    return clock


@pytest.fixture
def run(clock):
    run = RunProgress(EXPECTED)
    yield run
    run.close()


def test_without_a_terminal_a_line_is_logged_now_and_then(clock, run, caplog, capsys):
    with caplog.at_level(logging.INFO):
        run.start(READ)
        clock.now_s += 14.0
        run.finish(READ)
        run.start(TRAIN)
        for done in range(1, 7):
            clock.now_s += 7.0
            ground.advance(done, 6)
    assert caplog.messages == [
        "37 % of the run done after 0:21, about 35 s left: training rats time 1/6",
        "75 % of the run done after 0:42, about 15 s left: training rats time 4/6",
    ]
    assert capsys.readouterr().err == ""


def test_the_line_says_what_runs_how_much_is_done_and_what_is_left(clock, run):
    run.start(READ)
    clock.now_s += 20.0
    run.finish(READ)
    run.start(TRAIN)
    ground.advance(2, 4)
    ground.advance_piece(30, 60, "loss 3.1")
    text = " 71 %  0:20, about 10 s left  training rats time 2/4"
    assert run.text(80) == f"{text}, loss 3.1"
    assert run.text(len(text) + 3) == text
    assert run.text(20) == text[:20]


def test_a_node_without_pieces_has_its_name_only(run):
    run.start(READ)
    assert run.text(80).endswith("  ingestion rats read")


def test_before_anything_can_be_known_no_time_is_promised(clock, run):
    run.start(TRAIN)
    clock.now_s += 300.0
    assert run.text(80) == "  0 %  5:00  training rats time"


def test_nodes_in_threads_count_their_own_pieces(run):
    def work(node, done):
        run.start(node)
        ground.advance(done, 4)
        return run.pieces[node]

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(work, [READ, TRAIN], [1, 3]))
    assert found == [(1, 4), (3, 4)]


def test_pieces_that_were_finished_before_are_not_noted_as_computed(run):
    run.start(TRAIN)
    ground.advance(3, 4, before=3)
    ground.advance(4, 4, before=3)
    assert run.pieces == {TRAIN: (1, 4)}


def test_who_reports_without_a_node_is_not_heard(run):
    ground.advance(1, 2)
    ground.advance_piece(1, 2)
    assert run.pieces == {}


def test_closed_it_listens_no_longer(run):
    assert ground.someone_listens()
    run.close()
    run.close()
    assert not ground.someone_listens()


def test_what_an_interrupted_run_has_left_open_is_closed(run):
    close_progress()
    assert not ground.someone_listens()


PROGRAM = """
import logging, sys, time, warnings
from cebra_kedro import progress
from cebra_kedro.run.progress import RunProgress
from cebra_kedro.run.work import Expected

logging.basicConfig(level=logging.INFO, format="%(message)s")
before = sys.stderr, sys.stdout
run = RunProgress(Expected({"training.rats.time.train": 1.0}))
run.start("training.rats.time.train")
for done in range(6):
    progress.advance(done, 6)
    time.sleep(0.3)
    logging.info("log line %d %s", done, "x" * 60)
    print("printed", done)
    print("by two writes ", end="")
    print("of one line")
    warnings.warn(f"warning {done}", stacklevel=1)
run.close()
assert (sys.stderr, sys.stdout) == before
assert logging.root.handlers[0].stream is sys.stderr
print("the end")
"""


@WITHOUT_TERMINALS
@pytest.mark.parametrize("width", [50, 80, 120])
def test_on_a_terminal_what_is_logged_and_printed_stands_undamaged_above_one_line(width):
    written = shown([sys.executable, "-c", PROGRAM], width)
    lines = screen(written, width)
    for done in range(6):
        long = f"log line {done} {'x' * 60}"
        parts = [long[i : i + width] for i in range(0, len(long), width)]
        at = lines.index(parts[0])
        assert lines[at : at + len(parts)] == parts
        assert f"printed {done}" in lines
        assert any(line.endswith(f"UserWarning: warning {done}") for line in lines)
    assert lines.count("by two writes of one line") == 6
    assert lines[-2:] == ["the end", ""]
    assert not any("training rats" in line for line in lines), "nothing of the line is left"
    drawn = re.findall(r"\r( *\d+ %[^\r\n]*)", written)
    assert len(drawn) > 6
    assert max(map(len, drawn)) < width
    assert any("training rats time 3/6" in line for line in drawn)


@WITHOUT_TERMINALS
def test_a_terminal_that_cannot_go_back_gets_lines():
    written = shown([sys.executable, "-c", PROGRAM], 80, TERM="dumb")
    assert "%" not in written
    assert "\r" not in written.replace("\r\n", "")


FORK = """
import os, time
from cebra_kedro.run.progress import RunProgress
from cebra_kedro.run.work import Expected

run = RunProgress(Expected({"a": 1.0, "b": 1.0}))
time.sleep(0.7)  # until the line is drawn
if os.fork() == 0:
    print("printed", "by a fork")
    os._exit(0)
os.wait()
time.sleep(0.7)
run.close()
"""


@WITHOUT_TERMINALS
def test_what_forks_print_stands_above_the_line_too():
    lines = screen(shown([sys.executable, "-W", "ignore", "-c", FORK], 80), 80)
    assert lines == ["printed by a fork", ""]


def test_forks_report_to_nobody(run, monkeypatch):
    run.start(TRAIN)
    monkeypatch.setattr(ground.os, "getpid", lambda: -1)
    ground.advance(1, 2)
    assert run.pieces == {}
    assert ground.someone_listens(), "nor do they show bars of their own"


def test_cells_report_instead_of_showing_bars(run, tmp_path, monkeypatch):
    import tqdm.auto

    from cebra_kedro.cells import Cell, complete
    from cebra_kedro.io.formats import format_of

    monkeypatch.setattr(tqdm.auto, "tqdm", None)
    seen = []
    monkeypatch.setattr(run, "advance", lambda *counts: seen.append(counts))
    cells = {str(n): Cell(lambda _: {"a": np.zeros(1)}, "digest") for n in range(3)}
    form = format_of("arrays")
    complete({"0": cells["0"]}, Path(tmp_path), form, title="words", bar=False)
    complete(cells, Path(tmp_path), form, title="words")
    assert seen == [(0, 1, 0), (1, 1, 0), (1, 3, 1), (2, 3, 1), (3, 3, 1)]
