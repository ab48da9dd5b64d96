"""One line at the bottom of a terminal, above which everything else is printed.

What the line says is the caller's. It is erased with spaces, not with codes of a terminal, so that
every one understands it; nothing is left behind when the process is killed.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any, TextIO, cast

from rich.cells import cell_len, set_cell_size

_REDRAW_EVERY_S = 0.5
_USUAL_WIDTH = 80


def is_terminal(stream: TextIO) -> bool:
    """Whether a line that is drawn again and again can be read on a stream."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


class BottomLine:
    """Keeps a line at the end of the error stream until :meth:`close`.

    Whatever this process prints, or logs through handlers on the error stream, goes through
    :class:`_Above`, which erases the line before and draws it again after.

    Args:
        text: width → what to show, at most that wide; must neither print nor log.
    """

    def __init__(self, text: Callable[[int], str]) -> None:
        self._text, self._pid = text, os.getpid()
        self._lock = threading.RLock()
        self._drawn = 0
        self._is_inside_a_line = False
        self._terminal, self._output = sys.stderr, sys.stdout
        self._above = cast(TextIO, _Above(self, self._terminal))
        self._handlers = [h for h in _handlers() if h.stream is self._terminal]
        sys.stderr = self._above
        if is_terminal(self._output):
            sys.stdout = cast(TextIO, _Above(self, self._output))
        for handler in self._handlers:
            handler.setStream(self._above)
        self._closed = threading.Event()
        self._ticker = threading.Thread(target=self._tick, name="progress line", daemon=True)
        self._ticker.start()

    def close(self) -> None:
        """Erase the line and give the streams back; may be called again."""
        if self._closed.is_set() or os.getpid() != self._pid:
            return
        self._closed.set()
        self._ticker.join(timeout=2 * _REDRAW_EVERY_S)
        with self._lock:
            self._erase()
        if sys.stderr is self._above:
            sys.stderr = self._terminal
        if isinstance(sys.stdout, _Above) and sys.stdout.is_of(self):
            sys.stdout = self._output
        for handler in self._handlers:
            if handler.stream is self._above:
                handler.setStream(self._terminal)

    def print_above(self, stream: TextIO, text: str) -> int:
        """Write a text where the line was, and the line below it."""
        if self._closed.is_set():
            return stream.write(text)
        if os.getpid() != self._pid:
            return self._print_from_fork(stream, text)
        with self._lock:
            self._erase()
            length = stream.write(text)
            stream.flush()
            if text:
                self._is_inside_a_line = not text.endswith("\n")
            self._draw()
        return length

    def _print_from_fork(self, stream: TextIO, text: str) -> int:
        """Another process draws the line, at times unknown; its lock may be held for ever here."""
        blank = "" if self._is_inside_a_line else f"\r{' ' * (_width(self._terminal) - 1)}\r"
        if text:
            self._is_inside_a_line = not text.endswith("\n")
            stream.write(blank + text)
            stream.flush()
        return len(text)

    def _tick(self) -> None:
        while not self._closed.wait(_REDRAW_EVERY_S):
            with self._lock:
                self._draw()

    def _draw(self) -> None:
        if self._is_inside_a_line or self._closed.is_set():
            return
        width = _width(self._terminal) - 1  # in the last column, some terminals go to the next line
        text = (
            set_cell_size(found, width) if cell_len(found := self._text(width)) > width else found
        )
        self._write(f"\r{text}{' ' * min(self._drawn - cell_len(text), width - cell_len(text))}")
        self._drawn = cell_len(text)

    def _erase(self) -> None:
        if self._drawn:
            self._write(f"\r{' ' * self._drawn}\r")
            self._drawn = 0

    def _write(self, text: str) -> None:
        encoding = self._terminal.encoding or "ascii"
        with contextlib.suppress(OSError, ValueError):  # the terminal is gone
            self._terminal.write(text.encode(encoding, "replace").decode(encoding))
            self._terminal.flush()


class _Above:
    """A stream whose text is printed above the line; all else is the stream's."""

    def __init__(self, line: BottomLine, stream: TextIO) -> None:
        self._line, self._stream = line, stream

    def write(self, text: str) -> int:
        return self._line.print_above(self._stream, text)

    def writelines(self, lines: Iterator[str]) -> None:
        self.write("".join(lines))

    def is_of(self, line: BottomLine) -> bool:
        return self._line is line

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _handlers() -> list[logging.StreamHandler[Any]]:
    loggers = [logging.root, *logging.root.manager.loggerDict.values()]
    known = [handler for one in loggers for handler in getattr(one, "handlers", ())]
    return [handler for handler in known if isinstance(handler, logging.StreamHandler)]


def _width(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or _USUAL_WIDTH
    except (OSError, ValueError):
        return _USUAL_WIDTH
