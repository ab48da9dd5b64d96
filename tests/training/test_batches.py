"""The batches of a step: the law's draws, merged, and handed over from the background in order."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_training import LAWS, tiny_data

from cebra_kedro.sampling import find_anchors
from cebra_kedro.training import PairsConfig
from cebra_kedro.training.batches import BatchStream, make_batch
from cebra_kedro.training.data import pair_law


def setting(name="time", n_sessions=1, seed=0):
    sessions = [tiny_data(seed=number) for number in range(n_sessions)]
    anchors = find_anchors([data.segment for data in sessions], [(2, 3)] * n_sessions)
    return anchors, pair_law(sessions, anchors, PairsConfig(**LAWS[name]), seed)


def numbered_rows(batch, anchors) -> np.ndarray:
    """The batch's distinct rows, numbered through the sessions."""
    parts = zip(batch.rows, anchors.first_row[:-1], strict=True)
    return np.concatenate([rows.numpy() + first for rows, first in parts])


@settings(max_examples=30, deadline=None)
@given(
    case=st.sampled_from([("time", 1), ("hybrid", 1), ("mixed", 1), ("time_delta", 3)]),
    step=st.integers(0, 10**6),
    batch_size=st.sampled_from([6, 60, 600]),
    n_negatives=st.sampled_from([1, 50, 500]),
)
def test_a_batch_is_what_the_law_drew(case, step, batch_size, n_negatives):
    anchors, law = setting(*case)
    pairs = law.draw(step, batch_size, n_negatives)
    batch = make_batch(law, anchors, step, batch_size, n_negatives)
    rows = numbered_rows(batch, anchors)
    assert len(np.unique(rows)) == len(rows)
    np.testing.assert_array_equal(rows[batch.reference], anchors.row[pairs.reference])
    for merged, drawn in zip(batch.positives, pairs.positives, strict=True):
        np.testing.assert_array_equal(rows[merged], anchors.row[drawn])
    negative = np.repeat(rows[batch.key], batch.key_weight.numpy().astype(int))
    np.testing.assert_array_equal(np.sort(negative), np.sort(anchors.row[pairs.negative]))
    # shares are n / batch_size in float32
    query = np.repeat(rows[batch.query], (batch.query_weight * len(pairs.reference)).round().int())
    np.testing.assert_array_equal(np.sort(query), np.sort(anchors.row[pairs.reference]))


def assert_same(one, other):
    for name in vars(one):
        left, right = getattr(one, name), getattr(other, name)
        for a, b in zip(*([x] if torch.is_tensor(x) else x for x in (left, right)), strict=True):
            assert torch.equal(a, b), name


@pytest.mark.parametrize("ahead", [1, 3, 100])
def test_the_stream_gives_the_batches_of_the_steps_in_order(ahead):
    anchors, law = setting("hybrid")
    with BatchStream(law, anchors, range(4, 20), 16, 8, ahead=ahead) as stream:
        streamed = list(stream)
    assert len(streamed) == 16
    for step, batch in zip(range(4, 20), streamed, strict=True):
        assert_same(batch, make_batch(law, anchors, step, 16, 8))


class Failing:
    """A law that fails at a step."""

    def __init__(self, law, at):
        self._law, self._at = law, at

    def draw(self, step, batch_size, n_negatives):
        if step == self._at:
            raise ZeroDivisionError(f"cannot draw step {step}")
        return self._law.draw(step, batch_size, n_negatives)


def test_an_error_in_the_thread_reaches_the_caller_at_its_step():
    anchors, law = setting()
    received = []
    with (
        pytest.raises(ZeroDivisionError, match="cannot draw step 3"),
        BatchStream(Failing(law, 3), anchors, range(10), 16, 8) as stream,
    ):
        received.extend(stream)  # keeps what came before the error
    assert len(received) == 3
    assert not drawing()


@pytest.mark.parametrize("taken", [0, 2])
@pytest.mark.parametrize("ahead", [1, 100])
def test_leaving_early_stops_the_thread(taken, ahead):
    anchors, law = setting()
    before = threading.active_count()
    with BatchStream(law, anchors, range(10**6), 16, 8, ahead=ahead) as stream:
        batches = iter(stream)
        for _ in range(taken):
            next(batches)
        assert drawing()
    assert not drawing()
    assert threading.active_count() == before


def drawing() -> bool:
    return any(thread.name == "pair-draws" for thread in threading.enumerate())
