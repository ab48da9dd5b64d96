"""A recording in which every value tells its row, so that a test sees who has seen which rows."""

import numpy as np
import pytest

from cebra_kedro.recording import Label, Recording
from cebra_kedro.splits import nested_trial_folds

N_TRIALS, BINS_PER_TRIAL = 16, 12


@pytest.fixture
def recording() -> Recording:
    """Neuron 0 holds the row number; so does the position, in mm."""
    n_time = N_TRIALS * BINS_PER_TRIAL
    row = np.arange(n_time)
    increasing = row // (BINS_PER_TRIAL // 2) % 2
    return Recording(
        neural=np.stack([row, row % 7, row % 5], axis=1).astype(np.uint16),
        labels={
            "position": Label((row / 1000).astype(np.float32), "continuous", "m"),
            "direction": Label(1 - increasing, "discrete"),
            "increasing": Label(increasing, "discrete"),
        },
        bin_width_s=0.025,
        name="buddy",
        trial=np.repeat(np.arange(N_TRIALS), BINS_PER_TRIAL),
        meta={"simulated": True},
    )


@pytest.fixture
def splits(recording) -> dict[str, np.ndarray]:
    return {"part": nested_trial_folds(recording.segment(), 3)}


@pytest.fixture
def partitions():
    """Turns entries into what Kedro gives a node for a folder of files: functions that load."""
    return lambda entries: {
        key: (lambda entry=entry: entry) for key, entry in reversed(entries.items())
    }
