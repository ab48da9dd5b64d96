"""Trainings as independent pieces of work, which ``cells`` runs; one training is ``loop``'s.

Free of torch until an encoder is trained.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from cebra_kedro.cells import Cell
from cebra_kedro.training.adapt import Start
from cebra_kedro.training.config import TrainingConfig
from cebra_kedro.training.data import TrainingData
from cebra_kedro.training.fingerprint import fingerprint

if TYPE_CHECKING:
    from cebra_kedro.training.model import EncoderModel

Job = Callable[[], tuple[Sequence[TrainingData], TrainingConfig, Sequence[TrainingData]]]
"""Gives the sessions (one, or several that are trained together) of one encoder, its configuration,
and the validation data of its sessions, if it stops by them.

A function, so that neither this process nor a queue holds the data of all trainings at once.
"""


def training_cells(
    jobs: Mapping[str, Job],
    *,
    title: str,
    processes: int,
    starts: Mapping[str, Start] = MappingProxyType({}),
) -> dict[str, Cell]:
    """One cell per encoder; a killed training goes on from the checkpoint beside its file.

    Args:
        jobs: key → job, picklable.
        title: what stands before the key on the progress bar of a training.
        processes: trainings at the same time; the bars of several would overwrite each other, so
            that each shows its own with 1 only.
        starts: key → the encoder that it adapts, for those that do.
    """
    return {
        key: Cell(
            partial(_train, job, f"{title} {key}" if processes <= 1 else None, starts.get(key)),
            fingerprint(*job(), start=starts.get(key)),
            _remove_checkpoint,
        )
        for key, job in jobs.items()
    }


def _train(job: Job, name: str | None, start: Start | None, file: Path) -> EncoderModel:
    from cebra_kedro.training.checkpoint import Checkpoint
    from cebra_kedro.training.loop import train

    sessions, config, validation = job()
    checkpoint = Checkpoint(_checkpoint_of(file))
    return train(
        sessions, config, validation=validation, checkpoint=checkpoint, name=name, start=start
    )


def _remove_checkpoint(file: Path) -> None:
    _checkpoint_of(file).unlink(missing_ok=True)


def _checkpoint_of(file: Path) -> Path:
    return file.with_suffix(".checkpoint")
