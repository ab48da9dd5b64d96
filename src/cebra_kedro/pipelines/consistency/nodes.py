"""Embeddings → consistency between the seeds of a subject and between subjects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from cebra_kedro.consistency import (
    LabelledEmbedding,
    consistency_between_datasets,
    consistency_between_runs,
)
from cebra_kedro.parameters import ConsistencyParameters
from cebra_kedro.pipelines import fold_and_seed
from cebra_kedro.splits import rows

Partitions = dict[str, Callable[[], dict[str, np.ndarray]]]


def between_seeds(experiment: str, subject: str, **embeddings: Any) -> pd.DataFrame:
    """R² between the seeds of one fold, on the training trials, for each kind of encoder.

    Sources and targets are named ``subject/variant/fold0_seed1``.
    """
    tables = []
    for variant, partitions in embeddings.items():
        by_fold: dict[str, dict[str, np.ndarray]] = {}
        for key in sorted(partitions, key=fold_and_seed):
            entry = partitions[key]()
            train = rows(entry["part"], "train")
            by_fold.setdefault(key.split("_")[0], {})[key] = entry["embedding"][train]
        for runs in by_fold.values():
            if len(runs) > 1:
                table = consistency_between_runs(runs, dataset=f"{subject}/{variant}")
                tables.append(table)
    return _table(tables, experiment, "seeds")


def between_subjects(
    parameters: ConsistencyParameters, experiment: str, variant: str, **embeddings: Any
) -> pd.DataFrame:
    """R² between subjects on the training trials of fold 0, aligned by position and direction.

    The first seed of each subject is compared. Sources and targets are named
    ``subject/variant/fold0_seed0``. A running direction is one of increasing or of decreasing
    position, because the published columns mean different things in different rats.
    """
    items = []
    for subject, partitions in embeddings.items():
        key = min(partitions, key=fold_and_seed)
        entry = partitions[key]()
        train = rows(entry["part"], "train")
        items.append(
            LabelledEmbedding(
                dataset=subject,
                embedding=entry["embedding"][train],
                continuous=entry["position"][train],
                discrete=entry["increasing"][train],
                run=f"{variant}/{key}",
            )
        )
    table = consistency_between_datasets(
        items, n_bins=parameters.bins, min_samples=parameters.min_samples
    )
    return _table([table], experiment, "subjects")


def _table(tables: list[pd.DataFrame], experiment: str, between: str) -> pd.DataFrame:
    columns = ["experiment", "between", "source", "target", "r2"]
    if not tables:
        return pd.DataFrame(columns=columns)
    table = pd.concat(tables, ignore_index=True)
    return table.assign(experiment=experiment, between=between)[columns]
