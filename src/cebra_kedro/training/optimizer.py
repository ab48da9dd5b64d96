"""Adam and AdamW on the one array of all parameters, by the functions behind torch's classes.

The classes ``torch.optim.Adam`` and ``AdamW`` give the same bits. But the first that a process
makes imports ``torch._dynamo`` for a second, and a step takes them 0.2 ms besides its numbers.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.optim.adam import adam
from torch.optim.adamw import adamw

from cebra_kedro.training.config import OptimizerConfig

_EPSILON = 1e-8  # as by default in torch


class Optimizer:
    """What moves the parameters, and what it remembers of their gradients.

    Args:
        parameter: one array with its gradient, float32.
        config: name, betas and weight decay; the learning rate is given at each step.
    """

    def __init__(self, parameter: torch.nn.Parameter, config: OptimizerConfig) -> None:
        self._parameter, self._config = parameter, config
        self._update = {"adam": adam, "adamw": adamw}[config.name]
        self._mean = torch.zeros_like(parameter, requires_grad=False)
        self._mean_square = torch.zeros_like(self._mean)
        self._is_fused = parameter.device.type in ("cpu", "cuda")
        # Where the kernel is not one, torch reads the number at each step.
        self._steps = torch.zeros((), device=parameter.device if self._is_fused else "cpu")

    @torch.no_grad()
    def step(self, learning_rate: float | torch.Tensor) -> None:
        """Move the parameters by their gradient."""
        assert self._parameter.grad is not None
        beta1, beta2 = self._config.betas
        self._update(
            [self._parameter],
            [self._parameter.grad],
            [self._mean],
            [self._mean_square],
            [],
            [self._steps],
            foreach=False,
            fused=self._is_fused,
            amsgrad=False,
            beta1=beta1,
            beta2=beta2,
            lr=learning_rate,
            weight_decay=self._config.weight_decay,
            eps=_EPSILON,
            maximize=False,
        )

    def state_dict(self) -> dict[str, Any]:
        """What is remembered, as tensors."""
        return {"mean": self._mean, "mean_square": self._mean_square, "steps": self._steps}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what was remembered."""
        for name, own in self.state_dict().items():
            own.copy_(state[name])
