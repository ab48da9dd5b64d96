"""cebra's own networks, criterions and solvers, fed with the pairs that our laws draw."""

from __future__ import annotations

import itertools
from typing import Any

import cebra.data
import cebra.models
import cebra.solver
import numpy as np
import torch

from cebra_kedro.sampling import find_anchors
from cebra_kedro.training import TrainingConfig
from cebra_kedro.training.batches import Batch, make_batch
from cebra_kedro.training.data import TrainingData, law_of
from cebra_kedro.training.encoder import window_of
from cebra_kedro.training.loop import build_networks

CRITERIONS = {
    ("cosine", False): cebra.models.FixedCosineInfoNCE,
    ("euclidean", False): cebra.models.FixedEuclideanInfoNCE,
    ("cosine", True): cebra.models.LearnableCosineInfoNCE,
    ("euclidean", True): cebra.models.LearnableEuclideanInfoNCE,
}


class CebraTwin:
    """cebra with the weights that ``train`` starts from.

    Attributes:
        networks: ours, as ``train`` builds them.
        solver: cebra's, with untouched networks of the same weights, and Adam.
    """

    def __init__(self, sessions: list[TrainingData], config: TrainingConfig) -> None:
        self._sessions, self._config = sessions, config
        self.networks = build_networks(sessions, config)
        self._windows = [window_of(network) for network in self.networks]
        self._clamp = config.pairs.windows == "cebra"
        self.anchors = find_anchors(
            [session.segment for session in sessions],
            [(window.left, window.right) for window in self._windows],
            clamp=self._clamp,
        )
        self.law = law_of(sessions, self.anchors, config)
        self.solver = self._make_solver()

    def our_batch(self, step: int) -> Batch:
        """The step's batch as ``train`` sees it."""
        config = self._config
        return make_batch(self.law, self.anchors, step, config.batch_size, config.n_negatives)

    def cebra_batch(self, step: int) -> Any:
        """The same pairs as windows, one by one, in the form that cebra's solver takes."""
        pairs = self.law.draw(step, self._config.batch_size, self._config.n_negatives)
        if len(self._sessions) == 1:
            positive = np.concatenate(pairs.positives)
            parts = (self._cut(0, part) for part in (pairs.reference, positive, pairs.negative))
            return cebra.data.Batch(*parts)
        # cebra embeds each positive in its session, then mixes them into the references' order.
        (positive,) = pairs.positives
        order = np.argsort(self._session_of(positive), kind="stable")
        index = torch.from_numpy(np.argsort(order))
        return [
            cebra.data.Batch(
                *(
                    self._cut(session, part[self._session_of(part) == session])
                    for part in (pairs.reference, positive, pairs.negative)
                ),
                index_reversed=index,
            )
            for session in range(len(self._sessions))
        ]

    def cebra_loss(self, step: int) -> torch.Tensor:
        """The loss of a step by cebra's inference and criterion, with its graph."""
        predictions = self.solver._inference(self.cebra_batch(step))
        if self._config.pairs.n_objectives == 1:
            predictions = (predictions,)
        return sum(
            self.solver.criterion(each.reference, each.positive, each.negative)[0]
            for each in predictions
        )

    def cebra_parameters(self) -> list[torch.nn.Parameter]:
        """cebra's, in the order of our networks' and criterion's."""
        solver = self.solver
        return list(itertools.chain(solver.model.parameters(), solver.criterion.parameters()))

    def _session_of(self, anchor: np.ndarray) -> np.ndarray:
        return np.searchsorted(self.anchors.first, anchor, side="right") - 1

    def _cut(self, session: int, anchor: np.ndarray) -> torch.Tensor:
        """Windows (anchor, neuron, time)."""
        neural, window = self._sessions[session].neural, self._windows[session]
        begin = self.anchors.row[anchor] - self.anchors.first_row[session] - window.left
        if self._clamp:
            begin = begin.clip(0, len(neural) - window.length)
        rows = begin[:, None] + np.arange(window.length)
        return torch.from_numpy(neural[rows].astype(np.float32)).transpose(1, 2)

    def _original_networks(self) -> torch.nn.ModuleList:
        """cebra's networks, untouched, with the weights of ours."""
        config = self._config
        originals = torch.nn.ModuleList(
            cebra.models.init(
                encoder.architecture,
                session.neural.shape[1],
                encoder.hidden_units,
                encoder.output_dimension,
            )
            for encoder, session in zip(
                config.encoders(len(self._sessions)), self._sessions, strict=True
            )
        )
        originals.load_state_dict(self.networks.state_dict())
        return originals

    def _make_solver(self) -> Any:
        config, several = self._config, len(self._sessions) > 1
        originals = self._original_networks()
        loss, adam = config.loss, config.optimizer
        limit = {"min_temperature": loss.min_temperature} if loss.learnable_temperature else {}
        criterion = CRITERIONS[loss.distance, loss.learnable_temperature](loss.temperature, **limit)
        model = originals if several else originals[0]
        optimizer = torch.optim.Adam(
            itertools.chain(model.parameters(), criterion.parameters()),
            lr=adam.learning_rate,
            betas=adam.betas,
            weight_decay=adam.weight_decay,
        )
        hybrid = config.pairs.law == "hybrid"
        name = "multi-session" if several else "single-session" + "-hybrid" * hybrid
        silent = {"ignore_deprecation_warning": True} if hybrid else {}
        return cebra.solver.init(
            name, model=model, criterion=criterion, optimizer=optimizer, tqdm_on=False, **silent
        )
