"""What time it is within a trial: seconds since its first bin, or which share of it has passed.

By which clock bins of different sessions belong together is said where they are compared.
"""

from __future__ import annotations

import numpy as np

TIME_IN_TRIAL, PHASE_OF_TRIAL = "time_in_trial", "phase_of_trial"
TRIAL_CLOCKS = (TIME_IN_TRIAL, PHASE_OF_TRIAL)
"""Names that stand among those of labels; every recording with trials has them."""


def read_clock(name: str, trial: np.ndarray, bin_width_s: float) -> np.ndarray:
    """A clock that starts anew in each trial.

    Args:
        name: ``time_in_trial``, the seconds since the first bin of the trial; or
            ``phase_of_trial``, 0 in its first bin and 1 in its last, however long it is.
        trial: integer array (time,) of trial ids; a trial is a contiguous run of rows.
        bin_width_s: width of a time bin in seconds.

    Returns:
        Float64 array (time,), in s or without a unit. A trial of one bin has phase 0.

    Example:
        >>> read_clock("phase_of_trial", np.array([4, 4, 4, 7, 7]), 0.1).tolist()
        [0.0, 0.5, 1.0, 0.0, 1.0]
    """
    _, first, number, length = np.unique(
        trial, return_index=True, return_inverse=True, return_counts=True
    )
    bin_in_trial = np.arange(len(trial)) - first[number]
    if name == TIME_IN_TRIAL:
        return bin_in_trial * bin_width_s
    return bin_in_trial / np.maximum(length[number] - 1, 1)
