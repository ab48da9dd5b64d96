"""Recording and split → trained encoders, their embeddings and their loss curves."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cebra_kedro.parameters import BaselineParameters, TrainingParameters, VariantParameters
from cebra_kedro.recording import Recording
from cebra_kedro.sampling import shuffle_rows
from cebra_kedro.splits import rows, segment_ids
from cebra_kedro.training.baselines import pca_features, window_sums
from cebra_kedro.training.data import TrainingData
from cebra_kedro.training.store import ModelStore


def train_encoders(
    recording: Recording,
    splits: dict[str, np.ndarray],
    store: ModelStore,
    shared: TrainingParameters,
    variant: VariantParameters,
) -> ModelStore:
    """One encoder per fold and seed; a transductive one does not depend on the fold.

    Keys are ``fold<fold>_seed<seed>``, for a transductive variant ``all_seed<seed>``.
    """
    if variant.fit_on == "all":
        everything = {"all": np.arange(recording.n_time)}
    else:
        everything = {
            f"fold{fold}": rows(part, "train") for fold, part in enumerate(splits["part"])
        }
    jobs = {
        f"{name}_seed{seed}": (
            _training_data(recording, chosen, variant, seed),
            variant.training_config(shared, seed),
        )
        for name, chosen in everything.items()
        for seed in shared.seeds
    }
    return store.train_missing(jobs, processes=shared.n_processes)


def embed(
    recording: Recording, splits: dict[str, np.ndarray], models: ModelStore
) -> dict[str, dict[str, np.ndarray]]:
    """Every encoder's embedding of the whole recording, one entry per fold and seed."""
    embeddings = {}
    for key, model in models.items():
        embedding = model.transform(recording.neural, recording.segment())
        name, seed = key.split("_seed")
        folds = range(len(splits["part"])) if name == "all" else [int(name.removeprefix("fold"))]
        for fold in folds:
            embeddings[f"fold{fold}_seed{seed}"] = _entry(embedding, recording, splits, fold)
    return embeddings


def loss_history(models: ModelStore) -> pd.DataFrame:
    """Loss and learning rate of every step of every encoder."""
    return pd.concat(
        [_history(key, model.history()) for key, model in models.items()], ignore_index=True
    )


def raw_embedding(
    recording: Recording, splits: dict[str, np.ndarray]
) -> dict[str, dict[str, np.ndarray]]:
    """Baseline: the activity of each bin as it is."""
    features = recording.neural.astype(np.float32)
    return _per_fold(recording, splits, [features] * len(splits["part"]))


def raw_window_embedding(
    recording: Recording, splits: dict[str, np.ndarray], parameters: BaselineParameters
) -> dict[str, dict[str, np.ndarray]]:
    """Baseline: the activity summed over the window that the encoders see."""
    features = window_sums(recording.neural, recording.segment(), parameters.window_bins)
    return _per_fold(recording, splits, [features] * len(splits["part"]))


def pca_embedding(
    recording: Recording, splits: dict[str, np.ndarray], parameters: BaselineParameters
) -> dict[str, dict[str, np.ndarray]]:
    """Baseline: principal components, fitted on training rows."""
    features = [
        pca_features(recording.neural, rows(part, "train"), parameters.pca_components)
        for part in splits["part"]
    ]
    return _per_fold(recording, splits, features)


def _training_data(
    recording: Recording, chosen: np.ndarray, variant: VariantParameters, seed: int
) -> TrainingData:
    labels = recording.label_matrix(variant.labels)[chosen] if variant.labels else None
    if labels is not None and variant.shuffle_labels:
        labels = shuffle_rows(labels, seed)
    return TrainingData(
        neural=recording.neural[chosen],
        segment=segment_ids(chosen, recording.trial),
        labels=labels,
    )


def _per_fold(
    recording: Recording, splits: dict[str, np.ndarray], features: list[np.ndarray]
) -> dict[str, dict[str, np.ndarray]]:
    return {
        f"fold{fold}_seed0": _entry(array, recording, splits, fold)
        for fold, array in enumerate(features)
    }


def _entry(
    embedding: np.ndarray, recording: Recording, splits: dict[str, np.ndarray], fold: int
) -> dict[str, np.ndarray]:
    """An embedding file: the embedding beside what is needed to plot and decode it."""
    labels = {name: label.values for name, label in recording.labels.items()}
    return {
        "embedding": embedding,
        "part": splits["part"][fold],
        "trial": recording.segment(),
        "time_s": np.arange(recording.n_time) * recording.bin_width_s,
        **labels,
    }


def _history(key: str, history: pd.DataFrame) -> pd.DataFrame:
    name, seed = key.split("_seed")
    return history.assign(fold=name.removeprefix("fold"), seed=int(seed))
