"""The indices of a step, made ready for the loss ahead of time."""

from __future__ import annotations

import contextlib
import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
import torch

from cebra_kedro.sampling import Anchors, PairLaw

In = TypeVar("In")
Out = TypeVar("Out")
Drawn = TypeVar("Drawn")
Found = TypeVar("Found")
# Of consecutive steps: what was made until an error, and the error.
_Made = tuple[list[tuple[Drawn, Found]], Exception | None]
_Maker = Callable[[range], _Made[Drawn, Found]]


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
    draw: Callable[[int], Drawn],
    look_up: Callable[[Drawn], Found],
    steps: range,
    *,
    workers: int,
    overlap: bool,
    ahead: int,
) -> Iterator[Iterator[tuple[Drawn, Found]]]:
    """What consecutive steps need, made for up to ``ahead`` steps before it is needed.

    Threads that draw while torch multiplies on all cores slow it down by more than they save: its
    threads wait for each other. Without ``overlap``, the next steps are therefore drawn together,
    on all cores, while torch waits.

    Leaving the ``with`` block stops the threads, also after an error; an error is raised at its
    step.

    Args:
        draw: the pairs of a step; called in other threads.
        look_up: what these pairs need; the same.
        steps: numbers of the steps.
        workers: threads that draw.
        overlap: draw during the steps before.
        ahead: steps drawn ahead, ≥ 1.
    """
    pool = ThreadPoolExecutor(workers, thread_name_prefix="pair-draws")
    make = partial(_draw_and_look_up, draw, look_up)
    made = (
        _overlapped(pool, make, steps, ahead)
        if overlap
        else _taking_turns(pool, workers, make, steps, ahead)
    )
    try:
        yield made
    finally:
        pool.shutdown(cancel_futures=True)


def _overlapped(
    pool: ThreadPoolExecutor, make: _Maker[Drawn, Found], steps: range, ahead: int
) -> Iterator[tuple[Drawn, Found]]:
    one_by_one = (steps[number : number + 1] for number in range(len(steps)))
    ready = deque(pool.submit(make, step) for step in itertools.islice(one_by_one, ahead))
    for step in one_by_one:
        made = ready.popleft().result()
        ready.append(pool.submit(make, step))
        yield from _or_error(made)
    while ready:
        yield from _or_error(ready.popleft().result())


def _taking_turns(
    pool: ThreadPoolExecutor,
    workers: int,
    make: _Maker[Drawn, Found],
    steps: range,
    ahead: int,
) -> Iterator[tuple[Drawn, Found]]:
    # The first step alone: it builds the search index, which threads would do several times over.
    for begin, end in itertools.pairwise([0, *range(1, len(steps), ahead), len(steps)]):
        size = -(-(end - begin) // workers)
        # Threads that change with each step would wait for each other's turn most of the time.
        parts = [steps[first : min(first + size, end)] for first in range(begin, end, size or 1)]
        made = deque(pool.submit(make, part) for part in parts)
        wait(made)
        while made:
            yield from _or_error(made.popleft().result())


def _draw_and_look_up(
    draw: Callable[[int], Drawn], look_up: Callable[[Drawn], Found], steps: range
) -> _Made[Drawn, Found]:
    """Draws first, so that they and the look-ups each find their arrays in cache."""
    drawn, error = _until_error(draw, steps)
    found, earlier_error = _until_error(look_up, drawn)
    return list(zip(drawn, found, strict=False)), earlier_error or error


def _until_error(
    function: Callable[[In], Out], inputs: Iterable[In]
) -> tuple[list[Out], Exception | None]:
    found: list[Out] = []
    try:
        found.extend(map(function, inputs))  # keeps what came before an error
    except Exception as error:
        return found, error
    return found, None


def _or_error(made: _Made[Drawn, Found]) -> Iterator[tuple[Drawn, Found]]:
    found, error = made
    yield from found
    if error is not None:
        raise error
