"""Stages of every experiment: nodes adapt catalog entries to the rooms, pipelines wire them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial, update_wrapper
from typing import Any

import pandas as pd


class _Bound(partial):
    """A partial that keeps its name on the way to another process, unlike the original."""


def bind(function: Callable[..., Any], **names: Any) -> Callable[..., Any]:
    """A node function with names (experiment, subject, variant) filled in; keeps its own name."""
    return update_wrapper(_Bound(function, **names), function)


def fold_and_seed(key: str) -> tuple[int, int]:
    """Fold and seed of a key such as ``fold0_seed10``; sorts keys by number, not by letter."""
    fold, seed = key.removeprefix("fold").split("_seed")
    return int(fold), int(seed)


def first_key(partitions: Iterable[str]) -> str:
    """The key of the lowest fold and seed."""
    return min(partitions, key=fold_and_seed)


@dataclass(frozen=True)
class Entries:
    """The same catalog entry of several variants or subjects, as the inputs of one node.

    Attributes:
        prefix: namespace above the members, e.g. ``hippocampus.buddy``.
        members: e.g. variants; they become the node's argument names.
        entry: e.g. ``scores``; the catalog entry is ``<prefix>.<member>.<entry>``.
    """

    prefix: str
    members: tuple[str, ...]
    entry: str

    @property
    def arguments(self) -> dict[str, str]:
        """Argument name → dataset name inside the template."""
        return {member: f"{member}_{self.entry}" for member in self.members}

    @property
    def outside(self) -> dict[str, str]:
        """Dataset name inside the template → catalog entry, for ``Pipeline(inputs=...)``."""
        return {
            f"{member}_{self.entry}": f"{self.prefix}.{member}.{self.entry}"
            for member in self.members
        }


def stack_tables(**tables: pd.DataFrame) -> pd.DataFrame:
    """One table under another, in the order given: the node that joins variants or subjects."""
    filled = [table for table in tables.values() if len(table)]
    return pd.concat(filled or list(tables.values()), ignore_index=True)
