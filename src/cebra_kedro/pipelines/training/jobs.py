"""What is to be trained: which recordings an encoder sees, on which rows, guided by what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from cebra_kedro.experiment import Experiment, recording_key
from cebra_kedro.experiment.encoder_blocks import Guidance
from cebra_kedro.on_disk import first_columns
from cebra_kedro.recording import Recording
from cebra_kedro.splits import first_training_trials, rows
from cebra_kedro.store import Store
from cebra_kedro.training.adapt import Start
from cebra_kedro.training.config import TrainingConfig
from cebra_kedro.training.data import Guide, TrainingData, guide_of, session_data, spread

if TYPE_CHECKING:
    from cebra_kedro.training.model import EncoderModel

JOINT = "joint"
_PARTS = {"train": ("train",), "train_and_valid": ("train", "valid")}


@dataclass(frozen=True)
class Unit:
    """What one encoder is trained on together.

    Attributes:
        name: first part of its models' keys: the session, or ``joint``.
        members: session and population of each of its networks.
    """

    name: str
    members: tuple[tuple[str, str], ...]


@dataclass(frozen=True, eq=False)
class EncoderJob:
    """One training; called, it reads its recordings and says what is to be fitted, and how.

    Attributes:
        recordings: of the experiment.
        splits: of the experiment.
        experiment: its description.
        encoder: name of the encoder.
        unit: what it is trained on.
        fold: number of the fold; None for all rows.
        seed: of the training.
        n_neurons: only so many, the first; None for all.
    """

    recordings: Mapping[str, Recording]
    splits: Mapping[str, dict[str, np.ndarray]]
    experiment: Experiment
    encoder: str
    unit: Unit
    fold: int | None
    seed: int
    n_neurons: int | None = None

    def __call__(self) -> tuple[list[TrainingData], TrainingConfig, list[TrainingData]]:
        """The data of each network, the configuration, and the data that may stop the training."""
        config = self.config
        fitted = _PARTS.get(self.experiment.encoders[self.encoder].fit_on, ())
        watched = self.data(("valid",)) if config.early_stop else []
        return self.data(fitted), config, watched

    @property
    def config(self) -> TrainingConfig:
        """The configuration, which no recording is read for."""
        members = self.unit.members
        n_sessions = len({name for name, _ in members})
        return self.experiment.training_config(self.encoder, self.seed, members[0][0], n_sessions)

    def data(self, parts: tuple[str, ...]) -> list[TrainingData]:
        """The rows of some parts of the fold, or of all, of each recording.

        Args:
            parts: among ``train``, ``valid`` and ``test``; none for all rows.
        """
        found = [
            session_data(
                self._recording(key),
                self._rows(key, parts),
                joined=self.experiment.split.by == "random_optimistic",
            )
            for key in self._keys
        ]
        block = self.experiment.encoders[self.encoder]
        if block.objectives:
            each = zip(*(self._guides(one, parts) for one in block.guides), strict=True)
            return [replace(one, guides=guides) for one, guides in zip(found, each, strict=True)]
        guidance = self.experiment.guidance_of(self.encoder, self.unit.members[0][0])
        return [
            replace(one, labels=guide.labels, classes=guide.classes)
            for one, guide in zip(found, self._guides(guidance, parts), strict=True)
        ]

    def _guides(self, guidance: Guidance, parts: tuple[str, ...]) -> list[Guide]:
        """What guides one objective, of each recording."""
        block = self.experiment.encoders[self.encoder]
        ids = self._class_ids(guidance.labels)
        spreads = self._spreads(guidance.labels) if guidance.pairs.standardise else {}
        return [
            guide_of(
                self.recordings[key],
                self._rows(key, parts),
                guidance.labels,
                guidance.classes,
                ids=ids,
                spreads=spreads,
                shuffle_seed=self.seed if block.shuffle_labels else None,
            )
            for key in self._keys
        ]

    @property
    def _keys(self) -> list[str]:
        return [recording_key(*member) for member in self.unit.members]

    def _recording(self, key: str) -> Recording:
        recording = self.recordings[key]
        return recording if self.n_neurons is None else first_neurons(recording, self.n_neurons)

    def _rows(self, key: str, parts: tuple[str, ...]) -> np.ndarray:
        if self.fold is None:
            return np.arange(self.splits[key]["part"].shape[1])
        return rows(self.part(key), *parts)

    def part(self, key: str) -> np.ndarray:
        """Of a recording, int8 array (time,) of codes, with the training trials that are seen."""
        trials = self.experiment.trials_of(self.encoder, key.partition("/")[0])
        return seen_part(self.splits[key]["part"][self.fold], self.recordings[key], trials)

    def _spreads(self, labels: Sequence[str]) -> dict[str, float]:
        """Standard deviations of continuous labels over the rows that are trained on."""
        fitted = _PARTS.get(self.experiment.encoders[self.encoder].fit_on, ())
        found: dict[str, list[np.ndarray]] = {}
        for key in self._keys:
            recording, fitted_rows = self.recordings[key], self._rows(key, fitted)
            for label in labels:
                if recording.label(label).kind == "continuous":
                    values = recording.label(label).matrix()[fitted_rows]
                    found.setdefault(label, []).append(values)
        return {label: spread(columns) for label, columns in found.items()}

    def _class_ids(self, labels: Sequence[str]) -> dict[str, np.ndarray]:
        """Ids of discrete labels over all sessions that are trained together."""
        if len(self.unit.members) == 1:
            return {}
        found: dict[str, list[np.ndarray]] = {}
        for member in self.unit.members:
            recording = self.recordings[recording_key(*member)]
            for label in labels:
                if recording.label(label).kind == "discrete":
                    found.setdefault(label, []).append(recording.label(label).classes)
        return {label: np.unique(np.concatenate(ids)) for label, ids in found.items()}


def seen_part(part: np.ndarray, recording: Recording, trials: int | None) -> np.ndarray:
    """The parts of one fold, int8 array (time,), with so many training trials; None for all."""
    return part if trials is None else first_training_trials(part, recording.segment(), trials)


def unit_of(experiment: Experiment, encoder: str, session: str) -> Unit:
    """What the encoder that embeds a session is trained on; a new session is the last."""
    populations, block = experiment.populations_of(encoder), experiment.encoders[encoder]
    sessions = experiment.sessions_of(encoder) if block.joint else (session,)
    if block.adapt is not None and block.adapt.together:
        sessions = (*experiment.lenders_of(encoder), session)
    members = tuple((name, population) for name in sessions for population in populations)
    return Unit(JOINT if block.joint else session, members)


def units_of(experiment: Experiment, encoder: str, sessions: Sequence[str]) -> tuple[Unit, ...]:
    """Everything that an encoder is trained on, of some sessions; joint ones once."""
    own = [name for name in sessions if name in experiment.sessions_of(encoder)]
    return tuple(dict.fromkeys(unit_of(experiment, encoder, session) for session in own))


def trained_sessions(
    experiment: Experiment, encoder: str, sessions: Sequence[str]
) -> tuple[str, ...]:
    """The sessions of a run; none if the run leaves out some that are trained on together.

    These are the sessions of a joint encoder, and those of one that another is adapted from.

    Args:
        experiment: the description.
        encoder: its name.
        sessions: that the run works on.
    """
    is_joint = experiment.encoders[encoder].joint
    needed = experiment.sessions_of(encoder) if is_joint else experiment.lenders_of(encoder)
    return () if set(needed) - set(sessions) else tuple(sessions)


def jobs_of(
    recordings: Mapping[str, Recording],
    splits: Mapping[str, dict[str, np.ndarray]],
    experiment: Experiment,
    encoder: str,
    sessions: Sequence[str],
    n_neurons: int | None = None,
) -> dict[str, EncoderJob]:
    """Every training of an encoder: ``<unit>/fold0_seed1`` → what is to be trained."""
    everything = experiment.encoders[encoder].fit_on == "all"
    folds: list[int | None] = [None] if everything else [*range(experiment.split.n_folds)]
    return {
        f"{unit.name}/{'all' if fold is None else f'fold{fold}'}_seed{seed}": EncoderJob(
            recordings, splits, experiment, encoder, unit, fold, seed, n_neurons
        )
        for unit in units_of(experiment, encoder, sessions)
        for fold in folds
        for seed in experiment.training.seeds
    }


def starts_of(
    experiment: Experiment, encoder: str, keys: Iterable[str], models: Store | None
) -> dict[str, Start]:
    """What trainings of an adapted encoder start from: of the other, the same fold and seed.

    Args:
        experiment: the description.
        encoder: its name.
        keys: of its models.
        models: of the encoder that it adapts; None for one from scratch.
    """
    adapt, lenders = experiment.encoders[encoder].adapt, experiment.lenders_of(encoder)
    if adapt is None or models is None:
        return {}
    unit = unit_of(experiment, adapt.encoder, lenders[0]).name
    number = lenders.index(adapt.session or lenders[0])
    old = {key: f"{unit}/{key.rpartition('/')[2]}" for key in keys}
    return {
        key: Start(partial(_model, models, one), str(models.fingerprint(one)), number)
        for key, one in old.items()
    }


def _model(models: Store, key: str) -> EncoderModel:
    model: EncoderModel = models[key]
    return model


def first_neurons(recording: Recording, count: int) -> Recording:
    """The recording with its first so many neurons.

    Raises:
        ValueError: it has fewer.
    """
    if count > recording.n_neurons:
        raise ValueError(
            f"the sweep asks for {count} neurons, but {recording.name} has {recording.n_neurons}; "
            "lower n_neurons"
        )
    return replace(recording, neural=first_columns(recording.neural, count))
