import numpy as np
import pytest

from cebra_kedro.decoding.control import permuted_rows

PARTS = (np.arange(8), np.arange(10, 18))


def test_rows_are_permuted_within_each_part_and_the_rest_stays():
    order = permuted_rows(20, PARTS, seed=1)
    for part in PARTS:
        assert not np.array_equal(order[part], part)
        assert sorted(order[part]) == part.tolist()
    rest = np.setdiff1d(np.arange(20), np.concatenate(PARTS))
    np.testing.assert_array_equal(order[rest], rest)


@pytest.mark.parametrize("seed", range(5))
def test_the_permutation_is_that_of_an_encoders_labels(seed):
    from cebra_kedro.sampling import shuffle_rows

    labels = np.random.default_rng(0).normal(size=(20, 3))
    for part in PARTS:
        order = permuted_rows(20, [part], seed)
        np.testing.assert_array_equal(labels[order][part], shuffle_rows(labels[part], seed))


def test_without_a_seed_rows_are_themselves():
    np.testing.assert_array_equal(permuted_rows(20, PARTS, seed=None), np.arange(20))
