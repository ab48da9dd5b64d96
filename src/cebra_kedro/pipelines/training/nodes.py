"""Recordings and splits → encoders, embeddings, and baselines that are kept beside them.

Models have keys ``<session>/fold0_seed1``; those of one encoder for all sessions
``joint/fold0_seed1``; those that do not depend on the fold ``…/all_seed1``; those that are read
from files ``…/all_seed0``. Embeddings have
``<session>[/<population>]/fold0_seed1``.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cebra_kedro.cells import Cell, Pieces
from cebra_kedro.experiment import Experiment, recording_key
from cebra_kedro.on_disk import chosen_rows
from cebra_kedro.pipelines import chosen_sessions
from cebra_kedro.pipelines.training.cebra_files import opened_encoder
from cebra_kedro.pipelines.training.jobs import (
    jobs_of,
    starts_of,
    trained_sessions,
    unit_of,
    units_of,
)
from cebra_kedro.recording import Recording
from cebra_kedro.splits import rows
from cebra_kedro.store import Store
from cebra_kedro.training.baselines import TRANSDUCTIVE, baseline_features
from cebra_kedro.training.fingerprint import content_digest
from cebra_kedro.training.jobs import training_cells

if TYPE_CHECKING:
    from cebra_kedro.training.model import EncoderModel

logger = logging.getLogger(__name__)


def train_encoder(
    recordings: Mapping[str, Recording],
    splits: Mapping[str, dict[str, np.ndarray]],
    experiment: Experiment,
    only: Any,
    name: str,
    encoder: str,
    adapted: Store | None = None,
) -> Pieces:
    """One encoder for each session, fold and seed, or for all sessions; finished ones are kept.

    Those that adapt others start from models of the same fold and seed, which are in ``adapted``.
    """
    sessions = _sessions_of_run(experiment, only, encoder)
    if not sessions and (experiment.encoders[encoder].joint or adapted is not None):
        logger.info("%s.%s: not trained, as the run leaves out some of its sessions", name, encoder)
    jobs = jobs_of(recordings, splits, experiment, encoder, sessions)
    starts = starts_of(experiment, encoder, jobs, adapted)
    processes = experiment.training.n_processes
    title = f"{name}.{encoder}"
    return Pieces(
        training_cells(jobs, title=title, processes=processes, starts=starts),
        processes=processes,
        title=title,
        bar=processes > 1,
    )


def open_encoder(
    recordings: Mapping[str, Recording], experiment: Experiment, only: Any, name: str, encoder: str
) -> Pieces:
    """The encoder of each session, or of all, that cebra trained and saved; one for all folds."""
    units = units_of(experiment, encoder, _sessions_of_run(experiment, only, encoder))
    models = {
        f"{unit.name}/all_seed0": opened_encoder(experiment, encoder, unit, recordings)
        for unit in units
    }
    cells = {key: Cell(partial(_itself, model), model.fingerprint) for key, model in models.items()}
    return Pieces(cells, title=f"{name}.{encoder}")


def embed(
    models: Store,
    recordings: Mapping[str, Recording],
    experiment: Experiment,
    only: Any,
    name: str,
    encoder: str,
) -> Pieces:
    """The embedding of every recording that an encoder sees, by each of its models."""
    cells = {}
    for session in _sessions_of_run(experiment, only, encoder):
        if session not in experiment.sessions_of(encoder):
            continue
        unit = unit_of(experiment, encoder, session)
        of_unit = [key for key in models if key.startswith(f"{unit.name}/")]
        for population in experiment.populations_of(encoder):
            key = recording_key(session, population)
            digest, number = _digest(recordings[key]), unit.members.index((session, population))
            for model in of_unit:
                cells[f"{key}/{model.rpartition('/')[2]}"] = Cell(
                    partial(_embed, models, model, recordings, key, number),
                    _sha256(models.fingerprint(model), digest, number),
                )
    return Pieces(cells, experiment.training.n_workers, f"{name}.{encoder}: embeddings")


def embed_baseline(
    recordings: Mapping[str, Recording],
    splits: Mapping[str, dict[str, np.ndarray]],
    experiment: Experiment,
    only: Any,
    name: str,
    baseline: str,
) -> Pieces:
    """Features without an encoder, fitted on the training rows of each fold."""
    block = experiment.baselines[baseline]
    cells = {}
    for session in chosen_sessions(experiment, only):
        key = recording_key(session, block.population)
        digest = _digest(recordings[key])
        folds = range(experiment.split.n_folds)
        for fold in (None,) if block.name in TRANSDUCTIVE else folds:
            part = b"" if fold is None else splits[key]["part"][fold].tobytes()
            cells[f"{key}/{'all' if fold is None else f'fold{fold}'}_seed0"] = Cell(
                partial(_features, recordings, splits, key, fold or 0, block.name, block.options),
                _sha256(digest, part, block.model_dump_json()),
            )
    return Pieces(cells, experiment.training.n_workers, f"{name}.{baseline}: embeddings")


def join_stores(**stores: Store) -> Store:
    """The entries of several encoders as one: ``<encoder>/<session>/fold0_seed1``, same files."""
    return Store.union(stores)


def _itself(model: EncoderModel, _: Path) -> EncoderModel:
    return model


def _embed(
    models: Store, model: str, recordings: Mapping[str, Recording], key: str, number: int, _: Path
) -> dict[str, np.ndarray]:
    recording = recordings[key]
    return {"embedding": models[model].transform(recording.neural, recording.segment(), number)}


def _features(
    recordings: Mapping[str, Recording],
    splits: Mapping[str, dict[str, np.ndarray]],
    key: str,
    fold: int,
    features: str,
    options: dict[str, Any],
    _: Path,
) -> dict[str, np.ndarray]:
    recording = recordings[key]
    fit = chosen_rows(recording.neural, rows(splits[key]["part"][fold], "train"))
    embedding = baseline_features(features, recording.neural, recording.segment(), fit, **options)
    return {"embedding": embedding}


def _sessions_of_run(experiment: Experiment, only: Any, encoder: str) -> tuple[str, ...]:
    return trained_sessions(experiment, encoder, chosen_sessions(experiment, only))


def _digest(recording: Recording) -> str:
    """Of what an encoder sees of a recording."""
    return content_digest(recording.neural, recording.segment())


def _sha256(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()
