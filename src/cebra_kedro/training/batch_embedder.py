"""The cheapest way to embed the rows of a batch with the network's current weights.

What is needed of the recording is looked up ahead, in the thread that draws the pairs, where that
takes time: reading a file, or finding what is not zero.
"""

from __future__ import annotations

import abc
from typing import Any, Protocol

import numpy as np
import torch

from cebra_kedro.on_disk import OnDisk, Rows
from cebra_kedro.training.encoder import (
    bins_per_output,
    embed_windows,
    has_dropout,
    is_convolutional,
    window_of,
)
from cebra_kedro.training.layers import channels_of_first_layer, find_sums, store_for_sums
from cebra_kedro.training.products import ROWS_OF_ONE_SIZE, onednn_is_faster
from cebra_kedro.training.sparse import (
    SparseRecording,
    SparseWindows,
    is_sparse,
    is_sparse_enough_to_look_up,
)


class BatchEmbedder(Protocol):
    """Embeds chosen rows of one recording.

    Attributes:
        bytes_of_row: memory that looking a row up takes, about.
    """

    bytes_of_row: float

    def look_up(self, rows: torch.Tensor, /) -> Any:
        """What of the recording the embedding of rows (row,) needs; may run in another thread."""
        ...

    def __call__(self, looked_up: Any, /) -> torch.Tensor:
        """What was looked up → embedding (row, dim)."""
        ...


def batch_embedder(
    network: torch.nn.Module,
    neural: Rows,
    rows_per_step: int,
    device: torch.device,
    *,
    clamp: bool = False,
    dtype: torch.dtype = torch.float32,
    fill_up: bool = True,
) -> BatchEmbedder:
    """The cheapest way to embed about ``rows_per_step`` rows of the recording at each step.

    Args:
        network: on ``device``.
        neural: array (time, neuron). One on disk is read window by window, as it is stored,
            unless the windows of a batch cover it.
        rows_per_step: rows drawn at a step, repetitions included.
        device: where the network is.
        clamp: windows that reach over the ends of the recording are shifted inside, as in cebra.
        dtype: what windows, or what is not zero of them, are converted to.
        fill_up: embed a few rows more, where numbers of rows are prepared for.
    """
    length = window_of(network).length
    n_anchors = len(neural) - length + 1
    # Drawing n of m rows with replacement gives about m (1 - exp(-n / m)) different ones. A
    # series costs about as much as windows that cover it 1.7 times: deeper layers need fewer bins.
    distinct = n_anchors * -np.expm1(-rows_per_step / n_anchors)
    covers = distinct * length > 1.7 * len(neural)
    # Dropout drops channels of a row; in a series, one draw would hold for all windows.
    # Resampling networks go over a series several times.
    in_one_pass = (
        is_convolutional(network) and bins_per_output(network) == 1 and not has_dropout(network)
    )
    # On a GPU, dense products are fast enough and sums are not.
    n_channels = channels_of_first_layer(network) if device.type == "cpu" else None
    kind: type[_Embedder] = _WindowEmbedder
    if in_one_pass and covers:
        neural = np.asarray(neural)
        kind = _SparseSeriesEmbedder if n_channels and is_sparse(neural) else _SeriesEmbedder
    elif isinstance(neural, np.memmap | OnDisk):
        kind = _FileEmbedder
    elif n_channels and is_sparse_enough_to_look_up(neural, n_channels):
        kind = _SparseWindowEmbedder
    embedder = kind(network, neural, device, clamp, dtype)
    prepared = device.type == "cpu" and (dtype == torch.bfloat16 or onednn_is_faster())
    if fill_up and prepared and not issubclass(kind, _SeriesEmbedder):
        return _PaddedEmbedder(embedder)
    return embedder


class _Embedder(abc.ABC):
    """What all ways share: where the window of a row begins."""

    bytes_of_row = 8.0

    def __init__(
        self,
        network: torch.nn.Module,
        neural: Rows,
        device: torch.device,
        clamp: bool,
        dtype: torch.dtype,
    ) -> None:
        self._network, self._device, self._dtype = network, device, dtype
        self._window = window_of(network)
        self._last = len(neural) - self._window.length if clamp else None
        self._prepare(neural)

    @abc.abstractmethod
    def _prepare(self, neural: Rows) -> None:
        """Put the recording where the network is, or leave it where it lies."""

    @abc.abstractmethod
    def __call__(self, looked_up: Any, /) -> torch.Tensor:
        """What was looked up → embedding (row, dim)."""

    def look_up(self, rows: torch.Tensor) -> Any:
        """First bin of the window of each row."""
        begin = rows - self._window.left
        return begin if self._last is None else begin.clamp(0, self._last)


class _SeriesEmbedder(_Embedder):
    """One convolution over the whole recording, then the wanted rows."""

    _series: torch.Tensor | SparseWindows

    def _prepare(self, neural: Rows) -> None:
        series = torch.from_numpy(np.array(neural, np.float32)).to(self._device)
        self._series = series.T[None, :, None, :]

    def __call__(self, begin: torch.Tensor) -> torch.Tensor:
        return self._network(self._series)[0].T.index_select(0, begin.to(self._device))


class _SparseSeriesEmbedder(_SeriesEmbedder):
    """The same; the first convolution adds up what is not zero."""

    def _prepare(self, neural: Rows) -> None:
        store_for_sums(self._network)
        self._series = SparseWindows(
            SparseRecording(np.asarray(neural), self._dtype), np.zeros(1, np.int64), len(neural)
        )


class _WindowEmbedder(_Embedder):
    """The windows around the wanted rows, gathered from the recording as it is stored."""

    def _prepare(self, neural: Rows) -> None:
        # a recording's arrays are read-only views; torch only reads this one
        native = np.require(neural, neural.dtype.newbyteorder("="), "W")
        stored = torch.from_numpy(native).to(self._device).contiguous()
        n_time, self._n_neurons = stored.shape
        length = self._window.length
        # Row i is the window that begins at bin i: they overlap, and share the recording's memory.
        shape = n_time - length + 1, length * self._n_neurons
        self._windows = stored.as_strided(shape, (self._n_neurons, 1))

    def __call__(self, begin: torch.Tensor) -> torch.Tensor:
        windows = self._windows.index_select(0, begin.to(self._device))
        windows = windows.view(len(begin), self._window.length, self._n_neurons)
        return embed_windows(self._network, windows.to(self._dtype))


class _SparseWindowEmbedder(_Embedder):
    """Of the windows around the wanted rows, what is not zero."""

    def _prepare(self, neural: Rows) -> None:
        store_for_sums(self._network)
        self._recording = SparseRecording(np.asarray(neural), self._dtype)
        rows = torch.linspace(self._window.left, len(neural) - self._window.right, 64).long()
        self.bytes_of_row = self.look_up(rows).nbytes / len(rows)

    def look_up(self, rows: torch.Tensor) -> SparseWindows:
        begin = super().look_up(rows).numpy()
        windows = SparseWindows(self._recording, begin, self._window.length)
        find_sums(self._network, windows)
        return windows

    def __call__(self, windows: SparseWindows) -> torch.Tensor:
        return embed_windows(self._network, windows)


class _FileEmbedder(_Embedder):
    """The windows around the wanted rows, read from a file ahead of time."""

    def _prepare(self, neural: Rows) -> None:
        self._stored = neural
        self._reach = torch.arange(self._window.length)
        self.bytes_of_row = neural[: self._window.length].nbytes
        self._native = neural.dtype.newbyteorder("=")  # torch knows no other byte order

    def look_up(self, rows: torch.Tensor) -> torch.Tensor:
        index = super().look_up(rows)[:, None] + self._reach
        return torch.from_numpy(np.asarray(self._stored[index.numpy()], self._native))

    def __call__(self, windows: torch.Tensor) -> torch.Tensor:
        return embed_windows(self._network, windows.to(self._device).to(self._dtype))


class _PaddedEmbedder:
    """Embeds a few rows too many: always a multiple of ``ROWS_OF_ONE_SIZE``."""

    def __init__(self, embedder: _Embedder) -> None:
        self._embedder = embedder
        self.bytes_of_row = embedder.bytes_of_row

    def look_up(self, rows: torch.Tensor) -> tuple[int, Any]:
        """The number of rows, and what was looked up."""
        missing = -len(rows) % ROWS_OF_ONE_SIZE
        padded = torch.cat([rows, rows[-1:].expand(missing)])
        return len(rows), self._embedder.look_up(padded)

    def __call__(self, looked_up: tuple[int, Any]) -> torch.Tensor:
        n_rows, padded = looked_up
        return self._embedder(padded)[:n_rows]
