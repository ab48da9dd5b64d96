"""A trained encoder: what it was trained with, its weights, and how it embeds a recording."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from cebra_kedro.atomic import atomic_path
from cebra_kedro.on_disk import Rows
from cebra_kedro.training.config import TrainingConfig
from cebra_kedro.training.encoder import (
    Window,
    build_network,
    embed_series,
    embed_windows,
    is_convolutional,
    window_of,
)
from cebra_kedro.training.loss import goodness_of_fit_bits
from cebra_kedro.training.torch_file import load_plain

FORMAT_VERSION = 1
_BLOCK_BYTES = 64 * 2**20


@dataclass(frozen=True, eq=False)
class EncoderModel:
    """A trained encoder with its history.

    Attributes:
        config: the full training configuration.
        n_neurons: input width of each session's network; one entry for a single session.
        state: state dict of the networks; keys begin with the number of the session.
        loss: float32 array (step,), InfoNCE in nats, summed over objectives as they are, whatever
            they weigh.
        learning_rate: float32 array (step,).
        temperature: the softmax temperature, as trained if it was learnable.
        train_seconds: wall time of the training.
        fingerprint: digest of data, configuration and code it was trained from.
        objective_loss: float32 array (step, objective), where the configuration has objectives.
    """

    config: TrainingConfig
    n_neurons: tuple[int, ...]
    state: Mapping[str, torch.Tensor]
    loss: np.ndarray
    learning_rate: np.ndarray
    temperature: float
    train_seconds: float
    fingerprint: str
    objective_loss: np.ndarray | None = None

    def network(self, session: int = 0) -> torch.nn.Module:
        """The trained network of a session in evaluation mode, on the CPU.

        Raises:
            ValueError: there is no such session.
        """
        if not 0 <= session < len(self.n_neurons):
            raise ValueError(
                f"session must be in 0 … {len(self.n_neurons) - 1}, the sessions that were "
                f"trained together, got {session}"
            )
        encoder = self.config.encoders(len(self.n_neurons))[session]
        network = build_network(encoder, self.n_neurons[session], 0, self.config.pieces)
        prefix = f"{session}."
        network.load_state_dict(
            {
                key.removeprefix(prefix): value
                for key, value in self.state.items()
                if key.startswith(prefix)
            }
        )
        return network.eval()

    def transform(
        self, neural: Rows, segment: np.ndarray | None = None, session: int = 0
    ) -> np.ndarray:
        """Embed a recording, in blocks of bounded memory.

        Rows near a border see the border's row repeated, as in cebra
        (``cebra/solver/base.py``); with ``segment``, each segment has its own borders.
        A resampling network gives one row per bin here, where cebra gives one per
        ``resample_factor`` bins.

        Args:
            neural: array (time, neuron), in memory or on disk.
            segment: int array (time,) of contiguous runs (trials), or None for one run.
            session: which session's network to use, for encoders trained on several.

        Returns:
            float32 array (time, dim).

        Raises:
            ValueError: the number of neurons differs from the training data, or that of segment
                ids from the number of bins.
        """
        network = self.network(session)
        n_neurons = self.n_neurons[session]
        if neural.ndim != 2 or neural.shape[1] != n_neurons:
            raise ValueError(
                f"the encoder was trained on {n_neurons} neurons, got an array of shape "
                f"{neural.shape}; pass (time, {n_neurons}) from the same recording"
            )
        if len(neural) == 0:
            raise ValueError("neural must have at least one time bin, got none")
        window = window_of(network)
        if segment is None:
            segment = np.zeros(len(neural), np.int64)
        if len(segment) != len(neural):
            raise ValueError(
                f"segment must have one id per time bin ({len(neural)}), got {len(segment)}"
            )
        source, first = _pad_segments(segment, window)
        bytes_per_row = 4 * n_neurons * (1 if is_convolutional(network) else window.length)
        block = max(1, _BLOCK_BYTES // bytes_per_row)
        return np.concatenate(
            [
                _embed_rows(network, neural, source, first[begin : begin + block], window)
                for begin in range(0, len(neural), block)
            ]
        )

    def history(self) -> pd.DataFrame:
        """Training curve: ``step, loss`` (nats), ``goodness_of_fit_bits, learning_rate``.

        With objectives, the bits are their mean; each has ``goodness_of_fit_bits_<objective>``.
        """
        n_negatives = self.config.n_negatives * len(self.n_neurons)
        bits = goodness_of_fit_bits(self.loss, n_negatives, self.config.n_objectives)
        each = () if self.objective_loss is None else self.objective_loss.T
        return pd.DataFrame(
            {
                "step": np.arange(len(self.loss)),
                "loss": self.loss,
                "goodness_of_fit_bits": bits,
                "learning_rate": self.learning_rate,
            }
            | {
                f"goodness_of_fit_bits_{name}": goodness_of_fit_bits(loss, n_negatives)
                for name, loss in zip(self.config.objectives, each, strict=True)
            }
        )

    def save(self, path: str | Path) -> None:
        """Write the model to one ``.pt`` file, atomically."""
        content = {
            "format": "cebra-kedro encoder",
            "format_version": FORMAT_VERSION,
            "training_config": self.config.model_dump_json(),
            "n_neurons": list(self.n_neurons),
            "state": dict(self.state),
            "loss": torch.from_numpy(np.array(self.loss)),
            "learning_rate": torch.from_numpy(np.array(self.learning_rate)),
            "temperature": self.temperature,
            "train_seconds": self.train_seconds,
            "fingerprint": self.fingerprint,
        }
        if self.objective_loss is not None:
            content["objective_loss"] = torch.from_numpy(self.objective_loss.copy())
        with atomic_path(Path(path)) as temporary:
            torch.save(content, temporary)

    @classmethod
    def load(cls, path: str | Path) -> EncoderModel:
        """Read a model; nothing in the file is executed.

        Raises:
            ValueError: the file is damaged, not an encoder of this project, or of a newer format.
        """
        content: dict[str, Any] = load_plain(Path(path))
        if not isinstance(content, dict) or content.get("format") != "cebra-kedro encoder":
            raise ValueError(f"{path} is a torch file but not an encoder of cebra-kedro")
        if content["format_version"] > FORMAT_VERSION:
            raise ValueError(
                f"{path} has format version {content['format_version']}, this cebra-kedro reads "
                f"up to {FORMAT_VERSION}; upgrade cebra-kedro"
            )
        each = content.get("objective_loss")
        return cls(
            config=TrainingConfig.model_validate_json(content["training_config"]),
            n_neurons=tuple(content["n_neurons"]),
            state=content["state"],
            loss=content["loss"].numpy(),
            learning_rate=content["learning_rate"].numpy(),
            temperature=content["temperature"],
            train_seconds=content["train_seconds"],
            fingerprint=content["fingerprint"],
            objective_loss=None if each is None else each.numpy(),
        )


def _pad_segments(segment: np.ndarray, window: Window) -> tuple[np.ndarray, np.ndarray]:
    """Repeat the first and last row of each segment as far as the window reaches.

    Returns:
        The row number at each place of the padded series, and for each row the place where its
        window begins.
    """
    start = np.flatnonzero(np.diff(segment, prepend=segment[:1] - 1))
    stop = np.append(start[1:], len(segment))
    reach = np.arange(-window.left, window.right)
    source = np.concatenate(
        [
            np.clip(np.arange(b + reach[0], e + reach[-1]), b, e - 1)
            for b, e in zip(start, stop, strict=True)
        ]
    )
    padding_before = np.repeat(np.arange(len(start)) * (window.length - 1), stop - start)
    return source, np.arange(len(segment)) + padding_before


@torch.no_grad()
def _embed_rows(
    network: torch.nn.Module,
    neural: Rows,
    source: np.ndarray,
    first: np.ndarray,
    window: Window,
) -> np.ndarray:
    """Embed the rows whose windows begin at ``first`` (ascending) in the padded series."""
    needed = source[first[0] : first[-1] + window.length]
    series = torch.from_numpy(np.ascontiguousarray(neural[needed], np.float32))
    place = torch.from_numpy(first - first[0])
    if is_convolutional(network):
        return embed_series(network, series)[place].numpy()
    return embed_windows(network, series[place[:, None] + torch.arange(window.length)]).numpy()
