"""How well one embedding is a linear map of another: R², alignment by labels, tidy tables.

Embeddings come from elsewhere, and so does the choice of rows: the caller slices to the training
trials where only these shall be compared. Drawing the tables is left to ``plots``.
"""

from cebra_kedro.consistency.alignment import Alignment, LabelledEmbedding, align
from cebra_kedro.consistency.linear import linear_r2
from cebra_kedro.consistency.reaching import Aligned, labelled_reaching
from cebra_kedro.consistency.table import (
    CONSISTENCY_COLUMNS,
    consistency_between_datasets,
    consistency_between_runs,
    consistency_matrix,
)

__all__ = [
    "CONSISTENCY_COLUMNS",
    "Aligned",
    "Alignment",
    "LabelledEmbedding",
    "align",
    "consistency_between_datasets",
    "consistency_between_runs",
    "consistency_matrix",
    "labelled_reaching",
    "linear_r2",
]
