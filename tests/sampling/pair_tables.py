"""How likely each (reference, positive) pair is, by enumerating all that a law can draw.

Written from the definition of each law, with loops over raw segments and labels, so that the
tests of ``sampling`` compare with something that shares no code with it.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from cebra_kedro.sampling import Anchors, find_anchors

# Draws are seeded, so a test gives the same p-value each time; a correct law gives less than
# ALPHA for one seed in a million.
ALPHA = 1e-6
BATCH = 100_000


@dataclass(frozen=True)
class Sessions:
    """Small sessions with trials shorter than the window, equal labels, and labels in between."""

    segments: list[np.ndarray]
    windows: list[tuple[int, int]]
    labels: np.ndarray
    classes: np.ndarray

    @property
    def anchors(self) -> Anchors:
        return find_anchors(self.segments, self.windows)

    @property
    def session_of_row(self) -> np.ndarray:
        return np.repeat(np.arange(len(self.segments)), [len(s) for s in self.segments])

    def same_trial(self, row: int, later: int) -> bool:
        """Whether two rows lie in one uninterrupted run of one session."""
        segment, session = np.concatenate(self.segments), self.session_of_row
        between = np.arange(row, later + 1)
        if later >= len(segment):
            return False
        return len(set(segment[between])) == 1 and len(set(session[between])) == 1


def make_sessions(n_sessions: int, dim: int = 2, seed: int = 5) -> Sessions:
    """One or two sessions of 15 and 12 bins, 9 and 12 of them anchors."""
    rng = np.random.default_rng(seed)
    segments = [np.repeat([3, 1, 3], [7, 6, 2]), np.repeat([0, 5], [8, 4])][:n_sessions]
    n_rows = sum(map(len, segments))
    labels = rng.integers(0, [4, 3, 2][:dim], size=(n_rows, dim)).astype(np.float32)
    classes = rng.permutation(np.resize([2, 2, 7, -1], n_rows))
    return Sessions(segments, [(1, 2), (0, 1)][:n_sessions], labels, classes)


def uniform_prior(data: Sessions) -> np.ndarray:
    """Anchors of a session equally likely, sessions equally likely."""
    session = data.session_of_row[data.anchors.row]
    return 1 / np.bincount(session)[session] / len(data.segments)


def class_prior(data: Sessions) -> np.ndarray:
    """Classes of a session equally likely, anchors of a class equally likely."""
    row = data.anchors.row
    pairs = list(zip(data.session_of_row[row], data.classes[row], strict=True))
    n_classes = len(set(data.classes[row]))
    return np.array([1 / pairs.count(p) / n_classes / len(data.segments) for p in pairs])


def time_table(data: Sessions, offset: int) -> np.ndarray:
    row = data.anchors.row.tolist()
    table = np.zeros((len(row), len(row)))
    for i, reference in enumerate(row):
        if reference + offset in row and data.same_trial(reference, reference + offset):
            table[i, row.index(reference + offset)] = 1
    return table / table.sum()


def time_delta_table(
    data: Sessions, offset: int, prior: np.ndarray, ties: str = "first", within_class: bool = False
) -> np.ndarray:
    row, labels = data.anchors.row, data.labels.astype(float)
    session, classes = data.session_of_row[row], data.classes[row]
    starts = [r for r in range(len(labels)) if data.same_trial(r, r + offset)]
    table = np.zeros((len(row), len(row)))
    for i, reference in enumerate(row):
        for target in range(len(data.segments)):
            allowed = session == target
            if within_class:
                allowed &= classes == classes[i]
            for start in starts:
                query = labels[reference] + labels[start + offset] - labels[start]
                squared = np.where(allowed, ((labels[row] - query) ** 2).sum(axis=1), np.inf)
                chosen = [int(squared.argmin())]
                if ties == "uniform":
                    equal = (labels[row] == labels[row[chosen[0]]]).all(axis=1)
                    chosen = np.flatnonzero(equal & allowed)
                table[i, chosen] += prior[i] / len(starts) / len(data.segments) / len(chosen)
    return table


def delta_normal_table(data: Sessions, delta: float) -> np.ndarray:
    """Labels of one dimension: each takes what falls between the midpoints to its neighbours."""
    row, labels = data.anchors.row, data.labels[:, 0].astype(float)
    session, prior = data.session_of_row[row], uniform_prior(data)
    table = np.zeros((len(row), len(row)))
    for i, reference in enumerate(row):
        for target in range(len(data.segments)):
            values = np.unique(labels[row][session == target])
            border = [-np.inf, *(values[1:] + values[:-1]) / 2, np.inf]
            share = np.diff(stats.norm.cdf(border, labels[reference], delta))
            for value, probability in zip(values, share, strict=True):
                first = np.flatnonzero((labels[row] == value) & (session == target))[0]
                table[i, first] += prior[i] * probability / len(data.segments)
    return table


def class_table(data: Sessions, prior: np.ndarray) -> np.ndarray:
    row = data.anchors.row
    session, classes = data.session_of_row[row], data.classes[row]
    table = np.zeros((len(row), len(row)))
    for i in range(len(row)):
        for target in range(len(data.segments)):
            same = np.flatnonzero((session == target) & (classes == classes[i]))
            table[i, same] += prior[i] / len(data.segments) / len(same)
    return table


def assert_drawn_as(table: np.ndarray, reference: np.ndarray, positive: np.ndarray) -> None:
    """Pairs that cannot occur do not, the others occur as often as they should."""
    assert np.isclose(table.sum(), 1, atol=1e-12)  # sums of exact fractions, rounded
    counts = np.zeros(table.shape, int)
    np.add.at(counts, (reference, positive), 1)
    assert counts[table == 0].sum() == 0
    assert_counts_follow(counts[table > 0], table[table > 0])


def assert_counts_follow(counts: np.ndarray, probability: np.ndarray) -> None:
    """Chi-squared; counts that a law keeps equal on purpose only make it milder."""
    expected = counts.sum() * probability
    assert expected.min() > 5  # below, the statistic would not be chi-squared
    assert len(counts) == 1 or stats.chisquare(counts, expected).pvalue > ALPHA
