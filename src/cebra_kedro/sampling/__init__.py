"""Laws of reference, positive and negative samples: indices only, no data, no torch."""

from cebra_kedro.sampling.anchors import Anchors, find_anchors
from cebra_kedro.sampling.class_laws import ClassLaw, MixedLaw
from cebra_kedro.sampling.draws import ObjectiveLaw, PairLaw, Pairs, shuffle_rows, step_rng
from cebra_kedro.sampling.laws import DeltaNormalLaw, HybridLaw, TimeDeltaLaw, TimeLaw
from cebra_kedro.sampling.search import LabelTable, NearestAnchor
from cebra_kedro.sampling.several_laws import SeveralLaws

__all__ = [
    "Anchors",
    "ClassLaw",
    "DeltaNormalLaw",
    "HybridLaw",
    "LabelTable",
    "MixedLaw",
    "NearestAnchor",
    "ObjectiveLaw",
    "PairLaw",
    "Pairs",
    "SeveralLaws",
    "TimeDeltaLaw",
    "TimeLaw",
    "find_anchors",
    "shuffle_rows",
    "step_rng",
]
