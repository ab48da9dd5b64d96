"""Paired differences: who is paired with whom, and intervals that cover what they say."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cebra_kedro.report.paired import paired

# Sums of a few float64 in another order.
EXACT = {"rel": 1e-9, "abs": 1e-12}


def scores(values):
    """(session, fold, seed) → value, as a table."""
    rows = [(*map(str, key), value) for key, value in values.items()]
    return pd.DataFrame(rows, columns=["subject", "fold", "seed", "value"])


def zeros(table):
    return table.assign(value=0.0)


def t_interval(values, variance_factor):
    values = np.asarray(values, float)
    half = stats.t.ppf(0.975, len(values) - 1) * math.sqrt(variance_factor * values.var(ddof=1))
    return values.mean() - half, values.mean() + half


def test_the_single_value_of_a_baseline_is_paired_with_each_seed_of_its_fold():
    encoder = scores({("a", 0, 0): 1, ("a", 0, 1): 2, ("a", 1, 0): 3, ("a", 1, 1): 4})
    raw = scores({("a", 0, 0): 10, ("a", 1, 0): 20})
    assert paired(encoder, raw).differences == (-9, -8, -17, -16)
    assert paired(raw, encoder).differences == (9, 8, 17, 16)


def test_two_encoders_are_paired_seed_by_seed_and_lone_seeds_left_out():
    first = scores({("a", 0, 0): 1, ("a", 0, 1): 2, ("a", 0, 2): 3})
    second = scores({("a", 0, 1): 20, ("a", 0, 2): 30, ("a", 0, 3): 40})
    assert paired(first, second).differences == (-18, -27)


def test_other_sessions_and_folds_are_never_paired():
    assert paired(scores({("a", 0, 0): 1}), scores({("b", 0, 0): 1})).differences == ()
    nothing = paired(scores({("a", 0, 0): 1}), scores({("a", 1, 0): 1}))
    assert math.isnan(nothing.mean) and not nothing.has_interval and not nothing.excludes_zero


def test_scores_that_are_not_finite_are_left_out_on_both_sides():
    first = scores({("a", 0, 0): math.nan, ("a", 1, 0): 3, ("a", 2, 0): 5})
    second = scores({("a", 0, 0): 1, ("a", 1, 0): math.inf, ("a", 2, 0): 1})
    found = paired(first, second)
    assert (found.differences, found.first, found.second) == ((4,), 5, 1)


def test_sessions_weigh_alike_however_many_folds_they_have():
    table = scores({("a", 0, 0): 1, ("b", 0, 0): 3, ("b", 1, 0): 5, ("b", 1, 1): 7})
    # b: folds 3 and (5 + 7) / 2 = 6, so 4.5; with a's 1 that is 2.75.
    found = paired(table, zeros(table))
    assert found.mean == 2.75
    assert dict(found.by_session) == {"a": 1, "b": 4.5}
    assert (found.n_folds, found.n_seeds) == (0, 0)


def test_three_sessions_are_the_units_after_averaging_folds_and_seeds():
    rng = np.random.default_rng(0)
    values = rng.normal(1, 2, (4, 3, 2))
    table = scores(dict(np.ndenumerate(values)))
    found = paired(table, zeros(table))
    assert (found.unit, found.n_units) == ("session", 4)
    assert (found.low, found.high) == pytest.approx(t_interval(values.mean((1, 2)), 1 / 4), **EXACT)


@pytest.mark.parametrize(("given", "ratio"), [(None, 1 / 4), (0.1, 0.1)])
def test_folds_of_one_session_have_the_interval_of_nadeau_and_bengio(given, ratio):
    values = np.random.default_rng(1).normal(0, 1, (5, 3))
    table = scores({("a", *index): value for index, value in np.ndenumerate(values)})
    found = paired(table, zeros(table), test_to_train=given)
    assert (found.unit, found.n_units) == ("fold", 5)
    assert (found.low, found.high) == pytest.approx(
        t_interval(values.mean(1), 1 / 5 + ratio), **EXACT
    )


def test_two_sessions_are_strata_whose_variances_add():
    values = np.random.default_rng(2).normal(0, [[1], [3]], (2, 4))
    table = scores({(s, fold, 0): value for (s, fold), value in np.ndenumerate(values)})
    found = paired(table, zeros(table))
    variance = values.var(axis=1, ddof=1) * (1 / 4 + 1 / 3)
    degrees = variance.sum() ** 2 / (variance**2 / 3).sum()
    half = stats.t.ppf(0.975, degrees) * math.sqrt(variance.sum()) / 2
    assert (found.unit, found.n_units) == ("fold", 8)
    assert found.high - found.mean == pytest.approx(half, **EXACT)


def test_seeds_of_one_split_are_the_units_where_nothing_else_varies():
    table = scores({("a", 0, seed): value for seed, value in enumerate([1, 2, 4])})
    found = paired(table, zeros(table))
    assert (found.unit, found.n_units) == ("seed", 3)
    assert (found.low, found.high) == pytest.approx(t_interval([1, 2, 4], 1 / 3), **EXACT)


@pytest.mark.parametrize(
    "values",
    [
        {("a", 0, 0): 1},
        {("a", 0, 0): 1, ("b", 0, 0): 2},
        {("a", 0, 0): 1, ("a", 1, 0): 2, ("b", 0, 0): 1, ("b", 0, 1): 2},
    ],
    ids=["one score", "one score a session", "folds here and seeds there"],
)
def test_fewer_than_two_units_have_no_interval(values):
    found = paired(scores(values), zeros(scores(values)))
    assert math.isfinite(found.mean)
    assert found.unit == "" and math.isnan(found.low) and math.isnan(found.high)


def test_units_that_do_not_differ_have_an_interval_of_no_width():
    table = scores({("a", fold, 0): 0.5 for fold in range(3)})
    found = paired(table, zeros(table))
    assert (found.low, found.mean, found.high) == (0.5, 0.5, 0.5)


@given(st.permutations(range(8)), st.floats(-1e3, 1e3))
def test_order_of_rows_and_a_shift_of_both_change_nothing(order, shift):
    values = np.random.default_rng(3).normal(size=(2, 2, 2))
    table = scores(dict(np.ndenumerate(values)))
    shuffled = table.iloc[order]
    found, again = paired(table, zeros(table)), paired(shuffled, zeros(table))
    assert found == again
    moved = paired(table.assign(value=table["value"] + shift), zeros(table).assign(value=shift))
    # The shift takes digits from float64 numbers of size 1000.
    assert moved.mean == pytest.approx(found.mean, abs=1e-11)
    assert moved.high == pytest.approx(found.high, abs=1e-9)


def coverage(draw, n, rng):
    """Share of intervals that hold 0."""
    hits = 0
    for _ in range(n):
        table = draw(rng)
        found = paired(table, zeros(table))
        hits += found.low <= 0 <= found.high
    return hits / n


@pytest.mark.slow
def test_intervals_of_folds_that_overlap_hold_the_truth_in_95_of_100_cases():
    """Fold differences of k folds with correlation n_test / (n_test + n_train) = 1 / k.

    For Gaussian ones the corrected interval is exact: the shared part adds ρ to the variance of the
    mean, and s² estimates (1 - ρ) σ². The plain one misses the truth far too often.
    """
    k, n = 3, 1500
    rng = np.random.default_rng(4)

    def draw(rng):
        folds = math.sqrt(1 / k) * rng.normal() + math.sqrt(1 - 1 / k) * rng.normal(size=k)
        return scores({("a", fold, 0): value for fold, value in enumerate(folds)})

    # Four standard errors of a share of 0.95 in n draws.
    assert coverage(draw, n, rng) == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / n))
    plain = [t_interval(draw(rng)["value"], 1 / k) for _ in range(n)]
    assert np.mean([low <= 0 <= high for low, high in plain]) < 0.91


@pytest.mark.slow
def test_intervals_of_sessions_hold_the_truth_in_95_of_100_cases_whatever_folds_share():
    """Folds and seeds that agree completely do not make the interval narrower."""
    n = 1000

    def draw(rng):
        of_session = rng.normal(size=3)
        return scores({(s, f, 0): of_session[s] for s in range(3) for f in range(3)})

    found = coverage(draw, n, np.random.default_rng(5))
    assert found == pytest.approx(0.95, abs=4 * math.sqrt(0.95 * 0.05 / n))
