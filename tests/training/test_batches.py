"""The batches of a step: the law's draws, merged, and handed over in order."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_training import LAWS, tiny_data

from cebra_kedro.sampling import find_anchors
from cebra_kedro.training import PairsConfig
from cebra_kedro.training.batches import drawn_ahead, make_batch
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


WORKERS = pytest.mark.parametrize(("workers", "overlap"), [(1, True), (2, True), (2, False)])


@WORKERS
@pytest.mark.parametrize("ahead", [1, 3, 100])
def test_batches_come_in_the_order_of_their_steps(ahead, workers, overlap):
    anchors, law = setting("hybrid")

    def make(step):
        return make_batch(law, anchors, step, 16, 8)

    with drawn_ahead(
        make,
        lambda batch: batch.reference,
        range(4, 20),
        workers=workers,
        overlap=overlap,
        ahead=ahead,
    ) as batches:
        drawn = list(batches)
    assert len(drawn) == 16
    for step, (batch, found) in zip(range(4, 20), drawn, strict=True):
        assert_same(batch, make(step))
        assert found is batch.reference


class Watched:
    """Makes a number of each step; notes the steps, and may fail at one."""

    def __init__(self, fails_at=None):
        self.steps, self._fails_at = [], fails_at

    def __call__(self, step):
        self.steps.append(step)
        if step == self._fails_at:
            raise ZeroDivisionError(f"cannot draw step {step}")
        return step


@WORKERS
@pytest.mark.parametrize("ahead", [1, 2, 8])
@pytest.mark.parametrize("which", ["draw", "look_up"])
def test_an_error_in_a_thread_reaches_the_caller_at_its_step(which, ahead, workers, overlap):
    functions = {"draw": Watched(), "look_up": Watched(), which: Watched(fails_at=3)}
    received = []
    with (
        pytest.raises(ZeroDivisionError, match="cannot draw step 3"),
        drawn_ahead(
            **functions, steps=range(10), workers=workers, overlap=overlap, ahead=ahead
        ) as batches,
    ):
        received.extend(batches)  # keeps what came before the error
    assert received == [(0, 0), (1, 1), (2, 2)]
    assert not drawing()


@WORKERS
@pytest.mark.parametrize("taken", [1, 6])
@pytest.mark.parametrize("ahead", [1, 5])
def test_leaving_early_stops_the_threads(taken, ahead, workers, overlap):
    before, make = threading.active_count(), Watched()
    with drawn_ahead(
        make, Watched(), range(10**6), workers=workers, overlap=overlap, ahead=ahead
    ) as batches:
        for _ in range(taken):
            next(batches)
        assert drawing()
    assert not drawing()
    assert threading.active_count() == before
    assert taken <= len(make.steps) <= taken + ahead


def test_taking_turns_nothing_is_drawn_during_a_step():
    make = Watched()
    with drawn_ahead(make, Watched(), range(10), workers=2, overlap=False, ahead=4) as batches:
        for _ in batches:
            before = list(make.steps)
            time.sleep(0.01)  # the step
            assert make.steps == before
    assert sorted(make.steps) == list(range(10))


def drawing() -> bool:
    return any(thread.name.startswith("pair-draws") for thread in threading.enumerate())
