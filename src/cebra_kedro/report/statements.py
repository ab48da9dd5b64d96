"""Sentences of what was found: scores beside baselines, controls and chance.

What is doubtful about them is left to ``doubts``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from cebra_kedro.metrics import decoded_label
from cebra_kedro.report import compared
from cebra_kedro.report.cases import Case, verdict
from cebra_kedro.report.paired import Paired
from cebra_kedro.report.wording import (
    Finding,
    Tone,
    baseline_text,
    control_text,
    decoder_text,
    design_text,
    difference_and_interval,
    encoder_text,
    listed,
    plain,
    quoted,
)

_MOST_TRANSFERS = 3


def scores_sentence(case: Case) -> Finding:
    """The scores of the encoder, its baselines, control and chance, and how they compare."""
    scores, name = case.scores, case.encoder.name
    values = [f"{case.value(scores.mean(name))} with {encoder_text(case.encoder)}"]
    rivals = {
        f"with {baseline_text(baseline, case.encoder)}": scores.compare(name, baseline.name)
        for baseline in (case.raw, case.pca)
        if baseline is not None
    }
    if case.control is not None:
        control = f"with {control_text(case.control, case.encoder)} (labels permuted)"
        rivals[control] = scores.compare(name, case.control.name)
    rivals["by chance"] = scores.against_chance(name)
    values += [f"{case.value(c.second)} {who}" for who, c in rivals.items() if c.differences]
    text = f"{_title(case)}: {', '.join(values)}{_compared_text(case)}."
    tone: Tone = "good" if _is_good(case) else "plain"
    return Finding(text, tone, scores.metric)


def brief_sentence(case: Case, cases: Sequence[Case]) -> Finding:
    """The same in brief, for another label; ``cases`` are those spoken of before."""
    scores, name = case.scores, case.encoder.name
    same = len(cases) == 1 and name == cases[0].encoder.name
    who = "the same encoder" if same else encoder_text(case.encoder)
    label = decoded_label(scores.metric)
    if same and label and label not in case.encoder.labels:
        who += f" (which {label.replace('_', ' ')} does not guide)"
    values = [f"{case.value(scores.mean(name))} with {who}"]
    comparison = case.against_reference
    if case.reference is not None and comparison.differences:
        values.append(f"{case.value(comparison.second)} with {case.reference_text}")
    chance = scores.against_chance(name)
    if chance.differences:
        values.append(f"{case.value(chance.second)} by chance")
    difference = ""
    if comparison.differences and case.reference is not None:
        difference = f"; paired difference {difference_and_interval(comparison, scores.unit)}"
    behind = verdict(comparison, scores.sign) in ("worse", "level")
    tone: Tone = "good" if _is_good(case) else "warning" if behind else "plain"
    return Finding(f"{_title(case)}: {', '.join(values)}{difference}.", tone, scores.metric)


def _is_good(case: Case) -> bool:
    """Whether the encoder beats its baseline, and not only by a wider window."""
    ends = verdict(case.against_reference, case.scores.sign)
    return ends == "better" and not case.windows_differ


def _title(case: Case) -> str:
    metric = case.scores.metric
    title = case.title
    if compared.is_test_metric(metric):
        title += " on held-out data"
    if len(case.decoders) > 1:
        title += f" ({decoder_text(case.scores.decoder)})"
    return title


def _compared_text(case: Case) -> str:
    """``; better than raw activity in 3 of 24 comparisons (…), not in cicero; difference …``."""
    comparison, sign = case.against_reference, case.scores.sign
    if not comparison.differences:
        return ""
    interval = f"; paired difference {difference_and_interval(comparison, case.scores.unit)}"
    if not sign:
        return interval
    wins = sum(sign * d > 0 for d in comparison.differences)
    n = len(comparison.differences)
    short = "raw activity" if case.raw else case.reference_text
    counted = f"; better than {short} in {wins} of {n} comparisons{design_text(comparison)}"
    lost = [plain(s) for s, d in comparison.by_session.items() if sign * d <= 0]
    if len(comparison.by_session) == 1 or not lost:
        return counted + interval
    if len(lost) == len(comparison.by_session):
        return f"{counted}, in no session ahead on average{interval}"
    return f"{counted}, not ahead on average in {listed(lost)}{interval}"


def joint_sentence(case: Case) -> Iterator[Finding]:
    """One encoder for several recordings beside one for each."""
    if case.joint is None:
        return
    comparison = case.scores.compare(case.joint.name, case.encoder.name)
    if not comparison.differences:
        return
    difference = difference_and_interval(comparison, case.scores.unit)
    text = (
        f"{case.title}, the joint encoder {quoted(case.joint.name)}: "
        f"{case.value(comparison.first)} against {case.value(comparison.second)} with "
        f"{quoted(case.encoder.name)}, an encoder for each recording; paired difference "
        f"{difference}."
    )
    yield Finding(text, "plain", case.scores.metric)


def unguided_sentence(case: Case) -> Iterator[Finding]:
    """An encoder without labels beside the guided one and its control."""
    if case.unguided is None:
        return
    name, sign = case.unguided.name, case.scores.sign
    guided = case.scores.compare(name, case.encoder.name)
    if not guided.differences:
        return
    difference = difference_and_interval(guided, case.scores.unit)
    place = ""
    if case.control is not None and sign:
        control = case.scores.compare(name, case.control.name)
        ahead = sign * guided.mean > 0
        if control.differences and sign * control.mean <= 0:
            place = ", no better than the control"
        elif control.differences:
            place = ", ahead of both" if ahead else ", between the guided encoder and its control"
    text = (
        f"{case.title}, the encoder without labels {quoted(name)}: "
        f"{case.value(guided.first)}{place}; paired difference to the guided encoder {difference}."
    )
    yield Finding(text, "plain", case.scores.metric)


def transfer_sentences(
    metric: str, table: pd.DataFrame, across: Sequence[str], case: Case
) -> Iterator[Finding]:
    """The same encoder on a session that it was not fitted to."""
    decoder, ratio = case.scores.decoder, case.scores.test_to_train
    everywhere = compared.scores_of(metric, decoder, table, ratio)
    name = case.encoder.name
    for subject in across[:_MOST_TRANSFERS]:
        scores = everywhere.only([subject])
        if name not in scores.names:
            continue
        chance = scores.against_chance(name)
        values = [f"{case.value(scores.mean(name))} with {quoted(name)}"]
        behind = []
        if case.reference is None:
            reference = Paired()
        else:
            reference = scores.compare(name, case.reference.name)
        if reference.differences:
            values.append(f"{case.value(reference.second)} with {case.brief_reference_text}")
            if scores.sign * reference.mean < 0:
                behind.append("raw activity" if case.raw else case.brief_reference_text)
        if chance.differences:
            values.append(f"{case.value(chance.second)} by chance")
            if scores.sign * chance.mean < 0:
                behind.append("chance")
        worse = f"; worse than {listed(behind)}" if behind else ""
        text = f"{case.title} {plain(subject)} (fitted to one, scored on the other): "
        tone: Tone = "warning" if behind else "plain"
        yield Finding(f"{text}{', '.join(values)}{worse}.", tone, metric)
