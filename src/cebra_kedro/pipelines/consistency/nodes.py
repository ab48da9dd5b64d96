"""Embeddings → how well one tells another: seeds, encoders, sessions, presentations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from cebra_kedro.consistency import (
    Origin,
    consistency_between_datasets,
    consistency_between_presentations,
    consistency_between_runs,
    consistency_between_seeds,
    labelled,
    presented,
    stack_consistency,
)
from cebra_kedro.experiment import Experiment, Readout, recording_key
from cebra_kedro.experiment.blocks import AlignBlock
from cebra_kedro.pipelines import fold_and_seed
from cebra_kedro.recording import Recording
from cebra_kedro.splits import rows
from cebra_kedro.store import Store
from cebra_kedro.trial_clocks import TRIAL_CLOCKS

Splits = Mapping[str, dict[str, np.ndarray]]


def compare(
    recordings: Mapping[str, Recording],
    splits: Splits,
    embeddings: Store,
    experiment: Experiment,
    name: str,
) -> pd.DataFrame:
    """R² of the linear map between embeddings of training rows, in one table.

    Everything is compared that there is, also what earlier runs have left. Sources and targets are
    named ``session/variant/fold0_seed0``.
    """
    comparison = _Comparison(recordings, splits, embeddings, experiment)
    return stack_consistency(comparison.tables(), name)


class _Comparison:
    """The comparisons of one experiment."""

    def __init__(
        self,
        recordings: Mapping[str, Recording],
        splits: Splits,
        embeddings: Store,
        experiment: Experiment,
    ) -> None:
        self._recordings, self._splits = recordings, splits
        self._embeddings, self._experiment = embeddings, experiment
        self._readouts = [readout for readout in experiment.readouts if readout.stored]

    def tables(self) -> Iterator[pd.DataFrame]:
        """One table a comparison, in the order of the description."""
        block = self._experiment.compare
        if block.seeds:
            for session in self._experiment.sessions:
                for readout in self._readouts:
                    yield self._seeds(session, readout)
        if block.encoders:
            for session in self._experiment.sessions:
                yield from self._encoders(session)
        for alignment in block.sessions:
            for readout in self._readouts:
                if alignment.variants is None or readout.name in alignment.variants:
                    yield from self._sessions(alignment, readout)
        if block.presentations:
            yield from self._presentations()

    def _seeds(self, session: str, readout: Readout) -> pd.DataFrame:
        runs = {}
        for run in self._runs(session, readout):
            fold = max(fold_and_seed(run)[0], 0)
            train = self._rows(session, readout, fold, "train")
            runs[run.replace("all_", "fold0_")] = self._embedding(session, readout, run)[train]
        return consistency_between_seeds(runs, dataset=f"{session}/{readout.name}")

    def _encoders(self, session: str) -> Iterator[pd.DataFrame]:
        runs = {}
        for readout in self._readouts:
            if found := self._runs(session, readout):
                train = self._rows(session, readout, 0, "train")
                embedding = self._embedding(session, readout, found[0])
                runs[f"{readout.name}/{_shown(found[0])}"] = embedding[train]
        if len(runs) > 1:
            yield consistency_between_runs(runs, dataset=session, between="encoders")

    def _sessions(self, alignment: AlignBlock, readout: Readout) -> Iterator[pd.DataFrame]:
        items = []
        for session in self._experiment.sessions:
            if found := self._runs(session, readout):
                recording = self._recordings[recording_key(session, readout.population)]
                if set(alignment.align) - {*TRIAL_CLOCKS, *recording.labels}:
                    continue
                items.append(
                    labelled(
                        session,
                        self._embedding(session, readout, found[0]),
                        recording,
                        self._rows(session, readout, 0, "train"),
                        alignment.align,
                        cell=alignment.cell,
                        run=f"{readout.name}/{_shown(found[0])}",
                    )
                )
        if len(items) < 2:
            return
        try:
            yield consistency_between_datasets(
                items,
                between=f"sessions_by_{alignment.name}" if alignment.name else "sessions",
                n_bins=alignment.bins,
                min_samples=alignment.min_samples,
                max_widening=alignment.widening,
            )
        except ValueError as error:
            error.add_note(f"in compare.sessions, variant {readout.name}")
            raise

    def _presentations(self) -> Iterator[pd.DataFrame]:
        items = [
            presented(
                Origin(session, readout.source, readout.population, readout.name, found[0]),
                self._embedding(session, readout, found[0]),
                self._recordings[recording_key(session, readout.population)],
                self._rows(session, readout, 0, "train", "valid"),
            )
            for session in self._experiment.sessions
            for readout in self._readouts
            if (found := self._runs(session, readout))
        ]
        if len(items) > 1:
            yield consistency_between_presentations(items)

    def _runs(self, session: str, readout: Readout) -> list[str]:
        """``fold0_seed0`` … of a variant in a session, in order."""
        place = (readout.source, *recording_key(session, readout.population).split("/"))
        found = (run for run in self._embeddings.below(*place) if "/" not in run)
        return sorted(found, key=fold_and_seed)

    def _embedding(self, session: str, readout: Readout, run: str) -> np.ndarray:
        place = recording_key(session, readout.population)
        return readout.of(self._embeddings[f"{readout.source}/{place}/{run}"]["embedding"])

    def _rows(self, session: str, readout: Readout, fold: int, *parts: str) -> np.ndarray:
        part = self._splits[recording_key(session, readout.population)]["part"]
        return rows(part[fold], *parts)


def _shown(run: str) -> str:
    """What does not depend on the fold is named after the first one, as in other tables."""
    return run.replace("all_", "fold0_")
