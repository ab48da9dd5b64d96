"""Sentences about training: whether labels stand in the data at all, and what has not converged.

Scores of held-out data are left to ``statements`` and ``doubts``; whether a training curve still
rises is found in ``convergence``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from cebra_kedro.report import compared
from cebra_kedro.report.cases import verdict
from cebra_kedro.report.compared import Scores, VariantFacts
from cebra_kedro.report.doubts import is_ahead_in_few_sessions
from cebra_kedro.report.wording import (
    Finding,
    difference_and_interval,
    listed,
    plain,
    quoted,
    value_text,
)

_FIT = "goodness_of_fit"


def fit_findings(table: pd.DataFrame, variants: Sequence[VariantFacts]) -> Iterator[Finding]:
    """The goodness of fit of guided encoders beside that of their controls.

    It is of the pairs that encoders are trained on, so that an encoder which is large enough fits
    permuted labels too: what counts is the difference, not how far the encoder is from 0.

    Args:
        table: scores of sessions, without transfers.
        variants: in the order of the description.
    """
    scores = compared.scores_of(_FIT, next(iter(compared.decoders_of(_FIT, table)), ""), table)
    pairs = [
        (v.control_of, v.name)
        for v in variants
        if v.kind == "control" and {v.control_of, v.name} <= scores.names
    ]
    stands = [pair for pair in pairs if _is_above(scores, *pair)]
    for text, tone, found in (
        ("The labels stand in the data", "plain", stands),
        (
            "Not shown that the labels stand in the data",
            "warning",
            [p for p in pairs if p not in stands],
        ),
    ):
        if found:
            values = [_fit_text(scores, *pair) for pair in found]
            yield Finding(f"{text} (goodness of fit in training): {'; '.join(values)}.", tone, _FIT)


def _is_above(scores: Scores, encoder: str, control: str) -> bool:
    comparison = scores.compare(encoder, control)
    ends = verdict(comparison, scores.sign)
    few = ends == "unclear" and is_ahead_in_few_sessions(comparison, scores.sign)
    return ends in ("better", "ahead") or few


def _fit_text(scores: Scores, encoder: str, control: str) -> str:
    """``0.63 bits with “position” against 0.05 bits with labels permuted``."""
    comparison = scores.compare(encoder, control)
    first, second = (value_text(v, "bits") for v in (comparison.first, comparison.second))
    return f"{first} with {quoted(encoder)} against {second} with labels permuted"


def late_rise_warning(
    late_rises: Mapping[str, Mapping[str, float]], variants: Sequence[VariantFacts]
) -> Iterator[Finding]:
    """Encoders that were still learning when training ended; controls have nothing to learn.

    Args:
        late_rises: encoder → session → bits, 0 where the curve is level.
        variants: say which are controls.
    """
    controls = {v.name for v in variants if v.kind == "control"}
    texts = []
    for encoder, by_session in late_rises.items():
        rising = {plain(session): bits for session, bits in by_session.items() if bits > 0}
        if rising and encoder not in controls:
            most = value_text(max(rising.values()), "bits")
            texts.append(
                f"{quoted(encoder)} (by {most} in as many steps again at the same pace, in "
                f"{listed(list(rising))})"
            )
    if texts:
        text = (
            f"Not converged: {listed(texts)} still rose in goodness of fit when training ended. "
            "More steps may change what is said here."
        )
        yield Finding(text, "warning")
