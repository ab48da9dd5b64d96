"""Laws of time and of label changes draw each pair as often as their definition says."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pair_tables import (
    BATCH,
    assert_counts_follow,
    assert_drawn_as,
    delta_normal_table,
    make_sessions,
    time_delta_table,
    time_table,
    uniform_prior,
)

from cebra_kedro.sampling import (
    DeltaNormalLaw,
    HybridLaw,
    TimeDeltaLaw,
    TimeLaw,
    find_anchors,
)

trials = st.lists(st.integers(1, 12), min_size=1, max_size=6)


@pytest.mark.parametrize("offset", [1, 3])
def test_time_pairs_are_as_likely_as_defined(offset):
    data = make_sessions(1)
    pairs = TimeLaw(data.anchors, offset, seed=0).draw(0, BATCH, BATCH)
    table = time_table(data, offset)
    assert_drawn_as(table, pairs.reference, pairs.positives[0])
    # Negatives follow the prior of the references, as in cebra.
    counts, prior = np.bincount(pairs.negative, minlength=len(table)), table.sum(axis=1)
    assert counts[prior == 0].sum() == 0
    assert_counts_follow(counts[prior > 0], prior[prior > 0])


@settings(deadline=None)
@given(lengths=trials, window=st.tuples(st.integers(0, 3), st.integers(1, 3)), data=st.data())
def test_time_pairs_never_cross_trials(lengths, window, data):
    segment = np.repeat(np.arange(len(lengths)) % 2, lengths)
    trial = np.repeat(np.arange(len(lengths)), lengths)
    offset = data.draw(st.integers(1, 6))
    assume(max(lengths) >= sum(window) + offset)
    anchors = find_anchors([segment], [window])
    pairs = TimeLaw(anchors, offset, seed=0).draw(0, 200, 200)
    first, last = anchors.row[pairs.reference], anchors.row[pairs.positives[0]]
    assert (last - first == offset).all()
    left, right = window
    # From the first bin of the reference's window to the last of the positive's, one trial.
    np.testing.assert_array_equal(trial[first - left], trial[last + right - 1])


@pytest.mark.parametrize("ties", ["first", "uniform"])
@pytest.mark.parametrize(("n_sessions", "offset"), [(1, 1), (1, 3), (2, 2)])
@pytest.mark.parametrize("dim", [1, 2, 3])
def test_time_delta_pairs_are_as_likely_as_defined(n_sessions, offset, dim, ties):
    data = make_sessions(n_sessions, dim)
    law = TimeDeltaLaw(data.anchors, data.labels, offset, 0, ties)
    pairs = law.draw(0, BATCH, BATCH)
    prior = uniform_prior(data)
    table = time_delta_table(data, offset, prior, ties)
    assert_drawn_as(table, pairs.reference, pairs.positives[0])
    assert_counts_follow(np.bincount(pairs.negative, minlength=len(prior)), prior)


@pytest.mark.parametrize(("n_sessions", "delta"), [(1, 0.7), (2, 0.3), (2, 4.0)])
def test_delta_normal_pairs_are_as_likely_as_defined(n_sessions, delta):
    data = make_sessions(n_sessions, dim=1)
    pairs = DeltaNormalLaw(data.anchors, data.labels, delta, seed=0).draw(0, BATCH, BATCH)
    table = delta_normal_table(data, delta)
    possible = table * len(pairs.reference) > 5  # tails are drawn too seldom to be counted
    assert table[~possible].sum() < 1e-3
    inside = possible[pairs.reference, pairs.positives[0]]
    kept = np.where(possible, table, 0)
    assert_drawn_as(kept / kept.sum(), pairs.reference[inside], pairs.positives[0][inside])
    # What was left out is rare: five standard deviations above its share.
    share, n = table[~possible].sum(), len(inside)
    assert (~inside).sum() <= n * share + 5 * np.sqrt(n * share)
    assert_counts_follow(np.bincount(pairs.negative, minlength=len(table)), uniform_prior(data))


def test_delta_normal_noise_has_the_same_spread_in_every_direction():
    # A grid fine enough (delta / 10) and wide enough (6 delta) for label changes to be the noise.
    grid = np.stack(np.meshgrid(*[np.arange(-60, 61)] * 2), axis=-1).reshape(-1, 2) / 10
    anchors = find_anchors([np.zeros(len(grid), int)], [(0, 1)])
    pairs = DeltaNormalLaw(anchors, grid, 1.0, seed=0).draw(0, BATCH * 5, 1)
    inner = (np.abs(grid[pairs.reference]) < 1).all(axis=1)  # no noise is cut at the grid's end
    noise = grid[pairs.positives[0][inner]] - grid[pairs.reference[inner]]
    assert len(noise) > 5000
    covariance = np.cov(noise.T)
    # Rounding to the grid adds 0.1²/12 = 0.0008; the sampling error of a variance from 5000
    # draws is √(2/5000) = 0.02, times five.
    np.testing.assert_allclose(covariance, np.eye(2) * 1.0008, atol=0.1)


def test_label_changes_never_cross_trials():
    # Labels move by at most 1 within a trial and jump by 1000 between trials, so a change taken
    # across a border would lead a positive to another trial.
    trial = np.repeat(np.arange(6), 50)
    labels = 1000.0 * trial[:, None] + np.random.default_rng(0).random((300, 1))
    for clamp in (False, True):
        anchors = find_anchors([trial], [(2, 2)], clamp=clamp)
        pairs = TimeDeltaLaw(anchors, labels, 10, seed=0).draw(0, 20_000, 1)
        row, positive = anchors.row[pairs.reference], anchors.row[pairs.positives[0]]
        crossed = (trial[row] != trial[positive]).mean()
        # Clamped as in cebra, 50 of 290 changes cross and 5 of 6 references can follow them up:
        # 0.144, of 20 000 pairs, so with a standard deviation of 0.0025, here times six.
        assert crossed == (0 if not clamp else pytest.approx(50 / 290 * 5 / 6, abs=0.015))


def test_label_changes_come_from_all_rows_of_a_trial():
    # Windows of ten bins leave one anchor, but its label may change as in the bins beside it.
    data = np.arange(10.0)[:, None] ** 2
    anchors = find_anchors([np.zeros(10, int)], [(5, 5)])
    law = TimeDeltaLaw(anchors, data, 1, seed=0)
    assert set(law.draw_changes(1000, np.random.default_rng(0))) == set(range(9))


@pytest.mark.parametrize("offset", [1, 2])
def test_hybrid_pairs_share_references_between_time_and_behaviour(offset):
    data = make_sessions(1)
    anchors = data.anchors
    time = TimeLaw(anchors, offset, seed=0)
    law = HybridLaw(TimeDeltaLaw(anchors, data.labels, offset, seed=0), time)
    pairs = law.draw(0, BATCH, BATCH)
    behaviour, later = pairs.positives
    for_time = time_table(data, offset)
    assert_drawn_as(for_time, pairs.reference, later)
    prior = for_time.sum(axis=1)
    assert_drawn_as(time_delta_table(data, offset, prior), pairs.reference, behaviour)
    same = time.draw(0, BATCH, BATCH)
    np.testing.assert_array_equal(pairs.reference, same.reference)
    np.testing.assert_array_equal(pairs.negative, same.negative)


@pytest.mark.parametrize("n_rows", [3, 300])
def test_high_dimensional_labels_are_drawn_like_their_low_dimensional_picture(n_rows):
    # Twelve columns, of which ten are constant: the search changes, the pairs do not.
    labels = np.random.default_rng(0).integers(0, 4, size=(n_rows, 2)).astype(float)
    anchors = find_anchors([np.zeros(n_rows, int)], [(0, 1)])
    wide = np.hstack([labels, np.full((n_rows, 10), 3.0)])
    one, other = (TimeDeltaLaw(anchors, x, 1, seed=0).draw(4, 1000, 1) for x in (labels, wide))
    np.testing.assert_array_equal(one.reference, other.reference)
    np.testing.assert_array_equal(one.positives[0], other.positives[0])


ONE, TWO = make_sessions(1), make_sessions(2)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: TimeLaw(TWO.anchors, 1, 0), "time law pairs bins of one session.*got 2 sessions"),
        (lambda: TimeLaw(ONE.anchors, 5, 0), "must be below 5, .*usable bins .*got 5; lower"),
        (lambda: TimeLaw(ONE.anchors, 0, 0), "time_offset_bins must be at least 1, got 0"),
        (lambda: TimeDeltaLaw(ONE.anchors, ONE.labels, -1, 0), "at least 1, got -1"),
        (lambda: TimeDeltaLaw(ONE.anchors, ONE.labels, 7, 0), "must be below 7, .*got 7; lower"),
        (
            lambda: TimeDeltaLaw(ONE.anchors, ONE.labels[:-1], 1, 0),
            r"labels must have shape \(15, dim\), one row per time bin, got \(14, 2\)",
        ),
        (
            lambda: DeltaNormalLaw(ONE.anchors, ONE.labels[:, 0], 1.0, 0),
            r"labels must have shape \(15, dim\).*got \(15,\); a single label is a column",
        ),
        (
            lambda: TimeDeltaLaw(ONE.anchors, np.full((15, 2), np.nan), 1, 0),
            "labels must be finite, got 30 values that are NaN or infinite; interpolate",
        ),
        (lambda: DeltaNormalLaw(ONE.anchors, ONE.labels, 0.0, 0), "delta must be positive, got 0"),
        (
            lambda: HybridLaw(
                TimeDeltaLaw(ONE.anchors, ONE.labels, 1, 0), TimeLaw(ONE.anchors, 1, 0)
            ),
            "two laws have different anchors; build both from the same Anchors",
        ),
    ],
)
def test_laws_that_make_no_sense_are_refused_when_built(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_the_longest_offset_that_fits_is_accepted():
    pairs = TimeLaw(ONE.anchors, 4, seed=0).draw(0, 20, 20)
    assert set(pairs.reference) == {0}
    assert set(pairs.positives[0]) == {4}
    TimeDeltaLaw(ONE.anchors, ONE.labels, 6, seed=0)
