"""The state of a training run on disk, so that a killed run goes on where it was."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import torch

from cebra_kedro.atomic import atomic_path
from cebra_kedro.training.torch_file import load_plain

if TYPE_CHECKING:
    from cebra_kedro.training.loss import InfoNCE
    from cebra_kedro.training.objectives import Objectives
    from cebra_kedro.training.optimizer import Optimizer

logger = logging.getLogger(__name__)


class Watch(Protocol):
    """What early stopping has seen so far."""

    best_loss: float
    looks_since_best: int
    best_weights: dict[str, torch.Tensor]


class TrainingState:
    """Everything that changes from step to step; pairs depend on the step's number alone.

    Attributes:
        step: steps done.
        losses: float32 tensor (step,), or (step, objective), NaN where not done.
        seconds_before: training time of the runs before a resumption.
    """

    def __init__(
        self,
        networks: torch.nn.ModuleList,
        criterion: InfoNCE | Objectives,
        optimizer: Optimizer,
        watch: Watch,
        losses: tuple[int, ...],
        device: torch.device,
    ) -> None:
        self._networks, self._criterion = networks, criterion
        self._optimizer, self._watch = optimizer, watch
        self.step = 0
        self.losses = torch.full(losses, torch.nan, device=device)
        self.seconds_before = 0.0
        self._started = time.perf_counter()

    def content(self) -> dict[str, Any]:
        """The state as plain values and tensors."""
        return {
            "step": self.step,
            "losses": self.losses,
            "seconds": self.seconds_before + time.perf_counter() - self._started,
            "networks": self._networks.state_dict(),
            "criterion": self._criterion.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "best_loss": self._watch.best_loss,
            "looks_since_best": self._watch.looks_since_best,
            "best_weights": self._watch.best_weights,
        }

    def restore(self, content: dict[str, Any]) -> None:
        """Take over a saved state."""
        self.step = content["step"]
        self.losses.copy_(content["losses"])
        self.seconds_before = content["seconds"]
        self._networks.load_state_dict(content["networks"])
        self._criterion.load_state_dict(content["criterion"])
        self._optimizer.load_state_dict(content["optimizer"])
        self._watch.best_loss = content["best_loss"]
        self._watch.looks_since_best = content["looks_since_best"]
        self._watch.best_weights = content["best_weights"]


@dataclass
class Checkpoint:
    """A file that always holds a complete, recent state.

    Attributes:
        path: the file; written beside and renamed, so a kill never leaves half of it.
        every_s: seconds between saves.
        every_steps: steps between saves instead, if given.
    """

    path: Path
    every_s: float = 30.0
    every_steps: int | None = None
    _last_save: float = field(default_factory=time.monotonic)

    def save_if_due(self, state: TrainingState, fingerprint: str) -> None:
        """Save the state when the last save is old enough."""
        if self.every_steps is not None:
            due = state.step % self.every_steps == 0
        else:
            due = time.monotonic() - self._last_save >= self.every_s
        if not due:
            return
        with atomic_path(self.path) as temporary:
            torch.save({"fingerprint": fingerprint, **state.content()}, temporary)
        self._last_save = time.monotonic()

    def restore(self, state: TrainingState, fingerprint: str) -> None:
        """Go on from the file, if it is there and of the same data, parameters and code."""
        if not self.path.exists():
            return
        try:
            content = load_plain(self.path)
            written_for = content["fingerprint"]
        except Exception as error:  # an unreadable checkpoint only costs time
            logger.warning("%s cannot be read (%s); training from the start", self.path, error)
            return
        if written_for != fingerprint:
            logger.info("%s belongs to other data, parameters or code; starting anew", self.path)
            return
        state.restore(content)
        logger.info("going on from step %d (%s)", state.step, self.path)

    def remove(self) -> None:
        """Delete the file once the trained encoder is saved."""
        self.path.unlink(missing_ok=True)
