"""The indices of a step, made ready for the loss ahead of time."""

from __future__ import annotations

import contextlib
import itertools
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch

from cebra_kedro.sampling import Anchors, PairLaw

T = TypeVar("T")


@dataclass(frozen=True)
class Batch:
    """What one step embeds and compares; each distinct row is embedded once.

    Attributes:
        rows: per session, int64 tensor of the distinct rows of that session's recording. Their
            embeddings, session after session, are what the indices below refer to.
        reference: int64 tensor (reference,).
        positives: per objective, int64 tensor (reference,).
        query: int64 tensor (distinct reference,).
        query_weight: float32 tensor (distinct reference,), share in the batch.
        key: int64 tensor (distinct negative,).
        key_weight: float32 tensor (distinct negative,), count among the negatives.
    """

    rows: tuple[torch.Tensor, ...]
    reference: torch.Tensor
    positives: tuple[torch.Tensor, ...]
    query: torch.Tensor
    query_weight: torch.Tensor
    key: torch.Tensor
    key_weight: torch.Tensor


def make_batch(
    law: PairLaw, anchors: Anchors, step: int, batch_size: int, n_negatives: int
) -> Batch:
    """Draw the pairs of a step and merge what was drawn several times."""
    pairs = law.draw(step, batch_size, n_negatives)
    parts = [pairs.reference, pairs.negative, *pairs.positives]
    # Anchors are numbered through the sessions, so sorting them also groups them by session.
    distinct, place = np.unique(np.concatenate(parts), return_inverse=True)
    reference, negative, *positives = np.split(place, np.cumsum([len(part) for part in parts])[:-1])
    query, query_count = np.unique(reference, return_counts=True)
    key, key_count = np.unique(negative, return_counts=True)
    border = np.searchsorted(distinct, anchors.first)
    rows = tuple(
        torch.from_numpy(anchors.row[distinct[begin:end]] - first_row)
        for begin, end, first_row in zip(
            border[:-1], border[1:], anchors.first_row[:-1], strict=True
        )
    )
    return Batch(
        rows=rows,
        reference=torch.from_numpy(reference),
        positives=tuple(torch.from_numpy(positive) for positive in positives),
        query=torch.from_numpy(query),
        query_weight=torch.from_numpy((query_count / len(reference)).astype(np.float32)),
        key=torch.from_numpy(key),
        key_weight=torch.from_numpy(key_count.astype(np.float32)),
    )


@contextlib.contextmanager
def drawn_ahead(
    make: Callable[[int], T], steps: range, *, workers: int, overlap: bool, ahead: int
) -> Iterator[Iterator[T]]:
    """What consecutive steps need, made for up to ``ahead`` steps before it is needed.

    Threads that draw while torch multiplies on all cores slow it down by more than they save: its
    threads wait for each other. Without ``overlap``, the next steps are therefore drawn together,
    on all cores, while torch waits.

    Leaving the ``with`` block stops the threads, also after an error; an error in ``make`` is
    raised at its step.

    Args:
        make: what a step needs; called in other threads.
        steps: numbers of the steps.
        workers: threads that draw.
        overlap: draw during the steps before.
        ahead: steps drawn ahead, ≥ 1.
    """
    pool = ThreadPoolExecutor(workers, thread_name_prefix="pair-draws")
    draw = _overlapped if overlap else _taking_turns
    try:
        yield draw(pool, make, steps, ahead)
    finally:
        pool.shutdown(cancel_futures=True)


def _overlapped(
    pool: ThreadPoolExecutor, make: Callable[[int], T], steps: range, ahead: int
) -> Iterator[T]:
    ready = deque(pool.submit(make, step) for step in steps[:ahead])
    for step in steps[ahead:]:
        drawn = ready.popleft().result()
        ready.append(pool.submit(make, step))
        yield drawn
    while ready:
        yield ready.popleft().result()


def _taking_turns(
    pool: ThreadPoolExecutor, make: Callable[[int], T], steps: range, ahead: int
) -> Iterator[T]:
    # The first step alone: it builds the search index, which threads would do several times over.
    for begin, end in itertools.pairwise([0, *range(1, len(steps), ahead), len(steps)]):
        drawn = deque(pool.submit(make, step) for step in steps[begin:end])
        wait(drawn)
        while drawn:
            yield drawn.popleft().result()
