"""Synthetic sets → encoders by the kind of their labels, embeddings, and transductive baselines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from cebra_kedro.parameters import (
    GuidanceParameters,
    SyntheticBaselineParameters,
    TrainingParameters,
    VariantParameters,
)
from cebra_kedro.recording import Recording
from cebra_kedro.sampling import shuffle_rows
from cebra_kedro.sources.synthetic import Session, sessions_of
from cebra_kedro.splits import TRAIN, segment_ids
from cebra_kedro.training.baselines import pca_features, tsne_features, umap_features
from cebra_kedro.training.data import TrainingData
from cebra_kedro.training.store import Job, ModelStore

if TYPE_CHECKING:
    from cebra_kedro.training.model import EncoderModel

Splits = dict[str, np.ndarray]
Entry = dict[str, np.ndarray]


def train_synthetic_encoders(
    recording: Recording,
    splits: Splits,
    store: ModelStore,
    shared: TrainingParameters,
    variant: VariantParameters,
    guidance: GuidanceParameters,
    folder: str,
) -> ModelStore:
    """One encoder per seed, of several sessions one together; keys are ``fold0_seed<seed>``."""
    jobs = training_jobs(recording, splits, shared, variant, guidance)
    return store.below(*folder.split("/")).train_missing(jobs, processes=shared.n_processes)


def training_jobs(
    recording: Recording,
    splits: Splits,
    shared: TrainingParameters,
    variant: VariantParameters,
    guidance: GuidanceParameters,
) -> dict[str, Job]:
    """What is to be trained: key → the training rows of each session, and the configuration."""
    names = [name for name in ("label", "angle", "class") if name in recording.labels]
    guided = guidance.applied_to(variant, names)
    everything = guided.fit_on == "all"
    return {
        f"fold0_seed{seed}": (
            [
                _training_data(
                    recording,
                    session,
                    np.arange(len(session.rows))
                    if everything
                    else np.flatnonzero(splits["part"][0, session.rows] == TRAIN),
                    guided,
                    seed,
                    joined=bool(splits["joined"]),
                )
                for session in sessions_of(recording)
            ],
            guided.training_config(shared, seed),
        )
        for seed in shared.seeds
    }


def embed_set(recording: Recording, splits: Splits, models: ModelStore) -> dict[str, Entry]:
    """Every encoder's embedding of the whole recording, its sessions one below the other."""
    entry, sessions = entry_of(recording, splits), sessions_of(recording)
    return {
        key: {"embedding": embed_by_model(sessions, model), **entry}
        for key, model in models.items()
    }


def embed_by_model(sessions: Sequence[Session], model: EncoderModel) -> np.ndarray:
    """Float32 array (time, dim): each session through its own network of the encoder."""
    return embed_sessions(sessions, lambda neural, number: model.transform(neural, session=number))


def embed_sessions(
    sessions: Sequence[Session], transform: Callable[[np.ndarray, int], np.ndarray]
) -> np.ndarray:
    """Float32 array (time, dim): ``transform`` (neural, number of the session) of each session."""
    return np.concatenate(
        [transform(session.neural, number) for number, session in enumerate(sessions)]
    )


def entry_of(recording: Recording, splits: Splits) -> Entry:
    """What is needed to plot and decode an embedding, beside it."""
    return {
        "part": splits["part"][0],
        "trial": recording.segment(),
        "time_s": np.arange(recording.n_time) * recording.bin_width_s,
        **{name: label.values for name, label in recording.labels.items()},
    }


def pca_of_set(
    recording: Recording, splits: Splits, parameters: SyntheticBaselineParameters
) -> dict[str, Entry]:
    """Baseline: principal components fitted on training rows; of each session its own."""
    part = splits["part"][0]
    sessions = sessions_of(recording)
    embedding = embed_sessions(
        sessions,
        lambda neural, number: pca_features(
            neural,
            np.flatnonzero(part[sessions[number].rows] == TRAIN),
            parameters.components,
        ),
    )
    return {"fold0_seed0": {"embedding": embedding, **entry_of(recording, splits)}}


def tsne_of_set(
    recording: Recording, splits: Splits, parameters: SyntheticBaselineParameters
) -> dict[str, Entry]:
    """Baseline: t-SNE of all rows (transductive); nothing if it is left out."""
    if parameters.tsne is None:
        return _transductive(recording, splits, None)
    options = {"components": parameters.components, **parameters.tsne.model_dump()}
    return _transductive(recording, splits, lambda neural, _: tsne_features(neural, **options))


def umap_of_set(
    recording: Recording, splits: Splits, parameters: SyntheticBaselineParameters
) -> dict[str, Entry]:
    """Baseline: UMAP of all rows (transductive); nothing if it is left out."""
    if parameters.umap is None:
        return _transductive(recording, splits, None)
    options = {"components": parameters.components, **parameters.umap.model_dump()}
    return _transductive(recording, splits, lambda neural, _: umap_features(neural, **options))


def _transductive(
    recording: Recording,
    splits: Splits,
    transform: Callable[[np.ndarray, int], np.ndarray] | None,
) -> dict[str, Entry]:
    """A baseline that is left out has an embedding without dimensions."""
    if transform is None:
        embedding = np.empty((recording.n_time, 0), np.float32)
    else:
        embedding = embed_sessions(sessions_of(recording), transform)
    return {"fold0_seed0": {"embedding": embedding, **entry_of(recording, splits)}}


def _training_data(
    recording: Recording,
    session: Session,
    chosen: np.ndarray,
    variant: VariantParameters,
    seed: int,
    *,
    joined: bool,
) -> TrainingData:
    """The chosen rows of one session; for the control, their labels permuted as whole rows."""
    rows = session.rows[chosen]
    labels = _label_columns(recording, variant.labels)[rows] if variant.labels else None
    classes = recording.labels[variant.classes].values[rows] if variant.classes else None
    if variant.shuffle_labels:
        labels = None if labels is None else shuffle_rows(labels, seed)
        classes = None if classes is None else shuffle_rows(classes, seed)
    return TrainingData(
        neural=session.neural[chosen],
        segment=np.zeros(len(chosen), np.int64) if joined else segment_ids(chosen),
        labels=labels,
        classes=classes,
    )


def _label_columns(recording: Recording, names: Sequence[str]) -> np.ndarray:
    """Float32 array (time, dim): labels side by side, an angle as its cosine and sine."""
    columns = []
    for name in names:
        values = recording.label_matrix([name])
        if recording.labels[name].kind == "circular":
            values = np.concatenate([np.cos(values), np.sin(values)], axis=1)
        columns.append(values)
    return np.concatenate(columns, axis=1)
