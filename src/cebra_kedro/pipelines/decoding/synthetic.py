"""Synthetic sets: embeddings → scores by the kind of each label and of the true latent; sweeps."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import cebra_kedro.decoding
from cebra_kedro.cores import available_cores
from cebra_kedro.decoding import (
    METRIC_COLUMNS,
    decode_label,
    metrics_rows,
    reconstruction_scores,
)
from cebra_kedro.parameters import SyntheticDecodingParameters, SyntheticParameters
from cebra_kedro.pipelines import fold_and_seed
from cebra_kedro.pipelines.training.synthetic import embed_by_model, entry_of, training_jobs
from cebra_kedro.recording import Label, LabelKind, Recording
from cebra_kedro.sources.synthetic import Session, sessions_of
from cebra_kedro.sweep import Job as SweepJob
from cebra_kedro.sweep import cell_key, cells_of, code_digest, run_jobs
from cebra_kedro.training.fingerprint import fingerprint
from cebra_kedro.training.store import Job, ModelStore

Entry = dict[str, np.ndarray]
KINDS: dict[str, LabelKind] = {"label": "continuous", "angle": "circular", "class": "discrete"}


def decode_set(
    embeddings: dict[str, Callable[[], Entry]],
    parameters: SyntheticDecodingParameters,
    experiment: str,
    subject: str,
    variant: str,
) -> tuple[pd.DataFrame, dict[str, Entry]]:
    """Scores of every seed, and what was decoded on the test rows."""
    scores = [pd.DataFrame(columns=list(METRIC_COLUMNS))]
    predictions = {}
    for key in sorted(embeddings, key=fold_and_seed):
        fold, seed = fold_and_seed(key)
        names = {"experiment": experiment, "subject": subject, "variant": variant}
        table, predictions[key] = decode_entry(
            embeddings[key](), parameters, **names, fold=fold, seed=seed
        )
        scores.append(table)
    filled = [table for table in scores if len(table)]
    return pd.concat(filled or scores, ignore_index=True), predictions


def decode_entry(
    entry: Entry, parameters: SyntheticDecodingParameters, **names: Any
) -> tuple[pd.DataFrame, Entry]:
    """Scores of one embedding by each label it has, and of its true latent; predictions.

    A baseline that was left out has an embedding without dimensions and gets no scores.
    """
    embedding, part = entry["embedding"], entry["part"]
    tables = [pd.DataFrame(columns=list(METRIC_COLUMNS))]
    test = np.flatnonzero(part == 2)
    predictions = {"row": test, "time_s": entry["time_s"][test]}
    if not embedding.shape[1]:
        return tables[0], predictions
    tables = []
    for name, kind in KINDS.items():
        if name not in entry:
            continue
        decoded = decode_label(
            embedding,
            Label(entry[name], kind),
            part,
            name=name,
            decoder=parameters.decoders.get(name),  # type: ignore[call-overload]
            alphas=parameters.ridge_alphas,
            neighbours=parameters.neighbours,
            metric=parameters.metric,
        )
        # one decoder in tables and figures: ridge on the label, or on its cosine and sine
        decoder = decoded.decoder.removeprefix("circular_")
        tables.append(metrics_rows(decoded.scores, decoder=decoder, **names))
        predictions |= {name: entry[name][test], f"predicted_{name}": decoded.predicted}
    if "latent" in entry:
        scores = reconstruction_scores(embedding, entry["latent"], part)
        tables.append(metrics_rows(scores, decoder="linear", **names))
    return pd.concat(tables, ignore_index=True), predictions


def run_sweep(parameters: dict[str, Any], store: ModelStore, **sets: Any) -> pd.DataFrame:
    """Scores of every cell of the sweep: one tidy table with the swept parameters in front.

    ``parameters`` are those of the experiment, ``sets`` are ``<subject>_recording`` and
    ``<subject>_splits``. Finished cells are kept in the store's folder and not computed again.
    """
    # Kedro cannot type a block and the blocks in it; what is in it is typed already.
    experiment = SyntheticParameters.model_validate(parameters)
    sweep = experiment.sweep
    jobs = {
        f"{subject}_{variant}_{cell_key(cell)}": _job(
            experiment.of_cell(cell),
            cell,
            sets[f"{subject}_recording"],
            sets[f"{subject}_splits"],
            store.below("sweep").folder,
            variant,
        )
        for subject in sweep.subjects
        for variant in sweep.variants
        for cell in cells_of(sweep.grid)
    }
    processes = sweep.processes or available_cores()
    table = run_jobs(jobs, store.below("sweep").folder / "cells", processes=processes)
    return table if len(table) else pd.DataFrame(columns=list(METRIC_COLUMNS))


def _job(
    parameters: SyntheticParameters,
    cell: dict[str, Any],
    recording: Recording,
    splits: Entry,
    folder: Path,
    variant: str,
) -> SweepJob:
    subject = recording.name
    training = training_jobs(
        recording, splits, parameters.training, parameters.variants[variant], parameters.guidance
    )
    entry, sessions = entry_of(recording, splits), sessions_of(recording)
    evaluate = partial(
        score_cell,
        training,
        sessions,
        entry,
        parameters.decoding,
        folder / subject / variant / cell_key(cell),
        experiment=parameters.experiment.name,
        subject=subject,
        variant=variant,
    )
    digest = hashlib.sha256(parameters.decoding.model_dump_json().encode())
    digest.update(f"{subject} {variant} {_decoding_code()}".encode())
    for key, (data, config) in training.items():
        digest.update(f"{key} {fingerprint(data, config)}".encode())
    for name, values in (*entry.items(), *((str(i), s.neural) for i, s in enumerate(sessions))):
        digest.update(f"{name} {values.dtype.str} {values.shape}".encode() + values.tobytes())
    return SweepJob(cell, evaluate, digest.hexdigest())


def score_cell(
    jobs: dict[str, Job],
    sessions: Sequence[Session],
    entry: Entry,
    decoding: SyntheticDecodingParameters,
    folder: Path,
    **names: Any,
) -> pd.DataFrame:
    """Train the encoders of one cell, embed and decode; encoders that are there are kept."""
    models = ModelStore.open(folder).train_missing(jobs)
    tables = []
    for key, model in models.items():
        fold, seed = fold_and_seed(key)
        embedding = embed_by_model(sessions, model)
        table, _ = decode_entry(
            {"embedding": embedding, **entry}, decoding, **names, fold=fold, seed=seed
        )
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _decoding_code() -> str:
    return code_digest(Path(cebra_kedro.decoding.__file__).parent, Path(__file__))
