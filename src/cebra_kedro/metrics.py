"""What scores are called, in which unit they are, and which direction is better: one table for all.

Computing scores is left to the decoders, drawing and arranging them to ``plots`` and ``report``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import pandas as pd

METRIC_COLUMNS = (
    "experiment",
    "subject",
    "variant",
    "fold",
    "seed",
    "decoder",
    "metric",
    "value",
    "unit",
)

CHANCE_PREFIX = "chance_"


@dataclass(frozen=True)
class Score:
    """One kind of score.

    Attributes:
        template: the text, with ``{label}`` where the name of the label goes.
        better: ``lower``, ``higher``, or empty where neither is.
        unit: the unit it is always in; None for the unit of the label.
    """

    template: str
    better: str
    unit: str | None


SCORES: Mapping[str, Score] = MappingProxyType(
    {
        "error_median": Score("median {label} error", "lower", None),
        "error_mean": Score("mean {label} error", "lower", None),
        "r2": Score("{label} R²", "higher", ""),
        "r2_train": Score("{label} R² (training rows)", "higher", ""),
        "r2_all_rows": Score("{label} R² (fitted on all rows)", "higher", ""),
        "accuracy": Score("{label} accuracy", "higher", "%"),
        "balanced_accuracy": Score("balanced {label} accuracy", "higher", "%"),
        "total_r2": Score("position and direction R²", "higher", ""),
        "frame_accuracy_1s": Score("frames decoded within 1 s", "higher", "%"),
        "goodness_of_fit": Score("goodness of fit", "higher", "bits"),
        "goodness_of_fit_test": Score("goodness of fit on test trials", "higher", "bits"),
        "train_seconds": Score("training time", "", "s"),
    }
)
"""End of a metric's name → its score; what comes before is the label, as in ``position_r2``.

A score without ``{label}`` in its text is a whole name, never the end of a longer one. R² is a
fraction. ``chance_<metric>`` has the unit of ``<metric>``.
"""

_DECIMALS = MappingProxyType({"%": 1, "cm": 1, "px": 1, "frames": 1, "deg": 1, "s": 1, "bits": 2})


def metrics_rows(
    scores: Mapping[str, float],
    *,
    units: Mapping[str, str],
    experiment: str,
    subject: str,
    variant: str,
    fold: int,
    seed: int,
    decoder: str,
) -> pd.DataFrame:
    """One row per score, in the columns of :data:`METRIC_COLUMNS`.

    Args:
        scores: metric name, or ``chance_<metric>``, → value in its unit.
        units: metric → unit, without the chance names; empty for a bare number.
        experiment: e.g. ``hippocampus``.
        subject: name of the session, e.g. ``buddy`` or ``VISp``.
        variant: e.g. ``position``.
        fold: number of the split.
        seed: seed of the trained model.
        decoder: e.g. ``knn``.

    Returns:
        Frame (score, column) in the order of ``scores``.

    Raises:
        KeyError: a metric has no unit.
    """
    unknown = [name for name in scores if name.removeprefix(CHANCE_PREFIX) not in units]
    if unknown:
        raise KeyError(
            f"metric {', '.join(unknown)} has no unit; units are given of "
            f"{', '.join(units) or 'none'}: add it to units ('' for a bare number)"
        )
    rows = [
        (experiment, subject, variant, fold, seed, decoder, name, float(value), unit)
        for name, value in scores.items()
        for unit in (units[name.removeprefix(CHANCE_PREFIX)],)
    ]
    return pd.DataFrame(rows, columns=list(METRIC_COLUMNS))


def metric_label(metric: str) -> str:
    """Readable name of a metric, without its unit, e.g. ``median position error``.

    The label may be any; a metric whose score is not known loses its underscores only.

    Args:
        metric: the name in tables, e.g. ``position_error_median`` or ``chance_position_r2``.
    """
    if metric.startswith(CHANCE_PREFIX):
        return f"chance {metric_label(metric.removeprefix(CHANCE_PREFIX))}"
    ending = _ending(metric)
    label = metric.removesuffix(ending).replace("_", " ")
    text = SCORES[ending].template.replace("{label}", label) if ending else label
    return " ".join(text.split())


def better(metric: str) -> str:
    """``lower`` or ``higher``, whichever is better; empty if neither is or it is not known."""
    ending = _ending(metric.removeprefix(CHANCE_PREFIX))
    return SCORES[ending].better if ending else ""


def decoded_label(metric: str) -> str:
    """The label that a metric is about, as in ``position`` of ``position_r2``.

    Empty where the score is a whole name, such as ``frame_accuracy_1s``, or not known.
    """
    ending = _ending(metric)
    if not ending or metric == ending:
        return ""
    return metric.removeprefix(CHANCE_PREFIX).removesuffix(ending).removesuffix("_")


def decimals(unit: str) -> int:
    """Decimals usual for a unit, e.g. 1 for ``%``; 3 for m, bare numbers and unknown units."""
    return _DECIMALS.get(unit, 3)


def format_value(value: float, unit: str) -> str:
    """A number with the decimals usual for its unit, e.g. ``0.135`` for m and ``81.9`` for %.

    A value that these decimals would round to zero keeps two significant digits.

    Args:
        value: any number; not finite becomes ``–``.
        unit: the unit it is in, which is not repeated in the text.
    """
    if not math.isfinite(value):
        return "–"
    if value and abs(value) < 0.5 * 10 ** -decimals(unit):
        return f"{value:.2g}"
    return f"{value:.{decimals(unit)}f}"


def with_unit(label: str, unit: str) -> str:
    """``label (unit)``, or the bare label of a number without a unit."""
    return f"{label} ({unit})" if unit else label


def _ending(metric: str) -> str:
    """The longest score that the name is or ends in, empty if there is none."""
    fits = [
        name
        for name, score in SCORES.items()
        if metric == name or (metric.endswith(f"_{name}") and "{label}" in score.template)
    ]
    return max(fits, key=len, default="")
