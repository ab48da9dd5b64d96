"""What decoders choose from on validation rows, as plain numbers checked once.

Reading them from a file is left to ``experiment``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import get_args

import numpy as np

from cebra_kedro.decoding.knn import Metric


@dataclass(frozen=True)
class DecoderSettings:
    """Candidates of the decoders, and how much of the recording they look at.

    Attributes:
        neighbours: numbers of neighbours of ``knn``.
        metric: distance between features of ``knn``.
        alphas: penalties of ``ridge``, and of ``logistic`` (the inverse of its ``C``).
        smoothings: of ``bayes``: shares of the largest variance of a feature that are added to
            every variance.
        bin_step: use only each n-th training and validation bin, counted in each part. Neighbouring
            bins of 1 ms, smoothed with 40 ms, say almost the same, and n makes a search n² times
            cheaper. Test bins are all scored.
        window_frames: a decoded frame of a movie counts as right if it is less than this far off;
            30 frames are shown in 1 s.

    Raises:
        ValueError: a list is empty or has a number out of range, or the metric is unknown.
    """

    neighbours: tuple[int, ...] = (1, 4, 9, 16, 25, 36, 64, 100)
    metric: Metric = "euclidean"
    alphas: tuple[float, ...] = (1e-3, 1e-1, 1e1, 1e3)
    smoothings: tuple[float, ...] = (1e-9, 1e-6, 1e-3, 1.0, 1e3)
    bin_step: int = 1
    window_frames: int = 30

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "metric":
                _check_metric(value)
            elif isinstance(field.default, tuple):
                _check_numbers(field.name, value, whole=field.name == "neighbours")
                object.__setattr__(self, field.name, tuple(value))
            elif value != int(value) or value < 1:
                raise ValueError(f"{field.name} must be a whole number of at least 1, got {value}")


def _check_metric(metric: str) -> None:
    if metric not in get_args(Metric):
        raise ValueError(f"metric must be one of {', '.join(get_args(Metric))}, got {metric!r}")


def _check_numbers(name: str, values: Sequence[float], *, whole: bool) -> None:
    positive = len(values) and all(0 < value < np.inf for value in values)
    if not positive or (whole and any(value != int(value) for value in values)):
        kind = "whole numbers of at least 1" if whole else "positive finite numbers"
        raise ValueError(f"{name} must hold {kind}, one or more, got {list(values)}")


DEFAULT_SETTINGS = DecoderSettings()
