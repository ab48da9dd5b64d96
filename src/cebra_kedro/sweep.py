"""Sweeps over parameters: the values of their cells, and parameters with those values in place.

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

import numpy as np

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


def drawn_cells(
    over: Mapping[str, Sequence[Any] | tuple[float, float, bool]], draws: int, seed: int
) -> list[dict[str, Any]]:
    """Combinations drawn at random, each parameter by itself.

    Args:
        over: dotted name of a parameter → a list of values, or a tuple: smallest number, largest,
            and whether orders of magnitude are equally likely. Between whole numbers, whole ones.
        draws: how many; equal ones are given once.
        seed: of the draws. Those of a parameter do not depend on the other parameters.
    """
    columns = {
        name: _draws(values, draws, np.random.default_rng([seed, *name.encode()]))
        for name, values in over.items()
    }
    cells = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return list({cell_key(cell): cell for cell in cells}.values())


def _draws(values: Any, draws: int, generator: np.random.Generator) -> list[Any]:
    if not isinstance(values, tuple):
        return [values[number] for number in generator.integers(len(values), size=draws)]
    low, high, log = values
    if log:
        found = np.exp(generator.uniform(np.log(low), np.log(high), draws))
    elif isinstance(low, int) and isinstance(high, int):
        return [int(one) for one in generator.integers(low, high, draws, endpoint=True)]
    else:
        found = generator.uniform(low, high, draws)
    if isinstance(low, int) and isinstance(high, int):
        return [int(one) for one in np.rint(found)]
    return [float(f"{one:.4g}") for one in found]  # as they are shown and reported


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
                    f"the sweep names {name}, but {where} has no {key}; it has {there}"
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
