"""How far a run is: one line on a terminal, a line now and then in a log file.

What is done and what is left is ``work``'s to know, the terminal ``bottom_line``'s.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from dataclasses import dataclass

from cebra_kedro import progress
from cebra_kedro.run.bottom_line import BottomLine, is_terminal
from cebra_kedro.run.work import Expected, Work, about, duration

logger = logging.getLogger(__name__)

_LINE_EVERY_S = 15.0


@dataclass
class _Node:
    """A node at work."""

    name: str
    done: int = 0
    total: int = 0
    before: int = 0
    piece: float = 0.0
    what: str = ""

    @property
    def fraction(self) -> float:
        return min(self.done + self.piece, self.total) / self.total if self.total else 0.0

    @property
    def fraction_before(self) -> float:
        return self.before / self.total if self.total else 0.0

    def __str__(self) -> str:
        count = [f"{self.done}/{self.total}"] if self.total > 1 else []
        return " ".join([*_words(self.name), *count])


class RunProgress:
    """Says what runs, how much of the run is done, since when, and how long it may still take.

    It listens to the pieces of the nodes (``cebra_kedro.progress``). Nodes that run in other
    processes are not heard of; then only the time is told.

    Args:
        expected: what the nodes are expected to take.
    """

    _open: RunProgress | None = None

    def __init__(self, expected: Expected) -> None:
        self._work, self._n_nodes = Work(expected), len(expected.weights)
        self._lock = threading.RLock()
        self._of_thread: dict[int, _Node] = {}  # nodes may run in threads
        self._latest: _Node | None = None
        self._pieces: dict[str, tuple[int, int]] = {}
        self._started = self._last_line = time.monotonic()
        close_progress()
        RunProgress._open = self
        progress.listen(self)
        self._line = BottomLine(self.text) if is_terminal(sys.stderr) else None

    @property
    def pieces(self) -> dict[str, tuple[int, int]]:
        """Node → pieces that it has computed, and all of its pieces."""
        return dict(self._pieces)

    def start(self, name: str) -> None:
        """A node begins in this thread."""
        with self._lock:
            here = self._of_thread.get(threading.get_ident())
            if here is None or here.name != name:
                self._latest = self._of_thread[threading.get_ident()] = _Node(name)

    def advance(self, done: int, total: int, before: int) -> None:
        """So many pieces of the node of this thread are done."""
        with self._lock:
            if (node := self._here()) is None:
                return
            node.done, node.total, node.before, node.piece, node.what = done, total, before, 0.0, ""
            self._pieces[node.name] = (done - before, total)
            self._note(node)

    def advance_piece(self, done: int, total: int, what: str) -> None:
        """So much of the piece at work in this thread is done."""
        with self._lock:
            if (node := self._here()) is None:
                return
            node.piece, node.what = done / total if total else 0.0, what
            self._note(node)

    def finish(self, name: str) -> None:
        """A node has saved its last output."""
        with self._lock:
            self._work.advance(name, 1.0)
            self._of_thread = {key: n for key, n in self._of_thread.items() if n.name != name}
            if self._latest is not None and self._latest.name == name:
                self._latest = next(reversed(self._of_thread.values()), self._latest)
        self._log_if_due()

    def close(self) -> None:
        """Remove the line and listen no longer; may be called again."""
        if RunProgress._open is self:
            RunProgress._open = None
            progress.listen(None)
        if self._line is not None:
            self._line.close()

    def text(self, width: int) -> str:
        """The line, as much as there is room for."""
        with self._lock:
            elapsed = time.monotonic() - self._started
            if self._latest is None:
                return f"{duration(elapsed)}  {self._n_nodes} nodes"[:width]
            text = f"{self._percent()}  {duration(elapsed)}{self._left(elapsed)}  {self._latest}"
            full = f"{text}, {self._latest.what}" if self._latest.what else text
        return full if len(full) <= width else text[:width]

    def _here(self) -> _Node | None:
        """The node of this thread, or the latest, some of whose outputs are saved by another."""
        return self._of_thread.get(threading.get_ident(), self._latest)

    def _note(self, node: _Node) -> None:
        self._work.advance(node.name, node.fraction, node.fraction_before)
        self._log_if_due()

    def _log_if_due(self) -> None:
        now = time.monotonic()
        if self._line is not None or now - self._last_line < _LINE_EVERY_S:
            return
        self._last_line, elapsed = now, now - self._started
        logger.info(
            "%s of the run done after %s%s: %s",
            self._percent().strip(),
            duration(elapsed),
            self._left(elapsed),
            str(self._latest),  # as it is now, whenever a handler writes it
        )

    def _percent(self) -> str:
        return f"{int(100 * self._work.fraction):3d} %"

    def _left(self, elapsed_s: float) -> str:
        left = self._work.seconds_left(elapsed_s)
        return "" if left is None else f", {about(left)} left"


def close_progress() -> None:
    """Remove the line of a run that did not come to its end, e.g. because it was interrupted."""
    if RunProgress._open is not None:
        RunProgress._open.close()


def _words(name: str) -> list[str]:
    """``training.hippocampus.position.train`` → stage, experiment, and what is made."""
    words = name.split(".")
    return words[:-1] if len(words) > 3 and words[-1] in ("train",) else words
