"""How well one embedding is a linear map of another: R², rows matched by labels, tidy tables.

Embeddings come from elsewhere, and so does the choice of rows: the caller names the rows of the
training trials where only these shall be compared. Which rows of different recordings correspond
is told by labels (``labels``) or by what was shown (``presentations``). Drawing the tables is left
to ``plots``.
"""

from cebra_kedro.consistency.alignment import Alignment, LabelledEmbedding, align
from cebra_kedro.consistency.labels import labelled
from cebra_kedro.consistency.linear import linear_r2
from cebra_kedro.consistency.presentations import (
    Origin,
    PresentedEmbedding,
    consistency_between_presentations,
    kind_of_pair,
    presented,
)
from cebra_kedro.consistency.rotation import Rotation, fit_rotation
from cebra_kedro.consistency.table import (
    CONSISTENCY_COLUMNS,
    consistency_between_datasets,
    consistency_between_runs,
    consistency_between_seeds,
    stack_consistency,
)

__all__ = [
    "CONSISTENCY_COLUMNS",
    "Alignment",
    "LabelledEmbedding",
    "Origin",
    "PresentedEmbedding",
    "Rotation",
    "align",
    "consistency_between_datasets",
    "consistency_between_presentations",
    "consistency_between_runs",
    "consistency_between_seeds",
    "fit_rotation",
    "kind_of_pair",
    "labelled",
    "linear_r2",
    "presented",
    "stack_consistency",
]
