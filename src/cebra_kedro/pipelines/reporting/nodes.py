"""Results → figures that every experiment has, and the list of its results.

The page over everything is put together when a run ends.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from cebra_kedro.pipelines import fold_and_seed

Partitions = dict[str, Callable[[], dict[str, np.ndarray]]]


def loss_figure(subject: str, **histories: Any) -> Figure:
    """Loss and goodness of fit of every encoder."""
    from cebra_kedro.plots import plot_loss_curves

    history = pd.concat(
        [table.assign(variant=variant) for variant, table in histories.items()], ignore_index=True
    )
    return plot_loss_curves(history, title=f"{subject}: training").figure


def seed_consistency_figure(table: pd.DataFrame, subject: str) -> Figure:
    """R² between seeds, mean over folds, one heat map per kind of encoder."""
    from cebra_kedro.plots import figure_consistency, figure_message

    if table.empty:
        return figure_message(f"{subject}: one seed was trained, so seeds cannot be compared")
    return figure_consistency(
        consistency_matrices(table, r"_(seed\d+)$"), title=f"{subject}: consistency between seeds"
    )


def list_results(**results: Any) -> dict[str, Any]:
    """SHA-256 of every table and figure, to compare two runs by one small file.

    A table counts as the CSV text of its rows, a picture as its bytes, named arrays one by one;
    lists of subjects stay.
    """
    return {name: _digest(result) for name, result in results.items()}


def _digest(result: Any) -> Any:
    if isinstance(result, dict):
        return {name: _digest(value) for name, value in result.items()}
    if isinstance(result, str):
        return result
    if isinstance(result, np.ndarray):
        result = f"{result.dtype.str} {result.shape} ".encode() + result.tobytes()
    if isinstance(result, pd.DataFrame):
        result = result.to_csv(index=False).encode()
    return hashlib.sha256(result).hexdigest()


def first_entry(partitions: Partitions) -> dict[str, np.ndarray]:
    """The entry of the lowest fold and seed."""
    return partitions[min(partitions, key=fold_and_seed)]()


def consistency_matrices(table: pd.DataFrame, name_pattern: str) -> dict[str, pd.DataFrame]:
    """Per variant, mean R² of each (source, target), in the order in which the table names them.

    Names are ``subject/variant/fold0_seed1``.
    """
    named = table.assign(
        variant=table["source"].str.split("/").str[1],
        source=table["source"].str.extract(name_pattern, expand=False),
        target=table["target"].str.extract(name_pattern, expand=False),
    )
    order = pd.unique(named["source"])
    return {
        str(variant): rows.pivot_table(
            index="source", columns="target", values="r2", aggfunc="mean"
        ).reindex(index=order, columns=order)
        for variant, rows in named.groupby("variant", sort=False)
    }
