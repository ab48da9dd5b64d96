"""Which rows of two reaching recordings correspond: the same place, or the same moment of a reach.

Averaging in the bins and scoring are left to ``alignment`` and ``table``.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from cebra_kedro.consistency.alignment import LabelledEmbedding

Aligned = Literal["position", "target"]


def labelled_reaching(
    dataset: str,
    embedding: np.ndarray,
    *,
    position: np.ndarray,
    target: np.ndarray,
    trial: np.ndarray,
    bin_width_s: float,
    by: Aligned,
    cell_cm: float,
    run: str = "",
) -> LabelledEmbedding:
    """Give an embedding the labels by which kinds of sessions are aligned.

    By ``position``, a bin is a cell of the plane: a range of x in a class of y. Cells that the
    hand does not reach in every recording are left out by :func:`align`, so that active reaches of
    12 cm and passive bumps of 4 cm are compared where both have been.

    By ``target``, a bin is a range of the time in the trial in a class of target, so that
    direction-averaged trajectories are compared. The targets alone would give 8 points, which in 3
    dimensions have an R² of 3/7 by chance.

    Args:
        dataset: kind of session, e.g. ``active``.
        embedding: array (time, dim); only the rows to be compared, whole trials.
        position: array (time, 2) in cm; for ``by="position"``.
        target: integer array (time,), direction.
        trial: integer array (time,) of trial ids; the first row of a trial is its time 0.
        bin_width_s: width of a time bin in s.
        by: ``position`` or ``target``.
        cell_cm: height of a cell in y, in cm; its width is given to :func:`align` as ``n_bins``.
        run: name of the trained model.

    Returns:
        The embedding with ``continuous`` x in cm or time in s, and ``discrete`` row of cells or
        target.

    Raises:
        ValueError: ``by`` is unknown, or ``cell_cm`` is not positive.
    """
    if by == "position":
        if cell_cm <= 0:
            raise ValueError(f"cell_cm must be positive, got {cell_cm}")
        rows_of_cells = np.floor(position[:, 1] / cell_cm).astype(np.int64)
        return LabelledEmbedding(
            dataset, embedding, continuous=position[:, 0], discrete=rows_of_cells, run=run
        )
    if by != "target":
        raise ValueError(f"by must be position or target, got {by!r}")
    _, first, index = np.unique(trial, return_index=True, return_inverse=True)
    time_s = (np.arange(len(trial)) - first[index]) * bin_width_s
    return LabelledEmbedding(dataset, embedding, continuous=time_s, discrete=target, run=run)
