"""Products of float32 matrices on CPUs, by the faster of the two libraries that torch has for them.

Torch leaves them to MKL, which uses half the width of AMD's AVX-512, and convolutions to oneDNN,
which uses all of it: there, oneDNN takes 0.4 to 0.5 of MKL's time (``benchmarks/products.py``).
"""

from __future__ import annotations

from functools import cache
from typing import Any

import torch

ROWS_OF_ONE_SIZE = 64
"""For each new number of rows, oneDNN prepares products anew, which takes longer than they do."""


@cache
def onednn_is_faster() -> bool:
    """Whether oneDNN is worth calling for products and their gradients: where there is AVX-512.

    With AVX2, its products are no faster, and gradients of its convolutions take five times as long
    as the convolutions.
    """
    has_it = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")
    return has_it and torch.backends.cpu.get_cpu_capability() == "AVX512"


def times_transposed(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """``left @ right.T`` with gradients of any order: (row, inner), (column, inner).

    Args:
        left: float32 on a CPU to be fast; others are left to torch.
        right: the same.
    """
    if not is_for_onednn(left, right):
        return left @ right.T
    found: torch.Tensor = _TimesTransposed.apply(_packed(left), _packed(right))
    return found


def _packed(matrix: torch.Tensor) -> torch.Tensor:
    """Without gaps in memory: with them, oneDNN takes a way that is a hundred times slower."""
    is_packed = matrix.is_contiguous() or matrix.T.is_contiguous()
    return matrix if is_packed else matrix.contiguous()


def is_for_onednn(left: torch.Tensor, right: torch.Tensor) -> bool:
    """Whether both are float32 on a CPU where oneDNN is faster, and nothing is to be cast."""
    plain = all(one.dtype == torch.float32 and one.device.type == "cpu" for one in (left, right))
    there = left.numel() > 0 and right.numel() > 0
    return plain and there and onednn_is_faster() and not torch.is_autocast_enabled("cpu")


class _TimesTransposed(torch.autograd.Function):
    """The product by oneDNN, and its gradients as such products."""

    @staticmethod
    def forward(ctx: Any, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(left, right)
        found: torch.Tensor = torch.ops.mkldnn._linear_pointwise(left, right, None, "none", [], "")
        return found

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        left, right = ctx.saved_tensors
        of_left = of_right = None
        if ctx.needs_input_grad[0]:
            of_left = times_transposed(gradient, right.T)
        if ctx.needs_input_grad[1]:
            of_right = times_transposed(gradient.T, left.T)
        return of_left, of_right
