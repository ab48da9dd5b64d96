"""The goodness of fit of an encoder on rows that it was not trained on."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from cebra_kedro.training.batch_loss import BatchLoss
from cebra_kedro.training.config import TrainingConfig
from cebra_kedro.training.data import TrainingData
from cebra_kedro.training.loss import goodness_of_fit_bits
from cebra_kedro.training.model import EncoderModel
from cebra_kedro.training.objectives import criterion_of

DRAWS = 10
"""Batches that are averaged."""


def held_out_bits(
    model: EncoderModel, sessions: Sequence[TrainingData], draws: int = DRAWS
) -> dict[str, float]:
    """How far InfoNCE is below chance, as in training: the same law, batch and temperature.

    Args:
        model: the encoder.
        sessions: the rows, of each of its sessions.
        draws: batches that are averaged, drawn with the seed of the training.

    Returns:
        Bits of the whole under an empty name, as ``EncoderModel.history`` has them, and those of
        each objective; empty where the temperatures of objectives were learnt, which are not kept.

    Raises:
        ValueError: the law finds no pairs in these rows, e.g. as trials are too short.
    """
    if any(one.loss and one.loss.learnable_temperature for one in model.config.objectives.values()):
        return {}
    config = _as_trained(model)
    device = torch.device("cpu")
    networks = torch.nn.ModuleList(model.network(k) for k in range(len(model.n_neurons)))
    loss = BatchLoss(networks, criterion_of(config, torch.float32), sessions, config, device)
    steps = range(config.steps, config.steps + draws)  # no pairs that were trained on
    with torch.no_grad():
        batches = ((loss.draw(step), step) for step in steps)
        losses = torch.stack([loss(batch, loss.look_up(batch), step) for batch, step in batches])
    n_negatives = config.n_negatives * len(sessions)
    nats = losses.mean(dim=0)
    bits = {"": float(goodness_of_fit_bits(nats.sum(), n_negatives, config.n_objectives))}
    each = zip(config.objectives, nats.reshape(-1), strict=False)
    return bits | {name: float(goodness_of_fit_bits(one, n_negatives)) for name, one in each}


def _as_trained(model: EncoderModel) -> TrainingConfig:
    """The configuration with the temperature that was learnt, in float32, of the loss alone."""
    learnt = {"temperature": model.temperature, "learnable_temperature": False}
    loss = model.config.loss.model_copy(update=learnt | {"min_temperature": None})
    changes = {"loss": loss, "precision": "float32", "jacobian_regularisation": None}
    return model.config.model_copy(update=changes)
