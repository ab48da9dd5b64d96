"""Every law is a pure function of (labels, configuration, seed, step) and keeps its promises."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pair_tables import ALPHA, BATCH, make_sessions
from scipy import stats

from cebra_kedro.sampling import (
    ClassLaw,
    DeltaNormalLaw,
    HybridLaw,
    MixedLaw,
    SeveralLaws,
    TimeDeltaLaw,
    TimeLaw,
)


def _hybrid(data, seed):
    anchors = data.anchors
    return HybridLaw(TimeDeltaLaw(anchors, data.labels, 2, seed), TimeLaw(anchors, 2, seed))


def _several(data, seed):
    anchors, labels = data.anchors, data.labels
    change, near = (
        TimeDeltaLaw(anchors, labels, 2, seed),
        DeltaNormalLaw(anchors, labels, 0.5, seed),
    )
    return SeveralLaws(anchors, [change, near, ClassLaw(anchors, data.classes, seed)], seed)


def _several_in_time(data, seed):
    anchors, labels = data.anchors, data.labels
    laws = [TimeLaw(anchors, 1, seed), TimeLaw(anchors, 3, seed)]
    mixed = MixedLaw(anchors, labels, data.classes, 2, seed)
    return SeveralLaws(anchors, [*laws, mixed], seed)


LAWS = {
    "time": lambda data, seed: TimeLaw(data.anchors, 2, seed),
    "time_delta": lambda data, seed: TimeDeltaLaw(data.anchors, data.labels, 2, seed),
    "time_delta, uniform ties": lambda data, seed: TimeDeltaLaw(
        data.anchors, data.labels, 2, seed, "uniform"
    ),
    "delta_normal": lambda data, seed: DeltaNormalLaw(data.anchors, data.labels, 0.5, seed),
    "delta_normal, uniform ties": lambda data, seed: DeltaNormalLaw(
        data.anchors, data.labels, 0.5, seed, "uniform"
    ),
    "discrete": lambda data, seed: ClassLaw(data.anchors, data.classes, seed),
    "discrete, uniform": lambda data, seed: ClassLaw(data.anchors, data.classes, seed, "uniform"),
    "mixed": lambda data, seed: MixedLaw(data.anchors, data.labels, data.classes, 2, seed),
    "hybrid": _hybrid,
    "several": _several,
    "several, in time": _several_in_time,
}
ONE_SESSION_ONLY = {"time", "mixed", "hybrid", "several, in time"}
CASES = [(name, 1) for name in LAWS] + [(name, 2) for name in LAWS if name not in ONE_SESSION_ONLY]


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]}-{case[1]}", scope="module")
def case(request):
    """How to build the law anew, and its data, which nobody may write to."""
    name, n_sessions = request.param
    data = make_sessions(n_sessions)
    for array in (*data.segments, data.labels, data.classes):
        array.flags.writeable = False
    return lambda seed: LAWS[name](data, seed), data


def flat(pairs):
    return np.concatenate([pairs.reference, *pairs.positives, pairs.negative]).tolist()


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 2**32), step=st.integers(0, 10**6))
def test_a_law_built_anew_draws_the_same_step(case, seed, step):
    build, _ = case
    assert flat(build(seed).draw(step, 20, 30)) == flat(build(seed).draw(step, 20, 30))


def test_a_step_is_the_same_whatever_was_drawn_before(case):
    build, _ = case
    straight, used = build(3).draw(7, 20, 30), build(3)
    for step in (*range(7), 100, 0):
        used.draw(step, 20, 30)
    assert flat(used.draw(7, 20, 30)) == flat(straight)
    assert flat(used.draw(7, 20, 30)) == flat(straight)


def test_no_global_random_state_is_read_or_changed(case):
    build, _ = case
    before = np.random.get_state()  # noqa: NPY002
    one = flat(build(3).draw(7, 20, 30))
    np.testing.assert_array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002
    np.random.seed(1)  # noqa: NPY002
    assert flat(build(3).draw(7, 20, 30)) == one
    np.random.set_state(before)  # noqa: NPY002


def test_each_step_and_each_seed_draws_its_own_pairs(case):
    build, _ = case
    law = build(3)
    drawn = [flat(law.draw(step, 20, 30)) for step in range(20)]
    drawn += [flat(build(seed).draw(0, 20, 30)) for seed in range(4, 20)]
    assert len({tuple(pairs) for pairs in drawn}) == len(drawn)


def test_references_and_negatives_come_session_by_session_and_equally_many(case):
    build, data = case
    pairs, n_sessions = build(0).draw(0, 50, 70), len(data.segments)
    session = data.session_of_row[data.anchors.row]
    assert session[pairs.reference].tolist() == np.repeat(range(n_sessions), 50).tolist()
    assert session[pairs.negative].tolist() == np.repeat(range(n_sessions), 70).tolist()
    for drawn in (pairs.reference, *pairs.positives, pairs.negative):
        assert drawn.dtype == np.int64
        assert drawn.min() >= 0
        assert drawn.max() < len(data.anchors)
    for positive in pairs.positives:
        assert positive.shape == pairs.reference.shape


@pytest.mark.parametrize("name", [name for name in LAWS if name not in ONE_SESSION_ONLY])
def test_positives_are_equally_many_in_each_session_and_spread_by_a_new_permutation(name):
    data = make_sessions(2)
    law, session = LAWS[name](data, 0), data.session_of_row[data.anchors.row]
    orders, stayed = set(), []
    for step in range(200):
        pairs = law.draw(step, 50, 1)
        of_positive = session[pairs.positives[0]]
        assert np.bincount(of_positive).tolist() == [50, 50]
        orders.add(tuple(of_positive))
        stayed.append((of_positive[:50] == 0).sum())
    assert len(orders) == 200
    # Of 100 references, 50 are drawn without replacement: how many of session 0 stay there is
    # hypergeometric, mean 25 and standard deviation √(50 · ½ · ½ · 50/99) = 2.51.
    law_of_stayed = stats.hypergeom(100, 50, 50)
    # Five standard errors for the mean of 200; a variance from 200 is known to ±10 %, times five.
    assert np.mean(stayed) == pytest.approx(25, abs=5 * law_of_stayed.std() / np.sqrt(200))
    assert np.var(stayed) == pytest.approx(law_of_stayed.var(), rel=0.5)


def test_negatives_are_independent_of_pairs(case):
    build, data = case
    pairs, n_sessions = build(0).draw(0, BATCH, BATCH), len(data.segments)
    for drawn in (pairs.reference, *pairs.positives):
        # Place for place within a session; sessions are fixed by place, so they are left out.
        for one, other in zip(
            np.split(drawn, n_sessions), np.split(pairs.negative, n_sessions), strict=True
        ):
            counts = stats.contingency.crosstab(one, other).count
            often = counts[counts.sum(axis=1) > 1000]
            assert stats.chi2_contingency(often).pvalue > ALPHA
