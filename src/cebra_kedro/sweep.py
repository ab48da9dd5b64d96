"""A grid over parameters: the values of its cells, and parameters with those values in place.

What a cell computes is a function of the caller; ``cells`` computes each once and keeps its table.
"""

from __future__ import annotations

import copy
import hashlib
import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Values = Mapping[str, Any]
"""Dotted name of a parameter, e.g. ``training.steps`` → its value in a cell of the grid."""


def cells_of(grid: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """All combinations of the values, the last parameter changing fastest.

    Args:
        grid: dotted name of a parameter → values to try. An empty grid has no cells.

    Example:
        >>> cells_of({"training.steps": [1, 2], "training.batch_size": [8]})
        [{'training.steps': 1, 'training.batch_size': 8}, \
{'training.steps': 2, 'training.batch_size': 8}]
    """
    if not grid:
        return []
    return [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]


def with_values(parameters: Mapping[str, Any], cell: Values) -> dict[str, Any]:
    """A copy of nested parameters with the values of a cell.

    Args:
        parameters: nested dicts with every parameter in them, those at their defaults too.
        cell: dotted name → value.

    Raises:
        ValueError: a name leads nowhere; the message lists what there is.
    """
    changed = copy.deepcopy(dict(parameters))
    for name, value in cell.items():
        block: Any = changed
        *above, last = name.split(".")
        for depth, key in enumerate([*above, last]):
            if not isinstance(block, dict) or key not in block:
                where = ".".join(name.split(".")[:depth]) or "the experiment"
                there = ", ".join(map(str, block)) if isinstance(block, dict) else "no parameters"
                raise ValueError(
                    f"sweep.grid names {name}, but {where} has no {key}; it has {there}"
                )
            if depth < len(above):
                block = block[key]
        block[last] = value
    return changed


def cell_key(cell: Values) -> str:
    """A short name of a cell for files: 12 hex digits that depend on names and values only."""
    text = json.dumps(dict(cell), sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def code_digest(*places: Path) -> str:
    """SHA-256 of Python files, and of those in folders, to be part of a fingerprint."""
    digest = hashlib.sha256()
    for place in places:
        for file in sorted(place.glob("*.py")) if place.is_dir() else [place]:
            digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()
