"""What decoders choose from on validation rows."""

from __future__ import annotations

from typing import Self

import numpy as np
from pydantic import Field, model_validator

from cebra_kedro.decoding.knn import Metric
from cebra_kedro.parameter_block import Settings


class DecoderSettings(Settings):
    """The candidates that decoders choose from, and how much of the recording they look at.

    Attributes:
        neighbours: numbers of neighbours of ``knn``.
        metric: distance between features, of ``knn``.
        alphas: penalties of ``ridge``, and of ``logistic`` (the inverse of its ``C``).
        smoothings: of ``bayes``: shares of the largest variance of a feature that are added to
            every variance.
        bin_step: fit and choose on each n-th bin only, counted in each part. Neighbouring bins of
            1 ms, smoothed with 40 ms, say almost the same, and n makes a search n² times cheaper.
            Test bins are all scored.
        window_frames: a decoded frame of a movie counts as right if it is fewer frames away than
            this; 30 frames are shown in 1 s.

    Raises:
        ValueError: a list is empty or has a number out of range, or the metric is unknown.
    """

    neighbours: tuple[int, ...] = Field((1, 4, 9, 16, 25, 36, 64, 100), min_length=1)
    metric: Metric = "euclidean"
    alphas: tuple[float, ...] = Field((1e-3, 1e-1, 1e1, 1e3), min_length=1)
    smoothings: tuple[float, ...] = Field((1e-9, 1e-6, 1e-3, 1.0, 1e3), min_length=1)
    bin_step: int = Field(1, ge=1)
    window_frames: int = Field(30, ge=1)

    @model_validator(mode="after")
    def _positive(self) -> Self:
        for name in ("neighbours", "alphas", "smoothings"):
            values = getattr(self, name)
            if not all(0 < value < np.inf for value in values):
                raise ValueError(f"{name} must be positive and finite, got {list(values)}")
        return self


DEFAULT_SETTINGS = DecoderSettings()
