"""Functions of layers whose gradients are written here, as torch's own take longer ways.

Rows are (row, channel, 1, time) over memory laid out (row, time, channel); stride 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own abbreviation)

from cebra_kedro.training.products import is_for_onednn


def convolved_by_shifts(
    inputs: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None
) -> torch.Tensor:
    """A convolution of one long row and its gradients, a matrix product for each bin of the kernel.

    For CPUs without AVX-512: there, the gradients of oneDNN's convolution take five times as long
    as the convolution itself.

    Args:
        inputs: (1, channel in, 1, time).
        weight: (channel out, channel in, kernel).
        bias: (channel out,) or None.
    """
    found: torch.Tensor = _Shifted.apply(inputs, weight, bias)
    return found


class _Shifted(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, inputs: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None
    ) -> torch.Tensor:
        ctx.save_for_backward(inputs, weight)
        return _convolved(inputs, weight, bias)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        inputs, weight = ctx.saved_tensors
        return _gradients(inputs, gradient, weight, ctx.needs_input_grad)


def residual(
    inputs: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, begin: int
) -> torch.Tensor:
    """Inputs, cut to size, plus the GELU of their convolution.

    As one function, the gradients of both ways are added up where they arise; as two, each fills
    an array of its own first.

    Args:
        inputs: (row, channel, 1, time).
        weight: (channel, channel, kernel).
        bias: (channel,).
        begin: the first bin that is kept of the inputs.
    """
    found: torch.Tensor = _Residual.apply(inputs, weight, bias, begin)
    return found


class _Residual(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, inputs: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, begin: int
    ) -> torch.Tensor:
        convolved = _convolved(inputs, weight, bias)
        ctx.save_for_backward(inputs, weight, bias, convolved)
        ctx.kept = slice(begin, begin + convolved.shape[-1])
        return F.gelu(convolved).add_(inputs[..., ctx.kept])

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        inputs, weight, bias, convolved = ctx.saved_tensors
        if torch.is_grad_enabled():  # the gradient will be differentiated by what this came from
            convolved = _convolved(inputs, weight, bias)
        of_convolved = torch.ops.aten.gelu_backward(gradient, convolved)
        found = _gradients(inputs, of_convolved, weight, ctx.needs_input_grad)
        if found[0] is not None:
            found[0][..., ctx.kept] += gradient
        return *found, None


def crop(inputs: torch.Tensor, begin: int, end: int) -> torch.Tensor:
    """Cut bins off both ends of (row, channel, 1, time), with a gradient in the inputs' layout.

    The gradient of a plain slice comes back in another layout, which makes every layer before it
    several times slower.
    """
    found: torch.Tensor = _Crop.apply(inputs, begin, end)
    return found


class _Crop(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, inputs: torch.Tensor, begin: int, end: int) -> torch.Tensor:
        ctx.cut = (begin, end)
        return inputs[..., begin : inputs.shape[-1] - end]

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        return F.pad(gradient, ctx.cut), None, None


def unit_norm(inputs: torch.Tensor) -> torch.Tensor:
    """Inputs (row, channel, …) divided by their norm along the channels.

    As one function, its gradient takes four passes over the array instead of ten; it can be
    differentiated again (``jacobian``).
    """
    found: torch.Tensor = _UnitNorm.apply(inputs)[0]
    return found


class _UnitNorm(torch.autograd.Function):
    """The norm is an output as well, so that the gradient can be differentiated again."""

    @staticmethod
    def forward(ctx: Any, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        norm = inputs.square().sum(dim=1, keepdim=True).sqrt_()
        normalised = inputs / norm
        ctx.save_for_backward(normalised, norm)
        ctx.set_materialize_grads(False)
        return normalised, norm

    @staticmethod
    def backward(
        ctx: Any, of_normalised: torch.Tensor | None, of_norm: torch.Tensor | None
    ) -> torch.Tensor | None:
        normalised, norm = ctx.saved_tensors
        found = None if of_norm is None else of_norm * normalised
        if of_normalised is not None:
            along = (of_normalised * normalised).sum(dim=1, keepdim=True)
            across = torch.addcmul(of_normalised, normalised, along, value=-1) / norm
            found = across if found is None else found + across
        return found


def _convolved(
    inputs: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None
) -> torch.Tensor:
    """Of (row, channel, 1, time), with stride 1."""
    if not _is_for_shifts(inputs, weight):
        return F.conv2d(inputs, weight[:, :, None], bias)
    rows, kernels = _as_rows(inputs), weight.permute(2, 0, 1).contiguous()
    n_outputs = len(rows) - len(kernels) + 1
    output = rows[:n_outputs] @ kernels[0].t()
    if bias is not None:
        output += bias
    for shift in range(1, len(kernels)):
        output.addmm_(rows[shift : shift + n_outputs], kernels[shift].t())
    return _as_row_of_bins(output)


def _gradients(
    inputs: torch.Tensor, gradient: torch.Tensor, weight: torch.Tensor, wanted: Sequence[bool]
) -> tuple[torch.Tensor | None, ...]:
    """Of inputs, weight and bias of such a convolution; None of what is not wanted."""
    if _is_for_shifts(gradient, weight):
        rows, pulls = _as_rows(inputs), _as_rows(gradient)
        return (
            _as_row_of_bins(_gradient_of_rows(rows, pulls, weight)) if wanted[0] else None,
            _gradient_of_weight(rows, pulls, weight) if wanted[1] else None,
            pulls.sum(dim=0) if wanted[2] else None,
        )
    of_inputs, of_weight, of_bias = torch.ops.aten.convolution_backward(
        gradient,
        inputs,
        weight[:, :, None],
        [len(weight)],
        stride=[1, 1],
        padding=[0, 0],
        dilation=[1, 1],
        transposed=False,
        output_padding=[0, 0],
        groups=1,
        output_mask=list(wanted[:3]),
    )
    return of_inputs, None if of_weight is None else of_weight[:, :, 0], of_bias


def _is_for_shifts(inputs: torch.Tensor, weight: torch.Tensor) -> bool:
    return len(inputs) == 1 and not is_for_onednn(inputs, weight)


def _as_rows(row_of_bins: torch.Tensor) -> torch.Tensor:
    """(1, channel, 1, time) → (time, channel), the order in memory."""
    return row_of_bins.permute(0, 2, 3, 1).reshape(row_of_bins.shape[-1], -1)


def _as_row_of_bins(rows: torch.Tensor) -> torch.Tensor:
    """(time, channel) → (1, channel, 1, time)."""
    return rows[None, None].permute(0, 3, 1, 2)


def _gradient_of_rows(
    rows: torch.Tensor, gradient: torch.Tensor, weight: torch.Tensor
) -> torch.Tensor:
    found = rows.new_zeros(rows.shape)
    for shift, kernel in enumerate(weight.permute(2, 0, 1).contiguous()):
        found[shift : shift + len(gradient)].addmm_(gradient, kernel)
    return found


def _gradient_of_weight(
    rows: torch.Tensor, gradient: torch.Tensor, weight: torch.Tensor
) -> torch.Tensor:
    n_outputs, kernel = len(gradient), weight.shape[2]
    found = [gradient.t() @ rows[shift : shift + n_outputs] for shift in range(kernel)]
    return torch.stack(found, dim=2)
