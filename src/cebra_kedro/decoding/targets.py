"""Position beside classes, what the published decoders of a rat and of a reach regress on.

Choosing and scoring is left to ``rat_on_track`` and ``reaching``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cebra_kedro.decoding.samples import Samples
from cebra_kedro.recording import Label


@dataclass(frozen=True, eq=False)
class PositionAndClass:
    """Targets of the recording to fit to and of the one to score.

    Attributes:
        classes: integer array (class,): ids in the first recording, or in test rows of the second.
        fit: float64 array (time, coordinate + class), position beside one-hot classes.
        test: float64 array (test row, coordinate + class).
        position: the position of the scored recording.
        ids: the class ids of the scored recording.
    """

    classes: np.ndarray
    fit: np.ndarray
    test: np.ndarray
    position: Label
    ids: Label


def position_and_class(
    fit: Samples, test: Samples, labels: tuple[str, ...], *, shape: tuple[int, ...]
) -> PositionAndClass:
    """Targets of two labels, a position and class ids.

    Args:
        fit: training and validation rows.
        test: whose test rows are scored.
        labels: name of the position, name of the ids.
        shape: of the position in one bin, () or (2,).

    Raises:
        ValueError: the labels are of another kind or shape.
        KeyError: a recording has no label of this name.
    """
    for samples in (fit, test):
        position, ids = (samples.recording.label(name) for name in labels)
        _check(labels[0], position, "continuous", shape)
        _check(labels[1], ids, "discrete", ())
    own = fit.recording.label(labels[0]).values, fit.recording.label(labels[1]).values
    row = test.rows("test")
    scored = position.values[row], ids.values[row]
    classes = np.union1d(own[1], scored[1])
    return PositionAndClass(
        classes, _side_by_side(*own, classes), _side_by_side(*scored, classes), position, ids
    )


def _side_by_side(position: np.ndarray, ids: np.ndarray, classes: np.ndarray) -> np.ndarray:
    one_hot = ids[:, None] == classes
    return np.column_stack([position, one_hot]).astype(np.float64)


def _check(name: str, label: Label, kind: str, shape: tuple[int, ...]) -> None:
    if label.kind != kind or label.values.shape[1:] != shape or label.table is not None:
        wanted = "(time, 2)" if shape else "(time,)"
        found = "with a table" if label.table is not None else f"of shape {label.values.shape}"
        raise ValueError(
            f"{name} must be a {kind} label {wanted}, got a {label.kind} one {found}; the protocol "
            "labels decodes labels of any kind"
        )
