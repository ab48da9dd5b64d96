"""How far a run is: a bar for a person, a line now and then for a log file."""

import logging
import sys

import pytest

from cebra_kedro.run import progress
from cebra_kedro.run.progress import NodeProgress


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


def test_without_a_terminal_a_line_is_logged_now_and_then(clock, caplog, capsys):
    bar = NodeProgress(10)
    with caplog.at_level(logging.INFO):
        for _ in range(10):  # 4 s each: lines after 16 s and 32 s
            bar.start("hippocampus.buddy.read")
            clock.now_s += 4.0
            bar.finish()
    bar.close()
    assert caplog.messages == [
        "4 of 10 nodes done after 16 s",
        "8 of 10 nodes done after 32 s",
    ]
    assert capsys.readouterr().err == ""


def test_on_a_terminal_a_bar_counts_nodes_and_nothing_is_logged(clock, caplog, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    bar = NodeProgress(2)
    with caplog.at_level(logging.INFO):
        bar.start("hippocampus.buddy.read")
        clock.now_s += 60.0
        bar.finish()
        bar.start("hippocampus.buddy.split")
    shown = capsys.readouterr().err
    bar.close()
    assert "hippocampus.buddy.split" in shown
    assert "1/2" in shown
    assert caplog.messages == []


def test_close_may_be_called_twice_and_clears_the_line(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    bar = NodeProgress(2)
    bar.start("read")
    bar.close()
    bar.close()
    assert capsys.readouterr().err.endswith("\r")
