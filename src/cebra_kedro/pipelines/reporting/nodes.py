"""Results → figures of each session and of the experiment, numbers to explore, all results listed.

The page over everything is put together when a run ends.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cebra_kedro.cells import Cell, Pieces
from cebra_kedro.experiment import Experiment, Readout, recording_key
from cebra_kedro.experiment.about import about
from cebra_kedro.experiment.blocks import Transfer
from cebra_kedro.io.figure_dataset import PNG, without_texts
from cebra_kedro.pipelines import chosen_sessions, fold_and_seed
from cebra_kedro.pipelines.features import Features, can_transfer
from cebra_kedro.pipelines.training.jobs import unit_of
from cebra_kedro.plots.explorer import session_numbers
from cebra_kedro.plots.figures import code_version, figure_kind
from cebra_kedro.plots.results import Predicted, Results, Variant
from cebra_kedro.recording import Recording
from cebra_kedro.report.explorer import variant_facts
from cebra_kedro.report.significance import significance, significance_table
from cebra_kedro.store import Store
from cebra_kedro.training.config import TrainingConfig
from cebra_kedro.training.fingerprint import content_digest

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw(
    recordings: Mapping[str, Recording],
    splits: Mapping[str, dict[str, np.ndarray]],
    embeddings: Store,
    models: Store,
    experiment: Experiment,
    only: Any,
    name: str,
    figure: str,
    predictions: Store | None = None,
    maps: Store | None = None,
    **tables: pd.DataFrame,
) -> Pieces:
    """One kind of figure: of each session of the run, and of the experiment."""
    kind = figure_kind(figure)
    features = Features(recordings, splits, embeddings, models, experiment)
    shown = _Shown(name, features, predictions, maps, tables)
    there = _sessions_with_results(shown)
    places: list[str | None] = []
    if kind.per in ("session", "both"):
        places.extend(each for each in chosen_sessions(experiment, only) if each in there)
    if kind.per in ("experiment", "both"):
        places.append(None)
    cells = {
        f"{place}/{figure}" if place else figure: Cell(
            partial(_draw, shown, there, figure, place), shown.fingerprint(figure, place, there)
        )
        for place in places
    }
    return Pieces(cells, experiment.training.n_workers, f"{name}: {figure}")


def explore(
    recordings: Mapping[str, Recording],
    splits: Mapping[str, dict[str, np.ndarray]],
    embeddings: Store,
    models: Store,
    experiment: Experiment,
    only: Any,
    name: str,
    predictions: Store | None = None,
    maps: Store | None = None,
    **tables: pd.DataFrame,
) -> Pieces:
    """What the report lets one explore of each session of the run, as JSON."""
    features = Features(recordings, splits, embeddings, models, experiment)
    shown = _Shown(name, features, predictions, maps, tables)
    there = _sessions_with_results(shown)
    cells = {
        f"{session}/explorer": Cell(partial(_explored, shown, there, session))
        for session in chosen_sessions(experiment, only)
        if session in there
    }
    return Pieces(cells, experiment.training.n_workers, f"{name}: explorer")


def describe(
    recordings: Mapping[str, Recording],
    experiment: Experiment,
    only: Any,
    models: Store | None = None,
) -> dict[str, Any]:
    """Who is who in the tables, and the settings behind them.

    Args:
        recordings: of the experiment.
        experiment: its description.
        only: not used.
        models: of all encoders, if some are read from files, which say more of them.
    """
    bins_of_row = _bins_of_row(recordings, experiment)
    return about(experiment, bins_of_row, {} if models is None else _trained(models, experiment))


def _trained(models: Store, experiment: Experiment) -> dict[str, TrainingConfig]:
    """Encoder → how it was trained, of those that are read from files."""
    files = [name for name, block in experiment.encoders.items() if block.from_file is not None]
    first = {name: next(iter(models.below(name).values()), None) for name in files}
    return {name: model.config for name, model in first.items() if model is not None}


def tell_apart(metrics: pd.DataFrame, about: dict[str, Any]) -> pd.DataFrame:
    """Which of the differences that the report speaks of are more than chance."""
    facts = variant_facts(about)
    return significance_table(significance(_filled(metrics), facts, about["headline"]))


def _bins_of_row(recordings: Mapping[str, Recording], experiment: Experiment) -> dict[str, int]:
    """Population → bins in which one frame of a movie is shown, which are decoded as one."""
    framed = [block for block in experiment.decode.values() if block.protocol == "frames"]
    found = {}
    for population in experiment.populations or ("",) if framed else ():
        keys = (recording_key(session, population) for session in experiment.sessions)
        first = next((key for key in keys if key in recordings), None)
        if first is not None:
            frame = recordings[first].label(framed[0].labels[0]).values
            found[population] = max(1, round(len(frame) / (1 + np.count_nonzero(np.diff(frame)))))
    return found


def one_table(cells: Store) -> pd.DataFrame:
    """The tables of all cells as one, in the order of their keys."""
    tables = list(cells.values())
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame({"metric": []})


def list_results(about: dict[str, Any] | None = None, **results: Any) -> dict[str, Any]:
    """SHA-256 of every table and figure, to compare two runs by one small file.

    A table counts as the CSV text of its rows, a picture as its bytes without the texts in it,
    JSON as its text.
    """
    texts = {} if about is None else {"about": json.dumps(about, sort_keys=True)}
    return {name: _digest(result) for name, result in (results | texts).items()}


@dataclass(frozen=True, eq=False)
class _Shown:
    """Where a process that draws finds the results; only paths and tables travel."""

    name: str
    features: Features
    predictions: Store | None
    maps: Store | None
    tables: Mapping[str, pd.DataFrame]

    @property
    def experiment(self) -> Experiment:
        """The description."""
        return self.features.experiment

    def fingerprint(
        self, figure: str, session: str | None, sessions: tuple[str, ...]
    ) -> str | None:
        """Digest of all that a figure may be drawn from; None where a file does not say its own."""
        if self._drawn_from is None:
            return None
        options = self.experiment.figures[figure]
        parts = (self.name, figure, session, sessions, options, self._drawn_from)
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    @cached_property
    def _drawn_from(self) -> str | None:
        """Digest of what all figures have in common; reads every recording once."""
        found = self.features
        several = (found.embeddings, found.models, self.predictions, self.maps)
        files = [_fingerprints(store) for store in several if store is not None]
        if None in files:
            return None
        recorded = [(key, _content(found.recordings[key])) for key in found.recordings]
        split = [(key, content_digest(found.splits[key]["part"])) for key in found.splits]
        # No figure shows the options of another, nor how many are trained at a time.
        left_out: Any = {"figures": True, "training": {"processes"}}
        described = self.experiment.model_dump_json(exclude=left_out)
        texts = [(key, table.to_csv(index=False)) for key, table in sorted(self.tables.items())]
        parts = (described, recorded, split, texts, files, code_version())
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def results(self, sessions: tuple[str, ...]) -> Results:
        """What figures are drawn from."""
        return Results(
            experiment=self.name,
            sessions=sessions,
            variants=tuple(
                Variant(readout.name, readout.kind, readout.population, readout.transductive)
                for readout in self.experiment.readouts
            ),
            transfers=tuple(
                (t.fitted_to, t.scored_on)
                for t in self.experiment.transfers
                if {t.fitted_to, t.scored_on} <= set(sessions)
            ),
            recording=lambda session, population: self.features.recordings[
                f"{session}/{population}" if population else session
            ],
            part=lambda session, population: self.features.splits[
                f"{session}/{population}" if population else session
            ]["part"][0],
            embedding=self._embedding,
            predicted=self._predicted,
            history=self._history,
            in_time=self._in_time,
            **{key: _filled(table) for key, table in self.tables.items()},
        )

    def _readout(self, variant: str) -> Readout:
        return next(readout for readout in self.experiment.readouts if readout.name == variant)

    def _transfer(self, session: str) -> Transfer | None:
        named = {transfer.name: transfer for transfer in self.experiment.transfers}
        return named.get(session)

    def _embedding(self, session: str, variant: str) -> np.ndarray | None:
        readout = self._readout(variant)
        if not readout.stored:
            return None
        transfer = self._transfer(session)
        if transfer is not None and not can_transfer(readout):
            return None
        runs = self.features.runs(readout, transfer.fitted_to if transfer else session)
        first = min(runs, default=None)
        if first is None:
            return None
        if transfer is not None:
            return self.features.transferred(readout, transfer, *first)
        return self.features.of(readout, session, *first)

    def _predicted(self, session: str, variant: str, label: str) -> Predicted | None:
        if self.predictions is None:
            return None
        runs = self.predictions.below(session, variant)
        first = min(runs, key=fold_and_seed, default=None)
        if first is None:
            return None
        arrays = runs[first]
        for target in self.experiment.decode:
            if f"{target}/{label}" in arrays:
                decoded = {
                    parts[1]: values
                    for key, values in arrays.items()
                    if len(parts := key.split("/")) == 3 and (parts[0], parts[2]) == (target, label)
                }
                true = arrays[f"{target}/{label}"]
                return Predicted(arrays[f"{target}/row"], true, decoded)
        return None

    def _in_time(self, session: str, variant: str) -> np.ndarray | None:
        """Mean over runs of absolute gradients (neuron, bin)."""
        runs = [] if self.maps is None else list(self.maps.below(session, variant).values())
        return np.mean([run["in_time"] for run in runs], axis=0) if runs else None

    def _history(self, session: str) -> pd.DataFrame:
        tables = []
        for encoder in self.experiment.encoders:
            if session not in self.experiment.sessions_of(encoder):
                continue
            unit = unit_of(self.experiment, encoder, session).name
            row = self.experiment.row_of(encoder)
            models = self.features.models.below(encoder, unit)
            for key in sorted(models, key=fold_and_seed):
                fold, seed = key.split("_seed")
                history = models[key].history()
                tables.append(
                    history.assign(variant=row, fold=fold.removeprefix("fold"), seed=int(seed))
                )
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _draw(
    shown: _Shown, sessions: tuple[str, ...], figure: str, session: str | None, _: Path
) -> Figure | None:
    options = shown.experiment.figures[figure]
    return figure_kind(figure).function(shown.results(sessions), session, **options)


def _fingerprints(store: Mapping[str, Any]) -> list[tuple[str, str | None]] | None:
    """Each key with the digest of what its value was computed from; None where one has none."""
    if not isinstance(store, Store):
        return None
    found = [(key, store.fingerprint(key)) for key in store]
    return None if any(digest is None for _, digest in found) else found


def _content(recording: Recording) -> tuple[object, ...]:
    """What figures may show of a recording; of arrays, their digests."""
    labels = [
        (name, label.kind, label.unit, label.names, content_digest(label.values))
        for name, label in recording.labels.items()
    ]
    tables = [one.table for one in recording.labels.values() if one.table is not None]
    activity = content_digest(recording.neural, recording.segment(), *tables)
    return (recording.name, recording.bin_width_s, activity, labels)


def _explored(shown: _Shown, sessions: tuple[str, ...], session: str, _: Path) -> str:
    return json.dumps(session_numbers(shown.results(sessions), session), separators=(",", ":"))


def _sessions_with_results(shown: _Shown) -> tuple[str, ...]:
    """Those of the description that this run or an earlier one has embedded."""
    embedded = {key.split("/")[1] for key in shown.features.embeddings}
    return tuple(name for name in shown.experiment.sessions if name in embedded)


def _filled(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the empty units that a CSV file gives back as missing."""
    return table.assign(unit=table["unit"].astype(object).fillna("")) if "unit" in table else table


def _digest(result: Any) -> Any:
    if isinstance(result, str):
        result = result.encode()
    if isinstance(result, Mapping):
        return {name: _digest(result[name]) for name in result}
    if isinstance(result, pd.DataFrame):
        result = result.to_csv(index=False).encode()
    if result.startswith(PNG):
        result = without_texts(result)
    return hashlib.sha256(result).hexdigest()
