import numpy as np

from cebra_kedro.decoding.control import permuted_within

LABELS = np.arange(40).reshape(20, 2)
PARTS = (np.arange(8), np.arange(10, 18))


def test_whole_rows_are_permuted_within_each_part_and_the_rest_stays():
    permuted = permuted_within(LABELS, PARTS, seed=1)
    for part in PARTS:
        assert not np.array_equal(permuted[part], LABELS[part])
        assert sorted(map(tuple, permuted[part])) == sorted(map(tuple, LABELS[part]))
    rest = np.setdiff1d(np.arange(20), np.concatenate(PARTS))
    np.testing.assert_array_equal(permuted[rest], LABELS[rest])
    np.testing.assert_array_equal(LABELS, np.arange(40).reshape(20, 2))


def test_without_a_seed_labels_are_themselves():
    assert permuted_within(LABELS, PARTS, seed=None) is LABELS
