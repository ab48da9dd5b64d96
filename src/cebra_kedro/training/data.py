"""What an encoder is fitted on; free of torch, so that pipelines can name it cheaply."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class TrainingData:
    """The rows an encoder sees: training rows only, unless a variant says otherwise.

    Attributes:
        neural: array (time, neuron).
        segment: int array (time,); windows and pairs stay inside a run of equal ids.
        labels: float array (time, dim), or None for the ``time`` law.
    """

    neural: np.ndarray
    segment: np.ndarray
    labels: np.ndarray | None = None
