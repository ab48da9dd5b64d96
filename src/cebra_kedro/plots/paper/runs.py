"""Tables of published runs: errors per seed, vectors written as text.

Which runs a panel shows is left to ``figure_1``, ``figure_2`` and ``this_run``.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from cebra_kedro.plots.paper.contents import Files, columns_of


def error_per_seed(
    files: Files, file: str, animal: int = 0, *, rat: str | None = None
) -> pd.Series:
    """Position error on test data in cm, mean over the three repeats of each seed.

    Args:
        files: published name → table.
        file: published name of the table.
        animal: 0 to 3, where the table names rats by number.
        rat: name, where the table has a column ``rat`` instead.

    Returns:
        Seed → error in cm, in the order of seeds.

    Raises:
        ValueError: a column is missing, or there is no run of this rat.
    """
    key = "animal" if rat is None else "rat"
    runs = columns_of(files, file, (key, "seed", "test_position_error"))
    chosen = runs[runs[key] == (animal if rat is None else rat)]
    if chosen.empty:
        raise ValueError(
            f"{file}: column {key} must hold {animal if rat is None else rat}, "
            f"got {sorted(set(runs[key]))}; use the published file"
        )
    return 100 * chosen.groupby("seed")["test_position_error"].mean().sort_index()


def vectors_of(cells: pd.Series, what: str, count: int) -> np.ndarray:
    """Bracketed text such as ``[0.97 0.96 0.84]`` as a float array (row, count).

    Raises:
        ValueError: a cell is something else.
    """
    try:
        values = np.array([str(cell).strip("[] ").split() for cell in cells], dtype=float)
    except ValueError as error:
        raise ValueError(
            f"{what} must hold vectors of numbers such as '[0.97 0.96 0.84]', "
            f"got e.g. {cells.iloc[0]!r} ({error})"
        ) from error
    if values.ndim != 2 or values.shape[1] != count:
        raise ValueError(f"{what} must hold {count} numbers a cell, got shape {values.shape}")
    return values
