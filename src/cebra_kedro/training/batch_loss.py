"""The loss of a batch on given sessions, and the batches of all steps."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch

from cebra_kedro.cores import available_cores
from cebra_kedro.sampling import find_anchors
from cebra_kedro.training.batch_embedder import BatchEmbedder, batch_embedder
from cebra_kedro.training.batches import Batch, drawn_ahead, make_batch
from cebra_kedro.training.config import TrainingConfig
from cebra_kedro.training.data import TrainingData, law_of
from cebra_kedro.training.encoder import RANDOM_STATE, has_dropout, window_of
from cebra_kedro.training.graphs import FixedSize
from cebra_kedro.training.jacobian import JacobianPenalty
from cebra_kedro.training.loss import InfoNCE
from cebra_kedro.training.objectives import Objectives, weighed

# Batches drawn ahead, unless what was looked up for them takes more than so many bytes.
_STEPS_AHEAD, _BYTES_AHEAD = 32, 2**28

LookedUp = tuple[Any, ...]  # for each session, what its embedder asked for


def dtype_of(config: TrainingConfig) -> torch.dtype:
    """What inputs of networks are converted to."""
    return torch.bfloat16 if config.precision == "bfloat16" else torch.float32


class BatchLoss:
    """InfoNCE of the batches of given sessions.

    Args:
        networks: one for each session, on ``device``.
        criterion: on ``device``.
        sessions: whose rows are drawn.
        config: every setting; the seed and the number of a step give its pairs.
        device: where the networks are.
        fixed_size: draw batches of one size, in which some rows count for nothing.

    Raises:
        ValueError: the law finds no pairs in these sessions, e.g. as their trials are too short.
    """

    def __init__(
        self,
        networks: torch.nn.ModuleList,
        criterion: InfoNCE | Objectives,
        sessions: Sequence[TrainingData],
        config: TrainingConfig,
        device: torch.device,
        *,
        fixed_size: bool = False,
    ) -> None:
        self._criterion, self._config, self._device = criterion, config, device
        windows = [window_of(network) for network in networks]
        clamp = config.pairs.windows == "cebra"
        self.anchors = find_anchors(
            [session.segment for session in sessions],
            [(window.left, window.right) for window in windows],
            clamp=clamp,
        )
        self.law = law_of(sessions, self.anchors, config)
        self._penalty = None
        if config.jacobian_regularisation is not None:
            self._penalty = JacobianPenalty(
                networks,
                sessions,
                config.jacobian_regularisation,
                steps=config.steps,
                seed=config.seed,
                clamp=clamp,
            )
        self._reseed = any(has_dropout(network) for network in networks)
        references = (1 + config.n_objectives) * config.batch_size
        self._rows_per_step = references + config.n_negatives
        rows = np.minimum(np.diff(self.anchors.first), self._rows_per_step)
        self.size = FixedSize(rows.tolist(), config) if fixed_size else None
        self.embedders: list[BatchEmbedder] = [
            batch_embedder(
                network,
                session.neural,
                self._rows_per_step,
                device,
                clamp=clamp,
                dtype=dtype_of(config),
                fill_up=not fixed_size,
            )
            for network, session in zip(networks, sessions, strict=True)
        ]

    def batches(
        self, first_step: int
    ) -> contextlib.AbstractContextManager[Iterator[tuple[Batch, LookedUp]]]:
        """The batches from a step on, drawn during training if torch leaves a core free."""
        steps = range(first_step, self._config.steps)
        n_cores = available_cores()
        overlap = self._device.type != "cpu" or torch.get_num_threads() < n_cores
        bytes_of_step = self._rows_per_step * sum(each.bytes_of_row for each in self.embedders)
        ahead = int(_BYTES_AHEAD // max(bytes_of_step, _BYTES_AHEAD / _STEPS_AHEAD)) or 1
        return drawn_ahead(
            self.draw,
            self.look_up,
            steps,
            workers=1 if overlap else n_cores,
            overlap=overlap,
            ahead=ahead,
        )

    def draw(self, step: int) -> Batch:
        """The batch of one step."""
        config = self._config
        batch = make_batch(self.law, self.anchors, step, config.batch_size, config.n_negatives)
        return batch if self.size is None else self.size.fill(batch)

    def look_up(self, batch: Batch) -> LookedUp:
        """What the embedding of a batch needs of each recording."""
        return tuple(
            embed.look_up(rows) for embed, rows in zip(self.embedders, batch.rows, strict=True)
        )

    def __call__(self, batch: Batch, looked_up: LookedUp, step: int) -> torch.Tensor:
        """InfoNCE of one batch, summed over objectives; (objective,) where each has its part."""
        with self.precision(), self._seeded(step):
            parts = [embed(found) for embed, found in zip(self.embedders, looked_up, strict=True)]
        embedding = torch.cat([part.float() for part in parts]) if len(parts) > 1 else parts[0]
        return self._criterion(embedding.float(), batch)

    def minimised(self, loss: torch.Tensor, batch: Batch, step: int) -> torch.Tensor:
        """The loss, weighed, with the penalty of the step, where there is one."""
        loss = weighed(loss, self._config, step)
        if self._penalty is None or self._penalty.weight(step) == 0:
            return loss
        with self._seeded(step):
            return loss + self._penalty(batch, step)

    @contextlib.contextmanager
    def _seeded(self, step: int) -> Iterator[None]:
        """Dropout of a step draws the same whatever came before it."""
        if not self._reseed:
            yield
            return
        with RANDOM_STATE:
            torch.manual_seed((self._config.seed * 1_000_003 + step) % 2**63)
            yield

    def precision(self) -> contextlib.AbstractContextManager[object]:
        """What networks are computed in."""
        if self._config.precision == "bfloat16":
            return torch.autocast(self._device.type, dtype=torch.bfloat16)
        return contextlib.nullcontext()
