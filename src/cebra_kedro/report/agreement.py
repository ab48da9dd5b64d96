"""How alike embeddings are between seeds and sessions, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cebra_kedro.metrics import format_value
from cebra_kedro.report.compared import VariantFacts
from cebra_kedro.report.wording import listed, plain, quoted

_COLUMNS = ("between", "source", "target", "r2")


@dataclass(frozen=True)
class Agreement:
    """A sentence; ``doubtful`` where the control agrees as much as the encoder."""

    text: str
    doubtful: bool


def agreement(
    consistency: pd.DataFrame | None,
    encoders: Sequence[tuple[VariantFacts, VariantFacts | None]],
) -> Iterator[Agreement]:
    """One sentence for each encoder; one for all where nothing was decoded.

    Args:
        consistency: columns ``between``, ``source``, ``target``, ``r2``; ends of pairs are called
            ``session/variant/run``.
        encoders: each with its control.
    """
    pairs = _readable(consistency)
    if pairs.empty:
        return
    said = False
    for encoder, control in encoders:
        means = _means(pairs, encoder.name)
        if not means:
            continue
        beside = _means(pairs, control.name) if control is not None else {}
        parts = [
            f"{_number(r2)} between {kind}"
            + (f" (control: {_number(beside[kind])})" if kind in beside else "")
            for kind, r2 in means.items()
        ]
        doubtful = any(beside[kind] >= r2 for kind, r2 in means.items() if kind in beside)
        text = f"Embeddings of {quoted(encoder.name)} agree with a mean R² of {listed(parts)}"
        said = True
        yield Agreement(text + ("; the control agrees no less." if doubtful else "."), doubtful)
    if not said and not encoders:
        of_all = pairs.groupby("kind")["r2"].mean()
        parts = [f"{_number(r2)} between {kind}" for kind, r2 in of_all.items()]
        yield Agreement(f"Embeddings agree with a mean R² of {', '.join(parts)}.", doubtful=False)


def _readable(consistency: pd.DataFrame | None) -> pd.DataFrame:
    """Finite pairs in a fixed order with ``kind`` in words and the variant of both ends."""
    if consistency is None or set(_COLUMNS) - set(consistency.columns):
        return pd.DataFrame(columns=[*_COLUMNS, "kind", "variant"])
    pairs = consistency[list(_COLUMNS)].assign(
        r2=pd.to_numeric(consistency["r2"], errors="coerce").astype(float),
        **{n: consistency[n].astype(str) for n in ("between", "source", "target")},
    )
    pairs = pairs[np.isfinite(pairs["r2"])].sort_values(list(_COLUMNS), ignore_index=True)
    source, target = (pairs[end].map(_variant).astype(object) for end in ("source", "target"))
    return pairs.assign(
        kind=pairs["between"].map(_kind), variant=source.where(source == target, "")
    )


def _means(pairs: pd.DataFrame, name: str) -> dict[str, float]:
    """Mean over pairs of embeddings of one variant, between seeds and between sessions."""
    own = pairs[(pairs["variant"] == name) & pairs["between"].str.match("seeds|sessions")]
    order = own.assign(last=own["between"] != "seeds").sort_values(["last", "kind"])
    means = order.groupby("kind", sort=False)["r2"].mean()
    return {str(kind): float(r2) for kind, r2 in means.items()}


def _variant(end: str) -> str:
    parts = end.split("/")
    return parts[1] if len(parts) == 3 else ""


def _kind(between: str) -> str:
    """``sessions by position`` is aligned by position."""
    what, by, label = between.partition("_by_")
    return f"{plain(what)} aligned by {plain(label)}" if by else plain(between)


def _number(r2: float) -> str:
    return format_value(r2, "").replace("-", "−")
