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


class _OfDefaultRun(_Bound):
    """The same of a node that sees no more of an experiment than ``kedro run`` alone does."""

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        kwargs["experiment"] = kwargs["experiment"].for_default_run()
        return super().__call__(*args, **kwargs)


def bind(
    function: Callable[..., Any], experiment: Experiment | None = None, **names: Any
) -> Callable[..., Any]:
    """A node function with names (experiment, encoder) filled in; keeps its own name.

    Args:
        function: what the node does.
        experiment: what its pipeline is made from: where this is the part of a description that
            ``kedro run`` alone does, the node will see the same part of its parameters.
        names: to be filled in.
    """
    is_part = experiment is not None and experiment.is_of_default_run
    return update_wrapper((_OfDefaultRun if is_part else _Bound)(function, **names), function)


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
