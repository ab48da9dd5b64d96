"""cebra's registered networks: built from a seed, and evaluated on windows or whole series."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import torch

from cebra_kedro.problems import did_you_mean
from cebra_kedro.training.config import EncoderConfig
from cebra_kedro.training.layers import normalise_pieces, run_channels_last
from cebra_kedro.training.sparse import SparseWindows

RANDOM_STATE = threading.RLock()
"""Held from seeding torch's random state, which all threads share, to the last draw from it."""


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


def build_network(
    config: EncoderConfig, n_neurons: int, seed: int, pieces: tuple[int, ...] = ()
) -> torch.nn.Module:
    """A freshly initialised network; the global random state is left as it was.

    Args:
        config: architecture and widths.
        n_neurons: input channels.
        seed: of the weights.
        pieces: widths of the pieces of its output that have unit norm each; none for cebra's norm.

    Raises:
        ValueError: the architecture is not registered; the message lists similar names.
    """
    import cebra.models

    names = known_architectures()
    if config.architecture not in names:
        hint = did_you_mean(config.architecture, names, n=3)
        usual = [name for name in names if "-mse-" not in name]  # a hundred further variants
        raise ValueError(
            f"encoder.architecture must be registered by cebra, got {config.architecture!r}; "
            + (f"{hint} " if hint else "")
            + f"Known are {', '.join(usual)} and variants of offset1-model-mse"
        )
    with RANDOM_STATE, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = cebra.models.init(
            config.architecture, n_neurons, config.hidden_units, config.output_dimension
        )
    run_channels_last(network)
    if pieces:
        normalise_pieces(network, pieces)
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


def embed_windows(network: torch.nn.Module, windows: torch.Tensor | SparseWindows) -> torch.Tensor:
    """Windows (row, time, neuron) of the receptive field's length → embedding (row, dim)."""
    if isinstance(windows, SparseWindows):
        return network(windows).flatten(start_dim=1)
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


def _has_convolution(network: torch.nn.Module) -> bool:
    return any(isinstance(module, torch.nn.Conv1d) for module in network.modules())
