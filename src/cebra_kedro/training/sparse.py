"""The first layer of a network on a recording that is mostly zeros, as spike counts are.

A bin of 8 ms holds a spike in a few per cent of the neurons. The product of such a window with the
weights is a sum over its spikes, and so is the gradient of the weights: the same numbers, but for
the order of their sums, for a small part of the work of dense products.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 (torch's own abbreviation)
from scipy.sparse import csr_array

# So that the values that are not zero, 8 bytes each, take at most 0.8 bytes per value.
MAX_NONZERO_SHARE = 0.1
# Measured (benchmarks/first_layer.py); with gradients, on two cores.
_NS_PER_BIN, _NS_PER_NONZERO, _NS_PER_PRODUCT = 30.0, 6.0, 0.03


def is_sparse(neural: np.ndarray) -> bool:
    """Whether few values are not zero: sums over them that are known beforehand are cheap."""
    return _nonzero_share(neural) <= MAX_NONZERO_SHARE


def is_sparse_enough_to_look_up(neural: np.ndarray, n_channels: int) -> bool:
    """Whether sums that have to be found anew at each step are cheaper than products, by half.

    Args:
        neural: array (time, neuron).
        n_channels: outputs of the first layer.
    """
    share, n_neurons = _nonzero_share(neural), neural.shape[1]
    sums = _NS_PER_BIN + _NS_PER_NONZERO * n_neurons * share
    products = _NS_PER_PRODUCT * n_neurons * n_channels
    return share <= MAX_NONZERO_SHARE and 2 * sums <= products


def _nonzero_share(neural: np.ndarray) -> float:
    return np.count_nonzero(neural) / max(neural.size, 1)


class SparseRecording:
    """The values of a recording that are not zero, 6 or 8 bytes each.

    Args:
        neural: array (time, neuron).
        dtype: bfloat16 or float32, what is added up; of either, sums are found in float32.
    """

    def __init__(self, neural: np.ndarray, dtype: torch.dtype = torch.float32) -> None:
        n_time, n_neurons = neural.shape
        place = np.flatnonzero(neural)
        value = neural.reshape(-1)[place].astype(np.float32)
        neuron = (place % n_neurons).astype(np.int32)
        start = np.searchsorted(place, n_neurons * np.arange(n_time + 1))
        if len(place) < 2**31:
            start = start.astype(np.int32)  # else scipy makes all indices of 8 bytes
        if dtype == torch.bfloat16:  # its bits: scipy only moves them
            value = torch.from_numpy(value).to(dtype).view(torch.int16).numpy()
        self.values = csr_array((value, neuron, start), shape=neural.shape)


class SparseWindows:
    """Windows (row, neuron, 1, time) of a sparse recording, as input of a first layer.

    Args:
        recording: what the windows are of.
        begin: int64 array (row,), first bin of each window; windows may overlap.
        length: bins of a window.
        step: distance of these bins in the recording.
    """

    def __init__(
        self, recording: SparseRecording, begin: np.ndarray, length: int, step: int = 1
    ) -> None:
        self._recording, self._begin, self._length, self._step = recording, begin, length, step
        self._sums: dict[tuple[int, int], Sums] = {}
        self._thinned: dict[tuple[int, int], SparseWindows] = {}

    @property
    def nbytes(self) -> int:
        """Memory of the sums found so far."""
        return sum(sums.nbytes for sums in self._sums.values()) + sum(
            thinned.nbytes for thinned in self._thinned.values()
        )

    def every(self, step: int, length: int) -> SparseWindows:
        """Every ``step``-th bin of each window, ``length`` of them."""
        key = step, length
        if key not in self._thinned:
            thinned = SparseWindows(self._recording, self._begin, length, step * self._step)
            self._thinned[key] = thinned
        return self._thinned[key]

    def convolve(self, weight: torch.Tensor, stride: int = 1) -> torch.Tensor:
        """``conv1d`` of the windows: (row, channel, 1, time).

        Args:
            weight: (channel, neuron, kernel).
            stride: bins from one output to the next.
        """
        n_channels, n_neurons, kernel = weight.shape
        sums = self.sums(kernel, stride)
        table = weight.permute(2, 1, 0).reshape(kernel * n_neurons, n_channels).contiguous()
        output: torch.Tensor = _Product.apply(table, sums)
        return output.view(-1, sums.n_outputs, n_channels).transpose(1, 2)[:, :, None, :]

    def sums(self, kernel: int, stride: int) -> Sums:
        """What the outputs of a convolution are sums of; found once."""
        key = kernel, stride
        if key not in self._sums:
            self._sums[key] = self._find_sums(kernel, stride)
        return self._sums[key]

    def _find_sums(self, kernel: int, stride: int) -> Sums:
        values = self._recording.values
        n_neurons = values.shape[1]
        n_outputs = (self._length - kernel) // stride + 1
        offset = stride * np.arange(n_outputs)[:, None] + np.arange(kernel)
        bins = (self._begin[:, None] + self._step * offset.ravel()).ravel()
        chosen = values[bins]  # (row · output · kernel, neuron)
        first = np.tile(n_neurons * np.arange(kernel, dtype=np.int32), bins.size // kernel)
        entry = chosen.indices + np.repeat(first, np.diff(chosen.indptr))
        shape = (bins.size // kernel, kernel * n_neurons)
        matrix = csr_array((chosen.data, entry, chosen.indptr[::kernel]), shape)
        return Sums(n_outputs, _Bags.of(matrix), _Bags.of(matrix.T.tocsr()))


@dataclass(frozen=True, eq=False)
class _Bags:
    """A sparse matrix: row i has ``value`` at columns ``column``, from ``start[i]`` on."""

    column: torch.Tensor
    value: torch.Tensor
    start: torch.Tensor

    @classmethod
    def of(cls, matrix: csr_array) -> _Bags:
        column, start = (np.asarray(part, np.int32) for part in (matrix.indices, matrix.indptr))
        value = torch.from_numpy(matrix.data)
        if value.dtype == torch.int16:
            value = value.view(torch.bfloat16)
        return cls(torch.from_numpy(column), value, torch.from_numpy(start))

    @property
    def nbytes(self) -> int:
        """Memory of the matrix."""
        return self.column.nbytes + self.value.nbytes + self.start.nbytes

    def __matmul__(self, table: torch.Tensor) -> torch.Tensor:
        return F.embedding_bag(
            self.column,
            table.to(self.value.dtype),
            self.start,
            mode="sum",
            per_sample_weights=self.value,
            include_last_offset=True,
        )


@dataclass(frozen=True, eq=False)
class Sums:
    """What the outputs of a convolution are sums of.

    Attributes:
        n_outputs: bins of the output.
        forward: matrix (row · output, kernel · neuron) of the values that are not zero.
        backward: its transpose.
    """

    n_outputs: int
    forward: _Bags
    backward: _Bags

    @property
    def nbytes(self) -> int:
        """Memory of both."""
        return self.forward.nbytes + self.backward.nbytes


class _Product(torch.autograd.Function):
    """A sparse matrix times a dense one, in the type of the former."""

    @staticmethod
    def forward(ctx: Any, table: torch.Tensor, sums: Sums) -> torch.Tensor:
        ctx.sums, ctx.dtype = sums, table.dtype
        return sums.forward @ table.detach()  # else embedding_bag prepares a gradient of its own

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, None]:
        return (ctx.sums.backward @ gradient.contiguous()).to(ctx.dtype), None
