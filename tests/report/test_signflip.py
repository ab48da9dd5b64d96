"""Sign flips keep their promise: 5 % of null data sets are rejected, whatever seeds or folds share.

Scores are drawn as sessions, folds and seeds share them: one part for each session, fold and seed.
The bounds of 5 % ± 1.5 % are three standard errors of a share of 0.05 in 2000 draws.
"""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cebra_kedro.report.signflip import holm, sign_flip

N_DATA_SETS = 2000


def p_of(folds, seed=0, **more):
    return sign_flip(folds, np.random.default_rng(seed), **more).p


def drawn(rng, sessions, folds, seeds=1, *, between=0.0, shared=None, effect=0.0):
    """Session → fold means of differences.

    Args:
        rng: draws.
        sessions: how many.
        folds: in each.
        seeds: in each fold, averaged; each has an error as large as that of a fold.
        between: standard deviation of what all folds of a session share, as animals differ.
        shared: correlation of folds through training rows; None for 1 / folds.
        effect: true difference, in standard deviations of a fold.
    """
    rho = 1 / folds if shared is None else shared
    of_session = between * rng.normal(size=(sessions, 1))
    training = math.sqrt(rho) * rng.normal(size=(sessions, 1))
    own = math.sqrt(1 - rho) * rng.normal(size=(sessions, folds))
    of_seed = rng.normal(size=(sessions, folds, seeds)).mean(axis=2) * (seeds > 1)
    values = effect + of_session + training + own + of_seed
    return {str(session): list(of) for session, of in enumerate(values)}


def rejected(seed, *design, **more):
    """Share of data sets with p up to 0.05."""
    rng = np.random.default_rng(seed)
    p = [p_of(drawn(rng, *design, **more)) for _ in range(N_DATA_SETS)]
    return np.mean(np.array(p) <= 0.05)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sessions", "folds", "more"),
    [
        (1, 10, {"shared": 0.0, "test_to_train": 0.0}),
        (1, 8, {}),
        (1, 10, {}),
        (2, 5, {}),
        (4, 3, {}),
        (5, 4, {}),
        (8, 1, {"between": 1.0}),
        (8, 3, {"between": 1.0}),
        (12, 3, {"between": 2.0, "shared": 0.9}),
    ],
)
def test_five_percent_of_null_data_sets_are_rejected(sessions, folds, more):
    ratio = {key: more.pop(key) for key in ("test_to_train",) if key in more}
    rng = np.random.default_rng(0)
    draws = (drawn(rng, sessions, folds, **more) for _ in range(N_DATA_SETS))
    share = np.mean([p_of(one, **ratio) <= 0.05 for one in draws])
    assert share == pytest.approx(0.05, abs=0.015)


@pytest.mark.parametrize(("sessions", "folds"), [(1, 10), (2, 5), (4, 3), (8, 3)])
def test_seeds_that_share_their_fold_change_nothing(sessions, folds):
    """Ten seeds a fold are averaged: what is theirs shrinks, what they share stays."""
    share = rejected(0, sessions, folds, 10)
    assert share == pytest.approx(0.05, abs=0.015)


def test_folds_taken_for_independent_would_reject_far_too_often():
    """What the correction is for; the same data as above."""
    rng = np.random.default_rng(0)
    draws = [drawn(rng, 1, 10) for _ in range(N_DATA_SETS)]
    assert np.mean([p_of(one, test_to_train=0.0) <= 0.05 for one in draws]) > 0.12


def test_animals_that_differ_are_no_more_than_themselves_while_they_are_few():
    """Folds of four sessions answer for these four: with others, 5 % is not promised."""
    assert rejected(9, 4, 3, between=1.0) > 0.1
    assert rejected(9, 7, 3, between=1.0) < 0.065


@pytest.mark.parametrize(
    ("sessions", "folds", "effect", "power"),
    [(1, 10, 2.0, 0.9), (4, 3, 1.5, 0.9), (8, 1, 1.5, 0.9)],
)
def test_a_known_effect_is_found(sessions, folds, effect, power):
    assert rejected(10, sessions, folds, effect=effect) > power


def test_more_units_than_can_be_enumerated_keep_the_promise():
    rng = np.random.default_rng(11)
    p = [p_of(drawn(rng, 16, 1), seed) for seed in range(300)]
    # Four standard errors of 0.05 in 300 draws.
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 / 300))
    assert sign_flip(drawn(rng, 16, 1, effect=5.0), rng).p == 1 / 2**14


@given(st.lists(st.floats(-10, 10), min_size=6, max_size=9))
def test_sessions_have_the_p_of_all_signings(values):
    """Oracle: every signing of the session means, one by one."""
    found = p_of({str(i): [value, value] for i, value in enumerate(values)})
    sums = [
        abs(sum(sign * value for sign, value in zip(signs, values, strict=True)))
        for signs in itertools.product((1, -1), repeat=len(values))
    ]
    # Sums that are equal but for rounding are equal.
    as_far = [one >= abs(sum(values)) * (1 - 1e-9) for one in sums]
    expected = np.mean(as_far) if any(values) else 1.0
    assert found == pytest.approx(expected, abs=2.1 / 2 ** len(values))


@pytest.mark.parametrize(
    ("folds", "unit", "n_units", "smallest"),
    [
        ({"a": [1.0]}, "fold", 1, 1.0),
        ({"a": [1.0, 1.1, 1.2]}, "fold", 3, 0.25),
        ({"a": [1.0, 1.1], "b": [1.0, 1.2]}, "fold", 4, 0.125),
        ({s: [1.0] for s in "abcde"}, "fold", 5, 0.0625),
        ({s: [1.0, 2.0] for s in "abcdef"}, "session", 6, 0.03125),
    ],
)
def test_few_units_have_the_smallest_p_that_signs_allow(folds, unit, n_units, smallest):
    found = sign_flip(folds, np.random.default_rng(0))
    assert (found.unit, found.n_units, found.n_sessions) == (unit, n_units, len(folds))
    assert found.smallest_p == smallest
    assert found.p >= smallest


def test_no_difference_at_all_is_no_evidence():
    assert p_of({"a": [0.0] * 8}) == 1.0
    assert math.isnan(p_of({}))
    assert math.isnan(p_of({"a": [math.inf, 1.0]}))


@given(st.floats(0.01, 100), st.integers(0, 2**32))
def test_unit_and_direction_of_the_scores_change_nothing(scale, seed):
    folds = drawn(np.random.default_rng(seed), 2, 4, effect=0.5)
    turned = {session: [-scale * value for value in of] for session, of in folds.items()}
    assert p_of(turned) == p_of(folds)


def test_more_overlap_needs_more_to_be_shown():
    folds = {"a": [1.0, 0.4, 0.9, 0.7, 1.1, 0.3, 0.8, 1.2]}
    p = [p_of(folds, test_to_train=ratio) for ratio in (0.0, 0.1, 0.5, 2.0)]
    assert p == sorted(p) and p[0] == 2 / 2**8 and p[-1] > p[0]


def test_holm_multiplies_the_smallest_by_all_and_the_next_by_one_less():
    # Holm (1979): 3 · 0.01, max(that, 2 · 0.02), max(that, 1 · 0.03).
    assert holm([0.03, 0.01, 0.02]) == pytest.approx([0.04, 0.03, 0.04], rel=1e-12)
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_what_cannot_be_tested_does_not_count():
    corrected = holm([math.nan, 0.02, math.nan, 0.04])
    assert corrected[1::2] == [0.04, 0.04] and np.isnan(corrected[::2]).all()


def test_holm_lets_five_percent_of_families_have_a_wrong_one():
    p = np.random.default_rng(12).uniform(size=(4000, 5))
    wrong = np.mean([min(holm(list(family))) <= 0.05 for family in p])
    assert wrong == pytest.approx(0.05, abs=0.015)
