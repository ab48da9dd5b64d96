"""The indices of a step, made ready for the loss ahead of time in a background thread."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from cebra_kedro.sampling import Anchors, PairLaw


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


class BatchStream:
    """Batches of consecutive steps, drawn up to ``ahead`` steps before they are needed.

    Use it in a ``with`` block: leaving it stops the thread, also after an error.

    Args:
        law: draws the pairs.
        anchors: what the law draws from.
        steps: numbers of the steps.
        batch_size: references per session.
        n_negatives: negatives per session.
        ahead: batches kept ready.
    """

    def __init__(
        self,
        law: PairLaw,
        anchors: Anchors,
        steps: range,
        batch_size: int,
        n_negatives: int,
        ahead: int = 16,
    ) -> None:
        self._make = lambda step: make_batch(law, anchors, step, batch_size, n_negatives)
        self._steps = steps
        self._ready: queue.Queue[Batch | BaseException] = queue.Queue(maxsize=ahead)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._draw, name="pair-draws", daemon=True)

    def __enter__(self) -> BatchStream:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        while not self._ready.empty():  # a full queue would keep the thread waiting
            self._ready.get_nowait()
        self._thread.join()

    def __iter__(self) -> Iterator[Batch]:
        for _ in self._steps:
            item = self._ready.get()
            if isinstance(item, BaseException):
                raise item
            yield item

    def _draw(self) -> None:
        for step in self._steps:
            try:
                item: Batch | BaseException = self._make(step)
            except BaseException as error:  # handed to the thread that waits for the batch
                item = error
            while not self._stopped.is_set():
                try:
                    self._ready.put(item, timeout=0.1)
                    break
                except queue.Full:
                    continue
            if self._stopped.is_set():
                return
