"""Features of one kind of session computed as those of another."""

from __future__ import annotations

import numpy as np

from cebra_kedro.parameters import BaselineParameters
from cebra_kedro.pipelines.training.nodes import embedding_entry
from cebra_kedro.recording import Recording
from cebra_kedro.splits import rows
from cebra_kedro.training.baselines import pca_features


def transferred_pca_embedding(
    source: Recording,
    source_splits: dict[str, np.ndarray],
    recording: Recording,
    splits: dict[str, np.ndarray],
    parameters: BaselineParameters,
) -> dict[str, dict[str, np.ndarray]]:
    """The principal components of the source's training rows, in which another is described."""
    both = np.concatenate([source.neural, recording.neural])
    embeddings = {}
    for fold, part in enumerate(source_splits["part"]):
        features = pca_features(both, rows(part, "train"), parameters.pca_components)
        own = features[source.n_time :]
        embeddings[f"fold{fold}_seed0"] = embedding_entry(own, recording, splits, fold)
    return embeddings
