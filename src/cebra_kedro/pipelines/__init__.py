"""Stages, one template each, made for every experiment from its description.

Nodes adapt catalog entries to the rooms, pipelines wire them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial, update_wrapper
from typing import Any

from cebra_kedro.experiment import Experiment


class _Bound(partial):
    """A partial that keeps its name on the way to another process, unlike the original."""


def bind(function: Callable[..., Any], **names: Any) -> Callable[..., Any]:
    """A node function with names (experiment, encoder) filled in; keeps its own name."""
    return update_wrapper(_Bound(function, **names), function)


def chosen_sessions(experiment: Experiment, only: Sequence[str] | str | None) -> tuple[str, ...]:
    """The sessions that a run works on, in the order of the experiment.

    Args:
        experiment: the description.
        only: the parameter ``only_sessions``: names (or one text of them, with commas); None for
            all. Names of other experiments' sessions are passed over.
    """
    if only is None:
        return experiment.sessions
    names = only.replace(",", " ").split() if isinstance(only, str) else list(only)
    return tuple(session for session in experiment.sessions if session in names)


def fold_and_seed(key: str) -> tuple[int, int]:
    """Fold and seed of a key such as ``buddy/fold0_seed10``; of ``all_seed10``, fold -1."""
    fold, seed = key.rpartition("/")[2].split("_seed")
    return (-1 if fold == "all" else int(fold.removeprefix("fold"))), int(seed)
