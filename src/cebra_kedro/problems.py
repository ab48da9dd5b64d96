"""What is wrong with what a person gave: several things at once, and what may have been meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


class Problems:
    """What is wrong, in the order in which it was found.

    Args:
        owner: what it is about, e.g. a session; messages begin with it.

    Example:
        >>> problems = Problems("monday")
        >>> for name in ("time", "speed"):
        ...     with problems.collected():
        ...         raise ValueError(f"there is no array {name}")
        >>> problems.raise_any(ValueError)
        Traceback (most recent call last):
        ValueError: monday has 2 problems: (1) there is no array time; (2) there is no array speed
    """

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._found: dict[str, None] = {}

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, problem: str) -> None:
        """One more, if it is not there yet; the owner's name need not be in it."""
        self._found[problem.removeprefix(f"{self._owner}: ")] = None

    @contextmanager
    def collected(self) -> Iterator[None]:
        """A ValueError inside is a problem, and what comes after goes on."""
        try:
            yield
        except ValueError as error:
            self.add(str(error))

    def raise_any(self, kind: type[ValueError]) -> None:
        """Raise all of them as one error.

        Raises:
            ValueError: of this kind, if there is any problem.
        """
        if len(self._found) == 1:
            raise kind(f"{self._owner}: {next(iter(self._found))}")
        if self._found:
            listed = "; ".join(f"({n}) {text}" for n, text in enumerate(self._found, 1))
            raise kind(f"{self._owner} has {len(self._found)} problems: {listed}")


def did_you_mean(wanted: str, known: Iterable[str], n: int = 1) -> str:
    """A question naming at most ``n`` known names like the one that was wanted, or nothing.

    Example:
        >>> did_you_mean("budy", ["achilles", "buddy"])
        'did you mean buddy?'
    """
    similar = difflib.get_close_matches(wanted, list(known), n=n)
    return f"did you mean {' or '.join(similar)}?" if similar else ""
