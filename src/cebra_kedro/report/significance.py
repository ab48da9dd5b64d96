"""Which of the differences that a report speaks of are more than chance, all taken together.

The test is left to ``signflip``, effects and their intervals to ``paired``, who is compared with
whom to ``cases``. All pairs of an experiment are corrected together; other experiments of a page
are other questions. Transfers are left out, since they share data with both of their sessions.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cebra_kedro.metrics import metric_label
from cebra_kedro.report.cases import Case, Spoken, spoken_cases
from cebra_kedro.report.compared import VariantFacts
from cebra_kedro.report.paired import Paired
from cebra_kedro.report.signflip import SignFlip, holm, sign_flip
from cebra_kedro.report.wording import (
    Finding,
    capital,
    difference_text,
    interval_text,
    listed,
    p_text,
    quoted,
    tested_over_text,
)

LEVEL = 0.05
"""A corrected p up to here is called significant."""

SIGNIFICANCE_COLUMNS = (
    *("metric", "decoder", "unit", "first", "second", "difference", "low", "high"),
    *("interval_over", "p", "p_corrected", "smallest_p_corrected"),
    *("test_over", "n_units", "n_sessions"),
)


@dataclass(frozen=True, eq=False)
class Pair:
    """Two rows of the tables; ``second`` is empty for the chance level of the first."""

    case: Case
    first: str
    second: str

    @property
    def effect(self) -> Paired:
        """Difference first − second."""
        if not self.second:
            return self.case.scores.against_chance(self.first)
        return self.case.scores.compare(self.first, self.second)


@dataclass(frozen=True, eq=False)
class Tested:
    """A pair with its result.

    Attributes:
        pair: who is compared with whom.
        effect: difference first − second, with its interval.
        test: of this pair alone.
        p_corrected: after Holm; NaN where this pair alone has too few units.
        smallest_p: the smallest p that the numbers of units and of tests allow, corrected.
    """

    pair: Pair
    effect: Paired
    test: SignFlip
    p_corrected: float
    smallest_p: float

    @property
    def verdict(self) -> str:
        """``better``, ``worse`` or ``different`` where significant, else why not."""
        if self.smallest_p > LEVEL:
            return "too few to tell"
        if not self.p_corrected <= LEVEL:
            return "not told apart"
        ahead = self.pair.case.scores.sign * self.effect.mean
        return "better" if ahead > 0 else "worse" if ahead < 0 else "different"


@dataclass(frozen=True)
class PairRow:
    """A pair as text, for the page."""

    metric: str
    pair: str
    difference: str
    interval: str
    over: str
    p: str
    p_corrected: str
    verdict: str


def significance(
    metrics: pd.DataFrame,
    variants: Sequence[VariantFacts],
    headline: str | None,
    *,
    test_to_train: float | None = None,
) -> tuple[Tested, ...]:
    """Test every pair that the sentences of an experiment compare; arguments as of ``findings``."""
    return tested(spoken_cases(metrics, variants, headline, test_to_train))


def tested(spoken: Spoken) -> tuple[Tested, ...]:
    """The pairs of cases, corrected together."""
    pairs = {(p.case.scores.metric, p.first, p.second): p for p in _pairs(spoken)}
    effects = [(pair, effect) for pair in pairs.values() if (effect := pair.effect).folds]
    tests = [_test(pair, effect) for pair, effect in effects]
    can_tell = [test.smallest_p <= LEVEL and math.isfinite(test.p) for test in tests]
    p = holm([t.p if ok else math.nan for t, ok in zip(tests, can_tell, strict=True)])
    least = holm([t.smallest_p if ok else math.nan for t, ok in zip(tests, can_tell, strict=True)])
    return tuple(
        Tested(pair, effect, test, p[i], least[i] if can_tell[i] else test.smallest_p)
        for i, ((pair, effect), test) in enumerate(zip(effects, tests, strict=True))
    )


def significance_table(tests: Sequence[Tested]) -> pd.DataFrame:
    """A row for each pair, in the columns ``SIGNIFICANCE_COLUMNS``; ``p`` is of the pair alone."""
    rows = [
        (
            *(t.pair.case.scores.metric, t.pair.case.scores.decoder, t.pair.case.scores.unit),
            *(t.pair.first, t.pair.second or "chance"),
            *(t.effect.mean, t.effect.low, t.effect.high, t.effect.unit),
            *(t.test.p, t.p_corrected, t.smallest_p),
            *(t.test.unit, t.test.n_units, t.test.n_sessions),
        )
        for t in tests
    ]
    return pd.DataFrame(rows, columns=list(SIGNIFICANCE_COLUMNS))


def pair_rows(tests: Sequence[Tested]) -> tuple[PairRow, ...]:
    """The same as text."""
    return tuple(
        PairRow(
            metric=metric_label(t.pair.case.scores.metric),
            pair=f"{quoted(t.pair.first)} − {_second(t)}",
            difference=difference_text(t.effect, t.pair.case.scores.unit),
            interval=interval_text(t.effect, t.pair.case.scores.unit),
            over=tested_over_text(t.test),
            p=p_text(t.test.p),
            p_corrected=p_text(t.p_corrected),
            verdict=t.verdict,
        )
        for t in tests
    )


def significance_sentence(tests: Sequence[Tested]) -> Iterator[Finding]:
    """Which pairs differ by more than chance, and of which nobody can tell."""
    few = [t for t in tests if t.verdict == "too few to tell"]
    unclear = [t for t in tests if t.verdict == "not told apart"]
    clear = [t for t in tests if t not in few and t not in unclear]
    parts = []
    if clear or unclear:
        named = listed([_clear_text(t, tests) for t in clear]) or "no difference"
        parts.append(f"more than chance ({_how_text([*clear, *unclear])}): {named}")
    if unclear:
        parts.append(f"not told apart: {listed([_unclear_text(t, tests) for t in unclear])}")
    if few:
        parts.append(_few_text(few, tests))
    if parts:
        yield Finding(f"{capital('; '.join(parts))}.", "plain")


# --- pairs ----------------------------------------------------------------------------------


def _pairs(spoken: Spoken) -> Iterator[Pair]:
    """Those whose values or differences stand in the sentences."""
    for case in spoken.cases:
        baselines = [v for v in (case.raw, case.pca) if v is not None]
        for rival in [*baselines, case.control]:
            if rival is not None:
                yield Pair(case, case.encoder.name, rival.name)
        if not baselines and case.control is None:
            yield Pair(case, case.encoder.name, "")
        for other in (case.joint, case.unguided):
            if other is not None:
                yield Pair(case, other.name, case.encoder.name)
    for case in spoken.others:
        yield Pair(case, case.encoder.name, case.reference.name if case.reference else "")


def _test(pair: Pair, effect: Paired) -> SignFlip:
    rng = np.random.default_rng(0)  # the same for each, so that no pair depends on others
    return sign_flip(effect.folds, rng, test_to_train=pair.case.scores.test_to_train)


# --- words ----------------------------------------------------------------------------------


def _how_text(told: Sequence[Tested]) -> str:
    """What was tested over what, and of whom that speaks."""
    over = listed(list(dict.fromkeys(tested_over_text(t.test) for t in told)))
    number = f", corrected for {len(told)} comparisons" * (len(told) > 1)
    by_fold = any(t.test.unit == "fold" for t in told)
    several = any(t.test.n_sessions > 1 for t in told)
    which = "these sessions and no others" if several else "this session and no other"
    return f"sign-flip test over {over}{number}{f', of {which}' * by_fold}"


def _clear_text(t: Tested, tests: Sequence[Tested]) -> str:
    """``“position” better than “raw window” (p = 0.004)``."""
    than = "from" if t.verdict == "different" else "than"
    return f"{quoted(t.pair.first)} {t.verdict} {than} {_second(t)}{_of_metric(t, tests)}"


def _unclear_text(t: Tested, tests: Sequence[Tested]) -> str:
    return f"{quoted(t.pair.first)} and {_second(t)}{_of_metric(t, tests)}"


def _of_metric(t: Tested, tests: Sequence[Tested]) -> str:
    """`` in position R² (p = 0.004)``; without the metric that all begins with."""
    metric, first = (one.pair.case.scores.metric for one in (t, tests[0]))
    name = f" in {metric_label(metric)}" * (metric != first)
    is_equal = "= " * (not p_text(t.p_corrected).startswith("<"))
    return f"{name} (p {is_equal}{p_text(t.p_corrected)})"


def _few_text(few: Sequence[Tested], tests: Sequence[Tested]) -> str:
    """Why nobody can tell, and of how many pairs if not of all."""
    smallest: dict[str, float] = {}
    for t in few:
        smallest.setdefault(tested_over_text(t.test), t.smallest_p)
    limits = listed([f"{p_text(p)} over {over}" for over, p in smallest.items()])
    n_corrected = sum(not math.isnan(t.p_corrected) for t in tests)
    is_corrected = any(t.smallest_p > t.test.smallest_p for t in few)
    number = f", corrected for {n_corrected} comparisons," * is_corrected
    which = "what is more than chance" if len(few) == len(tests) else f"of {len(few)} pairs"
    said = f"too few to tell {which}: the smallest p that a sign-flip test can give{number} is "
    return said + limits + ", as seeds share the data of their split" * ("one split" in smallest)


def _second(t: Tested) -> str:
    return quoted(t.pair.second) if t.pair.second else "chance"
