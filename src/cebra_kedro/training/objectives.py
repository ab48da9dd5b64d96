"""Several losses on one embedding, each on its own dimensions, and what they weigh at a step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from cebra_kedro.training.config import ObjectiveConfig, TrainingConfig
from cebra_kedro.training.loss import InfoNCE
from cebra_kedro.training.schedule import ramp

if TYPE_CHECKING:
    from cebra_kedro.training.batches import Batch


def criterion_of(config: TrainingConfig, gradient_dtype: torch.dtype) -> InfoNCE | Objectives:
    """The loss of a training: InfoNCE on all dimensions, or one for each objective."""
    squared_norm = max(1, len(config.pieces))
    shared = InfoNCE(config.loss, gradient_dtype, squared_norm)
    if not config.objectives:
        return shared
    own = [
        InfoNCE(one.loss, gradient_dtype, squared_norm) if one.loss else shared
        for one in config.objectives.values()
    ]
    return Objectives(shared, own, [*config.objectives.values()])


class Objectives(torch.nn.Module):
    """InfoNCE of each objective, as ``cebra.models.MultiCriterions``.

    Args:
        shared: of the encoder; its temperature is the encoder's.
        criteria: of each objective; ``shared`` where it has no loss of its own.
        objectives: their dimensions and weights.
    """

    def __init__(
        self, shared: InfoNCE, criteria: Sequence[InfoNCE], objectives: Sequence[ObjectiveConfig]
    ) -> None:
        super().__init__()
        self._shared, self._objectives = shared, objectives
        self._criteria = torch.nn.ModuleList(criteria)

    @property
    def temperature(self) -> float:
        """τ of the encoder as it is now."""
        return self._shared.temperature

    def forward(self, embedding: torch.Tensor, batch: Batch) -> torch.Tensor:
        """The losses in nats, (objective,).

        Args:
            embedding: (distinct row, dim), what the indices of the batch refer to.
            batch: references, positives of each objective, and negatives.
        """
        losses = [
            criterion(embedding[:, one.columns], replace(batch, positives=(positive,)))
            for criterion, one, positive in zip(
                self._criteria, self._objectives, batch.positives, strict=True
            )
        ]
        return torch.stack(losses)


def weighed(losses: torch.Tensor, config: TrainingConfig, step: int) -> torch.Tensor:
    """What is made small at a step, a scalar: the sum of what objectives weigh then.

    Args:
        losses: (objective,); a scalar where there are none, which stays as it is.
        config: of the training.
        step: number of the step; ``config.steps`` for weights that have risen.
    """
    if not config.objectives:
        return losses
    weights = [
        one.weight * ramp(step, config.steps, one.ramp_up) for one in config.objectives.values()
    ]
    return losses @ losses.new_tensor(weights)
