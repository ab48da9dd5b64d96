"""What the tables of an experiment say, in sentences, with the doubts that belong to them.

Who is compared with whom is left to ``compared``, intervals to ``paired``, the sentences to
``statements``, ``significance``, ``trained``, ``doubts`` and ``agreement``; where they stand on the
page is left to the page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from cebra_kedro.report.agreement import agreement
from cebra_kedro.report.carried import carried_sentences
from cebra_kedro.report.cases import Case, spoken_cases
from cebra_kedro.report.compared import VariantFacts
from cebra_kedro.report.doubts import (
    control_warnings,
    doubts,
    file_warning,
    other_decoders,
    other_encoders,
    transductive_warning,
    undefined_warning,
    window_warning,
)
from cebra_kedro.report.significance import significance_sentence, tested
from cebra_kedro.report.statements import (
    brief_sentence,
    joint_sentence,
    scores_sentence,
    transfer_sentences,
    unguided_sentence,
)
from cebra_kedro.report.trained import fit_findings, late_rise_warning
from cebra_kedro.report.wording import Finding

__all__ = ["Finding", "VariantFacts", "findings"]


def findings(
    metrics: pd.DataFrame,
    variants: Sequence[VariantFacts],
    headline: str | None,
    consistency: pd.DataFrame | None = None,
    *,
    carried: pd.DataFrame | None = None,
    late_rises: Mapping[str, Mapping[str, float]] | None = None,
    test_to_train: float | None = None,
) -> tuple[Finding, ...]:
    """What was found: scores beside their baselines, controls and chance; then what is doubtful.

    The encoder spoken of is the first of the description that is guided by what is decoded, not the
    one that scored best, and the decoder is the same for all. Intervals are of paired differences;
    ``paired`` says what is taken as independent and what they cover, a note at the end says it
    briefly. They are not corrected for how many there are; the tests of ``significance`` are.

    Args:
        metrics: rows of one experiment, columns ``metrics.METRIC_COLUMNS``.
        variants: what the description says of the rows, in its order.
        headline: the metric that counts; None for one of the label that guides.
        consistency: columns ``between``, ``source``, ``target``, ``r2``.
        carried: scores of decoders on other sessions, columns ``read.ACROSS_COLUMNS``.
        late_rises: encoder → session → how far its goodness of fit still rose when training ended,
            in bits; see ``convergence``.
        test_to_train: test rows over train rows of a fold, for intervals over folds.

    Returns:
        Sentences, then warnings, then the note; none where there is nothing to say.
    """
    spoken = spoken_cases(metrics, variants, headline, test_to_train)
    table, within, cases, others = spoken.table, spoken.within, spoken.cases, spoken.others
    said: list[Finding] = []
    for case in cases:
        said += [scores_sentence(case), *joint_sentence(case), *unguided_sentence(case)]
    said += [brief_sentence(case, cases) for case in others]
    if cases:
        said += transfer_sentences(spoken.metric, table, spoken.across, cases[0])
        said += carried_sentences(carried, variants, cases[0])
    said += significance_sentence(tested(spoken))
    said += fit_findings(within, variants)
    said += [
        Finding(a.text, "warning" if a.doubtful else "plain", "consistency")
        for a in agreement(consistency, [(c.encoder, c.control) for c in cases])
    ]
    for case in cases:
        said += [*doubts(case), *other_decoders(case, within, variants)]
    said += other_encoders(cases, variants)
    said += control_warnings([*cases, *others])
    said += window_warning(cases)
    said += late_rise_warning(late_rises or {}, variants)
    said += [*transductive_warning(table, variants), *file_warning(table, variants)]
    said += undefined_warning(table, consistency)
    return (*dict.fromkeys(said), *_note([*cases, *others]))


def _note(cases: Sequence[Case]) -> Iterator[Finding]:
    """What the intervals cover."""
    notes = {
        "session": "over sessions speak of other sessions like these, if those here are "
        "independent of each other",
        "fold": "over folds speak of other splits of the same sessions (corrected for training "
        "sets that overlap, after Nadeau and Bengio 2003), not of other sessions",
        "seed": "over seeds speak of training again on the same split, not of other data",
    }
    units = dict.fromkeys(case.against_reference.unit for case in cases)
    covers = [notes[unit] for unit in units if unit]
    if covers:
        text = f"Intervals {'; those '.join(covers)}. They are not corrected for their number."
        yield Finding(text, "plain")
