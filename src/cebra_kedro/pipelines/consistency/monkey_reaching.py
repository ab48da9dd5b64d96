"""Reaching: embeddings → consistency between kinds of sessions."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pandas as pd

from cebra_kedro.consistency import (
    Aligned,
    LabelledEmbedding,
    consistency_between_datasets,
    labelled_reaching,
)
from cebra_kedro.parameters import ReachingConsistencyParameters
from cebra_kedro.pipelines import first_key
from cebra_kedro.pipelines.consistency.nodes import consistency_table
from cebra_kedro.splits import rows


def between_sessions(
    parameters: ReachingConsistencyParameters, experiment: str, variant: str, **embeddings: Any
) -> pd.DataFrame:
    """R² between kinds of sessions on their training trials, aligned by position and by target.

    The first seed of each is compared. Sources and targets are named
    ``subject/variant/fold0_seed0``; ``between`` is ``sessions_by_position`` or ``..._by_target``.
    """
    entries = {}
    for session, partitions in embeddings.items():
        key = first_key(partitions)
        entries[session, f"{variant}/{key}"] = partitions[key]()
    tables = []
    for by in get_args(Aligned):
        items = [
            _labelled(session, run, entry, by, parameters)
            for (session, run), entry in entries.items()
        ]
        table = consistency_between_datasets(
            items, n_bins=parameters.bins, min_samples=parameters.min_samples, max_widening=0
        )
        tables.append(consistency_table([table], experiment, f"sessions_by_{by}"))
    return pd.concat(tables, ignore_index=True)


def _labelled(
    session: str,
    run: str,
    entry: dict[str, np.ndarray],
    by: Aligned,
    parameters: ReachingConsistencyParameters,
) -> LabelledEmbedding:
    train = rows(entry["part"], "train")
    return labelled_reaching(
        session,
        entry["embedding"][train],
        position=entry["position"][train],
        target=entry["target"][train],
        trial=entry["trial"][train],
        bin_width_s=float(entry["time_s"][1] - entry["time_s"][0]),
        by=by,
        cell_cm=parameters.cell_cm,
        run=run,
    )
