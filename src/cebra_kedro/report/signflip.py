"""Sign-flip test of paired differences, and Holm's correction for several of them.

Where two rows of a table are equally good, each difference is as likely to have the other sign. The
test asks how many of all ways to sign the units give a mean as far from 0 as the one that was found
(Fisher 1935; Nichols and Holmes, *Human Brain Mapping* 15, 2002). What is a unit decides whether it
keeps its promise:

* **Seeds are never units.** They share all data of their fold, so they are averaged first.
* **Sessions are units from six on**, each the mean of its folds: animals or days are independent,
  whatever folds share. The answer is about sessions like these.
* **Folds are units with fewer sessions**, since five signs allow no p below 0.0625. The answer is
  about other splits of these sessions, and of no others. Folds of a session share training rows, so
  their differences are correlated, by ``ρ = n_test / (n_test + n_train)`` (Nadeau and Bengio,
  *Machine Learning* 52, 2003), and signs drawn independently would find too much. The t value that
  was found is therefore reduced to what independent units would have given, by

  ``t² (n - A) / (A (n - 1))``, where ``A = 1 + (k - 1) ρ`` for k folds in each session,

  before it is compared with those of the flips.

The sum of squares is the same in every way to sign them, so that t and the mean order them alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

MIN_SESSIONS = 6
"""Fewer signs have no two-sided p below 0.05: 2 / 2⁵ = 0.0625."""

_MOST_ENUMERATED = 14
"""All 2¹⁴ ways to sign so many units are tried; of more units, as many random ones."""
_N_RANDOM = 2**_MOST_ENUMERATED - 1

Unit = Literal["session", "fold"]


@dataclass(frozen=True)
class SignFlip:
    """Result of a test.

    Attributes:
        p: two-sided; 1 where all differences are 0, NaN where there are none.
        smallest_p: the smallest that so many units allow.
        unit: what changes its sign.
        n_units: how many; of all sessions together.
        n_sessions: sessions that they are from.
    """

    p: float
    smallest_p: float
    unit: Unit
    n_units: int
    n_sessions: int


def sign_flip(
    folds: Mapping[str, Sequence[float]],
    rng: np.random.Generator,
    *,
    test_to_train: float | None = None,
) -> SignFlip:
    """Test whether the mean over sessions is 0; see the top of this file for the units.

    Args:
        folds: session → difference in each fold, averaged over seeds.
        rng: draws the flips of more than 14 units.
        test_to_train: test rows over train rows of a fold; None for ``1 / (k - 1)`` of k folds.
    """
    values = [np.asarray(of_session, float) for of_session in folds.values() if len(of_session)]
    by_session = len(values) >= MIN_SESSIONS
    if by_session:
        values = [np.array([of_session.mean()]) for of_session in values]
    parts = [of_session / (len(of_session) * len(values)) for of_session in values]
    counts = [len(part) for part in parts]
    n = sum(counts)
    n_flips = 2**n if n <= _MOST_ENUMERATED else 2 * (_N_RANDOM + 1)
    return SignFlip(
        p=_p(np.concatenate(parts), _inflation(counts, test_to_train), rng) if n else np.nan,
        smallest_p=min(1.0, 2 / n_flips),
        unit="session" if by_session else "fold",
        n_units=n,
        n_sessions=len(values),
    )


def holm(p: Sequence[float]) -> list[float]:
    """Corrected for their number after Holm (*Scandinavian Journal of Statistics* 6, 1979).

    Args:
        p: of each test; NaN is no test, does not count and stays NaN.
    """
    values = np.asarray(p, float)
    order = np.argsort(values)[: np.isfinite(values).sum()]
    corrected = np.full(len(values), np.nan)
    factors = np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(factors * values[order]))
    return [float(value) for value in corrected]


def _inflation(counts: Sequence[int], test_to_train: float | None) -> float:
    """Variance of the mean over that of independent units (A): the mean over sessions, by weight.

    Args:
        counts: units of each session.
        test_to_train: see :func:`sign_flip`.
    """
    k = np.asarray(counts, float)
    ratio = 1 / np.maximum(k - 1, 1) if test_to_train is None else test_to_train
    shared = np.where(k > 1, (k - 1) * ratio / (1 + ratio), 0.0)
    return float(np.average(1 + shared, weights=1 / k)) if len(k) else 1.0


def _p(parts: np.ndarray, inflation: float, rng: np.random.Generator) -> float:
    """Share of signings with a mean as far from 0.

    Args:
        parts: array (unit,), the share of each unit in the mean.
        inflation: A.
        rng: draws flips where there are too many.
    """
    largest = np.abs(parts).max()
    if not np.isfinite(largest) or largest == 0:
        return 1.0 if largest == 0 else np.nan
    parts = parts / largest
    found = _reduced(abs(parts.sum()), len(parts) * np.square(parts).sum(), inflation, len(parts))
    # Sums of the same numbers in another order differ in their last digits.
    n_as_far = np.count_nonzero(np.abs(_signs(len(parts), rng) @ parts) >= found * (1 - 1e-9))
    if len(parts) <= _MOST_ENUMERATED:
        return float(n_as_far / 2 ** (len(parts) - 1))
    return float((n_as_far + 1) / (_N_RANDOM + 1))


def _reduced(mean: float, most: float, inflation: float, n: int) -> float:
    """The mean that independent units would have given: that of the reduced t.

    Args:
        mean: the one found, not negative.
        most: the square of the largest that the squares allow, ``n Σ x²``.
        inflation: A.
        n: number of units.
    """
    share = min(mean**2 / most, 1.0)
    t_square = (n - inflation) * share
    return float(np.sqrt(most * t_square / ((n - 1) * inflation * (1 - share) + t_square or 1.0)))


def _signs(n: int, rng: np.random.Generator) -> np.ndarray:
    """Array (flip, unit) of ±1: all with a first +, as the others are as far; or random ones."""
    if n > _MOST_ENUMERATED:
        return rng.choice([-1.0, 1.0], (_N_RANDOM, n))
    flips = np.arange(2 ** (n - 1))[:, None] >> np.arange(n)
    return np.where(flips & 1, -1.0, 1.0)
