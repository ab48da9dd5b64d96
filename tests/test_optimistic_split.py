"""The random split has the sizes of the contiguous one, and its name says what it does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cebra_kedro.splits import contiguous_blocks, optimistic_random_rows


@given(n_time=st.integers(10, 500), seed=st.integers(0, 100))
def test_parts_have_the_sizes_of_contiguous_blocks(n_time, seed):
    fractions = (0.5, 0.2, 0.3)
    part = optimistic_random_rows(n_time, fractions, seed=seed)
    np.testing.assert_array_equal(np.sort(part), contiguous_blocks(n_time, fractions))
    np.testing.assert_array_equal(part, optimistic_random_rows(n_time, fractions, seed=seed))


def test_test_rows_lie_between_training_rows():
    part = optimistic_random_rows(10_000, (0.7, 0.1, 0.2), seed=0)
    neighbours = np.concatenate([part[:-2][part[1:-1] == 2], part[2:][part[1:-1] == 2]])
    # independent of the row itself: 70 % of 4000 neighbours, ± 0.7 %
    assert np.mean(neighbours == 0) == pytest.approx(0.7, abs=0.035)


def test_seeds_differ():
    assert not np.array_equal(
        optimistic_random_rows(50, seed=0), optimistic_random_rows(50, seed=1)
    )


def test_fractions_are_checked():
    with pytest.raises(ValueError, match="fractions must be three non-negative numbers"):
        optimistic_random_rows(50, (0.5, 0.5, 0.5), seed=0)
