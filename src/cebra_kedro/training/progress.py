"""How far a training is, and the watch that stops it on a loss that is not finite."""

from __future__ import annotations

import time

import torch
from tqdm.auto import tqdm

from cebra_kedro import progress
from cebra_kedro.training.config import TrainingConfig
from cebra_kedro.training.loss import goodness_of_fit_bits

_REPORT_EVERY_S = 0.5


class TrainingError(RuntimeError):
    """Training cannot go on; the message names the step and the likely cause."""


class TrainingProgress:
    """Step, loss, bits, learning rate, speed and time left.

    Losses stay on the device; they are read only when a report is due, so that no step waits. It
    goes to whoever listens (``progress``), else onto a bar.

    Args:
        name: what is trained; None shows no bar.
        config: the training configuration.
        first_step: where a resumed run begins.
        n_sessions: sessions trained together.
    """

    def __init__(
        self, name: str | None, config: TrainingConfig, first_step: int = 0, n_sessions: int = 1
    ) -> None:
        self._config = config
        self._n_negatives = config.n_negatives * n_sessions
        self._checked = 0
        self._due = time.perf_counter() + _REPORT_EVERY_S
        self._bar = tqdm(
            total=config.steps,
            initial=first_step,
            desc=name,
            unit="step",
            leave=False,
            disable=None if name is not None and not progress.someone_listens() else True,
        )

    def __enter__(self) -> TrainingProgress:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def update(self, done: int, losses: torch.Tensor, rate: float) -> None:
        """Show the state after ``done`` steps, when the last report is old enough."""
        now = time.perf_counter()
        if now < self._due:
            return
        self.check(done, losses)
        loss = float(losses[done - 1].sum())
        bits = goodness_of_fit_bits(loss, self._n_negatives, self._config.n_objectives)
        state = f"loss {loss:.3f}, {bits:.2f} bits"
        progress.advance_piece(done, self._config.steps, state)
        self._bar.set_postfix_str(f"{state}, lr {rate:.1e}", refresh=False)
        self._bar.update(done - self._bar.n)
        self._due = now + _REPORT_EVERY_S

    def check(self, done: int, losses: torch.Tensor) -> None:
        """Stop if a loss since the last check is not finite.

        Raises:
            TrainingError: names the first such step and the likely cause.
        """
        bad = torch.nonzero(~torch.isfinite(losses[self._checked : done]))[:, 0]
        first, self._checked = self._checked, done
        if len(bad) == 0:
            return
        step = first + int(bad[0])
        raise TrainingError(
            f"the loss is {float(losses[step].sum())} at step {step} of {self._config.steps}; "
            + self._likely_cause(step)
        )

    def _likely_cause(self, step: int) -> str:
        if step == 0:
            return (
                "no weight has changed yet, so the likely cause is a NaN, infinite or huge value "
                "in the recording; remove or interpolate it, or rescale the recording"
            )
        optimizer, loss = self._config.optimizer, self._config.loss
        return (
            f"the likely cause is a learning rate ({optimizer.learning_rate}) too high for the "
            f"temperature ({loss.temperature}), or a NaN, infinite or huge value in the recording; "
            "lower learning_rate, set clip_norm, raise temperature, or rescale the recording"
        )
