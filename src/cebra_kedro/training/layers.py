"""The forwards of cebra's layers as they run here; parameters, names and numbers stay cebra's.

Convolutions run channels-last (time × neuron, as recordings are stored), several times faster on
CPUs than ``torch.nn.Conv1d`` as it stands. First layers also take windows of which only the values
that are not zero are known (``sparse``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import torch
import torch.nn.functional as F  # noqa: N812 (torch's own abbreviation)

from cebra_kedro.training.functions import convolved_by_shifts, crop, residual, unit_norm
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
        return output if bias is None else output + bias[:, None, None].to(output.dtype)
    n_rows, _, _, length = inputs.shape
    n_channels, _, kernel = weight.shape
    if length == kernel:  # one output: a matrix product
        flat = inputs.permute(0, 2, 3, 1).reshape(n_rows, -1)
        weight = weight.permute(0, 2, 1).reshape(n_channels, -1)
        return _linear(flat, weight, bias)[:, :, None, None]
    if stride == 1 and len(inputs) == 1 and _is_plain(inputs) and not onednn_is_faster():
        return convolved_by_shifts(inputs, weight, bias)
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
            torch.nn.Conv1d(stride=(1,), bias=torch.Tensor() as bias) as layer,
            torch.nn.GELU(approximate="none"),
        ] if _is_plain(inputs):
            return residual(inputs, layer.weight, bias, begin)
    skipped = module.module(inputs)
    if inputs.dim() != 4:
        return inputs[..., module.crop] + skipped
    return crop(inputs, begin, inputs.shape[-1] - skipped.shape[-1] - begin) + skipped


def _normalise(_: torch.nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    """Unit norm along the channels, as cebra's ``_Norm``; its ``torch.norm`` is slow on few."""
    return unit_norm(inputs)


def _normalise_each(
    module: torch.nn.Module, widths: tuple[int, ...], inputs: torch.Tensor
) -> torch.Tensor:
    """The same of each piece along the channels."""
    return torch.cat([_normalise(module, piece) for piece in inputs.split(widths, dim=1)], dim=1)
