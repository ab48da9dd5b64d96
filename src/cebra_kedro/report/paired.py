"""Paired differences of scores, and intervals that do not count the same data twice.

Scores are paired where they share session, fold and, if both have several, seed. What an interval
covers depends on what varies independently, so the units are, in this order:

* **sessions**, from three on: animals or days are independent, folds and seeds within one are not.
  Seeds are averaged within folds, folds within sessions; a t interval over the session means.
  It speaks of sessions like these.
* **folds**, with one or two sessions of at least two folds: training sets of folds overlap, so
  their scores are correlated and a plain t interval is too narrow. The variance is that of the
  corrected resampled t test, ``(1/k + n_test/n_train) s²`` with ``k - 1`` degrees of freedom
  (Nadeau and Bengio, *Machine Learning* 52, 2003). Seeds are averaged first: seeds of a fold share
  all of its data, and counting each as a unit would divide by data that were never recorded.
  It speaks of other splits of the same sessions.
* **seeds**, with one fold: a t interval over seeds. It speaks of training again on one split, and
  of no other test data.

Two sessions of folds or seeds are strata of equal weight: their variances are added, with
Welch and Satterthwaite's degrees of freedom. Fewer than two units have no interval.

Not covered: sessions that share data (all trials beside some of them), and encoders trained on
several sessions at once, whose scores in these share the luck of one training.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd

CONFIDENCE = 0.95
MIN_SESSIONS = 3
"""Fewer sessions are strata, not units: two units have 12.7 standard errors to either side."""

_KEYS = ["subject", "fold", "seed"]
Unit = Literal["session", "fold", "seed", ""]


@dataclass(frozen=True)
class Paired:
    """Differences first − second.

    Attributes:
        mean: sessions weigh alike, folds alike within them, and seeds within folds; NaN for none.
        first: mean of the first scores in the same pairs.
        second: mean of the second scores in the same pairs.
        low: lower end of the 95 % interval; NaN without one.
        high: upper end.
        unit: what the interval takes as independent; empty without an interval.
        n_units: how many; of all sessions together.
        differences: of every pair, sorted by session, fold and seed.
        by_session: session → mean difference.
        folds: session → mean difference of each of its folds, over seeds.
        n_folds: folds in every session; 0 where they differ.
        n_seeds: pairs in every fold; 0 where they differ.
    """

    mean: float = math.nan
    first: float = math.nan
    second: float = math.nan
    low: float = math.nan
    high: float = math.nan
    unit: Unit = ""
    n_units: int = 0
    differences: tuple[float, ...] = ()
    by_session: Mapping[str, float] = field(default_factory=dict)
    folds: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    n_folds: int = 0
    n_seeds: int = 0

    @property
    def has_interval(self) -> bool:
        """Whether there were at least two units."""
        return self.unit != ""

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval lies on one side of 0; False without one."""
        return self.has_interval and (self.low > 0 or self.high < 0)


def paired(
    first: pd.DataFrame, second: pd.DataFrame, *, test_to_train: float | None = None
) -> Paired:
    """Compare two sets of scores of one metric; see the top of this file for the interval.

    Args:
        first: columns ``subject``, ``fold``, ``seed``, ``value``, one row for each of the first
            three; values that are not finite are left out.
        second: the same; one value in a fold is paired with every seed of the other.
        test_to_train: test rows over train rows of a fold; None for ``1 / (k - 1)`` of k folds,
            which counts validation rows as test rows and so widens the interval rather.
    """
    pairs = _pairs(first, second)
    if pairs.empty:
        return Paired()
    by_fold = pairs.groupby(["subject", "fold"])[["first", "second", "difference"]].mean()
    by_session = by_fold.groupby("subject").mean()
    n_folds = set(by_fold.groupby("subject").size())
    n_seeds = set(pairs.groupby(["subject", "fold"]).size())
    mean = float(by_session["difference"].mean())
    strata, unit = _strata(pairs, by_fold["difference"], by_session["difference"])
    overlap = {s: _overlap(len(v), test_to_train) if unit == "fold" else 0.0 for s, v in strata}
    half = _half_width([values for _, values in strata], list(overlap.values()))
    return Paired(
        mean=mean,
        first=float(by_session["first"].mean()),
        second=float(by_session["second"].mean()),
        low=mean - half,
        high=mean + half,
        unit=unit,
        n_units=sum(len(values) for _, values in strata),
        differences=tuple(pairs["difference"]),
        by_session={str(name): float(d) for name, d in by_session["difference"].items()},
        folds={
            str(name): tuple(map(float, d))
            for name, d in by_fold["difference"].groupby("subject", sort=True)
        },
        n_folds=n_folds.pop() if len(n_folds) == 1 else 0,
        n_seeds=n_seeds.pop() if len(n_seeds) == 1 else 0,
    )


def _pairs(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Columns subject, fold, seed, first, second, difference, sorted."""
    own, other = _by_fold(first), _by_fold(second)
    found = [
        (*fold, *pair)
        for fold in sorted(own.keys() & other.keys())
        for pair in _pairs_of_fold(own[fold], other[fold])
    ]
    pairs = pd.DataFrame(found, columns=[*_KEYS, "first", "second"])
    return pairs.assign(difference=pairs["first"] - pairs["second"])


def _by_fold(table: pd.DataFrame) -> dict[tuple[str, str], dict[str, float]]:
    """(session, fold) → seed → value, of those that are finite."""
    folds: dict[tuple[str, str], dict[str, float]] = {}
    rows = table[[*_KEYS, "value"]].itertuples(index=False, name=None)
    for subject, fold, seed, value in rows:
        if math.isfinite(value):
            folds.setdefault((subject, fold), {})[seed] = value
    return folds


def _pairs_of_fold(
    own: dict[str, float], other: dict[str, float]
) -> list[tuple[str, float, float]]:
    """Seed by seed where both have several, else the single value with every seed."""
    if len(own) > 1 and len(other) > 1:
        return [(seed, own[seed], other[seed]) for seed in sorted(own.keys() & other.keys())]
    if len(other) == 1:
        (value,) = other.values()
        return [(seed, own[seed], value) for seed in sorted(own)]
    (value,) = own.values()
    return [(seed, value, other[seed]) for seed in sorted(other)]


def _strata(
    pairs: pd.DataFrame, by_fold: pd.Series, by_session: pd.Series
) -> tuple[list[tuple[str, np.ndarray]], Unit]:
    """The independent units: of all sessions, or of each."""
    if len(by_session) >= MIN_SESSIONS:
        return [("", by_session.to_numpy())], "session"
    folds = [(str(name), d.to_numpy()) for name, d in by_fold.groupby("subject")]
    if all(len(values) >= 2 for _, values in folds):
        return folds, "fold"
    seeds = [(str(name), d.to_numpy()) for name, d in pairs.groupby("subject")["difference"]]
    if all(len(values) == 1 for _, values in folds) and all(len(v) >= 2 for _, v in seeds):
        return seeds, "seed"
    return [], ""


def _overlap(n_folds: int, test_to_train: float | None) -> float:
    return 1 / (n_folds - 1) if test_to_train is None else test_to_train


def _half_width(strata: list[np.ndarray], overlap: list[float]) -> float:
    """Half the interval of the mean of the strata's means; NaN without strata."""
    if not strata:
        return math.nan
    from scipy.special import stdtrit

    degrees = np.array([len(values) - 1 for values in strata])
    spread = np.array([values.var(ddof=1) for values in strata])
    variance = spread * (1 / (degrees + 1) + np.array(overlap))
    total = float(variance.sum())
    if total == 0:
        return 0.0
    # The largest as the unit, so that squares of tiny variances do not vanish.
    share = variance / variance.max()
    of_all = float(share.sum() ** 2 / (share**2 / degrees).sum())
    return float(stdtrit(of_all, (1 + CONFIDENCE) / 2)) * math.sqrt(total) / len(strata)
