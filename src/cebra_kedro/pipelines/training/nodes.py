"""Recording and split → trained encoders, their embeddings and their loss curves."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cebra_kedro.decoding import metrics_rows
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
    folder: str,
) -> ModelStore:
    """One encoder per fold and seed; a transductive one does not depend on the fold.

    Encoders that an earlier run left in ``folder`` of the store are kept. Keys are
    ``fold<fold>_seed<seed>``, for a transductive variant ``all_seed<seed>``.
    """
    if variant.fit_on == "all":
        everything = {"all": np.arange(recording.n_time)}
    else:
        everything = {
            f"fold{fold}": rows(part, "train") for fold, part in enumerate(splits["part"])
        }
    jobs = {
        f"{name}_seed{seed}": (
            [_training_data(recording, chosen, variant, seed)],
            variant.training_config(shared, seed),
        )
        for name, chosen in everything.items()
        for seed in shared.seeds
    }
    return store.below(*folder.split("/")).train_missing(jobs, processes=shared.n_processes)


def embed(
    recording: Recording, splits: dict[str, np.ndarray], models: ModelStore
) -> dict[str, dict[str, np.ndarray]]:
    """Every encoder's embedding of the whole recording, one entry per fold and seed."""
    embeddings = {}
    for key, model in models.items():
        embedding = model.transform(recording.neural, recording.segment())
        for fold, seed in _folds_and_seed(key, len(splits["part"])):
            embeddings[f"fold{fold}_seed{seed}"] = embedding_entry(
                embedding, recording, splits, fold
            )
    return embeddings


def goodness_of_fit(
    models: ModelStore, splits: dict[str, np.ndarray], experiment: str, subject: str, variant: str
) -> pd.DataFrame:
    """Goodness of fit of every fold and seed in bits, mean over the last tenth of the steps.

    It is measured on the data that the encoder was fitted to; 0 is chance.
    """
    rows_of = []
    for key, model in models.items():
        bits = model.history()["goodness_of_fit_bits"].to_numpy()
        value = float(bits[-max(1, len(bits) // 10) :].mean())
        for fold, seed in _folds_and_seed(key, len(splits["part"])):
            row = {"goodness_of_fit": value}
            rows_of.append(
                metrics_rows(
                    row,
                    experiment=experiment,
                    subject=subject,
                    variant=variant,
                    fold=fold,
                    seed=seed,
                    decoder="none",
                )
            )
    return pd.concat(rows_of, ignore_index=True)


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
    """The chosen rows; for the control, their labels are permuted as whole rows."""
    labels = recording.label_matrix(variant.labels)[chosen] if variant.labels else None
    classes = recording.labels[variant.classes].values[chosen] if variant.classes else None
    if variant.shuffle_labels:
        labels = None if labels is None else shuffle_rows(labels, seed)
        classes = None if classes is None else shuffle_rows(classes, seed)
    return TrainingData(
        neural=recording.neural[chosen],
        segment=segment_ids(chosen, recording.trial),
        labels=labels,
        classes=classes,
    )


def _folds_and_seed(key: str, n_folds: int) -> list[tuple[int, int]]:
    """The folds that an encoder stands for, with its seed; a transductive one for all."""
    name, seed = key.split("_seed")
    folds = range(n_folds) if name == "all" else [int(name.removeprefix("fold"))]
    return [(fold, int(seed)) for fold in folds]


def _per_fold(
    recording: Recording, splits: dict[str, np.ndarray], features: list[np.ndarray]
) -> dict[str, dict[str, np.ndarray]]:
    return {
        f"fold{fold}_seed0": embedding_entry(array, recording, splits, fold)
        for fold, array in enumerate(features)
    }


def embedding_entry(
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
