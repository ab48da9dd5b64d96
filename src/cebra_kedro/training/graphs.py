"""A training step on a GPU as one launch: its kernels are recorded once, and played at each step.

A small encoder's step is many small kernels, each of which Python starts. A recording holds for one
size of each array and reads where the first step has read; batches are therefore filled up to one
size, and copied to one place. On a GPU, nothing was measured yet.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import torch

from cebra_kedro.on_disk import OnDisk
from cebra_kedro.training.batches import Batch
from cebra_kedro.training.config import TrainingConfig
from cebra_kedro.training.data import TrainingData
from cebra_kedro.training.encoder import has_dropout

logger = logging.getLogger(__name__)

_WARM_UP = 3  # steps before the recorded one, in which torch's libraries prepare themselves

Begins = tuple[torch.Tensor, ...]
"""The first bin of each window of a batch, per session."""
Step = Callable[[Batch, Begins, float | torch.Tensor, int], torch.Tensor]
Places = tuple[torch.Tensor, torch.Tensor]
"""All indices of a batch (int64), and all its weights (float32)."""


def can_be_recorded(
    networks: torch.nn.ModuleList,
    sessions: Sequence[TrainingData],
    config: TrainingConfig,
    device: torch.device,
) -> bool:
    """Whether the steps of a training can be recorded; if not, the log says why."""
    obstacles = {
        f"the device is {device.type}": device.type != "cuda",
        "weights of objectives change from step to step": bool(config.objectives),
        "jacobian_regularisation draws at each step": config.jacobian_regularisation is not None,
        "dropout draws at each step": any(has_dropout(network) for network in networks),
        "a recording is read from its file": any(
            isinstance(session.neural, np.memmap | OnDisk) for session in sessions
        ),
    }
    there = [reason for reason, is_there in obstacles.items() if is_there]
    for reason in there:
        _say_once(reason)
    return not there


@cache
def _say_once(reason: str) -> None:
    """In a process, which may train hundreds of encoders of an experiment."""
    logger.warning("cuda_graphs has no effect: %s", reason)


class FixedSize:
    """Fills batches up to one size, and packs them.

    Rows that are added are embedded for nothing; queries and keys that are added weigh nothing.

    Args:
        rows: most rows of a batch, per session.
        config: batch size and number of negatives.
    """

    def __init__(self, rows: Sequence[int], config: TrainingConfig) -> None:
        self._rows, n_sessions = list(rows), len(rows)
        n_references = n_sessions * config.batch_size
        self._weight_sizes = [n_references, n_sessions * config.n_negatives]
        of_pairs = [n_references] * (1 + config.n_objectives)
        self._index_sizes = [*self._rows, *of_pairs, *self._weight_sizes]
        self._first = torch.tensor([0, *self._rows[:-1]]).cumsum(0)

    def fill(self, batch: Batch) -> Batch:
        """The same pairs, in the one size."""
        each = zip(self._first, batch.rows, strict=True)
        moved = torch.cat([first + torch.arange(len(rows)) for first, rows in each])
        n_queries, n_keys = self._weight_sizes
        return Batch(
            rows=tuple(map(_filled, batch.rows, self._rows)),
            reference=moved[batch.reference],
            positives=tuple(moved[positive] for positive in batch.positives),
            query=_filled(moved[batch.query], n_queries),
            query_weight=_filled(batch.query_weight, n_queries, 0),
            key=_filled(moved[batch.key], n_keys),
            key_weight=_filled(batch.key_weight, n_keys, 0),
        )

    def pack(self, batch: Batch, looked_up: Sequence[torch.Tensor]) -> Places:
        """A filled batch, with the bins that were looked up for its rows."""
        parts = [*looked_up, batch.reference, *batch.positives, batch.query, batch.key]
        return torch.cat(parts), torch.cat([batch.query_weight, batch.key_weight])

    def unpack(self, index: torch.Tensor, weight: torch.Tensor) -> tuple[Batch, Begins]:
        """The batch, and what was looked up, as parts of these two arrays."""
        parts, n_sessions = index.split(self._index_sizes), len(self._rows)
        rows, (reference, *positives, query, key) = parts[:n_sessions], parts[n_sessions:]
        of_queries, of_keys = weight.split(self._weight_sizes)
        return Batch(rows, reference, tuple(positives), query, of_queries, key, of_keys), rows


def _filled(values: torch.Tensor, size: int, by: float | None = None) -> torch.Tensor:
    """With the last value again and again, or another; at least one is there."""
    last = values[-1:] if by is None else values.new_full((1,), by)
    return torch.cat([values, last.expand(size - len(values))])


class CudaRecorder:
    """CUDA graphs, as torch has them."""

    def __init__(self) -> None:
        self._beside = torch.cuda.Stream()

    def warm_up(self, function: Callable[[], torch.Tensor]) -> torch.Tensor:
        """Call it as it will be recorded: in another stream."""
        here = torch.cuda.current_stream()
        self._beside.wait_stream(here)
        with torch.cuda.stream(self._beside):
            found = function()
        here.wait_stream(self._beside)
        return found

    def record(self, function: Callable[[], torch.Tensor]) -> Callable[[], torch.Tensor]:
        """A graph of its kernels, which computes nothing yet: what computes it again and again.

        Raises:
            RuntimeError: something in it cannot be recorded.
        """
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            found = function()

        def play() -> torch.Tensor:
            graph.replay()
            return found

        return play


class RecordedStep:
    """A step that is computed as ever a few times, then recorded, then played.

    Where it cannot be recorded, it goes on as ever, and the log says why.

    Args:
        step: of a batch, what was looked up, the learning rate, and the number of the step, which
            must not matter; gives the loss.
        size: of batches.
        device: where arrays are.
    """

    def __init__(self, step: Step, size: FixedSize, device: torch.device) -> None:
        self._step, self._size, self._device = step, size, device
        self._recorder = CudaRecorder()
        self._rate = torch.zeros((), device=device)
        self._places: Places | None = None
        self._play: Callable[[], torch.Tensor] | None = None
        self._done = 0

    def __call__(
        self, batch: Batch, looked_up: Begins, rate: float | torch.Tensor, _: int
    ) -> torch.Tensor:
        """Move the parameters; returns the loss, which the next step writes over."""
        given = self._size.pack(batch, looked_up)
        if self._places is None:
            index, weight = (torch.empty_like(one, device=self._device) for one in given)
            self._places = index, weight
        for place, one in zip(self._places, given, strict=True):
            place.copy_(one)
        self._rate.fill_(rate)
        if self._done == _WARM_UP:
            self._play = self._recorded()
        self._done += 1
        return self._recorder.warm_up(self._once) if self._play is None else self._play()

    def _once(self) -> torch.Tensor:
        assert self._places is not None
        return self._step(*self._size.unpack(*self._places), self._rate, 0)

    def _recorded(self) -> Callable[[], torch.Tensor] | None:
        try:
            return self._recorder.record(self._once)
        except RuntimeError as error:
            logger.warning("no CUDA graph of a step, which takes longer without: %s", error)
            return None
