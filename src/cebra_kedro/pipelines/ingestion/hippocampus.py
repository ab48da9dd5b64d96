"""Published or simulated arrays → recording and split."""

from __future__ import annotations

import numpy as np

from cebra_kedro.parameters import IngestionParameters
from cebra_kedro.recording import Recording, RecordingError
from cebra_kedro.sources import hippocampus
from cebra_kedro.sources.published_pickle import PublishedFile
from cebra_kedro.splits import nested_trial_folds


def read_rat(raw: PublishedFile, parameters: IngestionParameters, subject: str) -> Recording:
    """A rat's recording, validated; an error names where it was read from."""
    try:
        return hippocampus.to_recording(
            raw,
            subject=subject,
            bin_width_s=parameters.bin_width_s,
            simulated=raw.checksum_status == "simulated",
            expected_neurons=parameters.expected_neurons.get(subject),
        )
    except RecordingError as error:
        raise RecordingError(f"{error} (read from {raw.source})") from error


def split_trials(recording: Recording, parameters: IngestionParameters) -> dict[str, np.ndarray]:
    """The nested trial split: ``part`` (fold, time) with 0 train, 1 valid, 2 test."""
    try:
        return {"part": nested_trial_folds(recording.segment(), parameters.folds)}
    except ValueError as error:
        name = f"{recording.name} (ingestion.folds: {parameters.folds})"
        raise ValueError(f"{name}: {error}") from error
