"""A folder of trained encoders, one file a key; finished ones are not trained again."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cebra_kedro.atomic import atomic_path
from cebra_kedro.training.config import TrainingConfig
from cebra_kedro.training.data import TrainingData
from cebra_kedro.training.fingerprint import fingerprint

if TYPE_CHECKING:
    from cebra_kedro.training.model import EncoderModel

logger = logging.getLogger(__name__)

INDEX_NAME = "index.json"
Job = tuple[Sequence[TrainingData], TrainingConfig]


@dataclass(frozen=True, eq=False)
class ModelStore(Mapping[str, "EncoderModel"]):
    """Encoders by key, e.g. ``fold0_seed1``, each in ``<folder>/<key>.pt``.

    A key counts only while it stands in the index, so encoders that an earlier run left in the
    folder are not mistaken for results of this one.

    Attributes:
        folder: where the files lie.
    """

    folder: Path
    _fingerprints: dict[str, str] = field(default_factory=dict)

    @classmethod
    def open(cls, folder: str | Path) -> ModelStore:
        """The store of a folder, with the keys of its index (none if it has no index)."""
        index = Path(folder) / INDEX_NAME
        fingerprints = json.loads(index.read_text()) if index.exists() else {}
        return cls(Path(folder), fingerprints)

    def below(self, *names: str) -> ModelStore:
        """The store in a folder below this one, e.g. of a subject's variant."""
        return ModelStore.open(self.folder.joinpath(*names))

    def __getitem__(self, key: str) -> EncoderModel:
        from cebra_kedro.training.model import EncoderModel

        if key not in self._fingerprints:
            raise KeyError(f"no encoder {key!r} in {self.folder}; there are {', '.join(self)}")
        model = EncoderModel.load(self._file(key))
        if model.fingerprint != self._fingerprints[key]:
            raise ValueError(
                f"{self._file(key)} was trained from other data or parameters than the index of "
                "its folder says, as after an interrupted training; run the training again"
            )
        return model

    def __iter__(self) -> Iterator[str]:
        return iter(self._fingerprints)

    def __len__(self) -> int:
        return len(self._fingerprints)

    def train_missing(self, jobs: Mapping[str, Job], *, processes: int = 1) -> ModelStore:
        """Train what is not there yet, each encoder saved as soon as it is finished.

        Args:
            jobs: key → sessions (one, or several that are trained together) and configuration.
            processes: encoders trained at the same time, each in a process of its own. With one
                thread each, that is faster than one encoder on all cores, and gives the same bits.

        Returns:
            A store with exactly the keys of ``jobs``.
        """
        started = time.perf_counter()
        wanted = {key: fingerprint(sessions, config) for key, (sessions, config) in jobs.items()}
        missing = [key for key in jobs if self._stored_fingerprint(key) != wanted[key]]
        processes = min(processes, len(missing))
        if processes > 1:
            self._train_in_processes({key: jobs[key] for key in missing}, processes)
        else:
            for number, key in enumerate(missing, start=1):
                title = f"{self._name} {key} ({number}/{len(missing)})"
                _train_and_save(*jobs[key], self._file(key), title)
        logger.info(
            "%s: %d encoders trained in %.0f s, %d were finished before",
            self._name,
            len(missing),
            time.perf_counter() - started,
            len(jobs) - len(missing),
        )
        return ModelStore(self.folder, wanted)

    def _train_in_processes(self, jobs: Mapping[str, Job], processes: int) -> None:
        from joblib import Parallel, delayed
        from tqdm.auto import tqdm

        tasks = (
            delayed(_train_and_save)(sessions, config, self._file(key), None)
            for key, (sessions, config) in jobs.items()
        )
        # Arrays are sent as arrays: one that is mapped from a file is read in another way, which
        # gives the same encoder but for its last bits.
        parallel = Parallel(processes, return_as="generator_unordered", max_nbytes=None)
        finished = parallel(tasks)
        bar = tqdm(
            finished, total=len(jobs), desc=self._name, unit="encoder", leave=False, disable=None
        )
        for _ in bar:
            pass

    @property
    def _name(self) -> str:
        return f"{self.folder.parent.name}/{self.folder.name}"

    def write_index(self) -> None:
        """Write the keys and fingerprints to the index file, atomically."""
        with atomic_path(self.folder / INDEX_NAME) as temporary:
            Path(temporary).write_text(json.dumps(self._fingerprints, indent=2) + "\n")

    def _file(self, key: str) -> Path:
        return self.folder / f"{key}.pt"

    def _stored_fingerprint(self, key: str) -> str | None:
        """Fingerprint of the file of a key; None if there is none or it cannot be read."""
        from cebra_kedro.training.model import EncoderModel

        if not self._file(key).exists():
            return None
        try:
            return EncoderModel.load(self._file(key)).fingerprint
        except Exception as error:  # any unreadable file means: train again
            logger.warning("%s cannot be read (%s); training it again", self._file(key), error)
            return None


def _train_and_save(
    sessions: Sequence[TrainingData], config: TrainingConfig, file: Path, title: str | None
) -> None:
    """Train one encoder, going on from its checkpoint if there is one; no bar without a title."""
    from cebra_kedro.training.checkpoint import Checkpoint
    from cebra_kedro.training.loop import train

    checkpoint = Checkpoint(file.with_suffix(".checkpoint"))
    train(sessions, config, checkpoint=checkpoint, name=title).save(file)
    checkpoint.remove()
