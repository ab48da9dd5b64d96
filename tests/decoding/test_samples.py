import numpy as np
import pytest

from cebra_kedro.decoding.samples import scored_samples
from samples_of import samples_of

PART = np.repeat([0, 1, 2], 3).astype(np.int8)


def made(features, part=PART):
    return samples_of(features, part, position=(np.arange(9.0), "continuous", "m"))


def test_rows_of_a_part_can_be_thinned():
    samples = made(np.zeros((9, 2)))
    assert samples.rows("valid").tolist() == [3, 4, 5]
    assert samples.rows("valid", step=2).tolist() == [3, 5]


@pytest.mark.parametrize(
    ("features", "part", "message"),
    [
        (np.zeros((8, 2)), PART[:-1], "one row for each of the 9 bins of recording made, got 8"),
        (np.zeros(9), PART, r"features must be an array \(time, dim\), got shape \(9,\)"),
        (np.zeros((9, 0)), PART, r"features must be an array \(time, dim\)"),
        (np.full((9, 2), np.nan), PART, "features has 18 values that are NaN.* first in row 0"),
        (np.zeros((9, 2)), PART[:-1], "part must have shape"),
        (np.zeros((9, 2)), np.zeros(9, np.int8), "got none for valid, test"),
        (np.zeros((9, 2)), PART - 2, r"only 0 \(train\).*got \[-2\]"),
    ],
)
def test_arrays_that_do_not_fit_are_refused_by_name(features, part, message):
    with pytest.raises(ValueError, match=message):
        made(features, part)


def test_other_samples_are_scored_if_given_and_their_width_fits():
    first, second = made(np.zeros((9, 2))), made(np.ones((9, 2)))
    assert scored_samples(first, None) is first
    assert scored_samples(first, second) is second
    with pytest.raises(ValueError, match="width of fit, got 3 and 2"):
        scored_samples(first, made(np.zeros((9, 3))))
