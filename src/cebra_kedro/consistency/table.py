"""Consistency of many embeddings as a tidy table, and that table as a matrix.

Every ordered pair has its own row; averages over runs are taken only where a matrix is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from cebra_kedro.consistency.alignment import LabelledEmbedding, align
from cebra_kedro.consistency.linear import linear_r2_to_many

CONSISTENCY_COLUMNS = ("between", "source", "target", "r2")
BETWEEN_RUNS = "runs"


def consistency_between_runs(
    embeddings: Mapping[str, np.ndarray], *, dataset: str = ""
) -> pd.DataFrame:
    """R² from each run to each other run, row by row: the same time bins, other seeds.

    Scores equal ``cebra.sklearn.metrics.consistency_score(..., between="runs")``.

    Args:
        embeddings: run name → array (time, dim), the same rows in all; pass the rows of the
            training trials where only these shall be compared.
        dataset: name put before the runs, ``dataset/run``; empty for none.

    Returns:
        Frame with :data:`CONSISTENCY_COLUMNS`, ``between`` being ``runs``; ordered pairs in the
        order of the mapping.

    Raises:
        ValueError: fewer than 2 runs, or they cannot be compared (see :func:`linear_r2`).
    """
    if len(embeddings) < 2:
        raise ValueError(
            f"consistency between runs needs at least 2 embeddings, got {len(embeddings)}; "
            "train with another seed"
        )
    prefix = f"{dataset}/" if dataset else ""
    named = {f"{prefix}{run}": embedding for run, embedding in embeddings.items()}
    partners = {source: [target for target in named if target != source] for source in named}
    return _table(named, partners, BETWEEN_RUNS)


def consistency_between_datasets(
    items: Sequence[LabelledEmbedding],
    *,
    between: str = "subjects",
    n_bins: int = 100,
    min_samples: int = 1,
    max_widening: int = 2,
) -> pd.DataFrame:
    """R² from each embedding to each embedding of another dataset, aligned by labels.

    All embeddings are aligned together, on the bins that every one of them supports, so
    all pairs are compared on the same support. Runs of one dataset are not compared with each
    other. With a continuous label and default arguments, scores equal
    ``cebra.sklearn.metrics.consistency_score(..., between="datasets")`` where that succeeds;
    :func:`align` says where the two differ.

    Args:
        items: embeddings with their labels, of at least 2 datasets; pass the rows of the training
            trials where only these shall be compared.
        between: what a dataset is: ``subjects``, ``sessions``, ``areas``.
        n_bins: as in :func:`align`.
        min_samples: as in :func:`align`.
        max_widening: as in :func:`align`.

    Returns:
        Frame with :data:`CONSISTENCY_COLUMNS`, source and target named ``dataset/run``; one row
        per ordered pair, not averaged over runs.

    Raises:
        ValueError: fewer than 2 datasets, ``between`` is ``runs``, or they cannot be aligned or
            compared (see :func:`align`, :func:`linear_r2`).
    """
    if between == BETWEEN_RUNS:
        raise ValueError("between must not be 'runs' here; use consistency_between_runs")
    datasets = {item.name: item.dataset for item in items}
    if len(set(datasets.values())) < 2:
        raise ValueError(
            "consistency between datasets needs at least 2 datasets, got "
            f"{', '.join(sorted(set(datasets.values()))) or 'none'}; "
            "use consistency_between_runs within one"
        )
    aligned = align(items, n_bins=n_bins, min_samples=min_samples, max_widening=max_widening)
    partners = {
        source: [target for target in datasets if datasets[target] != datasets[source]]
        for source in datasets
    }
    return _table(aligned.embeddings, partners, between)


def consistency_matrix(table: pd.DataFrame) -> pd.DataFrame:
    """Mean R² of each pair as a square matrix, for a heat map.

    Between runs, a row is a run; otherwise a row is a dataset, and the runs of a dataset
    (the part of its name after the slash) are averaged.

    Args:
        table: rows of one comparison, with at least :data:`CONSISTENCY_COLUMNS`.

    Returns:
        Frame (source, target) of R², in order of first appearance; NaN on the diagonal and for
        pairs that the table does not hold.

    Raises:
        ValueError: the table is empty or mixes comparisons.
    """
    for column in {"between", "experiment"} & set(table.columns):
        if table[column].nunique() != 1:
            raise ValueError(
                f"table must hold one value of {column}, got "
                f"{', '.join(map(str, table[column].unique())) or 'none'}; select the rows of one"
            )
    ends = table[["source", "target"]]
    if table["between"].iloc[0] != BETWEEN_RUNS:
        ends = ends.apply(lambda names: names.str.partition("/")[0])
    order = pd.unique(ends.to_numpy().ravel())
    mean = ends.assign(r2=table["r2"]).pivot_table("r2", "source", "target", aggfunc="mean")
    return mean.reindex(index=order, columns=order)


def _table(
    embeddings: Mapping[str, np.ndarray], partners: Mapping[str, Sequence[str]], between: str
) -> pd.DataFrame:
    rows = [
        (between, source, target, score)
        for source, targets in partners.items()
        for target, score in linear_r2_to_many(
            embeddings[source], {name: embeddings[name] for name in targets}, source_name=source
        ).items()
    ]
    return pd.DataFrame(rows, columns=list(CONSISTENCY_COLUMNS))
