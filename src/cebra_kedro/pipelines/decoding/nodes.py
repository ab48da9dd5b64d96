"""Embeddings → what decoders make of the test rows, one table of scores, and sweeps.

Predictions have keys ``<session>/<variant>/fold0_seed1``. In a file, ``<target>/row`` are rows of
the recording, ``<target>/<label>`` the truth there, ``<target>/<decoder>/<label>`` what was
decoded; ``scores`` is a JSON text of (decoder, metric, value, unit).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import cebra_kedro.consistency
import cebra_kedro.decoding
from cebra_kedro.cells import Cell, Pieces, Rounds
from cebra_kedro.cores import one_thread
from cebra_kedro.decoding import Decoded, Samples
from cebra_kedro.decoding.protocols import protocol
from cebra_kedro.experiment import Experiment, Readout, recording_key
from cebra_kedro.experiment.blocks import Transfer
from cebra_kedro.metrics import METRIC_COLUMNS, metrics_rows
from cebra_kedro.pipelines import chosen_sessions, fold_and_seed
from cebra_kedro.pipelines.decoding import held_out
from cebra_kedro.pipelines.decoding.across import across_cells
from cebra_kedro.pipelines.decoding.held_out import held_out_scores
from cebra_kedro.pipelines.decoding.search import Search
from cebra_kedro.pipelines.decoding.sweep import sweep_cells
from cebra_kedro.pipelines.features import Features, Splits, can_transfer
from cebra_kedro.pipelines.training.jobs import unit_of
from cebra_kedro.recording import Recording
from cebra_kedro.store import Store
from cebra_kedro.sweep import code_digest
from cebra_kedro.training.fingerprint import content_digest

Arrays = dict[str, np.ndarray]


def decode(
    recordings: Mapping[str, Recording],
    splits: Splits,
    embeddings: Store,
    models: Store,
    experiment: Experiment,
    only: Any,
    name: str,
) -> Pieces:
    """Every variant of every session, fold and seed decoded by every target; and transfers."""
    features = Features(recordings, splits, embeddings, models, experiment)
    sessions = chosen_sessions(experiment, only)
    cells: dict[str, Cell] = {}
    for session in sessions:
        labels = _labels_digest(experiment, recordings, splits, session)
        for readout in experiment.readouts:
            for fold, seed in features.runs(readout, session):
                key = f"{session}/{readout.name}/fold{fold}_seed{seed}"
                digest = features.digest(readout, session, fold, seed)
                cells[key] = Cell(
                    partial(_decode, features, readout, session, fold, seed),
                    _sha256(digest, labels, key, shuffle_seed(experiment, readout, seed), _code()),
                )
    for transfer in experiment.transfers:
        if {transfer.fitted_to, transfer.scored_on} <= set(sessions):
            cells |= _transfer_cells(features, transfer)
    return Pieces(cells, experiment.training.n_workers, f"{name}: decoding")


def score(
    models: Store, experiment: Experiment, name: str, predictions: Store | None = None
) -> pd.DataFrame:
    """One table of the scores of all sessions, those of earlier runs too, and of fits.

    ``goodness_of_fit`` is measured on the data that the encoder was fitted to, mean over the last
    tenth of the steps; ``goodness_of_fit_test`` on test trials. 0 bits is chance.
    """
    found = predictions if predictions is not None else {}
    names = [*experiment.sessions, *(transfer.name for transfer in experiment.transfers)]
    rows = [
        (name, session, _named(experiment, readout, row), *row)
        for session in names
        for readout in experiment.readouts
        for key in _runs(found, f"{session}/{readout.name}/")
        for row in _score_rows(found[key], key)
    ]
    bits = {key: _final_bits(models[key]) for key in models}
    rows.extend(
        (name, session, experiment.row_of(encoder, objective=objective), *row)
        for session in experiment.sessions
        for encoder in experiment.encoders
        for objective in ("", *experiment.parts_of(encoder))
        for row in _fit_rows(bits, experiment, session, encoder, objective)
    )
    return pd.DataFrame(rows, columns=list(METRIC_COLUMNS))


def sweep(
    recordings: Mapping[str, Recording],
    splits: Splits,
    experiment: Experiment,
    only: Any,
    name: str,
) -> Pieces:
    """Scores of every combination of the swept values: trained, embedded and decoded."""
    sessions = chosen_sessions(experiment, only)
    cells = sweep_cells(recordings, splits, experiment, sessions, name, decoded_tables, _code())
    return Pieces(cells, experiment.training.n_workers, f"{name}: sweep")


def search(
    recordings: Mapping[str, Recording],
    splits: Splits,
    experiment: Experiment,
    only: Any,
    name: str,
) -> Rounds:
    """Validation scores of the settings that are tried, and test scores of the best."""
    sessions = chosen_sessions(experiment, only)
    one = Search(recordings, splits, experiment, sessions, name, decoded_tables, _code())
    return Rounds(one.play, experiment.training.n_workers, f"{name}: search")


def across(
    recordings: Mapping[str, Recording],
    splits: Splits,
    embeddings: Store,
    models: Store,
    experiment: Experiment,
    only: Any,
    name: str,
) -> Pieces:
    """Scores of the decoders of every session on every other one, and on itself."""
    if experiment.across is None:
        return Pieces({})
    features = Features(recordings, splits, embeddings, models, experiment)
    sessions = chosen_sessions(experiment, only)
    code = code_digest(Path(cebra_kedro.consistency.__file__).parent, _beside("across"))
    digests = {
        session: _sha256(_labels_digest(experiment, recordings, splits, session), _code(), code)
        for session in sessions
    }
    seed_of = partial(shuffle_seed, experiment)
    cells = across_cells(
        features, experiment.across, sessions, name, decoded_tables, seed_of, digests
    )
    return Pieces(cells, experiment.training.n_workers, f"{name}: across")


def decoded_tables(
    description: Experiment,
    fit: Samples,
    shuffle_seed: int | None,
    test: Samples | None = None,
    **names: Any,
) -> Iterator[pd.DataFrame]:
    """The scores of one embedding by every target that its recording has the labels of.

    Args:
        description: of the experiment.
        fit: what decoders are fitted to.
        shuffle_seed: of a control whose decoder has its labels permuted.
        test: whose test rows are scored; None for those of ``fit``.
        names: columns of the table.
    """
    for _, decoded in _targets(description, fit, test, shuffle_seed):
        yield metrics_rows(decoded.scores, units=decoded.units, decoder=decoded.decoder, **names)


def _transfer_cells(features: Features, transfer: Transfer) -> dict[str, Cell]:
    experiment = features.experiment
    labels = [
        _labels_digest(experiment, features.recordings, features.splits, session)
        for session in (transfer.fitted_to, transfer.scored_on)
    ]
    cells = {}
    for readout in experiment.readouts:
        if not can_transfer(readout):
            continue
        for fold, seed in features.runs(readout, transfer.fitted_to):
            key = f"{transfer.name}/{readout.name}/fold{fold}_seed{seed}"
            digest = features.digest(readout, transfer.fitted_to, fold, seed)
            recording = features.recording(readout, transfer.scored_on)
            cells[key] = Cell(
                partial(
                    _decode, features, readout, transfer.fitted_to, fold, seed, transfer=transfer
                ),
                _sha256(
                    digest,
                    labels,
                    key,
                    shuffle_seed(experiment, readout, seed),
                    content_digest(recording.neural),
                    _code(),
                ),
            )
    return cells


def _decode(
    features: Features,
    readout: Readout,
    session: str,
    fold: int,
    seed: int,
    _: Path,
    transfer: Transfer | None = None,
) -> Arrays:
    fit = Samples(
        features.of(readout, session, fold, seed),
        features.recording(readout, session),
        features.part(readout, session, fold),
    )
    test = None
    if transfer is not None:
        test = Samples(
            features.transferred(readout, transfer, fold, seed),
            features.recording(readout, transfer.scored_on),
            features.part(readout, transfer.scored_on, fold),
        )
    arrays: Arrays = {}
    scores: list[tuple[str, str, float, str]] = []
    seed_of_control = shuffle_seed(features.experiment, readout, seed)
    for target, decoded in _targets(features.experiment, fit, test, seed_of_control):
        arrays[f"{target}/row"] = decoded.row
        arrays |= {f"{target}/{label}": values for label, values in decoded.true.items()}
        for label, values in decoded.predicted.items():
            arrays[f"{target}/{decoded.decoder}/{label}"] = values
        for label, chosen in decoded.chosen.items():
            arrays[f"{target}/{decoded.decoder}/chosen/{label}"] = np.array(chosen)
        scores.extend(
            (decoded.decoder, metric, value, decoded.units[metric.removeprefix("chance_")])
            for metric, value in decoded.scores.items()
        )
    if transfer is None:
        scores.extend(held_out_scores(features, readout, session, fold, seed))
    return arrays | {"scores": np.array(json.dumps(scores))}


def shuffle_seed(experiment: Experiment, readout: Readout, seed: int) -> int | None:
    """Seed that permutes the labels of a control's decoder: that of its encoder. Else None."""
    if readout.kind != "control":
        return None
    both = experiment.encoders[readout.source].shuffle_labels == "encoder_and_decoder"
    return seed if both else None


def _targets(
    experiment: Experiment, fit: Samples, test: Samples | None, shuffle_seed: int | None
) -> Iterator[tuple[str, Decoded]]:
    there = set(fit.recording.labels) & set((test or fit).recording.labels)
    for target, block in experiment.decode.items():
        if not set(block.labels) <= there:
            continue  # sessions may have different labels; ingestion has seen that some have them
        with one_thread():
            results = protocol(block.protocol)(
                fit,
                test,
                labels=block.labels,
                decoders=block.decoders,
                scores=block.scores,
                settings=experiment.decoders,
                shuffle_seed=shuffle_seed,
            )
        yield from ((target, decoded) for decoded in results)


def _runs(keys: Mapping[str, Any], prefix: str) -> list[str]:
    return sorted((key for key in keys if key.startswith(prefix)), key=fold_and_seed)


_BITS = "goodness_of_fit_bits"
_Row = tuple[int, int, str, str, float, str]
"""Fold, seed, decoder, metric, value and unit."""


def _score_rows(arrays: Arrays, key: str) -> Iterator[_Row]:
    fold, seed = fold_and_seed(key)
    for decoder, metric, value, unit in json.loads(str(arrays["scores"])):
        yield fold, seed, decoder, metric, value, unit


def _fit_rows(
    bits: Mapping[str, Mapping[str, float]],
    experiment: Experiment,
    session: str,
    encoder: str,
    objective: str,
) -> Iterator[_Row]:
    if session not in experiment.sessions_of(encoder):
        return
    unit = unit_of(experiment, encoder, session).name
    for key in _runs(bits, f"{encoder}/{unit}/"):
        if objective not in bits[key]:
            continue
        fold, seed = fold_and_seed(key)
        for each in range(experiment.split.n_folds) if fold < 0 else [fold]:
            yield each, seed, "none", "goodness_of_fit", bits[key][objective], "bits"


def _named(experiment: Experiment, readout: Readout, row: _Row) -> str:
    """The variant of a row; goodness of fit is of an encoder, whatever its populations."""
    if row[3] != held_out.METRIC:
        return readout.name
    return experiment.row_of(readout.source, objective=readout.objective)


def _final_bits(model: Any) -> dict[str, float]:
    """Goodness of fit of the whole and of each objective; of none if a file does not tell."""
    bits = model.history().filter(regex=f"^{_BITS}")
    last = -max(1, len(bits) // 10)
    columns = bits.items() if len(bits) else ()
    return {
        str(name).removeprefix(_BITS).lstrip("_"): float(values.to_numpy()[last:].mean())
        for name, values in columns
    }


def _labels_digest(
    experiment: Experiment, recordings: Mapping[str, Recording], splits: Splits, session: str
) -> str:
    """What decoding depends on besides the features: labels, trials, parts and settings."""
    digest = hashlib.sha256()
    for target, block in experiment.decode.items():
        digest.update(f"{target} {block.model_dump_json()}".encode())
    digest.update(experiment.decoders.model_dump_json().encode())
    for population in experiment.populations or ("",):
        key = recording_key(session, population)
        recording = recordings[key]
        digest.update(splits[key]["part"].tobytes() + recording.segment().tobytes())
        for label, one in recording.labels.items():
            digest.update(f"{label} {one.kind} {one.unit} {content_digest(one.values)}".encode())
    return digest.hexdigest()


def _sha256(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()


@cache
def _code() -> str:
    folder = Path(cebra_kedro.decoding.__file__).parent
    return code_digest(
        folder, Path(__file__), _beside("search"), _beside("sweep"), _beside("held_out")
    )


def _beside(name: str) -> Path:
    return Path(__file__).with_name(f"{name}.py")
