"""The parameters of a training as one array: one update a step instead of one for each of them.

Encoders have a dozen small parameters, for which an optimiser's calls take longer than its numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

_ALIGNED = 16  # each parameter begins at a multiple of 64 bytes, as products like it


class FlatParameters:
    """Parameters, and their gradients, as parts of one array each.

    Modules go on using their parameters, which share the memory of :attr:`values`, each in the
    order in which it lay in memory before.

    Args:
        parameters: float32, on one device, at least one; without gaps in memory.
    """

    def __init__(self, parameters: Sequence[torch.nn.Parameter]) -> None:
        ends, total = [], 0
        for one in parameters:
            ends.append(total + one.numel())
            total = -(-ends[-1] // _ALIGNED) * _ALIGNED
        flat = parameters[0].new_zeros(total)
        self.values = torch.nn.Parameter(flat)
        self.values.grad = torch.zeros_like(flat)
        self._parts: list[tuple[torch.nn.Parameter, torch.Tensor]] = []
        for one, end in zip(parameters, ends, strict=True):
            place, gradient = (
                whole.as_strided(one.shape, one.stride(), end - one.numel())
                for whole in (flat, self.values.grad)
            )
            place.copy_(one.detach())
            one.data = place
            self._parts.append((one, gradient))

    def clear_gradients(self) -> None:
        """Let the next backward pass add to zeros."""
        assert self.values.grad is not None
        self.values.grad.zero_()
        for parameter, gradient in self._parts:
            parameter.grad = gradient
