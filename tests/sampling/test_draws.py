"""Random numbers of a step depend on nothing but (seed, step, stream)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from cebra_kedro.sampling import find_anchors, shuffle_rows, step_rng
from cebra_kedro.sampling.draws import assign_to_sessions, draw_uniform

# Draws below are seeded, so a test gives the same p-value each time; a correct generator gives
# less than ALPHA for one seed in a million.
ALPHA = 1e-6

keys = st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 10**6), st.integers(0, 3))


@given(key=keys)
def test_the_same_key_gives_the_same_numbers(key):
    np.testing.assert_array_equal(step_rng(*key).random(5), step_rng(*key).random(5))


@given(one=keys, other=keys)
def test_other_keys_give_other_numbers(one, other):
    same = (step_rng(*one).random(2) == step_rng(*other).random(2)).all()
    assert same == (one == other)


@pytest.mark.parametrize("seed", [0, 2**32, 2**63 - 1, 2**63, 2**64 - 2])
def test_neighbouring_seeds_differ_however_large(seed):
    assert (step_rng(seed, 0).random(2) != step_rng(seed + 1, 0).random(2)).all()


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_seeds_that_are_no_64_bit_number_are_refused(seed):
    with pytest.raises(ValueError, match=rf"seed must be in \[0, 2\^64\), got {seed}"):
        step_rng(seed, 0)


def test_a_long_step_does_not_run_into_the_next():
    long, following = step_rng(3, 7).random(100_000), step_rng(3, 8).random(2)
    assert not np.isin(following, long).any()


@pytest.mark.parametrize(
    "many",
    [
        [step_rng(seed, 0) for seed in range(2000)],
        [step_rng(0, step) for step in range(2000)],
        [step_rng(0, 0, stream) for stream in range(2000)],
    ],
    ids=["seeds", "steps", "streams"],
)
def test_neighbouring_keys_are_independent_and_uniform(many):
    numbers = np.array([rng.random(50) for rng in many])
    assert stats.kstest(numbers.ravel(), "uniform").pvalue > ALPHA
    # The first numbers of the generators are what a step would see as its first reference.
    assert stats.kstest(numbers[:, 0], "uniform").pvalue > ALPHA
    assert stats.pearsonr(numbers[1:].ravel(), numbers[:-1].ravel()).pvalue > ALPHA


def test_uniform_draws_are_uniform_within_each_session():
    anchors = find_anchors([np.repeat([0, 1], 15), np.zeros(10, int)], [(2, 3), (0, 1)])
    assert anchors.count.tolist() == [22, 10]
    drawn = draw_uniform(anchors, 20_000, np.random.default_rng(0))
    for session, part in enumerate(np.split(drawn, 2)):
        of_session = anchors.of_session(session)
        assert part.min() >= of_session.start
        assert part.max() < of_session.stop
        observed = np.bincount(part - of_session.start, minlength=anchors.count[session])
        assert stats.chisquare(observed).pvalue > ALPHA


@given(n_sessions=st.integers(1, 5), per_session=st.integers(1, 20), seed=st.integers(0, 2**32 - 1))
def test_references_are_partitioned_equally_over_sessions(n_sessions, per_session, seed):
    n_references = n_sessions * per_session
    parts = assign_to_sessions(n_references, n_sessions, np.random.default_rng(seed))
    parts = [np.arange(n_references)[part] for part in parts]
    assert [len(part) for part in parts] == [per_session] * n_sessions
    assert sorted(np.concatenate(parts).tolist()) == list(range(n_references))


def test_every_partition_over_sessions_is_equally_likely():
    # 4 references into 2 sessions of 2: six partitions.
    rng = np.random.default_rng(0)
    found = [tuple(sorted(assign_to_sessions(4, 2, rng)[0])) for _ in range(6000)]
    partitions, observed = np.unique(found, axis=0, return_counts=True)
    assert len(partitions) == 6
    assert stats.chisquare(observed).pvalue > ALPHA


@settings(deadline=None)
@given(n_rows=st.integers(1, 30), dim=st.integers(1, 3), seed=st.integers(0, 2**32 - 1))
def test_shuffling_moves_whole_rows_and_leaves_the_input(n_rows, dim, seed):
    labels = np.arange(n_rows * dim, dtype=np.float32).reshape(n_rows, dim)
    before = labels.copy()
    shuffled = shuffle_rows(labels, seed)
    np.testing.assert_array_equal(labels, before)
    assert shuffled.dtype == labels.dtype
    np.testing.assert_array_equal(shuffled[np.argsort(shuffled[:, 0])], labels)
    np.testing.assert_array_equal(shuffled, shuffle_rows(labels, seed))


def test_every_order_of_rows_is_equally_likely():
    orders = [tuple(shuffle_rows(np.arange(3)[:, None], seed)[:, 0]) for seed in range(3000)]
    found, observed = np.unique(orders, axis=0, return_counts=True)
    assert len(found) == 6
    assert stats.chisquare(observed).pvalue > ALPHA
