"""cebra's registered networks: built from a seed, and evaluated the cheap way for a batch.

A fully convolutional network can embed a whole recording in one pass; where the windows of a
batch would cover the recording anyway, that pass is cheaper than the windows. Convolutions run
channels-last (time × neuron, as recordings are stored), several times faster on CPUs than
``torch.nn.Conv1d`` as it stands, with the same parameters.
"""

from __future__ import annotations

import abc
import difflib
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 (torch's own abbreviation)

from cebra_kedro.training.config import EncoderConfig


@dataclass(frozen=True)
class Window:
    """Receptive field of a network: bins before a row, and from the row on."""

    left: int
    right: int

    @property
    def length(self) -> int:
        """Bins of the receptive field."""
        return self.left + self.right


def known_architectures() -> list[str]:
    """Names in cebra's registry that map a window to an embedding (classifiers are left out)."""
    import cebra.models

    return sorted(name for name in cebra.models.get_options() if not name.startswith("supervised"))


def build_network(config: EncoderConfig, n_neurons: int, seed: int) -> torch.nn.Module:
    """A freshly initialised network; the global random state is left as it was.

    Raises:
        ValueError: the architecture is not registered; the message lists similar names.
    """
    import cebra.models

    names = known_architectures()
    if config.architecture not in names:
        similar = difflib.get_close_matches(config.architecture, names, n=3)
        hint = f"did you mean {' or '.join(similar)}? " if similar else ""
        usual = [name for name in names if "-mse-" not in name]  # a hundred further variants
        raise ValueError(
            f"encoder.architecture must be registered by cebra, got {config.architecture!r}; "
            f"{hint}Known are {', '.join(usual)} and variants of offset1-model-mse"
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = cebra.models.init(
            config.architecture, n_neurons, config.hidden_units, config.output_dimension
        )
    _run_channels_last(network)
    return network


def window_of(network: torch.nn.Module) -> Window:
    """The network's receptive field."""
    offset = network.get_offset()  # type: ignore[operator]
    return Window(left=int(offset.left), right=int(offset.right))


def is_convolutional(network: torch.nn.Module) -> bool:
    """Whether the network can be slid over a whole series."""
    import cebra.models.model as cebra_models

    return isinstance(network, cebra_models.ConvolutionalModelMixin)


def bins_per_output(network: torch.nn.Module) -> int:
    """How far a network that is slid over a series moves from one output to the next, in bins."""
    import cebra.models.model as cebra_models

    if isinstance(network, cebra_models.ResampleModelMixin):
        return int(network.resample_factor)
    return 1


def has_dropout(network: torch.nn.Module) -> bool:
    """Whether the network draws random numbers while it trains."""
    kinds = (torch.nn.Dropout, torch.nn.Dropout1d)
    return any(isinstance(module, kinds) for module in network.modules())


def embed_windows(network: torch.nn.Module, windows: torch.Tensor) -> torch.Tensor:
    """Windows (row, time, neuron) of the receptive field's length → embedding (row, dim)."""
    if not _has_convolution(network):
        return network(windows.transpose(1, 2))  # (row, neuron, 1): one bin, flattened
    output = network(windows.transpose(1, 2)[:, :, None, :])
    return output.flatten(start_dim=1)


def embed_series(network: torch.nn.Module, series: torch.Tensor) -> torch.Tensor:
    """A whole series (time, neuron) → (time − window + 1, dim); convolutional networks only.

    A network that resamples is slid over it once from each of its first bins, and the outputs take
    turns.
    """
    step, length = bins_per_output(network), window_of(network).length
    starts = range(min(step, len(series) - length + 1))
    outputs = [network(series[start:].T[None, :, None, :])[0].T for start in starts]
    if step == 1:
        return outputs[0]
    embedding = series.new_empty(len(series) - length + 1, outputs[0].shape[1])
    for start, output in zip(starts, outputs, strict=True):
        embedding[start::step] = output
    return embedding


class BatchEmbedder(Protocol):
    """Embeds chosen rows of one recording with the network's current weights."""

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        """Rows (row,) of the recording → embedding (row, dim)."""
        ...


def batch_embedder(
    network: torch.nn.Module,
    neural: np.ndarray,
    rows_per_step: int,
    device: torch.device,
    *,
    clamp: bool = False,
    dtype: torch.dtype = torch.float32,
) -> BatchEmbedder:
    """The cheaper way to embed about ``rows_per_step`` rows of the recording at each step.

    Args:
        network: on ``device``.
        neural: array (time, neuron); a ``numpy.memmap`` is read window by window.
        rows_per_step: rows drawn at a step, repetitions included.
        device: where the network is.
        clamp: windows that reach over the ends of the recording are shifted inside, as in cebra.
        dtype: what the activity is converted to.
    """
    window = window_of(network)
    n_anchors = len(neural) - window.length + 1
    # Drawing n of m rows with replacement gives about m (1 - exp(-n / m)) different ones. A
    # series costs about as much as windows that cover it 1.7 times: deeper layers need fewer bins.
    distinct = n_anchors * -np.expm1(-rows_per_step / n_anchors)
    covers = distinct * window.length > 1.7 * len(neural)
    # Dropout drops channels of a row; in a series, one draw would hold for all windows.
    # Resampling networks go over a series several times.
    in_one_pass = (
        is_convolutional(network) and bins_per_output(network) == 1 and not has_dropout(network)
    )
    kind = _SeriesEmbedder if in_one_pass and covers else _WindowEmbedder
    return kind(network, neural, window, device, clamp, dtype)


class _Embedder(abc.ABC):
    """What both ways share: where the window of a row begins."""

    def __init__(
        self,
        network: torch.nn.Module,
        neural: np.ndarray,
        window: Window,
        device: torch.device,
        clamp: bool,
        dtype: torch.dtype,
    ) -> None:
        self._network = network
        self._dtype = dtype
        self._window = window
        self._device = device
        self._last = len(neural) - window.length if clamp else None
        self._prepare(neural)

    @abc.abstractmethod
    def _prepare(self, neural: np.ndarray) -> None:
        """Put the recording where the network is, or leave it where it lies."""

    def _begin(self, rows: torch.Tensor) -> torch.Tensor:
        begin = rows - self._window.left
        return begin if self._last is None else begin.clamp(0, self._last)


class _SeriesEmbedder(_Embedder):
    """One convolution over the whole recording, then the wanted rows."""

    def _prepare(self, neural: np.ndarray) -> None:
        self._series = torch.from_numpy(np.array(neural, np.float32)).to(self._device)

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        embedding = embed_series(self._network, self._series)
        return embedding.index_select(0, self._begin(rows).to(self._device))


class _WindowEmbedder(_Embedder):
    """The windows around the wanted rows, gathered from the recording as it is stored."""

    def _prepare(self, neural: np.ndarray) -> None:
        self._reach = torch.arange(self._window.length)
        self._native = neural.dtype.newbyteorder("=")  # torch knows no other byte order
        self._mapped = neural if isinstance(neural, np.memmap) else None
        if self._mapped is None:
            # a recording's arrays are read-only views; torch only reads this one
            self._stored = torch.from_numpy(np.require(neural, self._native, "W")).to(self._device)
            self._reach = self._reach.to(self._device)

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        index = self._begin(rows).to(self._reach.device)[:, None] + self._reach
        if self._mapped is None:
            windows = self._stored[index]
        else:
            read = np.asarray(self._mapped[index.numpy()], self._native)
            windows = torch.from_numpy(read).to(self._device)
        return embed_windows(self._network, windows.to(self._dtype))


def _has_convolution(network: torch.nn.Module) -> bool:
    return any(isinstance(module, torch.nn.Conv1d) for module in network.modules())


def _run_channels_last(network: torch.nn.Module) -> None:
    """Let the network take (row, neuron, 1, time) over memory laid out (row, time, neuron).

    The modules stay what they are (parameters, names, state dict); only forwards change.
    """
    from cebra.models.layers import _MeanAndConv, _Norm, _Skip

    for module in network.modules():
        if isinstance(module, torch.nn.Conv1d):
            module.forward = partial(_convolve, module)  # type: ignore[method-assign]
        elif isinstance(module, torch.nn.Dropout1d):
            module.forward = partial(_drop_channels, module)  # type: ignore[method-assign]
        elif isinstance(module, _MeanAndConv):
            module.forward = partial(_thin_and_convolve, module)
        elif isinstance(module, _Skip):
            module.forward = partial(_skip, module)
        elif isinstance(module, _Norm):
            module.forward = _normalise


def _convolve(module: torch.nn.Conv1d, inputs: torch.Tensor) -> torch.Tensor:
    """``Conv1d`` on (row, channel, 1, time); three-dimensional inputs as ever."""
    if inputs.dim() == 3:
        return torch.nn.Conv1d.forward(module, inputs)
    n_rows, _, _, length = inputs.shape
    if length == module.kernel_size[0]:  # one output: a matrix product
        flat = inputs.permute(0, 2, 3, 1).reshape(n_rows, -1)
        weight = module.weight.permute(0, 2, 1).reshape(module.out_channels, -1)
        return F.linear(flat, weight, module.bias)[:, :, None, None]
    weight = module.weight[:, :, None, :]
    return F.conv2d(inputs, weight, module.bias, stride=(1, module.stride[0]))


def _drop_channels(module: torch.nn.Dropout1d, inputs: torch.Tensor) -> torch.Tensor:
    """``Dropout1d`` on (row, channel, 1, time): whole channels of a row."""
    return F.dropout2d(inputs, module.p, module.training)


def _skip(module: Any, inputs: torch.Tensor) -> torch.Tensor:
    """The forward of cebra's ``_Skip``, with gradients that stay channels-last."""
    skipped = module.module(inputs)
    if inputs.dim() != 4:
        return inputs[..., module.crop] + skipped
    begin = module.crop.start
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


def _normalise(inputs: torch.Tensor) -> torch.Tensor:
    """Unit norm along the channels, as cebra's ``_Norm``; its ``torch.norm`` is slow on few."""
    return inputs / inputs.square().sum(dim=1, keepdim=True).sqrt()


def _thin_and_convolve(module: torch.nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    """Cebra's ``_MeanAndConv``: a strided convolution beside every n-th input.

    ``interpolate`` by 1 / n takes every n-th bin; a slice is the same without the detour.
    """
    connected = module.layer(inputs)  # type: ignore[operator]
    step = module.downsample
    thinned = inputs[..., : step * connected.shape[-1] : step]
    return torch.cat([connected, thinned], dim=1)
