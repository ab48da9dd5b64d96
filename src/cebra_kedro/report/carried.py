"""What decoders reach in sessions that they were not fitted to, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cebra_kedro.metrics import CHANCE_PREFIX
from cebra_kedro.report.cases import Case
from cebra_kedro.report.compared import VariantFacts
from cebra_kedro.report.read import ACROSS_COLUMNS
from cebra_kedro.report.wording import Finding, listed, quoted

_WAYS = {"aligned": "embeddings aligned by labels", "joint": "one embedding of all"}
_MOST = 4


@dataclass(frozen=True)
class _Carried:
    """Means over pairs of sessions of one encoder.

    Attributes:
        encoder: what is said of it.
        way: how the embeddings came into one space.
        other: score in other sessions.
        own: score in the session that the decoder was fitted to; NaN if there is none.
        control: score of its control in other sessions; NaN without one.
    """

    encoder: VariantFacts
    way: str
    other: float
    own: float
    control: float


def carried_sentences(
    across: pd.DataFrame | None, variants: Sequence[VariantFacts], case: Case
) -> Iterator[Finding]:
    """One sentence for all encoders, then a warning for each that is no better than its control.

    Args:
        across: columns ``read.ACROSS_COLUMNS``; pairs of a session with itself are ``within``.
        variants: what the description says of them.
        case: whose metric and decoder are spoken of.
    """
    metric = case.scores.metric
    if across is None or set(ACROSS_COLUMNS) - set(across.columns):
        return
    table = across[across["decoder"] == case.scores.decoder]
    scores, chance = (table[table["metric"] == m] for m in (metric, f"{CHANCE_PREFIX}{metric}"))
    found = list(_encoders(scores, variants))
    if not found:
        return
    others = scores[scores["through"] != "within"]
    n_pairs = len(others[["source", "target"]].drop_duplicates())
    parts = [_part(one, case) for one in found]
    by_chance = chance.loc[chance["through"] != "within", "value"].mean()
    ending = f"; {case.value(by_chance)} by chance" if np.isfinite(by_chance) else ""
    text = f"{case.title} by decoders of another session, mean of {n_pairs} pairs: "
    yield Finding(f"{text}{listed(parts, _MOST)}{ending}.", "plain", metric)
    for one in found:
        if case.scores.sign * (one.other - one.control) <= 0:
            text = f"By decoders of another session, {quoted(one.encoder.name)} is no better than"
            yield Finding(f"{text} its control ({case.value(one.control)}).", "warning", metric)


def _encoders(scores: pd.DataFrame, variants: Sequence[VariantFacts]) -> Iterator[_Carried]:
    """Encoders in the order of the description."""
    others, within = (scores[(scores["through"] == "within") == is_own] for is_own in (False, True))
    other, own = (rows.groupby("variant")["value"].mean() for rows in (others, within))
    ways = others.groupby("variant")["through"].first()
    for encoder in variants:
        if encoder.kind != "encoder" or encoder.name not in other:
            continue
        control = next((v.name for v in variants if v.control_of == encoder.name), "")
        yield _Carried(
            encoder,
            _WAYS.get(ways[encoder.name], ways[encoder.name]),
            other[encoder.name],
            own.get(encoder.name, np.nan),
            other.get(control, np.nan),
        )


def _part(one: _Carried, case: Case) -> str:
    """``0.102 m with “position” (embeddings aligned by labels; 0.098 m by its own)``."""
    facts = [one.way]
    if np.isfinite(one.own):
        facts.append(f"{case.value(one.own)} by its own")
    if np.isfinite(one.control):
        facts.append(f"control {case.value(one.control)}")
    return f"{case.value(one.other)} with {quoted(one.encoder.name)} ({'; '.join(facts)})"
