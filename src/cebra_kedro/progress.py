"""How far a piece of work is, told to whoever listens; showing it is left to the listener.

The rooms report here, so that they need not know what surrounds a run. Used as a library, nobody
listens, and they show bars of their own.
"""

from __future__ import annotations

import os
from typing import Protocol


class Listener(Protocol):
    """Is told how far the work of the calling thread is."""

    def advance(self, done: int, total: int, before: int) -> None:
        """So many pieces of a node are done, ``before`` of them by an earlier run."""

    def advance_piece(self, done: int, total: int, what: str) -> None:
        """So many steps of the piece at work are done; ``what`` is a word about it."""


class _Ear:
    """The listener of the process that began to listen; its forks report to nobody."""

    listener: Listener | None = None
    pid = 0


def listen(listener: Listener | None) -> None:
    """Report to this listener from now on; None for nobody."""
    _Ear.listener, _Ear.pid = listener, os.getpid()


def someone_listens() -> bool:
    """Whether progress is shown elsewhere, so that no bar of one's own is needed."""
    return _Ear.listener is not None


def advance(done: int, total: int, *, before: int = 0) -> None:
    """Report that pieces are done.

    Args:
        done: pieces that are there.
        total: all pieces.
        before: those of ``done`` that were there when the work began, and took no time.
    """
    if _Ear.listener is not None and _Ear.pid == os.getpid():
        _Ear.listener.advance(done, total, before)


def advance_piece(done: int, total: int, what: str = "") -> None:
    """Report how far the piece at work is.

    Args:
        done: steps that are done.
        total: all steps.
        what: a word about its state, e.g. ``loss 4.213``.
    """
    if _Ear.listener is not None and _Ear.pid == os.getpid():
        _Ear.listener.advance_piece(done, total, what)
