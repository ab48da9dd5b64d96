"""What every protocol of decoding takes and gives: samples in, scores and predictions out.

How labels are decoded is left to the protocols, which rows are which to ``splits``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cebra_kedro.recording import Recording
from cebra_kedro.splits import PART_NAMES, UNUSED, rows


@dataclass(frozen=True, eq=False)
class Samples:
    """Features of one recording, its labels, and the part to which each time bin belongs.

    Attributes:
        features: array (time, dim), finite: an embedding, or anything else with a row per time bin.
        recording: the recording with ``time`` bins, whose labels are decoded.
        part: int8 array (time,) of the codes of ``splits``: 0 train, 1 valid, 2 test, -1 unused.

    Raises:
        ValueError: shapes differ, a part is empty, or a feature is not finite.
    """

    features: np.ndarray
    recording: Recording
    part: np.ndarray

    def __post_init__(self) -> None:
        _check_features(self.features)
        if self.recording.n_time != len(self.features):
            raise ValueError(
                f"features must have one row for each of the {self.recording.n_time} bins of "
                f"recording {self.recording.name}, got {len(self.features)}; embed all bins"
            )
        _check_part(self.part, len(self.features))

    def rows(self, name: str, step: int = 1) -> np.ndarray:
        """Each ``step``-th row of one part, int array, ascending."""
        return rows(self.part, name)[::step]


@dataclass(frozen=True, eq=False)
class Decoded:
    """What one decoder made of the test rows.

    Attributes:
        decoder: ``knn``, ``ridge``, ``logistic``, ``bayes`` or ``linear``.
        scores: metric, and ``chance_<metric>`` for each, → value in its unit.
        units: metric (without the chance names) → unit; empty for a bare number.
        row: int array (n,), what was scored: test rows, or the first rows of presentations.
        true: label → array (n, ...), in the form of the label.
        predicted: label → array (n, ...), likewise.
        chosen: label → the candidate (number of neighbours, penalty, smoothing) that did best on
            the validation rows; empty where nothing was to be chosen.
    """

    decoder: str
    scores: dict[str, float]
    units: dict[str, str]
    row: np.ndarray
    true: dict[str, np.ndarray]
    predicted: dict[str, np.ndarray]
    chosen: dict[str, float]


def scored_samples(fit: Samples, test: Samples | None) -> Samples:
    """The samples whose test rows are scored: those of ``fit`` unless others are given.

    Raises:
        ValueError: the features of the two have different widths.
    """
    if test is None:
        return fit
    widths = fit.features.shape[1], test.features.shape[1]
    if widths[0] != widths[1]:
        raise ValueError(
            f"test must have features of the width of fit, got {widths[1]} and {widths[0]}; embed "
            "both with one encoder"
        )
    return test


def _check_features(features: np.ndarray) -> None:
    """Refuse features that are not a finite array (time, dim)."""
    if features.ndim != 2 or features.shape[1] == 0:
        raise ValueError(f"features must be an array (time, dim), got shape {features.shape}")
    bad = np.argwhere(~np.isfinite(features))
    if len(bad):
        raise ValueError(
            f"features has {len(bad)} values that are NaN or infinite, the first in row "
            f"{bad[0][0]}; drop these rows or retrain the encoder"
        )


def _check_part(part: np.ndarray, n_time: int) -> None:
    """Refuse a split that does not give each row to train, valid or test, and each part rows."""
    if part.shape != (n_time,):
        raise ValueError(f"part must have shape ({n_time},) as features, got {part.shape}")
    strange = np.setdiff1d(part, [UNUSED, *range(len(PART_NAMES))])
    if len(strange):
        raise ValueError(
            f"part must hold only 0 (train), 1 (valid), 2 (test) and -1, got {strange.tolist()}; "
            "drop the rows that belong to no part"
        )
    empty = [name for code, name in enumerate(PART_NAMES) if not np.any(part == code)]
    if empty:
        raise ValueError(
            f"part must give train, valid and test rows each, got none for {', '.join(empty)}; "
            "use a split with more trials"
        )
