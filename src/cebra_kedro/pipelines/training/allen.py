"""Movie: recordings of two modalities → encoders of one or both, their embeddings, baselines."""

from __future__ import annotations

from typing import Any

import numpy as np

from cebra_kedro.decoding.presentations import average_over_frames
from cebra_kedro.parameters import (
    MovieTrainingParameters,
    MovieVariantParameters,
    NeuronSweepParameters,
)
from cebra_kedro.recording import Recording
from cebra_kedro.sampling import shuffle_rows
from cebra_kedro.splits import rows, segment_ids
from cebra_kedro.training.baselines import window_sums
from cebra_kedro.training.data import TrainingData
from cebra_kedro.training.store import ModelStore

Splits = dict[str, np.ndarray]
FRAMES_OF_LONG_WINDOW = 10


def train_movie_encoders(
    movie: dict[str, np.ndarray],
    store: ModelStore,
    shared: MovieTrainingParameters,
    variant: MovieVariantParameters,
    folder: str,
    **sessions: Any,
) -> ModelStore:
    """One encoder per seed, fitted to all repeats but the test repeat, as published.

    ``sessions`` are ``<modality>_recording`` and ``<modality>_splits`` of each modality; labels
    are the features of the frame on the screen. Keys are ``fold0_seed<seed>``.
    """
    modalities = tuple(
        name.removesuffix("_recording") for name in sessions if name.endswith("_recording")
    )
    jobs = {}
    for seed in shared.seeds:
        data = [
            training_session(
                movie,
                sessions[f"{modality}_recording"],
                sessions[f"{modality}_splits"],
                shuffle_seed=seed if variant.shuffle_labels else None,
            )
            for modality in modalities
        ]
        jobs[f"fold0_seed{seed}"] = (data, variant.training_config(shared, modalities, seed))
    return store.below(*folder.split("/")).train_missing(jobs, processes=shared.n_processes)


def embed_readout(
    recording: Recording, splits: Splits, models: ModelStore, session: int
) -> dict[str, dict[str, np.ndarray]]:
    """Embeddings of one modality by the encoder's network for it, one entry per seed."""
    return {
        key: _entry(
            model.transform(recording.neural, recording.segment(), session), recording, splits
        )
        for key, model in models.items()
    }


def raw_frames(recording: Recording, splits: Splits) -> dict[str, dict[str, np.ndarray]]:
    """Baseline: the activity of each bin; a decoder averages it over the frame."""
    return {"fold0_seed0": _entry(recording.neural.astype(np.float32), recording, splits)}


def raw_ten_frames(recording: Recording, splits: Splits) -> dict[str, dict[str, np.ndarray]]:
    """Baseline: the activity summed over ten frames around each bin."""
    shown = average_over_frames(
        recording.neural[:, :1], _label(recording, "frame"), _label(recording, "repeat")
    )
    bins_per_frame = recording.n_time / len(shown.frame)
    features = window_sums(
        recording.neural,
        recording.segment(),
        round(FRAMES_OF_LONG_WINDOW * bins_per_frame),
    )
    return {"fold0_seed0": _entry(features, recording, splits)}


def train_neuron_sweep(
    movie: dict[str, np.ndarray],
    recording: Recording,
    splits: Splits,
    store: ModelStore,
    shared: MovieTrainingParameters,
    variant: MovieVariantParameters,
    sweep: NeuronSweepParameters,
    folder: str,
    modality: str,
) -> ModelStore:
    """Encoders of the first so many sampled neurons; keys are ``n<count>_seed<seed>``."""
    own = variant.model_copy(update={"steps": sweep.steps or variant.steps})
    jobs = {
        f"n{count}_seed{seed}": (
            [training_session(movie, recording, splits, n_neurons=count)],
            own.training_config(shared, (modality,), seed),
        )
        for count in sweep.counts
        for seed in shared.seeds
    }
    return store.below(*folder.split("/")).train_missing(jobs, processes=shared.n_processes)


def training_session(
    movie: dict[str, np.ndarray],
    recording: Recording,
    splits: Splits,
    *,
    n_neurons: int | None = None,
    shuffle_seed: int | None = None,
) -> TrainingData:
    """The repeats that are not tested, labelled by the features of the frame.

    Args:
        movie: ``features`` (frame, dim).
        recording: with the label ``frame``.
        splits: ``part`` (1, time).
        n_neurons: only so many, the first; None for all.
        shuffle_seed: permute the labels of the bins, for a control; None for not.
    """
    chosen = rows(splits["part"][0], "train", "valid")
    labels = movie["features"][_label(recording, "frame")[chosen]]
    if shuffle_seed is not None:
        labels = shuffle_rows(labels, shuffle_seed)
    return TrainingData(
        neural=np.ascontiguousarray(recording.neural[chosen, :n_neurons]),
        segment=segment_ids(chosen, recording.trial),
        labels=labels,
    )


def _label(recording: Recording, name: str) -> np.ndarray:
    return recording.labels[name].values


def _entry(features: np.ndarray, recording: Recording, splits: Splits) -> dict[str, np.ndarray]:
    """What is needed to plot and decode an embedding, beside it."""
    return {
        "embedding": features,
        "part": splits["part"][0],
        "time_s": np.arange(recording.n_time) * recording.bin_width_s,
        "frame": _label(recording, "frame"),
        "repeat": _label(recording, "repeat"),
    }
