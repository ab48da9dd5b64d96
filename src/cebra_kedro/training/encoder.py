"""cebra's registered networks: built from a seed, and evaluated the cheap way for a batch.

A fully convolutional network can embed a whole recording in one pass; where the windows of a
batch would cover the recording anyway, that pass is cheaper than the windows.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

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
        raise ValueError(
            f"encoder.architecture must be one registered by cebra, got {config.architecture!r}; "
            f"did you mean {' or '.join(similar)}?"
            if similar
            else f"encoder.architecture must be one of {', '.join(names)}, "
            f"got {config.architecture!r}"
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return cebra.models.init(
            config.architecture, n_neurons, config.hidden_units, config.output_dimension
        )


def window_of(network: torch.nn.Module) -> Window:
    """The network's receptive field."""
    offset = network.get_offset()
    return Window(left=int(offset.left), right=int(offset.right))


def is_convolutional(network: torch.nn.Module) -> bool:
    """Whether the network embeds a whole series in one pass, one output per bin."""
    import cebra.models.model as cebra_models

    return isinstance(network, cebra_models.ConvolutionalModelMixin) and not isinstance(
        network, cebra_models.ResampleModelMixin
    )


class BatchEmbedder(Protocol):
    """Embeds chosen rows of one recording with the network's current weights."""

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        """Rows (row,) of the recording → embedding (row, dim)."""
        ...


def batch_embedder(
    network: torch.nn.Module, neural: np.ndarray, rows_per_step: int, device: torch.device
) -> BatchEmbedder:
    """The cheaper way to embed about ``rows_per_step`` rows of the recording at each step."""
    window = window_of(network)
    if is_convolutional(network) and rows_per_step * window.length >= len(neural):
        return _SeriesEmbedder(network, neural, window, device)
    return _WindowEmbedder(network, neural, window, device)


class _SeriesEmbedder:
    """One convolution over the whole recording, then the wanted rows."""

    def __init__(
        self, network: torch.nn.Module, neural: np.ndarray, window: Window, device: torch.device
    ) -> None:
        self._network = network
        self._left = window.left
        self._series = torch.from_numpy(np.ascontiguousarray(neural.T, np.float32))[None].to(device)

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        embedding = self._network(self._series)[0].T
        return embedding[rows - self._left]


class _WindowEmbedder:
    """The windows around the wanted rows, gathered from a strided view."""

    def __init__(
        self, network: torch.nn.Module, neural: np.ndarray, window: Window, device: torch.device
    ) -> None:
        self._network = network
        self._left = window.left
        stored = torch.from_numpy(np.array(neural))
        self._windows = stored.to(device).unfold(0, window.length, 1)

    def __call__(self, rows: torch.Tensor) -> torch.Tensor:
        windows = self._windows[rows - self._left].float()
        return self._network(windows)
