"""Neurons are chosen as published, or each at most once; too few are refused with their number."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cebra_kedro.sources.pseudomouse import Pseudomouse, choose_neurons


def test_the_published_draws_with_replacement():
    assert choose_neurons(100, 5, 111, replace=True).tolist() == [47, 15, 72, 16, 71]


def test_the_published_disjoint_groups():
    permuted = [1, 8, 0, 9, 7, 5, 4, 6, 2, 3]
    assert choose_neurons(10, 5, 111, replace=False, group=0).tolist() == permuted[:5]
    assert choose_neurons(10, 3, 111, replace=False, group=1).tolist() == permuted[5:8]
    assert choose_neurons(10, 10, 111, replace=False).tolist() == permuted


@given(st.integers(1, 60), st.integers(2, 5), st.integers(0, 2**32), st.data())
def test_groups_are_disjoint_and_cover_everything(n_available, n_groups, seed, data):
    sizes = [len(part) for part in np.array_split(np.arange(n_available), n_groups)]
    groups = [
        choose_neurons(n_available, size, seed, replace=False, group=g, n_groups=n_groups)
        for g, size in enumerate(sizes)
        if size
    ]
    assert sorted(np.concatenate(groups).tolist()) == list(range(n_available))
    n = data.draw(st.integers(1, n_available))
    fewer = choose_neurons(n_available, n, seed, replace=False)
    whole = choose_neurons(n_available, n_available, seed, replace=False)
    np.testing.assert_array_equal(fewer, whole[:n])


def test_the_seed_decides():
    draws = [choose_neurons(1000, 50, seed, replace=True) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert (draws[0] != draws[2]).any()


def test_with_replacement_more_can_be_drawn_than_there_are_as_published():
    index = choose_neurons(3, 50, 111, replace=True)
    assert index.shape == (50,)
    assert set(index.tolist()) == {0, 1, 2}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 11, "replace": False}, r"n asks for 11 neurons, but only 10 are available; lower"),
        (
            {"n": 6, "replace": False, "group": 1},
            r"only 5 are available in group 1 of 2 \(10 in all\); lower the number",
        ),
        ({"n": 5, "replace": True, "group": 0}, "without replacement; set replace to false"),
        ({"n": 5, "replace": False, "group": 2}, r"group must be in 0 … 1 \(n_groups 2\), got 2"),
        ({"n": 0, "replace": True}, "must be at least 1, got 0 and 10 neurons"),
        ({"n": 1, "n_available": 0, "replace": True}, "got 1 and 0 neurons"),
    ],
)
def test_what_cannot_be_drawn_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        choose_neurons(**{"n_available": 10, "seed": 111} | options)


def test_the_chosen_neurons_become_columns_in_their_order():
    neural = np.arange(12, dtype=np.uint8).reshape(3, 4)
    mouse = Pseudomouse(neural, np.arange(4), pd.DataFrame({"unit": [5, 6, 7]}), "VISp")
    chosen = mouse.select(np.array([2, 0, 2]))
    np.testing.assert_array_equal(chosen, neural[[2, 0, 2]].T)
    assert chosen.flags.c_contiguous
    assert chosen.dtype == np.uint8
    assert mouse.n_neurons == 3


def test_neurons_and_frames_must_fit_the_activity():
    with pytest.raises(
        ValueError, match=r"VISl: neural must have shape .* \(3, 5\).* got \(3, 4\)"
    ):
        Pseudomouse(np.zeros((3, 4)), np.arange(5), pd.DataFrame({"unit": [1, 2, 3]}), "VISl")
