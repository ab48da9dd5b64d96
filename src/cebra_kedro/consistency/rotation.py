"""One embedding turned into the space of another: orthogonal Procrustes on means of label bins.

Which bins two recordings share is found by ``alignment``; decoding what was turned is left to who
asks for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cebra_kedro.consistency.alignment import LabelledEmbedding, align


@dataclass(frozen=True, eq=False)
class Rotation:
    """A rotation, or a reflection with one, and where the two spaces have their centres.

    Attributes:
        matrix: float64 array (dim, dim), orthogonal; rows are multiplied by it from the right.
        centre: float64 array (dim,) of what is turned.
        new_centre: float64 array (dim,), where it comes to lie.
    """

    matrix: np.ndarray
    centre: np.ndarray
    new_centre: np.ndarray

    def turned(self, embedding: np.ndarray) -> np.ndarray:
        """All rows of an embedding in the other space.

        Args:
            embedding: float array (time, dim).

        Returns:
            Array (time, dim) of the same dtype; distances between rows are as before.
        """
        return ((embedding - self.centre) @ self.matrix + self.new_centre).astype(embedding.dtype)


def fit_rotation(
    moving: LabelledEmbedding,
    fixed: LabelledEmbedding,
    *,
    centred: bool = False,
    n_bins: int = 100,
    min_samples: int = 1,
    max_widening: int = 2,
) -> Rotation:
    """The rotation after which two embeddings agree best where their labels do.

    Minimises the summed squared distance of the means in the label bins that both have, over all
    orthogonal matrices (Schönemann, Psychometrika 31, 1, 1966: of the SVD U S Vᵀ of movingᵀ fixed,
    the matrix is U Vᵀ). cebra's ``OrthogonalProcrustesAlignment`` (``data/helper.py``) pairs single
    bins of near labels instead, for which it compares every bin with every other: memory grows with
    the square of the length of the recordings; that of bin means does not.

    Args:
        moving: what is turned; pass the rows of the training trials.
        fixed: into whose space, likewise; as many dimensions, labels that mean the same.
        centred: whether the centres of both (mean over the bins) are brought together too, as
            embeddings need it whose loss knows distances only; those on a sphere turn about its
            centre.
        n_bins: as in :func:`align`.
        min_samples: as in :func:`align`.
        max_widening: as in :func:`align`.

    Raises:
        ValueError: dimensions differ, or the two cannot be aligned (see :func:`align`).
    """
    _check_dimensions(moving, fixed)
    aligned = align(
        [moving, fixed],
        n_bins=n_bins,
        min_samples=min_samples,
        max_widening=max_widening,
        unit_norm=False,
    )
    means: Sequence[np.ndarray] = [aligned.embeddings[one.name] for one in (moving, fixed)]
    centres = [mean.mean(axis=0) if centred else np.zeros(mean.shape[1]) for mean in means]
    one, other = (mean - centre for mean, centre in zip(means, centres, strict=True))
    left, _, right = np.linalg.svd(one.T @ other)
    return Rotation(left @ right, *centres)


def _check_dimensions(moving: LabelledEmbedding, fixed: LabelledEmbedding) -> None:
    dims = [one.embedding.shape[1] for one in (moving, fixed)]
    if dims[0] != dims[1]:
        raise ValueError(
            f"{moving.name} has {dims[0]} dimensions and {fixed.name} {dims[1]}, so one cannot be "
            "turned into the other; give their encoders the same output_dimension"
        )
