"""Sentences of what is doubtful about scores, to be read before a number is quoted.

What was found is left to ``statements``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pandas as pd

from cebra_kedro.metrics import CHANCE_PREFIX, metric_label
from cebra_kedro.report import compared
from cebra_kedro.report.cases import Case, case_of, verdict
from cebra_kedro.report.compared import VariantFacts
from cebra_kedro.report.paired import Paired
from cebra_kedro.report.wording import (
    Finding,
    control_text,
    decoder_text,
    encoder_text,
    listed,
    quoted,
)

CONTROL_SHARE = 0.1
"""A control further than this on the way from chance to its encoder is not at chance."""
LONE_CONTROL_SHARE = 0.5
"""The same where no interval can be given, so that a single lucky score is not called a leak."""

_FEW_SESSIONS = 5


def doubts(case: Case) -> Iterator[Finding]:
    """Where the encoder is not beyond doubt better than its baseline, its control or chance."""
    scores, name = case.scores, case.encoder.name
    rivals = {case.brief_reference_text: case.against_reference}
    if case.control is not None:
        rivals[control_text(case.control, case.encoder)] = scores.compare(name, case.control.name)
    rivals["chance"] = scores.against_chance(name)
    by_verdict: dict[str, list[str]] = {}
    for rival, comparison in rivals.items():
        ends = verdict(comparison, scores.sign)
        if ends == "unclear" and is_ahead_in_few_sessions(comparison, scores.sign):
            # Chance is a matter of each session, and no matter of how much sessions differ.
            ends = "" if rival == "chance" else "few"
        by_verdict.setdefault(ends, []).append(rival)
    phrases = {
        "worse": "is worse than {}",
        "level": "does not beat {}",
        "few": "is ahead of {} in every session, but over so few sessions the interval of the "
        "difference includes 0",
        "unclear": "is ahead of {} on average, but not distinguishable from it: the interval of "
        "the difference includes 0",
    }
    said = [
        phrase.replace("{}", listed(by_verdict[ends]))
        for ends, phrase in phrases.items()
        if ends in by_verdict
    ]
    if said:
        text = f"{case.title}: {encoder_text(case.encoder)} {'; it '.join(said)}."
        yield Finding(text, "warning", scores.metric)


def window_warning(cases: Sequence[Case]) -> Iterator[Finding]:
    """Encoders that see more, or fewer, bins than their baseline."""
    apart = [case for case in cases if case.windows_differ]
    if apart:
        names = [
            f"{quoted(c.encoder.name)} ({c.encoder.window_bins} bins)"
            if c.encoder.window_bins > 1
            else f"{quoted(c.encoder.name)} (1 bin)"
            for c in apart
        ]
        text = (
            f"No baseline has the window of {listed(names)}: a difference to the baseline may come "
            "from the window alone."
        )
        yield Finding(text, "warning")


def is_ahead_in_few_sessions(comparison: Paired, sign: int) -> bool:
    """Whether every session agrees, and there are too few of them for a narrow interval."""
    return (
        comparison.unit == "session"
        and comparison.n_units <= _FEW_SESSIONS
        and all(sign * d > 0 for d in comparison.by_session.values())
    )


def other_decoders(
    case: Case, table: pd.DataFrame, variants: Sequence[VariantFacts]
) -> Iterator[Finding]:
    """Whether the comparison with the baseline turns round with another decoder."""
    scores = case.scores
    if case.reference is None or not scores.sign:
        return
    first = case.against_reference
    turned = []
    for decoder in compared.decoders_of(scores.metric, table):
        other = case_of(scores.metric, table, variants, scores.test_to_train, decoder, case.encoder)
        if decoder == scores.decoder or other is None:
            continue
        again = other.scores.compare(case.encoder.name, case.reference.name)
        if again.differences and first.mean * again.mean < 0:
            turned.append(
                f"{decoder_text(decoder)} ({case.value(again.first)} against "
                f"{case.value(again.second)})"
            )
    if turned:
        ahead = "the baseline" if scores.sign * first.mean > 0 else "the encoder"
        text = (
            f"{case.title}: which is better, {quoted(case.encoder.name)} or "
            f"{case.brief_reference_text}, depends on the decoder: {ahead} is ahead with "
            f"{listed(turned)}, not with {decoder_text(scores.decoder)}."
        )
        yield Finding(text, "warning", scores.metric)


def other_encoders(cases: Sequence[Case], variants: Sequence[VariantFacts]) -> Iterator[Finding]:
    """Guided encoders beside the one spoken of that do not beat raw activity of their window."""
    lost = []
    for case in cases:
        scores = case.scores
        target = compared.target(scores.metric)
        rivals = [
            v
            for v in variants
            if v.kind == "encoder" and v.guided and not (v.joint or v.transductive)
            if v.population == case.encoder.population and v.name in scores.names
            if v.name != case.encoder.name
            if target in v.labels or target not in case.encoder.labels
        ]
        for encoder in rivals:
            raw = compared.raw_beside(encoder, [v for v in variants if v.name in scores.names])
            if raw is None or raw.window_bins != encoder.window_bins:
                continue
            comparison = scores.compare(encoder.name, raw.name)
            if verdict(comparison, scores.sign) in ("worse", "level"):
                lost.append(
                    f"{quoted(encoder.name)} ({case.value(comparison.first)} against "
                    f"{case.value(comparison.second)})"
                )
    if lost:
        text = (
            f"{cases[0].title}: of the other guided encoders, {listed(lost)} "
            f"{'do' if len(lost) > 1 else 'does'} not beat raw activity of the same window."
        )
        yield Finding(text, "warning", cases[0].scores.metric)


def control_warnings(cases: Sequence[Case]) -> Iterator[Finding]:
    """Controls that decode better than chance: a leak, or what an untrained map keeps."""
    excess: dict[VariantFacts, dict[str, str]] = {}
    for case in cases:
        if case.control is not None and (text := _control_excess(case)):
            excess.setdefault(case.control, {})[case.scores.metric] = text
    reasons = {
        True: "something leaks, or the labels can be guessed without the activity",
        False: "its decoder had the true labels, and its embedding, though trained on permuted "
        "ones, still carries activity that tells them; what labels add is the distance to this "
        "control, not to chance",
        None: "something leaks, or the labels can be guessed, or (if only the encoder's were "
        "permuted) its embedding still carries activity that tells them",
    }
    for control, texts in excess.items():
        text = (
            f"The control {quoted(control.name)} is not at chance ({'; '.join(texts.values())}): "
            f"{reasons[control.decoder_permuted]}."
        )
        yield Finding(text, "warning", next(iter(texts)))


def _control_excess(case: Case) -> str:
    """By how much the control is not at chance; empty if it is, or if nobody can tell."""
    scores = case.scores
    if case.control is None:
        return ""
    control = scores.against_chance(case.control.name)
    ends = verdict(control, scores.sign)
    if ends not in ("better", "ahead"):
        return ""
    way = scores.sign * scores.against_chance(case.encoder.name).mean
    share = scores.sign * control.mean / way if way > 0 else np.inf
    if share <= (CONTROL_SHARE if ends == "better" else LONE_CONTROL_SHARE):
        return ""
    far = f", {100 * share:.0f} % of the way to the encoder" if share <= 1 else ""
    label = metric_label(scores.metric)
    return f"{label} {case.value(control.first)} against {case.value(control.second)}{far}"


def transductive_warning(
    table: pd.DataFrame, variants: Iterable[VariantFacts]
) -> Iterator[Finding]:
    """What saw test data, by name, and what may have seen them."""
    there = [v for v in variants if v.name in set(table["variant"])]
    saw = [quoted(v.name) for v in there if v.transductive and not v.unknown_split]
    if saw:
        text = (
            f"{listed(saw)} saw the neural activity of the held-out data while being fitted (never "
            "its labels): not comparable with the others."
        )
        yield Finding(text, "warning")


def file_warning(table: pd.DataFrame, variants: Iterable[VariantFacts]) -> Iterator[Finding]:
    """Encoders that were not trained here, by name: what is not known of them, or only said."""
    there = [v for v in variants if v.from_file and v.name in set(table["variant"])]
    if unknown := [quoted(v.name) for v in there if v.unknown_split]:
        text = (
            f"{listed(unknown)}: read from a file that does not say which trials it was trained "
            "on. Test trials and their labels may be among them, so that its scores are not of "
            "held-out data."
        )
        yield Finding(text, "warning")
    if said := [quoted(v.name) for v in there if not v.transductive]:
        text = (
            f"{listed(said)}: read from a file; that test trials were not trained on is said by "
            "the description (fit_on), and cannot be checked here."
        )
        yield Finding(text, "warning")


def undefined_warning(table: pd.DataFrame, consistency: pd.DataFrame | None) -> Iterator[Finding]:
    """How many values are not finite, and where most of them are."""
    scores = table[~table["metric"].str.startswith(CHANCE_PREFIX)]
    missing = scores[~np.isfinite(scores["value"])]
    if len(missing):
        counts = missing.groupby(["metric", "variant"]).size().sort_values(kind="stable")[::-1]
        names = [f"{metric_label(m)} of {quoted(v)} ({n})" for (m, v), n in counts.items()]
        verb = "is" if len(missing) == 1 else "are"
        text = f"{len(missing)} of {len(scores)} scores {verb} undefined and left out: "
        yield Finding(f"{text}{listed(names, most=3)}.", "warning")
    if consistency is not None and "r2" in consistency:
        r2 = pd.to_numeric(consistency["r2"], errors="coerce")
        if n := int((~np.isfinite(r2)).sum()):
            text = f"{n} of {len(r2)} R² between embeddings {'is' if n == 1 else 'are'} undefined."
            yield Finding(text, "warning", "consistency")
