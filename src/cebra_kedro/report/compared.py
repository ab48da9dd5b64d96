"""Which rows are compared with which: chosen by the description, never by test scores.

What the comparison says is worded in ``findings``; its statistics are in ``paired``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from cebra_kedro.metrics import CHANCE_PREFIX, METRIC_COLUMNS, better, decoded_label
from cebra_kedro.report.paired import Paired, paired

_DECODERS = ("knn", "ridge", "logistic", "linear", "bayes")
"""Where several decode the same, the first of these is spoken of; others are looked at after it."""

_SCORES = ("error_median", "r2", "balanced_accuracy", "accuracy", "error_mean")
"""Scores of held-out data; of several of one label the first is spoken of."""

_NOT_DECODED = ("goodness_of_fit", "goodness_of_fit_test", "train_seconds")
_KEYS = ["variant", "subject", "fold", "seed"]


@dataclass(frozen=True)
class VariantFacts:
    """What the description says of a row of the tables.

    Attributes:
        name: as in column ``variant``.
        kind: ``encoder``, ``control`` (labels permuted) or ``baseline``.
        population: which recording of a session it sees, if sessions have several.
        guided: labels or classes guide the encoder.
        joint: one encoder for several sessions or populations.
        transductive: it saw, or may have seen, the neural data of test rows.
        window_bins: receptive field of the encoder, or bins summed by the baseline.
        control_of: of a control: the encoder with the same settings and true labels, if any.
        labels: names of the labels and classes that guide it.
        method: of a baseline: the features, e.g. ``raw_window``; empty if it is called like them.
        decoder_permuted: of a control: whether its decoder had permuted labels too, so that it
            should be at chance; None if that is not known.
        from_file: it was not trained here, but read from a file.
        unknown_split: of one from a file: nobody says which rows it was trained on.
        adapted: it starts from another encoder.
    """

    name: str
    kind: Literal["encoder", "control", "baseline"]
    population: str = ""
    guided: bool = False
    joint: bool = False
    transductive: bool = False
    window_bins: int = 1
    control_of: str = ""
    labels: tuple[str, ...] = ()
    method: str = ""
    decoder_permuted: bool | None = None
    from_file: bool = False
    unknown_split: bool = False
    adapted: bool = False

    @property
    def is_raw(self) -> bool:
        """Whether these are the recorded numbers themselves, of one bin or summed over several."""
        return self.kind == "baseline" and (self.method or self.name).startswith("raw")

    @property
    def is_pca(self) -> bool:
        """Whether these are principal components."""
        return self.kind == "baseline" and (self.method or self.name).split("_")[0] == "pca"


@dataclass(frozen=True, eq=False)
class Scores:
    """One metric by one decoder.

    Attributes:
        metric: e.g. ``position_r2``.
        decoder: whose.
        unit: of the values.
        rows: columns ``variant``, ``subject``, ``fold``, ``seed``, ``value``.
        chance: the same, of the chance levels beside them.
        test_to_train: see :func:`paired`.
    """

    metric: str
    decoder: str
    unit: str
    rows: pd.DataFrame
    chance: pd.DataFrame
    test_to_train: float | None = None

    @property
    def sign(self) -> int:
        """1 where higher is better, -1 where lower is; 0 where nobody knows."""
        return {"higher": 1, "lower": -1}.get(better(self.metric), 0)

    @property
    def names(self) -> frozenset[str]:
        """The variants with at least one finite value."""
        return frozenset(self.rows.loc[np.isfinite(self.rows["value"]), "variant"])

    def of(self, name: str) -> pd.DataFrame:
        """The rows of a variant."""
        return self.rows[self.rows["variant"] == name]

    def compare(self, name: str, other: str) -> Paired:
        """A variant with another one."""
        return paired(self.of(name), self.of(other), test_to_train=self.test_to_train)

    def against_chance(self, name: str) -> Paired:
        """A variant with the chance level of the same rows."""
        chance = self.chance[self.chance["variant"] == name]
        return paired(self.of(name), chance, test_to_train=self.test_to_train)

    def mean(self, name: str) -> float:
        """Sessions weigh alike, folds alike within them; NaN where there is none."""
        own = self.of(name)
        return paired(own, own.assign(value=0.0)).mean

    def only(self, subjects: Iterable[str]) -> Scores:
        """The rows of some subjects."""
        wanted = set(subjects)
        rows, chance = (t[t["subject"].isin(wanted)] for t in (self.rows, self.chance))
        return Scores(self.metric, self.decoder, self.unit, rows, chance, self.test_to_train)


def readable(metrics: pd.DataFrame) -> pd.DataFrame:
    """The table in a fixed order with text and float columns; empty where columns are missing."""
    if set(METRIC_COLUMNS) - set(metrics.columns):
        metrics = pd.DataFrame(columns=list(METRIC_COLUMNS))
    table = metrics[list(METRIC_COLUMNS)]
    text = {
        name: table[name].astype(object).where(table[name].notna(), "").astype(str)
        for name in METRIC_COLUMNS
        if name != "value"
    }
    value = pd.to_numeric(table["value"], errors="coerce").astype(float)
    in_columns = pd.DataFrame({**text, "value": value})[list(METRIC_COLUMNS)]
    return in_columns.sort_values(list(METRIC_COLUMNS), ignore_index=True)


def transfers(table: pd.DataFrame) -> tuple[str, ...]:
    """Subjects called ``a_to_b`` after two others: they share data with both."""
    names = sorted(set(table["subject"]))
    return tuple(n for n in names if any(n == f"{a}_to_{b}" for a in names for b in names))


def is_test_metric(metric: str) -> bool:
    """Whether it is a score of what is decoded from held-out rows."""
    if metric.startswith(CHANCE_PREFIX) or metric in _NOT_DECODED or not better(metric):
        return False
    return not metric.endswith(("_train", "_all_rows"))


def metric_of_label(label: str, there: Iterable[str]) -> str:
    """The metric that a label is spoken of by; empty if it has none."""
    return next((f"{label}_{s}" for s in _SCORES if f"{label}_{s}" in there), "")


def target(metric: str) -> str:
    """What is decoded; for a score that is a whole name the first word of it."""
    return decoded_label(metric) or metric.split("_", maxsplit=1)[0]


def headline_metric(
    headline: str | None, table: pd.DataFrame, variants: Sequence[VariantFacts]
) -> str:
    """The headline, or without one a score of what guides the first guided encoder.

    Empty where nothing was decoded.
    """
    there = {metric for metric in table["metric"] if is_test_metric(metric)}
    if headline in set(table["metric"]):
        return str(headline)
    guides = [label for v in variants if v.kind == "encoder" for label in v.labels]
    labels = dict.fromkeys([*guides, *sorted(filter(None, map(decoded_label, there)))])
    found = (metric_of_label(label, there) for label in labels)
    return next(filter(None, found), min(there, default=""))


def other_metrics(headline: str, table: pd.DataFrame) -> tuple[str, ...]:
    """One metric for each other label, by name of the label."""
    there = {metric for metric in table["metric"] if is_test_metric(metric)}
    labels = sorted({decoded_label(metric) for metric in there} - {"", target(headline)})
    return tuple(filter(None, (metric_of_label(label, there) for label in labels)))


def decoders_of(metric: str, table: pd.DataFrame) -> tuple[str, ...]:
    """The decoders of a metric, the one spoken of first."""
    there = set(table.loc[table["metric"] == metric, "decoder"])
    known = [decoder for decoder in _DECODERS if decoder in there]
    return (*known, *sorted(there - set(known)))


def scores_of(
    metric: str, decoder: str, table: pd.DataFrame, test_to_train: float | None = None
) -> Scores:
    """The scores of a metric and their chance levels; the same row given twice is averaged."""
    of_decoder = table[table["decoder"] == decoder]
    own, chance = (
        of_decoder[of_decoder["metric"] == m] for m in (metric, f"{CHANCE_PREFIX}{metric}")
    )
    rows, levels = (t.groupby(_KEYS)["value"].mean().reset_index() for t in (own, chance))
    unit = min(own["unit"], default="")
    return Scores(metric, decoder, unit, rows, levels, test_to_train)


# --- who is compared with whom --------------------------------------------------------------


def spoken_of(metric: str, variants: Sequence[VariantFacts]) -> VariantFacts | None:
    """The encoder that stands for the experiment: the first of the description that qualifies.

    Not the one with the best score: the best of several test scores is too good by chance. Guided
    by what is decoded comes before guided; an encoder of one session before a joint one, and these
    before one that starts from another; one that saw test data last.

    Args:
        metric: says what is decoded.
        variants: those that have scores, in the order of the description.
    """
    encoders = [v for v in variants if v.kind == "encoder"]
    return min(
        encoders,
        key=lambda v: (
            *(v.transductive, not v.guided, v.adapted, v.joint),
            target(metric) not in v.labels,
        ),
        default=None,
    )


def raw_beside(encoder: VariantFacts, variants: Iterable[VariantFacts]) -> VariantFacts | None:
    """Raw activity over the window of the encoder, or the window that is nearest by ratio."""
    raw = [v for v in variants if v.is_raw and v.population == encoder.population]

    def distance(v: VariantFacts) -> tuple[float, int]:
        return abs(math.log(max(v.window_bins, 1) / max(encoder.window_bins, 1))), -v.window_bins

    return min(raw, key=distance, default=None)


def pca_beside(encoder: VariantFacts, variants: Iterable[VariantFacts]) -> VariantFacts | None:
    """Principal components of the same recording."""
    return next((v for v in variants if v.is_pca and v.population == encoder.population), None)


def control_beside(encoder: VariantFacts, variants: Iterable[VariantFacts]) -> VariantFacts | None:
    """The control with the encoder's settings, else one of the same labels that is nobody's."""
    controls = [v for v in variants if v.kind == "control" and v.population == encoder.population]
    own = [v for v in controls if v.control_of == encoder.name]
    alike = [v for v in controls if not v.control_of and v.labels == encoder.labels]
    return next(iter(own + alike), None)


def joint_beside(encoder: VariantFacts, variants: Iterable[VariantFacts]) -> VariantFacts | None:
    """A guided joint encoder of the same window, where the encoder is of one session."""
    if encoder.joint or not encoder.guided:
        return None
    joint = (
        v
        for v in variants
        if v.kind == "encoder" and v.joint and v.guided and not v.transductive
        if v.population == encoder.population and v.window_bins == encoder.window_bins
    )
    return next(joint, None)


def unguided_beside(encoder: VariantFacts, variants: Iterable[VariantFacts]) -> VariantFacts | None:
    """An encoder without labels that saw no test data, where the encoder is guided."""
    if not encoder.guided:
        return None
    free = (
        v
        for v in variants
        if v.kind == "encoder" and not (v.guided or v.joint or v.transductive)
        if v.population == encoder.population
    )
    return next(free, None)
