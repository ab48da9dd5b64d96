"""A folder of trained encoders, one file a key; finished ones are not trained again."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator, Mapping
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

    def __getitem__(self, key: str) -> EncoderModel:
        from cebra_kedro.training.model import EncoderModel

        if key not in self._fingerprints:
            raise KeyError(f"no encoder {key!r} in {self.folder}; there are {', '.join(self)}")
        return EncoderModel.load(self._file(key))

    def __iter__(self) -> Iterator[str]:
        return iter(self._fingerprints)

    def __len__(self) -> int:
        return len(self._fingerprints)

    def train_missing(
        self, jobs: Mapping[str, tuple[TrainingData, TrainingConfig]]
    ) -> ModelStore:
        """Train what is not there yet, each encoder saved as soon as it is finished.

        Args:
            jobs: key → data and configuration.

        Returns:
            A store with exactly the keys of ``jobs``.
        """
        from cebra_kedro.training.loop import train

        trained: dict[str, str] = {}
        name = f"{self.folder.parent.name}/{self.folder.name}"
        reused, started = 0, time.perf_counter()
        for number, (key, (data, config)) in enumerate(jobs.items(), start=1):
            wanted = fingerprint(data.neural, data.segment, data.labels, config)
            if self._stored_fingerprint(key) == wanted:
                reused += 1
            else:
                model = train(data, config, name=f"{name} {key} ({number}/{len(jobs)})")
                model.save(self._file(key))
            trained[key] = wanted
        logger.info(
            "%s: %d encoders trained in %.0f s, %d were finished before",
            name,
            len(jobs) - reused,
            time.perf_counter() - started,
            reused,
        )
        return ModelStore(self.folder, trained)

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
