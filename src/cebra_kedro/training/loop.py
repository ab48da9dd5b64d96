"""The training loop: draw pairs, embed them, InfoNCE, clip, step. It reads straight down.

What a pair is stands in ``sampling``, the loss in ``loss``, the learning rate in ``schedule``.
"""

from __future__ import annotations

import logging
import time

import numpy as np
import torch
from tqdm.auto import tqdm

from cebra_kedro.sampling import (
    Anchors,
    HybridLaw,
    PairLaw,
    Pairs,
    TimeDeltaLaw,
    TimeLaw,
    find_anchors,
)
from cebra_kedro.training.config import OptimizerConfig, TrainingConfig
from cebra_kedro.training.data import TrainingData
from cebra_kedro.training.encoder import BatchEmbedder, batch_embedder, build_network, window_of
from cebra_kedro.training.fingerprint import fingerprint
from cebra_kedro.training.loss import goodness_of_fit_bits, info_nce
from cebra_kedro.training.model import EncoderModel
from cebra_kedro.training.schedule import learning_rate_fraction

logger = logging.getLogger(__name__)

_REPORT_EVERY_S = 0.5


class TrainingError(RuntimeError):
    """Training cannot go on; the message names the step and the likely cause."""


def train(data: TrainingData, config: TrainingConfig, *, name: str = "encoder") -> EncoderModel:
    """Fit one encoder.

    Args:
        data: the rows to fit.
        config: every setting, the seed included.
        name: shown on the progress bar.

    Returns:
        The trained encoder with its loss and learning rate at every step.

    Raises:
        ValueError: data and configuration do not fit each other.
        TrainingError: the loss is no longer finite.
    """
    started = time.perf_counter()
    device = resolve_device(config.device)
    network = build_network(config.encoder, data.neural.shape[1], config.seed).to(device)
    window = window_of(network)
    anchors = find_anchors(data.segment, window.left, window.right)
    law = _pair_law(data, config, anchors)
    n_rows = 2 * config.batch_size + config.n_negatives
    embed = batch_embedder(network, data.neural, n_rows, device)
    optimizer = _optimizer(network, config.optimizer)
    losses = torch.full((config.steps,), torch.nan, device=device)
    rates = [
        config.optimizer.learning_rate * learning_rate_fraction(config.schedule, step, config.steps)
        for step in range(config.steps)
    ]

    progress = _Progress(name, config)
    for step in range(config.steps):
        pairs = law.draw(step, config.batch_size, config.n_negatives)
        loss = _loss(embed, pairs, anchors.row, config, device)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if config.optimizer.clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(network.parameters(), config.optimizer.clip_norm)
        for group in optimizer.param_groups:
            group["lr"] = rates[step]
        optimizer.step()
        losses[step] = loss.detach()
        progress.update(step, losses, rates[step])
    progress.close(losses)

    return EncoderModel(
        config=config,
        n_neurons=data.neural.shape[1],
        state={key: value.detach().cpu() for key, value in network.state_dict().items()},
        loss=losses.cpu().numpy(),
        learning_rate=np.array(rates, np.float32),
        train_seconds=time.perf_counter() - started,
        fingerprint=fingerprint(data.neural, data.segment, data.labels, config),
    )


def resolve_device(name: str) -> torch.device:
    """The device to train on; ``auto`` is cuda, then mps, then cpu.

    Raises:
        ValueError: a device was asked for that this machine does not have.
    """
    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        name = next(candidate for candidate, there in available.items() if there)
    if not available[name]:
        raise ValueError(f"device {name} is not available on this machine; use auto or cpu")
    return torch.device(name)


def _pair_law(data: TrainingData, config: TrainingConfig, anchors: Anchors) -> PairLaw:
    pairs, seed = config.pairs, config.seed
    if pairs.law == "time":
        return TimeLaw(anchors, pairs.time_offset_bins, seed)
    if data.labels is None:
        raise ValueError(f"the {pairs.law} law needs labels; name them or use the time law")
    behaviour = TimeDeltaLaw(
        anchors, data.labels, data.segment, pairs.time_offset_bins, seed, pairs.ties
    )
    if pairs.law == "time_delta":
        return behaviour
    return HybridLaw(behaviour, TimeLaw(anchors, pairs.time_offset_bins, seed))


def _optimizer(network: torch.nn.Module, config: OptimizerConfig) -> torch.optim.Optimizer:
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[config.name]
    return kind(
        network.parameters(),
        lr=config.learning_rate,
        betas=config.betas,
        weight_decay=config.weight_decay,
        fused=True,
    )


def _loss(
    embed: BatchEmbedder,
    pairs: Pairs,
    anchor_row: np.ndarray,
    config: TrainingConfig,
    device: torch.device,
) -> torch.Tensor:
    """InfoNCE of one step, summed over the objectives; each distinct row is embedded once."""
    batch = len(pairs.reference)
    drawn = np.concatenate([pairs.reference, pairs.negative, *pairs.positives])
    distinct, place = np.unique(drawn, return_inverse=True)
    embedding = embed(torch.from_numpy(anchor_row[distinct]).to(device))
    reference, negative, *positives = np.split(
        place, np.cumsum([batch, len(pairs.negative)] + [batch] * (len(pairs.positives) - 1))
    )
    query, query_count = np.unique(reference, return_counts=True)
    key, key_count = np.unique(negative, return_counts=True)

    def select(index: np.ndarray) -> torch.Tensor:
        return embedding[torch.from_numpy(index).to(device)]

    return info_nce(
        reference=select(reference),
        positives=[select(positive) for positive in positives],
        queries=select(query),
        keys=select(key),
        distance=config.loss.distance,
        inverse_temperature=1.0 / config.loss.temperature,
        query_weight=torch.as_tensor(query_count / batch, dtype=torch.float32, device=device),
        key_weight=torch.as_tensor(key_count, dtype=torch.float32, device=device),
    )


class _Progress:
    """Progress bar, and the watch that stops on a loss that is no longer finite.

    Losses stay on the device; they are read only when the bar is due.
    """

    def __init__(self, name: str, config: TrainingConfig) -> None:
        self._config = config
        self._bar = tqdm(total=config.steps, desc=name, unit="step", leave=False, disable=None)
        self._due = time.perf_counter() + _REPORT_EVERY_S
        self._checked = 0

    def update(self, step: int, losses: torch.Tensor, rate: float) -> None:
        """Show the state after a step, when the last report is old enough."""
        if time.perf_counter() < self._due:
            return
        self._check(losses, step + 1)
        loss = float(losses[step])
        n_objectives = 2 if self._config.pairs.law == "hybrid" else 1
        bits = goodness_of_fit_bits(loss, self._config.n_negatives, n_objectives)
        self._bar.set_postfix_str(f"loss {loss:.3f}, {bits:.2f} bits, lr {rate:.1e}", refresh=False)
        self._bar.update(step + 1 - self._bar.n)
        self._due = time.perf_counter() + _REPORT_EVERY_S

    def close(self, losses: torch.Tensor) -> None:
        """Check the last steps and remove the bar."""
        self._bar.close()
        self._check(losses, self._config.steps)

    def _check(self, losses: torch.Tensor, stop: int) -> None:
        bad = torch.nonzero(~torch.isfinite(losses[self._checked : stop]))
        self._checked, begin = stop, self._checked
        if len(bad) == 0:
            return
        self._bar.close()
        config = self._config
        raise TrainingError(
            f"the loss is {float(losses[begin + int(bad[0])])} at step {begin + int(bad[0])} of "
            f"{config.steps}; the likely cause is a learning rate too high for this temperature "
            f"(learning_rate {config.optimizer.learning_rate}, temperature "
            f"{config.loss.temperature}) or bins without any activity; lower learning_rate, set "
            "clip_norm, or raise temperature"
        )
