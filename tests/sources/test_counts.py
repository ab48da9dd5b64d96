"""Counts come back in the smallest type, and what cannot be a count is named."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cebra_kedro.recording import RecordingError
from cebra_kedro.sources.counts import as_counts


@given(hnp.arrays(np.float64, (7, 3), elements=st.integers(0, 70_000).map(float)))
def test_numbers_stay_and_the_type_is_the_smallest(values):
    counts = as_counts(values, owner="x", what="neural")
    np.testing.assert_array_equal(counts, values)
    assert counts.dtype == np.min_scalar_type(int(values.max()))


@pytest.mark.parametrize("wrong", [-1.0, 0.5, np.nan, np.inf])
@pytest.mark.parametrize("row", [0, 4095, 4096, 9999])
def test_the_first_value_that_is_no_count_is_named_wherever_it_is(wrong, row):
    values = np.zeros((10_000, 2))
    values[row, 1] = wrong
    values[-1, 1] = wrong
    message = rf"VISp: neural must hold .* got {wrong} at bin {row}, neuron 1; give counts"
    with pytest.raises(RecordingError, match=message):
        as_counts(values, owner="VISp", what="neural")


def test_integers_are_accepted_and_negative_ones_are_not():
    assert as_counts(np.array([[300]]), owner="x", what="neural").dtype == np.uint16
    with pytest.raises(RecordingError, match="got -3 at bin 0, neuron 0"):
        as_counts(np.array([[-3]]), owner="x", what="neural")
