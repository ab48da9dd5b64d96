"""Synthetic and own sets → recording and split."""

from __future__ import annotations

from typing import Any

import numpy as np

from cebra_kedro.parameters import SyntheticIngestionParameters
from cebra_kedro.recording import Recording, RecordingError
from cebra_kedro.sources import synthetic
from cebra_kedro.splits import contiguous_blocks, optimistic_random_rows


def read_set(raw: Any, parameters: SyntheticIngestionParameters, subject: str) -> Recording:
    """A set's recording, validated; ``raw`` is a published file, or the arrays of an own set."""
    try:
        return synthetic.to_recording(raw, subject=subject, bin_width_s=parameters.bin_width_s)
    except RecordingError as error:
        raise RecordingError(f"{error} (read from {getattr(raw, 'source', 'arrays')})") from error


def split_set(
    recording: Recording, parameters: SyntheticIngestionParameters
) -> dict[str, np.ndarray]:
    """``part`` (1, time) with 0 train, 1 valid, 2 test, each session split on its own.

    ``joined`` says whether training rows count as neighbours across the rows taken out between
    them: only so do windows fit the random split, and only there is it so.
    """
    part = np.empty(recording.n_time, np.int8)
    for number, session in enumerate(synthetic.sessions_of(recording)):
        n_rows = len(session.rows)
        if parameters.seed is None:
            part[session.rows] = contiguous_blocks(n_rows, parameters.fractions)
        else:
            part[session.rows] = optimistic_random_rows(
                n_rows, parameters.fractions, seed=parameters.seed + number
            )
    return {"part": part[None], "joined": np.array(parameters.split == "random_optimistic")}
