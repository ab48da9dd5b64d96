"""The training loop: draw pairs, embed them, InfoNCE, clip, step. It reads straight down.

What a pair is stands in ``sampling``, the loss of a batch in ``batch_loss``, the learning rate in
``schedule``.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence

import numpy as np
import torch

from cebra_kedro.memory import keep_freed_memory
from cebra_kedro.training.adapt import Start
from cebra_kedro.training.batch_loss import BatchLoss, LookedUp, dtype_of
from cebra_kedro.training.batches import Batch
from cebra_kedro.training.checkpoint import Checkpoint, TrainingState
from cebra_kedro.training.config import TrainingConfig
from cebra_kedro.training.data import TrainingData
from cebra_kedro.training.encoder import build_network
from cebra_kedro.training.fingerprint import fingerprint
from cebra_kedro.training.flat import FlatParameters
from cebra_kedro.training.graphs import RecordedStep, can_be_recorded
from cebra_kedro.training.loss import InfoNCE
from cebra_kedro.training.model import EncoderModel
from cebra_kedro.training.objectives import Objectives, criterion_of, weighed
from cebra_kedro.training.optimizer import Optimizer
from cebra_kedro.training.progress import TrainingProgress
from cebra_kedro.training.schedule import learning_rates

# torch's random state and number of threads belong to the process: trainings in several threads
# of one process would disturb each other's bits.
_ONE_AT_A_TIME = threading.Lock()


def train(
    data: TrainingData | Sequence[TrainingData],
    config: TrainingConfig,
    *,
    validation: TrainingData | Sequence[TrainingData] | None = None,
    checkpoint: Checkpoint | None = None,
    name: str | None = "encoder",
    start: Start | None = None,
) -> EncoderModel:
    """Fit one encoder, or one encoder per session on a common embedding.

    Args:
        data: the rows to fit; several sessions are trained together.
        config: every setting, the seed included.
        validation: rows for the validation loss, needed if ``config.early_stop`` is set.
        checkpoint: where to save the state now and then and to resume from; None for neither.
            A resumed run ends with the same bits as an uninterrupted one (CPU, same machine).
        name: shown on the progress bar; None shows no bar.
        start: the encoder that is adapted: of ``data``, the last session is new to it; those before
            it, if any, are all of its own. Only the first layer of the last network is trained.

    Returns:
        The trained encoder with its loss and learning rate at every step.

    Raises:
        ValueError: data and configuration do not fit each other.
        TrainingError: the loss is no longer finite.
    """
    with _ONE_AT_A_TIME, _threads(config.threads), _random_state_kept():
        return _train(
            _as_sessions(data),
            _as_sessions(validation),
            config,
            checkpoint=checkpoint,
            name=name,
            start=start,
        )


def _train(
    sessions: tuple[TrainingData, ...],
    validation: tuple[TrainingData, ...],
    config: TrainingConfig,
    *,
    checkpoint: Checkpoint | None,
    name: str | None,
    start: Start | None,
) -> EncoderModel:
    started = time.perf_counter()
    keep_freed_memory()
    device = resolve_device(config.device)
    networks = build_networks(sessions, config)
    if start is not None:
        start.begin(networks)
    networks.to(device)
    criterion = criterion_of(config, dtype_of(config)).to(device)
    recorded = config.cuda_graphs and can_be_recorded(networks, sessions, config, device)
    objective = BatchLoss(networks, criterion, sessions, config, device, fixed_size=recorded)
    watch = _ValidationWatch(networks, criterion, validation, config, device)
    every = (*networks.parameters(), *criterion.parameters())
    trained = FlatParameters([one for one in every if one.requires_grad])
    optimizer = Optimizer(trained.values, config.optimizer)
    rates = learning_rates(config.schedule, config.optimizer.learning_rate, config.steps)
    shape = (config.steps, len(config.objectives)) if config.objectives else (config.steps,)
    state = TrainingState(networks, criterion, optimizer, watch, shape, device)
    digest = fingerprint(sessions, config, validation, start)
    if checkpoint is not None:
        checkpoint.restore(state, digest)

    def as_ever(
        batch: Batch, looked_up: LookedUp, rate: float | torch.Tensor, number: int
    ) -> torch.Tensor:
        loss = objective(batch, looked_up, number)
        trained.clear_gradients()
        objective.minimised(loss, batch, number).backward()
        if config.optimizer.clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(trained.values, config.optimizer.clip_norm)
        optimizer.step(rate)
        return loss.detach()

    size = objective.size
    step = as_ever if size is None else RecordedStep(as_ever, size, device)
    progress = TrainingProgress(name, config, state.step, len(sessions))
    with objective.batches(state.step) as batches, progress:
        for batch, looked_up in batches:
            loss = step(batch, looked_up, rates[state.step], state.step)
            state.losses[state.step] = loss
            state.step += 1
            progress.update(state.step, state.losses, rates[state.step - 1])
            if watch.wants_to_stop(state.step):
                break
            if checkpoint is not None:
                checkpoint.save_if_due(state, digest)
        progress.check(state.step, state.losses)

    watch.restore_best()
    losses = state.losses[: state.step].cpu()
    return EncoderModel(
        config=config,
        n_neurons=tuple(session.neural.shape[1] for session in sessions),
        state={key: _plain_copy(value) for key, value in networks.state_dict().items()},
        loss=(losses.sum(dim=1) if config.objectives else losses).numpy(),
        objective_loss=losses.numpy() if config.objectives else None,
        learning_rate=np.array(rates[: state.step], np.float32),
        temperature=float(criterion.temperature),
        train_seconds=state.seconds_before + time.perf_counter() - started,
        fingerprint=digest,
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


def build_networks(sessions: Sequence[TrainingData], config: TrainingConfig) -> torch.nn.ModuleList:
    """Freshly initialised networks, one per session."""
    return torch.nn.ModuleList(
        build_network(encoder, session.neural.shape[1], config.seed + number, config.pieces)
        for number, (encoder, session) in enumerate(
            zip(config.encoders(len(sessions)), sessions, strict=True)
        )
    )


class _ValidationWatch:
    """Looks at the validation loss now and then and remembers the best weights."""

    def __init__(
        self,
        networks: torch.nn.ModuleList,
        criterion: InfoNCE | Objectives,
        validation: Sequence[TrainingData],
        config: TrainingConfig,
        device: torch.device,
    ) -> None:
        self._config, self._training = config.early_stop, config
        if (self._config is None) != (not validation):
            raise ValueError("early_stop and validation data go together; pass both or neither")
        self._networks = networks
        # a learned temperature belongs to the weights it was learned with
        self._trained = torch.nn.ModuleDict({"networks": networks, "criterion": criterion})
        self.best_loss, self.looks_since_best = float("inf"), 0
        self.best_weights: dict[str, torch.Tensor] = {}
        if self._config is None:
            return
        self._objective = BatchLoss(networks, criterion, validation, config, device)
        self._batches = [self._objective.draw(number) for number in range(self._config.draws)]

    def wants_to_stop(self, step: int) -> bool:
        """Whether the loss has not fallen for ``patience`` looks; looks if a look is due."""
        if self._config is None or step % self._config.every_steps:
            return False
        loss = self._loss()
        if loss < self.best_loss:
            self.best_loss, self.looks_since_best = loss, 0
            weights = self._trained.state_dict()
            self.best_weights = {key: value.detach().clone() for key, value in weights.items()}
        else:
            self.looks_since_best += 1
        return self.looks_since_best >= self._config.patience

    def restore_best(self) -> None:
        """Put the best weights back, if there was a look."""
        if self.best_weights:
            self._trained.load_state_dict(self.best_weights)

    @torch.no_grad()
    def _loss(self) -> float:
        self._networks.eval()
        losses = [
            self._objective(batch, self._objective.look_up(batch), draw)
            for draw, batch in enumerate(self._batches)
        ]
        self._networks.train()
        last = self._training.steps  # when all weights have risen, so that looks are comparable
        return float(torch.stack([weighed(one, self._training, last) for one in losses]).mean())


def _as_sessions(
    data: TrainingData | Sequence[TrainingData] | None,
) -> tuple[TrainingData, ...]:
    if data is None:
        return ()
    return (data,) if isinstance(data, TrainingData) else tuple(data)


def _plain_copy(value: torch.Tensor) -> torch.Tensor:
    """On the CPU, in the usual order, whatever order the layers like their weights in."""
    return value.detach().cpu().clone(memory_format=torch.contiguous_format)


@contextlib.contextmanager
def _threads(number: int | None) -> Iterator[None]:
    """Run torch on so many CPU threads, then as before."""
    before = torch.get_num_threads()
    if number is not None:
        torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextlib.contextmanager
def _random_state_kept() -> Iterator[None]:
    """Dropout reseeds torch at each step; callers get their random state back."""
    with torch.random.fork_rng():
        yield
