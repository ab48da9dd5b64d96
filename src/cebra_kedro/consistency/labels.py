"""By which labels rows of different recordings correspond, read off the kinds of the labels.

Averaging in the bins is left to ``alignment``, scoring to ``table``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cebra_kedro.consistency.alignment import LabelledEmbedding, int64_ids
from cebra_kedro.consistency.rows import check_rows
from cebra_kedro.recording import Label, Recording
from cebra_kedro.trial_clocks import TRIAL_CLOCKS


def labelled(
    dataset: str,
    embedding: np.ndarray,
    recording: Recording,
    rows: np.ndarray,
    align: Sequence[str],
    *,
    cell: float | None = None,
    run: str = "",
) -> LabelledEmbedding:
    """Give an embedding the labels by which it is aligned with those of other recordings.

    What a label contributes to the bins follows from its kind:

    ===========================  =========================================================
    continuous, one value a bin  ranges of it
    circular, one angle a bin    ranges of the angle in [0, 2π), which do not wrap
    ``time_in_trial``            ranges of the seconds since the first bin of the trial
    ``phase_of_trial``           ranges of the share of the trial that has passed
    continuous, two values       cells of the plane: ranges of the first, and a class for each
                                 row of cells, ``cell`` high, of the second
    discrete                     a class for each id; for each combination of ids that occurs,
                                 where there are several
    ===========================  =========================================================

    How wide the ranges are is told to :func:`align`, which also leaves out the bins that some
    recording lacks: active reaches of 12 cm and passive bumps of 4 cm are compared where both have
    been. Classes alone make few points, which suit few dimensions: 8 targets in 3 dimensions have
    an R² of 3/7 by chance, the moments of the reaches to each target (``target`` and
    ``time_in_trial``) far less.

    Args:
        dataset: session, e.g. ``buddy``; without a slash.
        embedding: array (time, dim) of the whole recording.
        recording: what it was made from; its labels must mean the same as those of the others.
        rows: integer array (row,) of the rows to be compared, e.g. those of the training trials.
        align: names of labels, clocks of the trials included, at least one; at most one of them
            with ranges.
        cell: height of a cell in the unit of the label; for a label of two values, and only then.
        run: name of the trained model, e.g. ``time/fold0_seed1``.

    Returns:
        The chosen rows of the embedding; ``continuous`` are the values that are cut into ranges,
        ``discrete`` the classes, a column a label where several labels have some.

    Raises:
        ValueError: a label cannot be aligned by, more than one has ranges, ``cell`` is missing,
            useless or not positive, there are no trials to have a time in, or embedding and rows
            do not fit the recording.
        KeyError: the recording lacks a label; the message lists those there are.
    """
    check_rows(dataset, embedding, recording, rows)
    _check_names(align, recording, dataset)
    parts = {name: _parts_of(name, recording, cell, dataset) for name in align}
    _check_together(parts, cell, dataset)
    ranges = next((part for part in parts.values() if part.ranges is not None), _Parts())
    classes = [part.classes[rows] for part in parts.values() if part.classes is not None]
    return LabelledEmbedding(
        dataset,
        embedding[rows],
        continuous=None if ranges.ranges is None else ranges.ranges[rows],
        discrete=_side_by_side(classes),
        unit=ranges.unit,
        run=run,
    )


@dataclass(frozen=True, eq=False)
class _Parts:
    """What one label contributes to the bins, on all rows of the recording.

    Attributes:
        ranges: float array (time,), to be cut into ranges; or None.
        classes: integer array (time,), or None.
        unit: of the ranges.
        in_cells: the classes are rows of cells.
    """

    ranges: np.ndarray | None = None
    classes: np.ndarray | None = None
    unit: str = ""
    in_cells: bool = False


def _parts_of(name: str, recording: Recording, cell: float | None, dataset: str) -> _Parts:
    label = recording.label(name)
    width = _width(label, name, dataset)
    column = label.values.reshape(recording.n_time, -1)[:, 0]
    if label.kind == "discrete":
        return _Parts(classes=int64_ids(column, f"{dataset}: label {name}"))
    if label.kind == "circular":
        return _Parts(ranges=_angle(column), unit="rad")
    if width == 1:
        # in the label's own precision, which decides on which side of an edge a value falls
        return _Parts(ranges=column, unit=label.unit)
    height = _cell_height(cell, name, label.unit, dataset)
    rows_of_cells = np.floor(label.values[:, 1] / height).astype(np.int64)
    return _Parts(ranges=column, classes=rows_of_cells, unit=label.unit, in_cells=True)


def _angle(values: np.ndarray) -> np.ndarray:
    """Float64 in [0, 2π); a tiny negative angle rounds to 2π, which is 0."""
    angle = np.mod(values.astype(np.float64), 2 * np.pi)
    return np.where(angle >= 2 * np.pi, 0.0, angle)


def _width(label: Label, name: str, dataset: str) -> int:
    """How many values a bin has: 1, or 2 if continuous."""
    if label.table is not None:
        raise ValueError(
            f"{dataset}: cannot align by label {name}, whose values in a bin are a row of a table; "
            "align by the code of the row instead, as a discrete label, or compare presentations"
        )
    width = 1 if label.values.ndim == 1 else label.values.shape[1]
    if width == 1 or (width == 2 and label.kind == "continuous"):
        return width
    most = 2 if label.kind == "continuous" else 1
    raise ValueError(
        f"{dataset}: a {label.kind} label that is aligned by must have at most {most} value(s) a "
        f"bin, but {name} has {width}; give the recording a label of some of its columns"
    )


def _cell_height(cell: float | None, name: str, unit: str, dataset: str) -> float:
    in_unit = f" in {unit}" if unit else ""
    if cell is None:
        raise ValueError(
            f"{dataset}: label {name} has two values a bin, which are compared in cells of the "
            f"plane; give cell, the height of a cell{in_unit}"
        )
    if not 0 < cell < np.inf:
        raise ValueError(f"{dataset}: cell must be positive{in_unit}, got {cell:g}")
    return cell


def _side_by_side(classes: Sequence[np.ndarray]) -> np.ndarray | None:
    """Columns of ids, (time,) where there is one; an id is never mixed into another."""
    if len(classes) < 2:
        return classes[0] if classes else None
    return np.stack(classes, axis=1)


def _check_names(align: Sequence[str], recording: Recording, dataset: str) -> None:
    if isinstance(align, str):
        raise ValueError(f"{dataset}: align must be a list of names, got {align!r}; use [{align}]")
    twice = [name for name, count in Counter(align).items() if count > 1]
    if not align or twice:
        raise ValueError(
            f"{dataset}: align must name labels, each once, got {', '.join(align) or 'none'}"
        )
    double = [name for name in align if name in TRIAL_CLOCKS and name in recording.labels]
    if double:
        raise ValueError(
            f"{dataset}: {double[0]} means a clock of the trials, but recording {recording.name} "
            "has a label of this name; rename it"
        )


def _check_together(parts: Mapping[str, _Parts], cell: float | None, dataset: str) -> None:
    with_ranges = [name for name, part in parts.items() if part.ranges is not None]
    if len(with_ranges) > 1:
        raise ValueError(
            f"{dataset}: at most one label can be cut into ranges, got {', '.join(with_ranges)}; "
            "compare by one after the other, or by one label of two values"
        )
    if cell is not None and not any(part.in_cells for part in parts.values()):
        raise ValueError(
            f"{dataset}: cell is the height of a cell of a continuous label of two values, and "
            f"there is none in {', '.join(parts)}; leave it out"
        )
