"""Rats: embeddings → consistency between them."""

from __future__ import annotations

from typing import Any

import pandas as pd

from cebra_kedro.consistency import LabelledEmbedding, consistency_between_datasets
from cebra_kedro.parameters import ConsistencyParameters
from cebra_kedro.pipelines import fold_and_seed
from cebra_kedro.pipelines.consistency.nodes import consistency_table
from cebra_kedro.splits import rows


def between_rats(
    parameters: ConsistencyParameters, experiment: str, variant: str, **embeddings: Any
) -> pd.DataFrame:
    """R² between rats on the training trials of fold 0, aligned by position and direction.

    The first seed of each rat is compared. Sources and targets are named
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
    return consistency_table([table], experiment, "subjects")
