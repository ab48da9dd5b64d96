"""Embeddings → scores and predictions on test trials, and their tables."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from cebra_kedro.decoding import decode_hippocampus, metrics_rows
from cebra_kedro.parameters import DecodingParameters
from cebra_kedro.pipelines import fold_and_seed


def decode_rat(
    embeddings: dict[str, Callable[[], dict[str, np.ndarray]]],
    parameters: DecodingParameters,
    experiment: str,
    subject: str,
    variant: str,
) -> tuple[pd.DataFrame, dict[str, dict[str, np.ndarray]]]:
    """Scores of every fold and seed, and what was decoded on the test trials."""
    scores, predictions = [], {}
    for key in sorted(embeddings, key=fold_and_seed):
        entry = embeddings[key]()
        result = decode_hippocampus(
            entry["embedding"],
            entry["position"],
            entry["direction"],
            entry["part"],
            candidates=parameters.neighbours,
            metric=parameters.metric,
        )
        fold, seed = fold_and_seed(key)
        scores.append(
            metrics_rows(
                result.scores,
                experiment=experiment,
                subject=subject,
                variant=variant,
                fold=fold,
                seed=seed,
                decoder="knn",
            )
        )
        predictions[key] = {
            "row": result.test_rows,
            "time_s": entry["time_s"][result.test_rows],
            "trial": entry["trial"][result.test_rows],
            "position": entry["position"][result.test_rows],
            "direction": entry["direction"][result.test_rows],
            "predicted_position": result.predicted_position,
            "predicted_direction": result.predicted_direction,
            "k": np.array(result.k),
        }
    return pd.concat(scores, ignore_index=True), predictions
