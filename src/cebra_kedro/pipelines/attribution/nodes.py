"""Models and held-out rows → attribution maps of each run, and neurons ranked by them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import cebra_kedro.attribution
from cebra_kedro.attribution.ranking import METHODS, rank_neurons
from cebra_kedro.cells import Cell, Pieces
from cebra_kedro.experiment import Experiment, Readout, recording_key
from cebra_kedro.experiment.about import original_of
from cebra_kedro.pipelines import chosen_sessions, fold_and_seed
from cebra_kedro.pipelines.training.jobs import unit_of
from cebra_kedro.recording import Recording
from cebra_kedro.splits import rows
from cebra_kedro.store import Store
from cebra_kedro.sweep import code_digest
from cebra_kedro.training.fingerprint import content_digest

Splits = Mapping[str, dict[str, np.ndarray]]


def attribute(
    recordings: Mapping[str, Recording],
    splits: Splits,
    models: Store,
    experiment: Experiment,
    only: Any,
    name: str,
) -> Pieces:
    """The maps of every model of the asked encoders and their controls, on test rows.

    Keys are ``<session>/<variant>/fold0_seed1``.
    """
    assert experiment.attribution is not None
    n_rows, cells = experiment.attribution.rows, {}
    for session in chosen_sessions(experiment, only):
        for readout in _asked(experiment):
            if session not in experiment.sessions_of(readout.source):
                continue
            unit = unit_of(experiment, readout.source, session)
            number = unit.members.index((session, readout.population))
            recording = recording_key(session, readout.population)
            for run in sorted(models.below(readout.source, unit.name), key=fold_and_seed):
                model = f"{readout.source}/{unit.name}/{run}"
                chosen = _held_out(splits[recording]["part"], run, n_rows)
                seen = content_digest(
                    recordings[recording].neural, recordings[recording].segment(), chosen
                )
                cells[f"{session}/{readout.name}/{run}"] = Cell(
                    partial(_maps, models, model, recordings, recording, chosen, number),
                    _sha256(models.fingerprint(model), seen, number, _code()),
                )
    return Pieces(cells, experiment.training.n_workers, f"{name}: attribution")


def rank(maps: Store, experiment: Experiment, name: str) -> pd.DataFrame:
    """One table: each neuron of each session and encoder, by each method, most important first."""
    tables = [
        table.assign(experiment=name, session=session, variant=readout.name, method=method)
        for session in experiment.sessions
        for readout in _asked(experiment)
        if readout.kind == "encoder"
        for method, table in _ranked(maps, experiment, session, readout)
    ]
    first = ["experiment", "session", "variant", "method"]
    if not tables:
        return pd.DataFrame(columns=[*first, "neuron", "rank", "share"])
    table = pd.concat(tables, ignore_index=True)
    return table[[*first, *(column for column in table if column not in first)]]


def _ranked(
    maps: Store, experiment: Experiment, session: str, readout: Readout
) -> Iterator[tuple[str, pd.DataFrame]]:
    runs = _of_variant(maps, session, readout.name)
    control = _of_variant(maps, session, _control_of(experiment, readout))
    for method in METHODS if runs else ():
        of_control = [one[method] for one in control]
        yield method, rank_neurons([one[method] for one in runs], of_control or None)


def _of_variant(maps: Store, session: str, variant: str) -> list[dict[str, np.ndarray]]:
    runs = maps.below(session, variant)
    return [runs[key] for key in sorted(runs, key=fold_and_seed)]


def _asked(experiment: Experiment) -> Sequence[Readout]:
    """The encoders that the description asks about, as wholes, and controls of any of them."""
    asked = experiment.attribution.encoders if experiment.attribution else None
    whole = (one for one in experiment.readouts if not one.objective)
    readouts = [one for one in whole if one.kind != "baseline"]
    if asked is None:
        return readouts
    chosen = [one for one in readouts if one.source in asked and one.kind == "encoder"]
    controls = {_control_of(experiment, one) for one in chosen}
    return [*chosen, *(one for one in readouts if one.name in controls)]


def _control_of(experiment: Experiment, readout: Readout) -> str:
    """The control with its settings, else one guided by the same labels; empty without."""
    labels = experiment.encoders[readout.source].all_labels
    controls = [
        one
        for one in experiment.readouts
        if one.kind == "control"
        and not one.objective
        and one.population == readout.population
        and experiment.encoders[one.source].all_labels == labels
    ]
    own = [one for one in controls if original_of(experiment, one) == readout.name]
    return next((one.name for one in [*own, *controls]), "")


def _held_out(part: np.ndarray, run: str, n_rows: int) -> np.ndarray:
    """Test rows of the fold of a run, evenly spaced."""
    test = rows(part[max(fold_and_seed(run)[0], 0)], "test")
    return test[np.linspace(0, len(test) - 1, min(n_rows, len(test))).astype(int)]


def _maps(
    models: Store,
    model: str,
    recordings: Mapping[str, Recording],
    key: str,
    chosen: np.ndarray,
    number: int,
    _: Path,
) -> dict[str, np.ndarray]:
    from cebra_kedro.attribution.maps import attribution_maps

    recording = recordings[key]
    return attribution_maps(models[model], recording.neural, recording.segment(), chosen, number)


@cache
def _code() -> str:
    return code_digest(Path(cebra_kedro.attribution.__file__).parent)


def _sha256(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()
