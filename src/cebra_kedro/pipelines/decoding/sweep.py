"""A grid over parameters: of each combination, encoders trained and decoded, in one table."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from cebra_kedro.cells import Cell
from cebra_kedro.decoding import Samples
from cebra_kedro.experiment import Experiment, recording_key
from cebra_kedro.metrics import METRIC_COLUMNS
from cebra_kedro.on_disk import chosen_rows
from cebra_kedro.pipelines import fold_and_seed
from cebra_kedro.pipelines.training.jobs import first_neurons, jobs_of, seen_part, unit_of
from cebra_kedro.recording import Recording
from cebra_kedro.splits import rows
from cebra_kedro.sweep import cell_key
from cebra_kedro.training.baselines import baseline_features
from cebra_kedro.training.fingerprint import content_digest, fingerprint

Tables = Callable[..., Iterator[pd.DataFrame]]
Splits = Mapping[str, Any]


def sweep_cells(
    recordings: Mapping[str, Recording],
    splits: Splits,
    experiment: Experiment,
    sessions: Sequence[str],
    name: str,
    decode: Tables,
    code: str,
) -> dict[str, Cell]:
    """Every combination of every session and encoder: ``<session>/<encoder>/<digits>``.

    Args:
        recordings: of the experiment.
        splits: of the experiment.
        experiment: its description, with a sweep.
        sessions: those that the run works on.
        name: of the experiment.
        decode: description, samples and seed of a control → tables of scores.
        code: digest of the code that decodes.
    """
    block = experiment.sweep
    if block is None:
        return {}
    cells = {}
    for session in sessions:
        if block.sessions is not None and session not in block.sessions:
            continue
        for values, varied in experiment.sweep_cells():
            encoders = [one for one in block.encoders if session in varied.sessions_of(one)]
            for variant in (*encoders, *block.baselines):
                one = _Cell(recordings, splits, varied, session, variant, values, name, decode)
                digest = hashlib.sha256(f"{code} {one.describe()}".encode()).hexdigest()
                cells[f"{session}/{variant}/{cell_key(values)}"] = Cell(one, digest)
    return cells


class _Cell:
    """One combination of one session and encoder or baseline; called, it gives its table."""

    def __init__(
        self,
        recordings: Mapping[str, Recording],
        splits: Splits,
        experiment: Experiment,
        session: str,
        variant: str,
        values: dict[str, Any],
        name: str,
        decode: Tables,
    ) -> None:
        self._recordings, self._splits, self._experiment = recordings, splits, experiment
        self._session, self._variant, self._values = session, variant, values
        self._name, self._decode = name, decode

    def describe(self) -> str:
        """Everything that the table depends on besides the code, as text."""
        parts = [self._session, self._variant, str(self._values)]
        parts += [block.model_dump_json() for block in self._experiment.decode.values()]
        parts.append(self._experiment.decoders.model_dump_json())
        if self._variant in self._experiment.baselines:
            parts.append(self._experiment.baselines[self._variant].model_dump_json())
        parts.append(f"decoder of a control: {self._shuffles_decoder}")
        for key, job in self._jobs().items():
            parts.append(f"{key} {fingerprint(*job())}")
        for population in self._populations():
            key = recording_key(self._session, population)
            recording = self._recordings[key]
            part = self._splits[key]["part"]
            parts.append(content_digest(recording.neural, recording.segment(), part))
            for name, label in recording.labels.items():
                parts.append(f"{name} {label.kind} {label.unit} {content_digest(label.values)}")
        return "\n".join(parts)

    def __call__(self, path: Path) -> pd.DataFrame:
        """Train, embed, decode; the swept values are the first columns."""
        tables = [table for samples in self._samples(path) for table in self._scores(*samples)]
        nothing = pd.DataFrame(columns=list(METRIC_COLUMNS))  # none of the decoded labels is there
        table = pd.concat(tables, ignore_index=True) if tables else nothing
        for place, (name, value) in enumerate(self._values.items()):
            table.insert(place, name, [value] * len(table))
        return table

    @property
    def _shuffles_decoder(self) -> bool:
        encoder = self._experiment.encoders.get(self._variant)
        return encoder is not None and encoder.shuffle_labels == "encoder_and_decoder"

    def _populations(self) -> tuple[str, ...]:
        if self._variant in self._experiment.baselines:
            return (self._experiment.baselines[self._variant].population,)
        return self._experiment.populations_of(self._variant)

    def _jobs(self) -> dict[str, Any]:
        if self._variant in self._experiment.baselines:
            return {}
        return jobs_of(
            self._recordings,
            self._splits,
            self._experiment,
            self._variant,
            [self._session],
            self._values.get("n_neurons"),
        )

    def _recording(self, population: str) -> Recording:
        recording = self._recordings[recording_key(self._session, population)]
        count = self._values.get("n_neurons")
        return recording if count is None else first_neurons(recording, count)

    def _samples(self, path: Path) -> Iterator[tuple[str, int, int, Samples]]:
        """Variant, fold, seed and samples of every embedding."""
        readouts = [one for one in self._experiment.readouts if one.source == self._variant]
        if self._variant in self._experiment.baselines:
            yield from self._baseline_samples(readouts[0].name)
            return
        unit = unit_of(self._experiment, self._variant, self._session)
        for key, job in self._jobs().items():
            model = trained(job, path, key)
            fold, seed = fold_and_seed(key)
            for number, (_, population) in enumerate(unit.members):
                recording = self._recording(population)
                parts = self._splits[recording_key(self._session, population)]["part"]
                embedding = model.transform(recording.neural, recording.segment(), number)
                trials = self._experiment.trials_of(self._variant, self._session)
                for each in range(len(parts)) if fold < 0 else [fold]:
                    part = seen_part(parts[each], recording, trials)
                    for readout in readouts:
                        if readout.population == population:
                            samples = Samples(readout.of(embedding), recording, part)
                            yield readout.name, each, seed, samples

    def _baseline_samples(self, name: str) -> Iterator[tuple[str, int, int, Samples]]:
        block = self._experiment.baselines[self._variant]
        recording = self._recording(block.population)
        parts = self._splits[recording_key(self._session, block.population)]["part"]
        for fold, part in enumerate(parts):
            fit = chosen_rows(recording.neural, rows(part, "train"))
            features = baseline_features(
                block.name, recording.neural, recording.segment(), fit, **block.options
            )
            yield name, fold, 0, Samples(features, recording, part)

    def _scores(
        self, variant: str, fold: int, seed: int, samples: Samples
    ) -> Iterator[pd.DataFrame]:
        return self._decode(
            self._experiment,
            samples,
            seed if self._shuffles_decoder else None,
            experiment=self._name,
            subject=self._session,
            variant=variant,
            fold=fold,
            seed=seed,
        )


def trained(job: Any, path: Path, key: str) -> Any:
    """An encoder, going on from its checkpoint beside the file of the cell."""
    from cebra_kedro.training.checkpoint import Checkpoint
    from cebra_kedro.training.loop import train

    name = key.replace("/", "_")
    checkpoint = Checkpoint(path.with_name(f".{path.stem}_{name}.checkpoint"))
    sessions, config, validation = job()
    model = train(sessions, config, validation=validation, checkpoint=checkpoint, name=None)
    checkpoint.remove()
    return model
