"""The features of a variant in a session: an embedding from its file, or a baseline made anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cebra_kedro.experiment import Experiment, Readout, recording_key
from cebra_kedro.experiment.blocks import Transfer
from cebra_kedro.on_disk import chosen_rows
from cebra_kedro.pipelines.training.jobs import seen_part, unit_of
from cebra_kedro.recording import Recording
from cebra_kedro.splits import rows
from cebra_kedro.store import Store
from cebra_kedro.training.baselines import baseline_features
from cebra_kedro.training.fingerprint import content_digest

if TYPE_CHECKING:
    from cebra_kedro.training.model import EncoderModel

Splits = Mapping[str, dict[str, np.ndarray]]


def can_transfer(readout: Readout) -> bool:
    """Whether a variant can be applied to another session than the one it was fitted to."""
    return not (readout.transductive and readout.kind == "baseline")


@dataclass(frozen=True, eq=False)
class Features:
    """Where the features of each variant come from.

    Attributes:
        recordings: of the experiment.
        splits: of the experiment.
        embeddings: of all encoders, and of baselines that are kept.
        models: of all encoders.
        experiment: its description.
    """

    recordings: Mapping[str, Recording]
    splits: Splits
    embeddings: Store
    models: Store
    experiment: Experiment

    def runs(self, readout: Readout, session: str) -> Iterator[tuple[int, int]]:
        """Fold and seed of each embedding that there is of a variant in a session."""
        for fold in range(self.experiment.split.n_folds):
            for seed in self.experiment.seeds_of(readout):
                if not readout.stored or self._key(readout, session, fold, seed):
                    yield fold, seed

    def of(self, readout: Readout, session: str, fold: int, seed: int) -> np.ndarray:
        """Float32 array (time, dim) of one of :meth:`runs`."""
        key = self._key(readout, session, fold, seed)
        if key is None:
            return self._baseline(readout, session, session, fold)
        return readout.of(self.embeddings[key]["embedding"])

    def model(self, readout: Readout, session: str, fold: int, seed: int) -> EncoderModel | None:
        """The encoder that embeds a session; None if it is not there any more."""
        unit = unit_of(self.experiment, readout.source, session)
        key = self._model_key(readout, unit.name, fold, seed)
        found: EncoderModel | None = self.models.get(key) if self.models else None
        return found

    def transferred(self, readout: Readout, transfer: Transfer, fold: int, seed: int) -> np.ndarray:
        """The session that is scored, by what was fitted to the other.

        Raises:
            ValueError: the baseline has no map for rows that it has not seen (t-SNE, UMAP).
        """
        if not can_transfer(readout):
            raise ValueError(f"{readout.name} has no map for rows that it has not seen")
        if readout.kind == "baseline":
            return self._baseline(readout, transfer.scored_on, transfer.fitted_to, fold)
        unit = unit_of(self.experiment, readout.source, transfer.fitted_to)
        number = unit.members.index((transfer.fitted_to, readout.population))
        recording = self.recordings[recording_key(transfer.scored_on, readout.population)]
        model = self.models[self._model_key(readout, unit.name, fold, seed)]
        return readout.of(model.transform(recording.neural, recording.segment(), number))

    def lent(self, readout: Readout, session: str) -> Readout:
        """Whose embedding a session has: of an old session, what a variant was adapted from."""
        block = self.experiment.encoders.get(readout.source)
        if block is None or block.adapt is None:
            return readout
        is_old = session in self.experiment.lenders_of(readout.source)
        every = (one for one in self.experiment.readouts if one.source == block.adapt.encoder)
        return next(every) if is_old else readout

    def digest(self, readout: Readout, session: str, fold: int, seed: int) -> str:
        """What the features depend on, in a few digits."""
        key = self._key(readout, session, fold, seed)
        if key is not None:
            part = f" {readout.dimensions}" if readout.dimensions else ""
            return f"{self.embeddings.fingerprint(key)}{part}"
        block = self.experiment.baselines[readout.source]
        recording = self.recordings[recording_key(session, readout.population)]
        data = content_digest(recording.neural, recording.segment())
        return f"{block.model_dump_json()} {data}"

    def part(self, readout: Readout, session: str, fold: int) -> np.ndarray:
        """Int8 array (time,) of codes of ``splits``, with the training trials that are seen."""
        part = self.splits[recording_key(session, readout.population)]["part"][fold]
        trials = self.experiment.trials_of(readout.source, session)
        return seen_part(part, self.recording(readout, session), trials)

    def recording(self, readout: Readout, session: str) -> Recording:
        """The recording that a variant is about."""
        return self.recordings[recording_key(session, readout.population)]

    def _key(self, readout: Readout, session: str, fold: int, seed: int) -> str | None:
        """The key of an embedding, of that for all folds where there is one; None without."""
        place = f"{readout.source}/{recording_key(session, readout.population)}"
        keys = (f"{place}/all_seed{seed}", f"{place}/fold{fold}_seed{seed}")
        return next((key for key in keys if key in self.embeddings), None)

    def _model_key(self, readout: Readout, unit: str, fold: int, seed: int) -> str:
        place = f"{readout.source}/{unit}"
        everything = f"{place}/all_seed{seed}"
        return (
            everything
            if self.models and everything in self.models
            else f"{place}/fold{fold}_seed{seed}"
        )

    def _baseline(self, readout: Readout, session: str, fitted_to: str, fold: int) -> np.ndarray:
        block = self.experiment.baselines[readout.source]
        recording = self.recordings[recording_key(session, block.population)]
        source = self.recordings[recording_key(fitted_to, block.population)]
        part = self.splits[recording_key(fitted_to, block.population)]["part"][fold]
        fit = chosen_rows(source.neural, rows(part, "train"))
        return baseline_features(
            block.name, recording.neural, recording.segment(), fit, **block.options
        )
