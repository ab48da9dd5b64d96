"""The published rat hippocampus arrays (CRCNS hc-11 as prepared for CEBRA) as a ``Recording``.

Opening the file and comparing its checksum is left to ``io``; the split into folds to ``splits``.

The publisher calls the two one-hot columns "right" and "left". **What they mean differs between
rats**: column 1 is the run towards larger positions in achilles, the run back in buddy. The names
are kept, and ``meta["increasing_direction"]`` says which of them has increasing position, so
that a comparison across rats can align them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cebra_kedro.recording import Label, Recording, RecordingError
from cebra_kedro.sources.counts import as_counts
from cebra_kedro.splits import trials_from_direction

if TYPE_CHECKING:
    from cebra_kedro.sources.published_pickle import PublishedFile

DIRECTION_NAMES = ("right", "left")
"""Names of the direction classes 0 and 1."""

_MAX_POSITION_M = 10.0


def to_recording(
    published: PublishedFile,
    *,
    subject: str,
    bin_width_s: float = 0.025,
    simulated: bool,
    expected_neurons: int | None = None,
) -> Recording:
    """Turn one rat's published (or simulated) arrays into a recording.

    The trials are round trips as published, see ``splits.trials_from_direction``. The bins are
    concatenated running epochs: a few neighbouring bins are not neighbours in time.

    Args:
        published: content and provenance of the file. The content has the keys ``spikes``,
            array (time, neuron) of non-negative whole numbers, and ``position``, array (time, 3):
            position in m and the one-hot columns "right" and "left".
        subject: name of the rat, e.g. ``buddy``; becomes the recording's name.
        bin_width_s: width of a time bin in s. Published: 0.025.
        simulated: whether the arrays come from a generator.
        expected_neurons: number of neurons the file should have, or None to accept any.

    Returns:
        A recording with ``neural`` in the smallest unsigned integer type that holds the counts,
        the labels ``position`` (continuous, float32 (time,), m), ``direction`` (discrete,
        int64 (time,), 0 = "right", 1 = "left") and ``increasing`` (the same runs, 1 = towards
        higher positions, which "right" is in some rats and "left" in others), and the trials.

    Raises:
        RecordingError: a key is missing, or an array is not what is described above.
    """
    spikes, position = _arrays(published.content, subject)
    if expected_neurons is not None and spikes.shape[1] != expected_neurons:
        raise RecordingError(
            f"{subject}: expected {expected_neurons} neurons, got {spikes.shape[1]}; "
            "check that the file is this rat's"
        )
    direction = _direction(position[:, 1:], subject)
    increasing = _increasing_direction(position[:, 0], direction, subject)
    return Recording(
        neural=as_counts(spikes, owner=subject, what="spikes"),
        labels={
            "position": Label(_position_m(position[:, 0], subject), "continuous", "m"),
            "direction": Label(direction, "discrete"),
            "increasing": Label(_increasing(direction, increasing), "discrete"),
        },
        bin_width_s=bin_width_s,
        name=subject,
        trial=trials_from_direction(direction),
        meta={
            "source": published.source,
            "checksum": published.checksum,
            "checksum_status": published.checksum_status,
            "subject": subject,
            "area": "CA1",
            "modality": "spike counts",
            "simulated": simulated,
            "direction_names": list(DIRECTION_NAMES),
            "increasing_direction": increasing,
        },
    )


def read_rat(
    raw: PublishedFile,
    *,
    session: str,
    bin_width_s: float = 0.025,
    expected_neurons: dict[str, int] | None = None,
) -> Recording:
    """A published (or simulated) rat on a linear track.

    Args:
        raw: content and provenance of the rat's file.
        session: the rat.
        bin_width_s: width of a time bin in s.
        expected_neurons: rat → neurons that its file must have.
    """
    return to_recording(
        raw,
        subject=session,
        bin_width_s=bin_width_s,
        simulated=raw.checksum_status == "simulated",
        expected_neurons=(expected_neurons or {}).get(session),
    )


def _arrays(content: dict[str, np.ndarray], subject: str) -> tuple[np.ndarray, np.ndarray]:
    missing = [key for key in ("spikes", "position") if key not in content]
    if missing:
        raise RecordingError(
            f"{subject}: the content must have the keys spikes and position, "
            f"got {', '.join(map(str, content)) or 'none'}; check that this is a rat file"
        )
    spikes, position = np.asarray(content["spikes"]), np.asarray(content["position"])
    if spikes.ndim != 2 or 0 in spikes.shape:
        raise RecordingError(
            f"{subject}: spikes must be a non-empty array (time, neuron), got shape {spikes.shape}"
        )
    if position.shape != (len(spikes), 3):
        raise RecordingError(
            f"{subject}: position must have shape ({len(spikes)}, 3), one row for each row of "
            f"spikes, got {position.shape}"
        )
    for name, values in (("spikes", spikes), ("position", position)):
        if not np.issubdtype(values.dtype, np.number) or not np.isfinite(values).all():
            raise RecordingError(
                f"{subject}: {name} must hold finite numbers, got dtype {values.dtype} with NaN, "
                "infinite or non-numeric values; remove these bins"
            )
    return spikes, position


def _direction(one_hot: np.ndarray, subject: str) -> np.ndarray:
    wrong = ~(np.isin(one_hot, (0, 1)).all(axis=1) & (one_hot.sum(axis=1) == 1))
    if wrong.any():
        time = int(np.flatnonzero(wrong)[0])
        raise RecordingError(
            f"{subject}: columns 1 and 2 of position must be a one-hot direction, "
            f"got {one_hot[time].tolist()} at bin {time}"
        )
    return (one_hot[:, 1] == 1).astype(np.int64)


def _increasing(direction: np.ndarray, increasing_direction: str) -> np.ndarray:
    return (direction == DIRECTION_NAMES.index(increasing_direction)).astype(np.int64)


def _position_m(position: np.ndarray, subject: str) -> np.ndarray:
    if np.abs(position).max() > _MAX_POSITION_M:
        raise RecordingError(
            f"{subject}: column 0 of position must be in m, at most {_MAX_POSITION_M:g} from the "
            f"origin, got {position.min():g} to {position.max():g}; convert it from cm or pixels"
        )
    return position.astype(np.float32)


def _increasing_direction(position: np.ndarray, direction: np.ndarray, subject: str) -> str:
    """Name of the direction in which position increases on average."""
    step = np.diff(position)
    within = direction[1:] == direction[:-1]
    # Total displacement in each direction; the mean velocity has the same sign.
    moved = [float(step[within & (direction[1:] == code)].sum()) for code in (0, 1)]
    if moved[0] > moved[1] and moved[0] >= 0 >= moved[1]:
        return DIRECTION_NAMES[0]
    if moved[1] > moved[0] and moved[1] >= 0 >= moved[0]:
        return DIRECTION_NAMES[1]
    raise RecordingError(
        f"{subject}: position must increase in one direction and decrease in the other, but it "
        f"moves by {moved[0]:.2f} m in all in direction {DIRECTION_NAMES[0]} and {moved[1]:.2f} m "
        f"in {DIRECTION_NAMES[1]}; check the columns of position"
    )
