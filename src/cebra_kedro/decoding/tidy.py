"""Scores as rows of the tidy metrics table that all experiments share.

Computing scores is left to the decoders, writing files to the pipelines.
"""

from __future__ import annotations

from collections.abc import Mapping
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

METRIC_UNITS: Mapping[str, str] = MappingProxyType(
    {
        "position_error_median": "m",
        "position_r2": "",
        "total_r2": "",
        "direction_accuracy": "%",
        "frame_accuracy_1s": "%",
        "frame_error_mean": "frames",
        "frame_error_median": "frames",
        "scene_accuracy": "%",
        "label_r2": "",
        "label_r2_train": "",
        "angular_error_mean": "deg",
        "accuracy": "%",
        "balanced_accuracy": "%",
        "reconstruction_r2": "",
        "reconstruction_r2_all_rows": "",
        "goodness_of_fit": "bits",
    }
)
"""Metric → unit; ``chance_<metric>`` has the unit of ``<metric>``, R² is a fraction."""


def metrics_rows(
    scores: Mapping[str, float],
    *,
    experiment: str,
    subject: str,
    variant: str,
    fold: int,
    seed: int,
    decoder: str,
    units: Mapping[str, str] = METRIC_UNITS,
) -> pd.DataFrame:
    """One row per score, in the columns of :data:`METRIC_COLUMNS`.

    Args:
        scores: metric name, or ``chance_<metric>``, → value in its unit.
        experiment: e.g. ``hippocampus``.
        subject: rat, session kind or cortical area.
        variant: e.g. ``behaviour``.
        fold: number of the split.
        seed: seed of the trained model.
        decoder: e.g. ``knn``.
        units: metric → unit, without the chance names.

    Returns:
        Frame (score, column) in the order of ``scores``.

    Raises:
        KeyError: a metric has no unit.
    """
    unknown = [name for name in scores if name.removeprefix(CHANCE_PREFIX) not in units]
    if unknown:
        raise KeyError(
            f"metric {', '.join(unknown)} has no unit; known are {', '.join(units)}: "
            "add it to METRIC_UNITS or pass units"
        )
    rows = [
        (experiment, subject, variant, fold, seed, decoder, name, float(value), unit)
        for name, value in scores.items()
        for unit in (units[name.removeprefix(CHANCE_PREFIX)],)
    ]
    return pd.DataFrame(rows, columns=list(METRIC_COLUMNS))
