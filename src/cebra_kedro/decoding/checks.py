"""What every decoder refuses at its door, whatever it decodes.

Checks of the labels of one experiment are left to the experiment's own file.
"""

from __future__ import annotations

import numpy as np

from cebra_kedro.splits import PART_NAMES


def check_part(part: np.ndarray, n_time: int) -> None:
    """Refuse a split that does not give each row to train, valid or test, and each part rows.

    Args:
        part: array (time,) of the codes of ``splits``: 0 train, 1 valid, 2 test.
        n_time: number of rows of the features.

    Raises:
        ValueError: the shape is another, there are other codes, or a part is empty.
    """
    if part.shape != (n_time,):
        raise ValueError(f"part must have shape ({n_time},) as features, got {part.shape}")
    strange = np.setdiff1d(part, np.arange(len(PART_NAMES)))
    if len(strange):
        raise ValueError(
            f"part must hold only 0 (train), 1 (valid) and 2 (test), got {strange.tolist()}; "
            "drop the rows that belong to no part"
        )
    empty = [name for code, name in enumerate(PART_NAMES) if not np.any(part == code)]
    if empty:
        raise ValueError(
            f"part must give train, valid and test rows each, got none for {', '.join(empty)}; "
            "use a split with more trials"
        )


def check_features(features: np.ndarray) -> None:
    """Refuse features that are not a finite array (time, dim).

    Args:
        features: array (time, dim).

    Raises:
        ValueError: the shape is another, or a value is NaN or infinite.
    """
    if features.ndim != 2 or features.shape[1] == 0:
        raise ValueError(f"features must be an array (time, dim), got shape {features.shape}")
    check_finite("features", features)


def check_finite(name: str, values: np.ndarray) -> None:
    """Refuse NaN and infinity by name and first row.

    Args:
        name: the argument's name, for the message.
        values: array (time, ...).

    Raises:
        ValueError: a value is NaN or infinite.
    """
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        raise ValueError(
            f"{name} has {len(bad)} values that are NaN or infinite, the first in row "
            f"{bad[0][0]}; drop these rows or retrain the encoder"
        )
