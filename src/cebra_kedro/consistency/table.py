"""Consistency of many embeddings as a tidy table.

Every ordered pair has its own row; averages over runs are left to who draws or prints the table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from cebra_kedro.consistency.alignment import LabelledEmbedding, align
from cebra_kedro.consistency.linear import linear_r2_to_many

CONSISTENCY_COLUMNS = ("between", "source", "target", "r2")

_KEY = re.compile(r"fold(\d+)_seed(\d+)")


def consistency_between_runs(
    embeddings: Mapping[str, np.ndarray], *, dataset: str = "", between: str = "runs"
) -> pd.DataFrame:
    """R² from each run to each other run, row by row: the same time bins, other seeds or encoders.

    Scores equal ``cebra.sklearn.metrics.consistency_score(..., between="runs")``.

    Args:
        embeddings: run name → array (time, dim), the same rows in all; pass the rows of the
            training trials where only these shall be compared.
        dataset: name put before the runs, ``dataset/run``; empty for none.
        between: what a run is: ``seeds``, ``encoders``.

    Returns:
        Frame with :data:`CONSISTENCY_COLUMNS`; ordered pairs in the order of the mapping.

    Raises:
        ValueError: fewer than 2 runs, or they cannot be compared (see :func:`linear_r2`).
    """
    if len(embeddings) < 2:
        raise ValueError(
            f"consistency between runs needs at least 2 embeddings, got {len(embeddings)}; "
            "train with another seed or encoder"
        )
    prefix = f"{dataset}/" if dataset else ""
    named = {f"{prefix}{run}": embedding for run, embedding in embeddings.items()}
    return pair_table(
        named,
        {source: {target: between for target in named if target != source} for source in named},
    )


def consistency_between_seeds(
    embeddings: Mapping[str, np.ndarray], *, dataset: str = ""
) -> pd.DataFrame:
    """R² from each seed to each other seed of the same fold, row by row.

    Folds are not compared: their training trials differ.

    Args:
        embeddings: ``fold0_seed1`` → array (time, dim), the same rows in all seeds of a fold, e.g.
            those of its training trials.
        dataset: name put before the runs, e.g. ``buddy/time``; empty for none.

    Returns:
        Frame with :data:`CONSISTENCY_COLUMNS`, ``between`` being ``seeds``, by fold and seed;
        without rows if no fold has two seeds.

    Raises:
        ValueError: a key is no fold and seed, or two seeds cannot be compared (see
            :func:`linear_r2`).
    """
    folds: dict[int, dict[int, str]] = {}
    for key in embeddings:
        named = _KEY.fullmatch(key)
        if named is None:
            raise ValueError(f"keys must be like fold0_seed1, got {key!r}")
        folds.setdefault(int(named[1]), {})[int(named[2])] = key
    tables = [
        consistency_between_runs(
            {seeds[seed]: embeddings[seeds[seed]] for seed in sorted(seeds)},
            dataset=dataset,
            between="seeds",
        )
        for _, seeds in sorted(folds.items())
        if len(seeds) > 1
    ]
    return pd.concat(tables, ignore_index=True) if tables else pair_table({}, {})


def consistency_between_datasets(
    items: Sequence[LabelledEmbedding],
    *,
    between: str = "sessions",
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
        between: what a dataset is and what aligns them, e.g. ``sessions_by_position``.
        n_bins: as in :func:`align`.
        min_samples: as in :func:`align`.
        max_widening: as in :func:`align`.

    Returns:
        Frame with :data:`CONSISTENCY_COLUMNS`, source and target named ``dataset/run``; one row
        per ordered pair, not averaged over runs.

    Raises:
        ValueError: fewer than 2 datasets, or they cannot be aligned or compared (see
            :func:`align`, :func:`linear_r2`).
    """
    datasets = {item.name: item.dataset for item in items}
    if len(set(datasets.values())) < 2:
        raise ValueError(
            "consistency between datasets needs at least 2 datasets, got "
            f"{', '.join(sorted(set(datasets.values()))) or 'none'}; "
            "use consistency_between_runs within one"
        )
    aligned = align(items, n_bins=n_bins, min_samples=min_samples, max_widening=max_widening)
    pairs = {
        source: {target: between for target in datasets if datasets[target] != datasets[source]}
        for source in datasets
    }
    return pair_table(aligned.embeddings, pairs)


def pair_table(
    embeddings: Mapping[str, np.ndarray], pairs: Mapping[str, Mapping[str, str]]
) -> pd.DataFrame:
    """R² of the chosen ordered pairs of embeddings on common rows.

    Args:
        embeddings: name → array (row, dim).
        pairs: source → target → what sets the two apart.

    Returns:
        Frame with :data:`CONSISTENCY_COLUMNS`, in the order of ``pairs``.

    Raises:
        ValueError: two embeddings cannot be compared (see :func:`linear_r2`).
    """
    table = [
        (pairs[source][target], source, target, score)
        for source in pairs
        for target, score in linear_r2_to_many(
            embeddings[source],
            {name: embeddings[name] for name in pairs[source]},
            source_name=source,
        ).items()
    ]
    return pd.DataFrame(table, columns=list(CONSISTENCY_COLUMNS))


def stack_consistency(tables: Iterable[pd.DataFrame], experiment: str) -> pd.DataFrame:
    """All comparisons of an experiment in one table.

    Args:
        tables: frames with :data:`CONSISTENCY_COLUMNS`; those without rows are passed over.
        experiment: name of the experiment.

    Returns:
        Frame with the column ``experiment`` and :data:`CONSISTENCY_COLUMNS`; without rows if no
        table has any.
    """
    filled = [table for table in tables if not table.empty]
    stacked = pd.concat(filled, ignore_index=True) if filled else pair_table({}, {})
    stacked.insert(0, "experiment", experiment)
    return stacked
