"""Sentences about training: whether labels stand in the data at all, and what has not converged.

Scores of held-out data are left to ``statements`` and ``doubts``; whether a training curve still
rose is found in ``convergence``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from cebra_kedro.report import compared
from cebra_kedro.report.cases import verdict
from cebra_kedro.report.compared import Scores, VariantFacts
from cebra_kedro.report.doubts import is_ahead_in_few_sessions
from cebra_kedro.report.wording import Finding, listed, plain, quoted, value_text

_FITS = {"goodness_of_fit_test": "on test trials", "goodness_of_fit": "in training"}
"""Goodness of fit, the first that there is of an encoder and its control → where it is measured."""


def fit_findings(table: pd.DataFrame, variants: Sequence[VariantFacts]) -> Iterator[Finding]:
    """The goodness of fit of guided encoders beside that of their controls.

    In training, a large encoder fits permuted labels too, so that what counts is the distance to
    the control, not to 0; on test trials, a control should be at 0 or below.

    Args:
        table: scores of sessions, without transfers.
        variants: in the order of the description.
    """
    for metric, where in _FITS.items():
        decoder = next(iter(compared.decoders_of(metric, table)), "")
        scores = compared.scores_of(metric, decoder, table)
        pairs = [
            (v.control_of, v.name)
            for v in variants
            if v.kind == "control" and {v.control_of, v.name} <= scores.names
        ]
        if pairs:
            yield from _said_of(scores, pairs, where)
            return


def _said_of(scores: Scores, pairs: list[tuple[str, str]], where: str) -> Iterator[Finding]:
    above = [pair for pair in pairs if _is_above(scores, *pair)]
    if above:
        text = f"The labels stand in the data: {_fits_text(scores, above, where)}."
        yield Finding(text, "plain", scores.metric)
    if others := [pair for pair in pairs if pair not in above]:
        text = (
            "It is not shown that the labels stand in the data at all: "
            f"{_fits_text(scores, others, where)}, no further apart than trainings differ."
        )
        yield Finding(text, "warning", scores.metric)


def _is_above(scores: Scores, encoder: str, control: str) -> bool:
    """Whether the fit is above that of the control by more than folds, seeds or sessions differ."""
    comparison = scores.compare(encoder, control)
    ends = verdict(comparison, scores.sign)
    few = ends == "unclear" and is_ahead_in_few_sessions(comparison, scores.sign)
    return ends in ("better", "ahead") or few


def _fits_text(scores: Scores, pairs: Sequence[tuple[str, str]], where: str) -> str:
    """``goodness of fit on test trials 0.63 bits with “position” against 0.05 bits with …``."""
    texts = []
    for encoder, control in pairs:
        comparison = scores.compare(encoder, control)
        first, second = (value_text(v, "bits") for v in (comparison.first, comparison.second))
        texts.append(f"{first} with {quoted(encoder)} against {second} with labels permuted")
    return f"goodness of fit {where} {listed(texts)}"


def late_rise_warning(
    late_rises: Mapping[str, Mapping[str, float]], variants: Sequence[VariantFacts]
) -> Iterator[Finding]:
    """Encoders that were still learning when training ended; controls have nothing to learn.

    Args:
        late_rises: encoder → session → bits that as many steps again would add.
        variants: say which are controls.
    """
    controls = {v.name for v in variants if v.kind == "control"}
    texts = [
        f"{quoted(encoder)} in {listed([plain(s) for s in rises])} "
        f"(by up to {value_text(max(rises.values()), 'bits')} in as many steps again)"
        for encoder, rises in late_rises.items()
        if rises and encoder not in controls
    ]
    if texts:
        text = (
            "Not converged: the goodness of fit still rose at the end of training with "
            f"{listed(texts)}; more steps may change what is said here."
        )
        yield Finding(text, "warning")
