"""How much is done and what is left: nothing is promised that is not known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cebra_kedro.run.work import Expected, Work, about, duration, expected_work

TRAIN, EMBED = "training.rats.time.train", "training.rats.time.embed"


def test_without_a_memory_training_weighs_most():
    expected = expected_work(["ingestion.rats.read", TRAIN, EMBED, "reporting.rats.loss"], {}, None)
    assert max(expected.weights, key=expected.weights.get) == TRAIN
    assert expected.remembered == 0.0


def manifest(**pieces):
    return {
        "environment": "paper",
        "node_seconds": {TRAIN: 100.0, EMBED: 2.0, "of.another.run": 7.0},
        "node_pieces": pieces,
    }


def test_nodes_weigh_what_they_took_in_the_last_run():
    expected = expected_work([TRAIN, EMBED], manifest(), "paper")
    assert expected.weights == {TRAIN: 100.0, EMBED: 2.0}
    assert expected.remembered == 1.0


def test_another_environment_is_not_remembered():
    expected = expected_work([TRAIN, EMBED], manifest(), "test")
    assert expected.remembered == 0.0


def test_a_node_whose_pieces_had_been_finished_before_is_not_remembered():
    expected = expected_work([TRAIN, EMBED], manifest() | {"node_pieces": {TRAIN: [0, 8]}}, "paper")
    assert expected.weights[EMBED] == 2.0
    assert expected.weights[TRAIN] == pytest.approx(14.0)  # seven times EMBED, as usual
    assert expected.remembered == pytest.approx(2 / 16)


def test_a_node_of_which_half_had_been_finished_before_takes_twice_as_long():
    expected = expected_work([TRAIN], manifest() | {"node_pieces": {TRAIN: [4, 8]}}, "paper")
    assert expected.weights == {TRAIN: 200.0}


def test_what_is_left_takes_as_long_as_what_was_done_did():
    work = Work(Expected({"a": 1.0, "b": 3.0}))
    work.advance("a", 1.0)
    assert work.fraction == 0.25
    assert work.seconds_left(20.0) == pytest.approx(60.0)


def test_what_was_there_before_tells_nothing_of_the_pace():
    work = Work(Expected({"a": 100.0}))
    work.advance("a", 0.9, before=0.9)
    assert work.fraction == pytest.approx(0.9)
    assert work.seconds_left(60.0) is None
    work.advance("a", 0.95, before=0.9)  # 5 of 100 in 60 s, 5 to go
    assert work.seconds_left(60.0) == pytest.approx(60.0)


def test_at_the_beginning_only_a_memory_tells_what_is_left():
    assert Work(Expected({"a": 40.0})).seconds_left(1.0) is None
    assert Work(Expected({"a": 40.0}, remembered=1.0)).seconds_left(0.0) == pytest.approx(40.0)


def test_a_memory_of_a_faster_run_is_given_up():
    work = Work(Expected({"a": 100.0}, remembered=1.0))
    work.advance("a", 0.5)
    left = work.seconds_left(500.0)  # ten times slower: 500 s to go
    assert 400 < left <= 500


@given(st.lists(st.floats(0, 1), max_size=5))
def test_what_is_done_never_becomes_less(fractions):
    work, before = Work(Expected({"a": 1.0, "b": 1.0})), 0.0
    for fraction in fractions:
        work.advance("a", fraction)
        assert before <= work.fraction <= 0.5
        before = work.fraction


def test_a_run_without_nodes_is_no_division_by_zero():
    assert Work(Expected({})).fraction == 0.0


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "about 5 s"), (43, "about 45 s"), (58, "about 1 min"), (200, "about 3 min")],
)
def test_estimates_are_round(seconds, text):
    assert about(seconds) == text


def test_long_estimates_are_in_hours():
    assert about(2 * 3600) == "about 2.0 h"


@pytest.mark.parametrize(("seconds", "text"), [(5, "0:05"), (65.9, "1:05"), (3725, "1:02:05")])
def test_durations_are_exact(seconds, text):
    assert duration(seconds) == text
