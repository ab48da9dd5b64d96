"""Embeddings → consistency between the seeds or the kinds of encoders of a subject."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from cebra_kedro.consistency import consistency_between_runs
from cebra_kedro.pipelines import first_key, fold_and_seed
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
    return consistency_table(tables, experiment, "seeds")


def between_kinds(experiment: str, subject: str, **embeddings: Any) -> pd.DataFrame:
    """R² between the kinds of encoders, on the training trials of the first fold and seed.

    Sources and targets are named ``subject/variant/fold0_seed0``.
    """
    runs = {}
    for variant, partitions in embeddings.items():
        key = first_key(partitions)
        entry = partitions[key]()
        runs[f"{variant}/{key}"] = entry["embedding"][rows(entry["part"], "train")]
    table = consistency_between_runs(runs, dataset=subject)
    return consistency_table([table], experiment, "kinds")


def consistency_table(tables: list[pd.DataFrame], experiment: str, between: str) -> pd.DataFrame:
    """The rows of several comparisons with the columns of ``consistency.csv``."""
    columns = ["experiment", "between", "source", "target", "r2"]
    if not tables:
        return pd.DataFrame(columns=columns)
    table = pd.concat(tables, ignore_index=True)
    return table.assign(experiment=experiment, between=between)[columns]
