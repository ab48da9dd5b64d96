"""Movie: embeddings → decoded frames and their scores, also by number of neurons."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from cebra_kedro.decoding import decode_frames, metrics_rows
from cebra_kedro.decoding.frames import FrameDecoding
from cebra_kedro.parameters import (
    MovieDecodingParameters,
    MovieTrainingParameters,
    MovieVariantParameters,
    NeuronSweepParameters,
)
from cebra_kedro.pipelines import fold_and_seed
from cebra_kedro.recording import Recording
from cebra_kedro.training.store import ModelStore

Movie = dict[str, np.ndarray]


def decode_movie(
    embeddings: dict[str, Callable[[], dict[str, np.ndarray]]],
    movie: Movie,
    parameters: MovieDecodingParameters,
    experiment: str,
    subject: str,
    variant: str,
    control: MovieVariantParameters | None = None,
) -> tuple[pd.DataFrame, dict[str, dict[str, np.ndarray]]]:
    """Scores of every seed and decoder, and the frames decoded in the test repeat.

    The decoder of a control (``shuffle_labels``) is fitted to permuted frames, as its encoder was:
    any projection of the activity, even a random one, tells a decoder with true frames something.
    """
    is_control = control is not None and control.shuffle_labels
    tables, predictions = [], {}
    for key in sorted(embeddings, key=fold_and_seed):
        entry = embeddings[key]()
        fold, seed = fold_and_seed(key)
        decoded: dict[str, Any] = {}
        for result in _decodings(entry, movie, parameters, seed if is_control else None):
            tables.append(
                metrics_rows(
                    result.scores,
                    experiment=experiment,
                    subject=subject,
                    variant=variant,
                    fold=fold,
                    seed=seed,
                    decoder=result.decoder,
                )
            )
            decoded |= {
                "frame": result.frame,
                "repeat": result.repeat,
                f"predicted_frame_{result.decoder}": result.predicted_frame,
                f"chosen_{result.decoder}": np.array(result.chosen),
            }
        predictions[key] = decoded
    return pd.concat(tables, ignore_index=True), predictions


def decode_neuron_sweep(
    recording: Recording,
    splits: dict[str, np.ndarray],
    movie: Movie,
    models: ModelStore,
    parameters: MovieDecodingParameters,
    sweep: NeuronSweepParameters,
    training: MovieTrainingParameters,
    subject: str,
) -> pd.DataFrame:
    """Scores by number of neurons, of the raw activity and of the encoders.

    Columns are ``subject, variant, n_neurons, seed, decoder, metric, value, unit``.
    """
    tables = []
    for count in sweep.counts:
        neural = recording.neural[:, :count]
        features = {("raw_neuropixels", 0): neural.astype(np.float32)} | {
            ("neuropixels", seed): models[f"n{count}_seed{seed}"].transform(
                neural, recording.segment()
            )
            for seed in training.seeds
        }
        for (variant, seed), embedding in features.items():
            entry = {
                "embedding": embedding,
                "part": splits["part"][0],
                "frame": recording.labels["frame"].values,
                "repeat": recording.labels["repeat"].values,
            }
            for result in _decodings(entry, movie, parameters):
                table = metrics_rows(
                    result.scores,
                    experiment="",
                    subject=subject,
                    variant=variant,
                    fold=0,
                    seed=seed,
                    decoder=result.decoder,
                )
                tables.append(table.drop(columns=["experiment", "fold"]).assign(n_neurons=count))
    columns = ["subject", "variant", "n_neurons", "seed", "decoder", "metric", "value", "unit"]
    return (
        pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame(columns=columns)
    )


def _decodings(
    entry: dict[str, np.ndarray],
    movie: Movie,
    parameters: MovieDecodingParameters,
    shuffle_seed: int | None = None,
) -> Iterator[FrameDecoding]:
    """By nearest neighbours, then by naive Bayes."""
    for decoder, candidates in (("knn", parameters.neighbours), ("bayes", parameters.smoothings)):
        yield decode_frames(
            entry["embedding"],
            entry["frame"],
            entry["repeat"],
            entry["part"],
            decoder=decoder,  # type: ignore[arg-type]
            candidates=candidates,
            scene_of_frame=movie.get("scene"),
            window_frames=parameters.window_frames,
            shuffle_seed=shuffle_seed,
        )
