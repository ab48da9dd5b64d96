"""Published or simulated parts of a kind of session → recording and split."""

from __future__ import annotations

import numpy as np

from cebra_kedro.parameters import ReachingIngestionParameters
from cebra_kedro.recording import Recording, RecordingError
from cebra_kedro.sources import monkey_reaching
from cebra_kedro.sources.published_pickle import PublishedFile


def read_reaching(
    raw_train: PublishedFile,
    raw_valid: PublishedFile,
    raw_test: PublishedFile,
    parameters: ReachingIngestionParameters,
    subject: str,
) -> Recording:
    """The recording of a kind of session, validated; an error names where it was read from."""
    parts = {"train": raw_train, "valid": raw_valid, "test": raw_test}
    try:
        return monkey_reaching.to_recording(
            parts,
            session=subject,
            bin_width_s=parameters.bin_width_s,
            simulated=any(part.checksum_status == "simulated" for part in parts.values()),
            expected_neurons=parameters.expected_neurons,
        )
    except RecordingError as error:
        read_from = ", ".join(part.source for part in parts.values())
        raise RecordingError(f"{error} (read from {read_from})") from error


def split_as_published(recording: Recording) -> dict[str, np.ndarray]:
    """The published split: ``part`` (1, time) with 0 train, 1 valid, 2 test."""
    return {"part": monkey_reaching.published_parts(recording)}
