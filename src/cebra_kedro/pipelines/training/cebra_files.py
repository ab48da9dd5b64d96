"""Encoders that a description reads from files: which file is whose, and whether it fits.

How a file is read is left to ``training.export``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cebra_kedro.experiment import Experiment, recording_key
from cebra_kedro.pipelines.training.jobs import Unit, units_of
from cebra_kedro.recording import Recording

if TYPE_CHECKING:
    from cebra_kedro.training.model import EncoderModel


def problems_of_files(
    experiment: Experiment, recordings: Mapping[str, Recording], sessions: Sequence[str]
) -> Iterator[str]:
    """What is wrong with the files of a run, before anything is trained.

    Args:
        experiment: the description.
        recordings: of the sessions.
        sessions: those that the run works on.
    """
    for encoder, block in experiment.encoders.items():
        if block.from_file is None:
            continue
        for unit in units_of(experiment, encoder, sessions):
            if not {name for name, _ in unit.members} <= {*sessions}:
                continue  # joint, and the run leaves out some of its sessions
            try:
                opened_encoder(experiment, encoder, unit, recordings)
            except (OSError, ValueError) as error:
                yield f"encoders.{encoder}.from_file: {error}"


def opened_encoder(
    experiment: Experiment, encoder: str, unit: Unit, recordings: Mapping[str, Recording]
) -> EncoderModel:
    """The encoder in a file, which has one network for each recording of the unit.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no cebra model, has other numbers of networks or neurons, or was trained
            with labels where ``fit_on: all`` says that it saw none.
    """
    from cebra_kedro.training.export import import_from_cebra

    block = experiment.encoders[encoder]
    files = block.from_file if isinstance(block.from_file, dict) else {unit.name: block.from_file}
    path = Path(str(files[unit.name])).expanduser()
    model = import_from_cebra(path)
    pairs = model.config.pairs
    if block.fit_on == "all" and (pairs.uses_labels or pairs.uses_classes):
        raise ValueError(
            f"{path} was trained with labels, so that fit_on: all would have shown it those of "
            "test trials; remove fit_on, or choose an encoder without labels"
        )
    _check_sizes(
        path, model.n_neurons, [recording_key(*member) for member in unit.members], recordings
    )
    return model


def _check_sizes(
    path: Path,
    n_neurons: tuple[int, ...],
    keys: Sequence[str],
    recordings: Mapping[str, Recording],
) -> None:
    if len(n_neurons) != len(keys):
        raise ValueError(
            f"{path} has {len(n_neurons)} networks, one for each session that was trained, but "
            f"it is to embed {len(keys)}: {', '.join(keys)}; name these sessions in their order"
        )
    for key, expected in zip(keys, n_neurons, strict=True):
        if recordings[key].n_neurons != expected:
            raise ValueError(
                f"{path} was trained on {expected} neurons, but {key} has "
                f"{recordings[key].n_neurons}; name the file of this recording"
            )
