"""One encoder beside what it is compared with, in one metric, and how that comparison ends.

The choice of partners is left to ``compared``, sentences to ``statements`` and ``doubts``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from cebra_kedro.metrics import metric_label
from cebra_kedro.report import compared
from cebra_kedro.report.compared import Scores, VariantFacts
from cebra_kedro.report.paired import Paired
from cebra_kedro.report.wording import baseline_text, capital, value_text

_MOST_OTHERS = 3
_MOST_POPULATIONS = 4


@dataclass(frozen=True, eq=False)
class Case:
    """One encoder and what it is compared with, in one metric; each partner may be missing."""

    scores: Scores
    encoder: VariantFacts
    raw: VariantFacts | None
    pca: VariantFacts | None
    control: VariantFacts | None
    joint: VariantFacts | None
    unguided: VariantFacts | None
    decoders: tuple[str, ...]

    @property
    def reference(self) -> VariantFacts | None:
        """The baseline that counts."""
        return self.raw or self.pca

    @cached_property
    def against_reference(self) -> Paired:
        """With the baseline that counts, without one with chance."""
        if self.reference is None:
            return self.scores.against_chance(self.encoder.name)
        return self.scores.compare(self.encoder.name, self.reference.name)

    @property
    def reference_text(self) -> str:
        """The baseline that counts in words, with what the encoder sees if that is different."""
        if self.reference is None:
            return "chance"
        return baseline_text(self.reference, self.encoder)

    @property
    def brief_reference_text(self) -> str:
        """The same without what the encoder sees."""
        if self.reference is None:
            return "chance"
        return baseline_text(self.reference, self.encoder, brief=True)

    @property
    def title(self) -> str:
        """The metric in words."""
        return capital(metric_label(self.scores.metric))

    @property
    def windows_differ(self) -> bool:
        """Whether the baseline that counts sees another number of bins than the encoder."""
        return self.reference is not None and self.reference.window_bins != self.encoder.window_bins

    def value(self, value: float) -> str:
        """A value with the unit of the metric."""
        return value_text(value, self.scores.unit)


@dataclass(frozen=True, eq=False)
class Spoken:
    """What the findings of an experiment are about.

    Attributes:
        metric: that counts; empty where nothing was decoded.
        table: all rows, in a fixed order.
        across: subjects that are transfers between two others.
        cases: of the metric, one for each population.
        others: of other labels.
    """

    metric: str
    table: pd.DataFrame
    across: tuple[str, ...]
    cases: tuple[Case, ...]
    others: tuple[Case, ...]

    @property
    def within(self) -> pd.DataFrame:
        """The rows of sessions, without transfers."""
        return self.table[~self.table["subject"].isin(self.across)]


def spoken_cases(
    metrics: pd.DataFrame,
    variants: Sequence[VariantFacts],
    headline: str | None,
    ratio: float | None,
) -> Spoken:
    """Everything that is compared; arguments as of ``findings``.

    Args:
        metrics: rows of one experiment.
        variants: in the order of the description.
        headline: the metric that counts, if it is known.
        ratio: test rows over train rows.
    """
    table = compared.readable(metrics)
    across = compared.transfers(table)
    within = table[~table["subject"].isin(across)]
    metric = compared.headline_metric(headline, within, variants)
    cases = cases_of(metric, within, variants, ratio)
    others = other_cases(metric, within, variants, cases, ratio)
    return Spoken(metric, table, across, tuple(cases), tuple(others))


def cases_of(
    metric: str, table: pd.DataFrame, variants: Sequence[VariantFacts], ratio: float | None
) -> list[Case]:
    """A case for each population, as encoders of different recordings are no rivals.

    Args:
        metric: what is compared.
        table: scores of sessions, without transfers.
        variants: in the order of the description.
        ratio: test rows over train rows.
    """
    there = set(table.loc[table["metric"] == metric, "variant"])
    own = [v for v in variants if v.name in there]
    populations = dict.fromkeys(v.population for v in own if v.kind == "encoder")
    found = (
        case_of(metric, table, [v for v in own if v.population == population], ratio)
        for population in list(populations)[:_MOST_POPULATIONS]
    )
    return [case for case in found if case is not None]


def case_of(
    metric: str,
    table: pd.DataFrame,
    variants: Sequence[VariantFacts],
    ratio: float | None,
    decoder: str | None = None,
    encoder: VariantFacts | None = None,
) -> Case | None:
    """The case of one encoder and decoder; by default those that are spoken of.

    None where the encoder has no finite score.
    """
    encoder = encoder or compared.spoken_of(metric, variants)
    if encoder is None:
        return None
    rows = table[table["variant"] == encoder.name]
    decoder = decoder or next(iter(compared.decoders_of(metric, rows)), "")
    scores = compared.scores_of(metric, decoder, table, ratio)
    if encoder.name not in scores.names:
        return None
    there = [v for v in variants if v.name in scores.names]
    return Case(
        scores=scores,
        encoder=encoder,
        raw=compared.raw_beside(encoder, there),
        pca=compared.pca_beside(encoder, there),
        control=compared.control_beside(encoder, there),
        joint=compared.joint_beside(encoder, there),
        unguided=compared.unguided_beside(encoder, there),
        decoders=compared.decoders_of(metric, rows),
    )


def other_cases(
    headline: str,
    table: pd.DataFrame,
    variants: Sequence[VariantFacts],
    cases: Sequence[Case],
    ratio: float | None,
) -> list[Case]:
    """Other labels, of the first population that is spoken of."""
    if not cases:
        return []
    own = [v for v in variants if v.population == cases[0].encoder.population]
    found = []
    for metric in compared.other_metrics(headline, table):
        there = set(table.loc[table["metric"] == metric, "variant"])
        found.append(case_of(metric, table, [v for v in own if v.name in there], ratio))
    return [case for case in found if case is not None][:_MOST_OTHERS]


def verdict(comparison: Paired, sign: int) -> str:
    """``better``, ``ahead`` (no interval), ``unclear`` (it includes 0), ``level`` or ``worse``.

    Empty where no direction is better or nothing is paired.
    """
    if not sign or not comparison.differences:
        return ""
    if sign * comparison.mean <= 0:
        return "worse" if comparison.excludes_zero else "level"
    if not comparison.has_interval:
        return "ahead"
    return "better" if comparison.excludes_zero else "unclear"
