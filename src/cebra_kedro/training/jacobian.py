"""Gradients of an embedding by its inputs: a penalty on them during training, and the whole matrix.

Source of the penalty: Hoffman, Roberts & Yaida, arXiv:1908.02729, as ``cebra.solver.regularized``
uses it (Schneider et al., AISTATS 2025).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from cebra_kedro.on_disk import Rows
from cebra_kedro.training.batches import Batch
from cebra_kedro.training.config import JacobianConfig
from cebra_kedro.training.data import TrainingData
from cebra_kedro.training.encoder import embed_windows, window_of
from cebra_kedro.training.schedule import ramp


def windows_around(neural: Rows, rows: np.ndarray, left: int, right: int) -> torch.Tensor:
    """The receptive field of each row, float32 (row, bin, neuron).

    Args:
        neural: array (time, neuron), in memory or on disk.
        rows: int array (row,); windows must lie inside the recording.
        left: bins before a row.
        right: bins from the row on.
    """
    reach = np.arange(-left, right)
    return torch.from_numpy(np.asarray(neural[rows[:, None] + reach], np.float32))


def jacobian(network: torch.nn.Module, windows: torch.Tensor) -> torch.Tensor:
    """Gradient of each dimension of the embedding by each input.

    Args:
        network: in evaluation mode, so that rows do not depend on each other.
        windows: (row, bin, neuron).

    Returns:
        (row, dim, neuron, bin), without gradient.
    """
    windows = windows.detach().requires_grad_()
    embedding = embed_windows(network, windows)
    directions = torch.eye(embedding.shape[1], device=embedding.device, dtype=embedding.dtype)
    found = list(_gradients(embedding, windows, directions, create_graph=False))
    return torch.stack(found, dim=1).transpose(2, 3).detach()


class JacobianPenalty:
    """½ ‖J‖² of the references of a batch, averaged over them, times a weight that rises.

    Args:
        networks: of each session, on ``device``.
        sessions: their data.
        config: weight, rise and directions.
        steps: of the training.
        seed: of random directions.
        clamp: windows that reach over the ends of a recording are shifted inside, as in cebra.
    """

    def __init__(
        self,
        networks: torch.nn.ModuleList,
        sessions: Sequence[TrainingData],
        config: JacobianConfig,
        *,
        steps: int,
        seed: int,
        clamp: bool,
    ) -> None:
        self._networks, self._sessions, self._config = networks, sessions, config
        self._steps, self._seed, self._clamp = steps, seed, clamp

    def weight(self, step: int) -> float:
        """The weight at a step: 0 before ``ramp_up``, then up in a straight line."""
        return self._config.weight * ramp(step, self._steps, self._config.ramp_up)

    def __call__(self, batch: Batch, step: int) -> torch.Tensor:
        """The penalty of a batch, its weight included."""
        total, first = torch.zeros(()), 0
        for network, session, rows in zip(self._networks, self._sessions, batch.rows, strict=True):
            mine = (batch.query >= first) & (batch.query < first + len(rows))
            if mine.any():
                references = rows[batch.query[mine] - first].numpy()
                squares = self._squares(network, session.neural, references, step)
                total = total.to(squares) + squares @ batch.query_weight[mine].to(squares)
            first += len(rows)
        return 0.5 * self.weight(step) * total

    def _squares(
        self, network: torch.nn.Module, neural: Rows, rows: np.ndarray, step: int
    ) -> torch.Tensor:
        """‖J‖² of each row (row,), or its estimate from random directions."""
        window = window_of(network)
        if self._clamp:
            rows = np.clip(rows, window.left, len(neural) - window.right)
        single = len(rows) == 1  # one row takes another way through the layers, without curvature
        windows = windows_around(neural, rows.repeat(1 + single), window.left, window.right)
        windows = windows.to(next(network.parameters()).device).requires_grad_()
        embedding = embed_windows(network, windows)
        directions = self._directions(embedding, step)
        n_of_all = embedding.shape[1] / len(directions)
        gradients = _gradients(embedding, windows, directions, create_graph=True)
        squares = torch.stack([one.square().sum(dim=(1, 2)) for one in gradients]).sum(dim=0)
        return n_of_all * squares[: len(rows)]

    def _directions(self, embedding: torch.Tensor, step: int) -> torch.Tensor:
        """All dimensions, or random directions of unit length: (direction, row, dim)."""
        n_rows, n_dims = embedding.shape
        if self._config.projections is None:
            return torch.eye(n_dims).to(embedding)
        generator = torch.Generator().manual_seed((self._seed * 1_000_003 + step) % 2**63)
        drawn = torch.randn(self._config.projections, n_rows, n_dims, generator=generator)
        return torch.nn.functional.normalize(drawn, dim=2).to(embedding)


def _gradients(
    embedding: torch.Tensor, windows: torch.Tensor, directions: torch.Tensor, *, create_graph: bool
) -> Iterator[torch.Tensor]:
    """For each direction (dim,) or (row, dim), the gradient along it by the windows."""
    for direction in directions:
        (found,) = torch.autograd.grad(
            embedding,
            windows,
            direction.expand_as(embedding),
            retain_graph=True,
            create_graph=create_graph,
        )
        yield found
