"""Laws of reference, positive and negative samples: indices only, no data, no torch.

Each law is a pure function of (labels, configuration, seed, step).
"""

from cebra_kedro.sampling.anchors import Anchors, find_anchors
from cebra_kedro.sampling.laws import (
    HybridLaw,
    PairLaw,
    Pairs,
    TimeDeltaLaw,
    TimeLaw,
    shuffle_rows,
)

__all__ = [
    "Anchors",
    "HybridLaw",
    "PairLaw",
    "Pairs",
    "TimeDeltaLaw",
    "TimeLaw",
    "find_anchors",
    "shuffle_rows",
]
