"""Anchors are exactly the rows whose window stays inside one run of one session."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cebra_kedro.sampling import find_anchors

# Runs of (segment id, length); few ids, so that neighbours merge and ids come back later.
sessions_of_runs = st.lists(
    st.lists(st.tuples(st.integers(0, 2), st.integers(1, 9)), min_size=1, max_size=8),
    min_size=1,
    max_size=3,
)
windows_of = st.tuples(st.integers(0, 4), st.integers(1, 4))


def segment_of(runs):
    return np.repeat([name for name, _ in runs], [length for _, length in runs])


def fitting_rows(segment, left, right):
    """Brute force: every bin of the window exists and carries the id of the row itself."""
    return [
        row
        for row in range(len(segment))
        if all(
            0 <= bin_ < len(segment) and segment[bin_] == segment[row]
            for bin_ in range(row - left, row + right)
        )
    ]


def longest_run(segment):
    best = length = 1
    for before, after in pairwise(segment):
        length = length + 1 if before == after else 1
        best = max(best, length)
    return best


@settings(deadline=None)
@given(runs=sessions_of_runs, data=st.data())
def test_anchors_are_the_rows_whose_window_crosses_no_border(runs, data):
    segments = [segment_of(part) for part in runs]
    windows = [data.draw(windows_of) for _ in runs]
    expected = [fitting_rows(s, *w) for s, w in zip(segments, windows, strict=True)]
    assume(all(expected))
    anchors = find_anchors(segments, windows)
    first_row = np.cumsum([0, *map(len, segments)])
    assert anchors.first_row.tolist() == first_row.tolist()
    assert anchors.n_sessions == len(runs)
    assert anchors.count.tolist() == [len(rows) for rows in expected]
    assert len(anchors) == sum(len(rows) for rows in expected)
    for session, rows in enumerate(expected):
        found = anchors.row[anchors.of_session(session)] - first_row[session]
        assert found.tolist() == rows


@settings(deadline=None)
@given(runs=sessions_of_runs)
def test_segments_number_the_runs_through_all_sessions(runs):
    segments = [segment_of(part) for part in runs]
    anchors = find_anchors(segments, [(0, 1)] * len(runs))
    # A window of one bin fits everywhere, so each row is an anchor.
    assert anchors.row.tolist() == list(range(sum(map(len, segments))))
    assert anchors.segment.tolist() == anchors.segment_of_row.tolist()
    id_of_row = np.concatenate(segments)
    session_of_row = np.repeat(np.arange(len(runs)), [len(s) for s in segments])
    assert anchors.segment_of_row[0] == 0
    for row in range(1, len(id_of_row)):
        joined = (
            id_of_row[row] == id_of_row[row - 1] and session_of_row[row] == session_of_row[row - 1]
        )
        step = anchors.segment_of_row[row] - anchors.segment_of_row[row - 1]
        assert step == (0 if joined else 1)


@settings(deadline=None)
@given(runs=sessions_of_runs, window=windows_of)
def test_anchors_of_a_segment_are_consecutive_rows(runs, window):
    segments = [segment_of(part) for part in runs]
    assume(all(longest_run(segment) >= sum(window) for segment in segments))
    anchors = find_anchors(segments, [window] * len(runs))
    for segment in np.unique(anchors.segment):
        assert set(np.diff(anchors.row[anchors.segment == segment])) <= {1}
    np.testing.assert_array_equal(anchors.segment, anchors.segment_of_row[anchors.row])


@settings(deadline=None)
@given(runs=sessions_of_runs, window=windows_of)
def test_a_session_is_refused_if_and_only_if_all_its_runs_are_shorter_than_the_window(runs, window):
    segments = [segment_of(part) for part in runs]
    short = [n for n, segment in enumerate(segments) if longest_run(segment) < sum(window)]
    if not short:
        find_anchors(segments, [window] * len(runs))
        return
    message = (
        f"receptive field is {sum(window)} bins but .* of session {short[0]} has "
        f"{longest_run(segments[short[0]])}; choose an encoder"
    )
    with pytest.raises(ValueError, match=message):
        find_anchors(segments, [window] * len(runs))


@settings(deadline=None)
@given(runs=sessions_of_runs, window=windows_of)
def test_clamped_anchors_are_all_rows_of_one_segment_a_session(runs, window):
    segments = [segment_of(part) for part in runs]
    assume(all(len(segment) >= sum(window) for segment in segments))
    anchors = find_anchors(segments, [window] * len(runs), clamp=True)
    assert anchors.row.tolist() == list(range(sum(map(len, segments))))
    session_of_row = np.repeat(np.arange(len(runs)), [len(s) for s in segments])
    assert anchors.segment.tolist() == session_of_row.tolist()
    assert anchors.segment_of_row.tolist() == session_of_row.tolist()


def test_a_window_longer_than_the_session_cannot_be_clamped():
    with pytest.raises(ValueError, match=r"receptive field is 10 bins .* session 0 has 9"):
        find_anchors([np.arange(9)], [(5, 5)], clamp=True)


def test_a_session_without_bins_is_refused():
    with pytest.raises(ValueError, match="session 1 has 0"):
        find_anchors([np.zeros(9, int), np.zeros(0, int)], [(0, 1)] * 2)


def test_a_window_as_long_as_its_trial_has_one_anchor():
    anchors = find_anchors([np.repeat([4, 7, 4], [10, 9, 10])], [(5, 5)])
    assert anchors.row.tolist() == [5, 24]


def test_each_session_needs_a_window():
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        find_anchors([np.zeros(9, int)] * 2, [(0, 1)])
