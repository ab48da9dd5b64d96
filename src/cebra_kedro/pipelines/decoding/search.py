"""Settings of an encoder chosen on validation trials; test trials are scored once, of the choice.

Optuna proposes (tree-structured Parzen estimators) and gives up what is worse than the median. What
it is told are values of cells, so that a search that was interrupted is played again from their
files and goes on as if nothing had happened; and what it proposes depends on no worker.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from cebra_kedro.cells import Cell
from cebra_kedro.decoding import Samples
from cebra_kedro.experiment import Experiment, recording_key
from cebra_kedro.experiment.sweeps import Between, SearchBlock
from cebra_kedro.metrics import METRIC_COLUMNS, better
from cebra_kedro.pipelines.decoding.sweep import Splits, Tables, trained
from cebra_kedro.pipelines.training.jobs import EncoderJob, jobs_of
from cebra_kedro.recording import Recording
from cebra_kedro.splits import PART_NAMES
from cebra_kedro.training.fingerprint import content_digest, fingerprint

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution
    from optuna.trial import Trial

Computed = Callable[[Mapping[str, Cell]], Mapping[str, Any]]


class Search:
    """A search; :meth:`play` asks for one round of cells after the other.

    Keys of cells are ``<encoder>/trial007/<session>_fold0_seed1``, and ``<encoder>/chosen/…`` of
    the choice on test trials.

    Args:
        recordings: of the experiment.
        splits: of the experiment.
        experiment: its description, with a search.
        sessions: those that the run works on.
        name: of the experiment.
        decode: description, samples and seed of a control → tables of scores.
        code: digest of the code that decodes.
    """

    def __init__(
        self,
        recordings: Mapping[str, Recording],
        splits: Splits,
        experiment: Experiment,
        sessions: Sequence[str],
        name: str,
        decode: Tables,
        code: str,
    ) -> None:
        assert experiment.search is not None
        self._block: SearchBlock = experiment.search
        self._recordings, self._splits, self._experiment = recordings, splits, experiment
        self._name, self._decode, self._code = name, decode, code
        chosen = self._block.sessions or experiment.sessions_of(self._block.encoder)
        self._sessions = [one for one in chosen if one in sessions]

    def play(self, computed: Computed) -> None:
        """Try combinations, then score the best one on the test trials."""
        if not self._sessions:  # the run leaves them all out
            return
        study = self._study()
        left = self._block.trials
        while left:
            asked = [study.ask(self._distributions) for _ in range(min(left, self._block.at_once))]
            self._try(study, asked, computed)
            left -= len(asked)
        best = study.best_trial
        every = [(fold, seed) for fold in self._folds for seed in self._experiment.training.seeds]
        computed(self._cells("chosen", best.number, best.params, every, scored_on="test"))

    def _try(self, study: Study, asked: Sequence[Trial], computed: Computed) -> None:
        """Fold by fold, so that what is worse than most is given up after some of them."""
        from optuna.trial import TrialState

        scores: dict[int, list[float]] = {trial.number: [] for trial in asked}
        alive = list(asked)
        first_seed = self._experiment.training.seeds[0]
        for step, fold in enumerate(self._folds):
            cells = {
                trial.number: self._cells(
                    f"trial{trial.number:03d}", trial.number, trial.params, [(fold, first_seed)]
                )
                for trial in alive
            }
            tables = computed({key: one for each in cells.values() for key, one in each.items()})
            for trial in alive:
                found = (self._score(tables[key]) for key in cells[trial.number])
                scores[trial.number].extend(found)
                trial.report(float(np.mean(scores[trial.number])), step)
            given_up = [trial for trial in alive if self._block.prune and trial.should_prune()]
            for trial in given_up if fold != self._folds[-1] else ():
                study.tell(trial, state=TrialState.PRUNED)
                alive.remove(trial)
        for trial in alive:
            study.tell(trial, float(np.mean(scores[trial.number])))

    def _study(self) -> Study:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        study = optuna.create_study(
            direction="minimize" if better(self._metric) == "lower" else "maximize",
            sampler=optuna.samplers.TPESampler(seed=self._block.seed),
            pruner=optuna.pruners.MedianPruner(n_startup_trials=2 * self._block.at_once),
        )
        if (present := self._present) is not None:
            study.enqueue_trial(present)
        return study

    @property
    def _present(self) -> dict[str, Any] | None:
        """The settings as described, to begin with, if they are among those searched."""
        described = self._experiment.model_dump()
        found = {}
        for name, distribution in self._distributions.items():
            value: Any = described
            for key in name.split("."):
                value = value.get(key) if isinstance(value, dict) else None
            listed = getattr(distribution, "choices", None)
            inside = value in listed if listed is not None else _contains(distribution, value)
            if not inside:
                return None
            found[name] = value
        return found

    @cached_property
    def _distributions(self) -> dict[str, BaseDistribution]:
        return {name: _distribution(values) for name, values in self._block.over.items()}

    @property
    def _folds(self) -> range:
        return range(self._experiment.split.n_folds)

    @property
    def _metric(self) -> str:
        return str(self._block.score or self._experiment.headline)

    def _cells(
        self,
        place: str,
        number: int,
        values: dict[str, Any],
        runs: Sequence[tuple[int, int]],
        scored_on: str = "valid",
    ) -> dict[str, Cell]:
        """One cell for each session, fold and seed."""
        encoder = self._block.encoder
        varied = self._experiment.varied(values)
        cells = {}
        for session in self._sessions:
            jobs = jobs_of(self._recordings, self._splits, varied, encoder, [session])
            for fold, seed in runs:
                job = jobs[f"{session}/fold{fold}_seed{seed}"]
                about = {
                    "trial": number,
                    "scored_on": scored_on,
                    "chosen_by": self._metric,
                    **values,
                }
                one = _Cell(job, self._name, about, self._decode)
                digest = hashlib.sha256(f"{self._code} {one.describe()}".encode()).hexdigest()
                cells[f"{encoder}/{place}/{session}_fold{fold}_seed{seed}"] = Cell(one, digest)
        return cells

    def _score(self, table: pd.DataFrame) -> float:
        """The score that is made best, of one cell.

        Raises:
            ValueError: there is none; the message names those that there are.
        """
        rows = table[table["metric"] == self._metric]
        if self._block.decoder is not None:
            rows = rows[rows["decoder"] == self._block.decoder]
        if rows.empty or not math.isfinite(rows["value"].iloc[0]):
            there = ", ".join(sorted({f"{d} {m}" for d, m in table[["decoder", "metric"]].values}))
            raise ValueError(
                f"search.score: decoding gives no {self._block.decoder or ''} {self._metric} of "
                f"{self._block.encoder}; it gives {there}"
            )
        return float(rows["value"].iloc[0])


class _Cell:
    """One training, and the scores of its validation trials or of its test trials."""

    def __init__(self, job: EncoderJob, name: str, about: dict[str, Any], decode: Tables) -> None:
        self._job, self._name, self._about, self._decode = job, name, about, decode

    def describe(self) -> str:
        """Everything that the table depends on besides the code, as text."""
        experiment = self._job.experiment
        parts = [str(self._about), fingerprint(*self._job())]
        parts += [block.model_dump_json() for block in experiment.decode.values()]
        parts.append(experiment.decoders.model_dump_json())
        for key in self._keys:
            recording = self._job.recordings[key]
            part = self._job.splits[key]["part"]
            parts.append(content_digest(recording.neural, recording.segment(), part))
            for name, label in recording.labels.items():
                parts.append(f"{name} {label.kind} {label.unit} {content_digest(label.values)}")
        return "\n".join(parts)

    def __call__(self, path: Path) -> pd.DataFrame:
        """Train, embed, decode; what is tried stands in the first columns."""
        job = self._job
        assert job.fold is not None
        model = trained(job, path, f"fold{job.fold}_seed{job.seed}")
        tables: list[pd.DataFrame] = []
        for number, key in enumerate(self._keys):
            recording, part = job.recordings[key], job.part(key)
            embedding = model.transform(recording.neural, recording.segment(), number)
            fit = Samples(embedding, recording, part)
            of_valid = Samples(embedding, recording, _valid_as_test(part))
            tables += self._decode(
                job.experiment,
                fit,
                None,
                test=of_valid if self._about["scored_on"] == "valid" else None,
                experiment=self._name,
                subject=job.unit.members[number][0],
                variant=job.encoder,
                fold=job.fold,
                seed=job.seed,
            )
        table: pd.DataFrame = pd.concat(tables, ignore_index=True)[list(METRIC_COLUMNS)]
        for place, (name, value) in enumerate(self._about.items()):
            table.insert(place, name, [value] * len(table))
        return table

    @property
    def _keys(self) -> Iterator[str]:
        return (recording_key(*member) for member in self._job.unit.members)


def _valid_as_test(part: np.ndarray) -> np.ndarray:
    """The validation rows in the place of the test rows, which are out of sight."""
    valid, test = PART_NAMES.index("valid"), PART_NAMES.index("test")
    swapped = part.copy()
    swapped[part == valid], swapped[part == test] = test, valid
    return swapped


def _distribution(values: Between | tuple[Any, ...]) -> BaseDistribution:
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    if not isinstance(values, Between):
        return CategoricalDistribution(values)
    if isinstance(values.low, int) and isinstance(values.high, int):
        return IntDistribution(values.low, values.high, log=values.log)
    return FloatDistribution(float(values.low), float(values.high), log=values.log)


def _contains(distribution: Any, value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and bool(distribution.low <= value <= distribution.high)
