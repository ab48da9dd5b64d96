"""Whether what a run is to train can be trained: is there such a network, and such a device?"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from kedro.pipeline import Pipeline

from cebra_kedro.experiment import Descriptions, Experiment
from cebra_kedro.training.config import EncoderConfig, TrainingConfig

USUAL = frozenset(
    {
        *("offset1-model", "offset1-model-mse", "offset5-model", "offset10-model"),
        *("offset10-model-mse", "offset36-model", "resample-model", "resample1-model"),
    }
)
"""Architectures for which cebra, which takes seconds to import, need not be asked."""
_TRAINS = ("train", "sweep", "search")


def check_training(pipeline: Pipeline, descriptions: Descriptions, *, here: bool = True) -> None:
    """Raise unless cebra has the networks that a run trains, and this machine the device.

    Args:
        pipeline: what runs.
        descriptions: of the run's environment.
        here: whether encoders are trained on this machine.

    Raises:
        ValueError: names experiment, encoder, what came, and what there is.
    """
    networks: dict[EncoderConfig, str] = {}
    devices: dict[str, str] = {}
    for name, encoder, config in _trained(pipeline, descriptions):
        for network in (config.encoder, *config.session_encoders):
            if network.architecture not in USUAL:
                networks.setdefault(network, f"{name}.encoders.{encoder}")
        if config.device not in ("auto", "cpu") and here:
            devices.setdefault(config.device, f"{name}.training.device")
    for network, where in networks.items():
        with _said_of(where, descriptions):
            from cebra_kedro.training.encoder import build_network

            build_network(network, n_neurons=1, seed=0)
    for device, where in devices.items():
        with _said_of(where, descriptions):
            from cebra_kedro.training.loop import resolve_device

            resolve_device(device)


@contextlib.contextmanager
def _said_of(where: str, descriptions: Descriptions) -> Iterator[None]:
    """What is wrong is said of a key, with the file to correct."""
    try:
        yield
    except ValueError as error:
        file = descriptions.file_of(where.partition(".")[0])
        raise ValueError(f"{where}: {error}. Correct {file}") from error


def _trained(
    pipeline: Pipeline, descriptions: Descriptions
) -> Iterator[tuple[str, str, TrainingConfig]]:
    """Experiment, encoder and configuration of all that is trained, swept values included."""
    for node in pipeline.nodes:
        _, name, *encoder = [*str(node.namespace).split("."), ""][:3]
        what = node.name.rpartition(".")[2]
        if what not in _TRAINS or name not in descriptions.experiments:
            continue
        experiment = descriptions.experiments[name]
        for varied, chosen in _variants(experiment, what, encoder[0]):
            yield from ((name, one, varied.training_config(one, 0)) for one in chosen)


def _variants(
    experiment: Experiment, what: str, encoder: str
) -> Iterator[tuple[Experiment, tuple[str, ...]]]:
    """The descriptions that a node trains by, each with its encoders."""
    if what == "train":
        yield experiment, (encoder,)
    elif what == "sweep" and experiment.sweep is not None:
        for _, varied in experiment.sweep_cells():
            yield varied, tuple(experiment.sweep.encoders)
    elif what == "search" and experiment.search is not None:
        for values in experiment.search.corners:
            yield experiment.varied(values), (experiment.search.encoder,)
