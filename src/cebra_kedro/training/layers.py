"""The forwards of cebra's layers as they run here; parameters, names and numbers stay cebra's.

Convolutions run channels-last (time × neuron, as recordings are stored), several times faster on
CPUs than ``torch.nn.Conv1d`` as it stands. First layers also take windows of which only the values
that are not zero are known (``sparse``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own abbreviation)

from cebra_kedro.training.products import is_for_onednn, onednn_is_faster, times_transposed
from cebra_kedro.training.sparse import SparseWindows


def run_channels_last(network: torch.nn.Module) -> None:
    """Let the network take (row, neuron, 1, time) over memory laid out (row, time, neuron).

    The modules stay what they are (parameters, names, state dict); only forwards change, and the
    order in memory of weights of convolutions: (channel out, kernel, channel in), as they are read.
    """
    from cebra.models.layers import _MeanAndConv, _Norm, _Skip

    forwards: dict[type[torch.nn.Module], Any] = {
        torch.nn.Conv1d: _convolve,
        torch.nn.Linear: _transform,
        torch.nn.Flatten: _flatten,
        torch.nn.Dropout1d: _drop_channels,
        _MeanAndConv: _thin_and_convolve,
        _Skip: _skip,
        _Norm: _normalise,
    }
    for module in network.modules():
        if type(module) in forwards:
            module.forward = partial(forwards[type(module)], module)
        if type(module) is torch.nn.Conv1d:
            _store_in_order(module.weight, (0, 2, 1))


def store_for_sums(network: torch.nn.Module) -> None:
    """Let the weight of the first layer lie in memory as the table of which sums are taken."""
    layer = next(_weighted_layers(network))
    weight = cast(torch.Tensor, getattr(layer, "layer", layer).weight)  # of a _MeanAndConv, within
    _store_in_order(weight, (2, 1, 0) if weight.dim() == 3 else (1, 0))


def _store_in_order(weight: torch.Tensor, order: tuple[int, ...]) -> None:
    """Store a weight with its dimensions in this order, the last of them side by side."""
    back = torch.tensor(order).argsort().tolist()
    weight.data = weight.data.permute(order).contiguous().permute(back)


def normalise_pieces(network: torch.nn.Module, widths: tuple[int, ...]) -> None:
    """Let the last layer give pieces of the embedding unit norm, each on its own.

    Raises:
        ValueError: the output of the network is not normalised.
    """
    from cebra.models.layers import _Norm

    norms = [module for module in network.modules() if type(module) is _Norm]
    if not norms:
        raise ValueError(
            f"{type(network).__name__} has no normalised output, whose parts could be normalised; "
            "choose another architecture, or say renormalise: false"
        )
    for module in norms:
        module.forward = partial(_normalise_each, module, widths)


def channels_of_first_layer(network: torch.nn.Module) -> int | None:
    """Outputs of the first layer; None if it cannot add up what is not zero."""
    from cebra.models.layers import _MeanAndConv
    from cebra.models.model import _OffsetModel

    if getattr(type(network), "forward", None) is not _OffsetModel.forward:
        return None  # it may do something else with its input first
    match next(_weighted_layers(network), None):
        case torch.nn.Conv1d() as layer:
            return layer.out_channels
        case torch.nn.Linear() as layer:
            return layer.out_features
        case _MeanAndConv() as layer:
            return layer.layer.out_channels
    return None


def find_sums(network: torch.nn.Module, windows: SparseWindows) -> None:
    """Find what the first layers will add up, before it is their turn."""
    from cebra.models.layers import _MeanAndConv

    layers = _weighted_layers(network)
    first = next(layers)
    if isinstance(first, _MeanAndConv):
        n_outputs = windows.sums(*_kernel(first.layer)).n_outputs
        windows, first = windows.every(first.downsample, n_outputs), next(layers)
    windows.sums(*_kernel(first))


def _weighted_layers(network: torch.nn.Module) -> Iterator[torch.nn.Module]:
    layers = cast(torch.nn.Sequential, network.net)
    return (layer for layer in layers if not isinstance(layer, torch.nn.Flatten))


def _kernel(layer: torch.nn.Module) -> tuple[int, int]:
    """Bins that an output sees, and bins from one output to the next."""
    if isinstance(layer, torch.nn.Conv1d):
        return layer.kernel_size[0], layer.stride[0]
    return 1, 1


@dataclass(frozen=True, eq=False)
class _Beside:
    """Channels of one input followed by those of another, without a copy of both.

    The next layer adds up its products with both. Apart, the second, which is part of the
    recording, takes no gradient.
    """

    first: torch.Tensor
    second: torch.Tensor | SparseWindows


_Input = torch.Tensor | SparseWindows | _Beside


def _convolve(module: torch.nn.Conv1d, inputs: _Input) -> torch.Tensor:
    """``Conv1d`` on (row, channel, 1, time); three-dimensional inputs as ever."""
    if isinstance(inputs, torch.Tensor) and inputs.dim() == 3:
        return torch.nn.Conv1d.forward(module, inputs)
    return _products(inputs, module.weight, module.bias, module.stride[0])


def _transform(module: torch.nn.Linear, inputs: _Input) -> torch.Tensor:
    """``Linear`` on (row, channel), or on one bin of (row, channel, 1, time)."""
    if isinstance(inputs, torch.Tensor):
        return _linear(inputs, module.weight, module.bias)
    return _products(inputs, module.weight[:, :, None], module.bias, 1).flatten(start_dim=1)


def _flatten(module: torch.nn.Flatten, inputs: _Input) -> _Input:
    """``Flatten``; what is no tensor is flat already."""
    return torch.nn.Flatten.forward(module, inputs) if isinstance(inputs, torch.Tensor) else inputs


def _products(
    inputs: _Input, weight: torch.Tensor, bias: torch.Tensor | None, stride: int
) -> torch.Tensor:
    """A convolution: weight (channel out, channel in, kernel) → (row, channel out, 1, time)."""
    if isinstance(inputs, _Beside):
        border = inputs.first.shape[1]
        return _products(inputs.first, weight[:, :border], bias, stride) + _products(
            inputs.second, weight[:, border:], None, stride
        )
    if isinstance(inputs, SparseWindows):
        output = inputs.convolve(weight, stride)
        return output if bias is None else output + bias[:, None, None]
    n_rows, _, _, length = inputs.shape
    n_channels, _, kernel = weight.shape
    if length == kernel:  # one output: a matrix product
        flat = inputs.permute(0, 2, 3, 1).reshape(n_rows, -1)
        weight = weight.permute(0, 2, 1).reshape(n_channels, -1)
        return _linear(flat, weight, bias)[:, :, None, None]
    if stride == 1 and len(inputs) == 1 and _is_plain(inputs) and not onednn_is_faster():
        return _Shifted.apply(inputs, weight, bias)
    return F.conv2d(inputs, weight[:, :, None, :], bias, stride=(1, stride))


def _linear(rows: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    """``F.linear`` of rows (row, channel in): (row, channel out)."""
    if rows.dim() != 2 or not is_for_onednn(rows, weight):
        return F.linear(rows, weight, bias)
    output = times_transposed(rows, weight)
    return output if bias is None else output + bias


def _is_plain(inputs: torch.Tensor) -> bool:
    """Whether inputs are (row, channel, 1, time) of float32 products on a CPU."""
    here = inputs.device.type == "cpu" and inputs.dtype == torch.float32
    return inputs.dim() == 4 and here and not torch.is_autocast_enabled("cpu")


class _Shifted(torch.autograd.Function):
    """A convolution of one long row and its gradients, a matrix product for each bin of the kernel.

    For CPUs without AVX-512: there, the gradients of oneDNN's convolution take five times as long
    as the convolution itself.
    """

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


class _Residual(torch.autograd.Function):
    """Rows (row, channel, 1, time), cut to size, plus the GELU of their convolution.

    As one function, the gradients of both ways are added up where they arise; as two, each fills
    an array of its own first.
    """

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


def _thin_and_convolve(module: Any, inputs: torch.Tensor | SparseWindows) -> torch.Tensor | _Beside:
    """Cebra's ``_MeanAndConv``: a strided convolution beside every n-th input.

    ``interpolate`` by 1 / n takes every n-th bin; a slice is the same without the detour.
    """
    connected, step = module.layer(inputs), module.downsample
    length = connected.shape[-1]
    if isinstance(inputs, SparseWindows):
        return _Beside(connected, inputs.every(step, length))
    thinned = inputs[..., : step * length : step]
    if inputs.dim() == 3:
        return torch.cat([connected, thinned], dim=1)
    return _Beside(connected, thinned)


def _drop_channels(module: torch.nn.Dropout1d, inputs: torch.Tensor) -> torch.Tensor:
    """``Dropout1d`` on (row, channel, 1, time): whole channels of a row."""
    return F.dropout2d(inputs, module.p, module.training)


def _skip(module: Any, inputs: torch.Tensor) -> torch.Tensor:
    """The forward of cebra's ``_Skip``, with gradients that stay channels-last."""
    begin = module.crop.start
    match list(module.module):
        case [
            torch.nn.Conv1d(stride=(1,), bias=torch.Tensor()) as layer,
            torch.nn.GELU(approximate="none"),
        ] if _is_plain(inputs):
            return _Residual.apply(inputs, layer.weight, layer.bias, begin)
    skipped = module.module(inputs)
    if inputs.dim() != 4:
        return inputs[..., module.crop] + skipped
    return _Crop.apply(inputs, begin, inputs.shape[-1] - skipped.shape[-1] - begin) + skipped


class _Crop(torch.autograd.Function):
    """Cut bins off both ends, with a gradient in the memory layout of the inputs.

    The gradient of a plain slice comes back in another layout, which makes every layer before it
    several times slower.
    """

    @staticmethod
    def forward(ctx: Any, inputs: torch.Tensor, begin: int, end: int) -> torch.Tensor:
        ctx.cut = (begin, end)
        return inputs[..., begin : inputs.shape[-1] - end]

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        return F.pad(gradient, ctx.cut), None, None


def _normalise(_: torch.nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    """Unit norm along the channels, as cebra's ``_Norm``; its ``torch.norm`` is slow on few."""
    normalised: torch.Tensor = _UnitNorm.apply(inputs)[0]
    return normalised


class _UnitNorm(torch.autograd.Function):
    """Inputs divided by their norm along the channels, and the norm.

    As one function, its gradient takes four passes over the array instead of ten. The norm is an
    output so that the gradient can be differentiated again (``jacobian``).
    """

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


def _normalise_each(
    module: torch.nn.Module, widths: tuple[int, ...], inputs: torch.Tensor
) -> torch.Tensor:
    """The same of each piece along the channels."""
    return torch.cat([_normalise(module, piece) for piece in inputs.split(widths, dim=1)], dim=1)
