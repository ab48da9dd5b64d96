"""Arrays of one's own, whatever they are called, as a ``Recording``.

Opening files is left to ``io``: what arrives is a mapping from names to arrays.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np

from cebra_kedro.recording import Label, LabelKind, Recording, RecordingError
from cebra_kedro.sources.synthetic import smallest

logger = logging.getLogger(__name__)

_LABEL_OPTIONS = {"array", "kind", "unit"}


def read_arrays(
    raw: Mapping[str, np.ndarray],
    *,
    session: str,
    bin_width_s: float,
    neural: str = "neural",
    transposed: bool = False,
    trial: str | None = None,
    labels: Mapping[str, Mapping[str, str] | None] | None = None,
) -> Recording:
    """Turn named arrays into a recording.

    Args:
        raw: name → array with one row a time bin, e.g. an ``.npz`` file.
        session: becomes the recording's name.
        bin_width_s: width of a time bin in s.
        neural: the array (time, neuron) of counts or traces.
        transposed: the array is (neuron, time).
        trial: the array (time,) of trial ids, whole numbers; None if ``raw`` has no array
            ``trial``.
        labels: label → ``array`` (if it is called otherwise), ``kind`` (``continuous``,
            ``discrete`` or ``circular``, in rad) and ``unit``. A kind that is not said follows from
            the numbers: floats are continuous, whole numbers and true/false classes. None takes
            every other array that has a row for each time bin, and says so.

    Raises:
        RecordingError: an array is missing or does not fit; the message lists those there are.
    """
    arrays = {name: np.asarray(values) for name, values in raw.items()}
    activity = _array(arrays, neural, "neural", session)
    if activity.ndim != 2 or 0 in activity.shape:
        raise RecordingError(
            f"{session}: {neural} must be a non-empty array (time, neuron), got {activity.shape}"
        )
    activity = activity.T if transposed else activity
    trial = trial or ("trial" if "trial" in arrays else None)
    if labels is None:
        labels = _other_arrays(arrays, {neural, trial}, len(activity), session)
    return Recording(
        neural=smallest(activity, session),
        labels={name: _label(arrays, name, block or {}, session) for name, block in labels.items()},
        bin_width_s=bin_width_s,
        name=session,
        trial=None if trial is None else _trial_ids(arrays, trial, session),
        meta={
            "source": "arrays",
            "checksum": "",
            "checksum_status": "unverified",
            "subject": session,
            "simulated": False,
        },
    )


def read_recording(raw: Recording, *, session: str) -> Recording:
    """A raw entry that is a recording already.

    Args:
        raw: the recording.
        session: for errors.
    """
    if not isinstance(raw, Recording):
        raise RecordingError(
            f"{session}: source: recording reads what is a recording already, got "
            f"{type(raw).__name__}; name the source that makes one of it, e.g. arrays"
        )
    return raw


def _array(arrays: Mapping[str, np.ndarray], name: str, what: str, session: str) -> np.ndarray:
    if name not in arrays:
        raise RecordingError(
            f"{session}: there is no array {name} for {what}; there are {', '.join(arrays)}. "
            "Correct source, or the file"
        )
    return arrays[name]


def _trial_ids(arrays: Mapping[str, np.ndarray], name: str, session: str) -> np.ndarray:
    trial = _array(arrays, name, "trial", session)
    if not np.issubdtype(trial.dtype, np.number) or np.any(trial != np.rint(trial)):
        raise RecordingError(
            f"{session}: {name} must hold whole numbers, the id of the trial of each bin, got "
            f"{trial.dtype} with other values; number the trials"
        )
    return trial.astype(np.int64)


def _other_arrays(
    arrays: Mapping[str, np.ndarray], taken: set[str | None], n_time: int, session: str
) -> dict[str, Mapping[str, str]]:
    others: dict[str, Mapping[str, str]] = {
        name: {}
        for name, values in arrays.items()
        if name not in taken and values.ndim in (1, 2) and len(values) == n_time
    }
    kinds = ", ".join(f"{name} ({_kind_of(arrays[name], name, session)})" for name in others)
    logger.info("%s: source.labels is not given; labels are %s", session, kinds or "none")
    return others


def _label(
    arrays: Mapping[str, np.ndarray], name: str, block: Mapping[str, str], session: str
) -> Label:
    unknown = set(block) - _LABEL_OPTIONS
    if unknown:
        raise RecordingError(
            f"{session}: label {name} has no option {', '.join(sorted(unknown))}; it has "
            f"{', '.join(sorted(_LABEL_OPTIONS))}"
        )
    values = _array(arrays, block.get("array", name), f"label {name}", session)
    kind: Any = block.get("kind") or _kind_of(values, name, session)
    if kind == "discrete" and (values.dtype == bool or np.issubdtype(values.dtype, np.integer)):
        values = values.astype(np.int64)
    elif kind != "discrete" and np.issubdtype(values.dtype, np.number):
        values = values.astype(np.float32)
    try:
        return Label(values, kind, block.get("unit", ""))
    except RecordingError as error:
        raise RecordingError(f"{session}: label {name}: {error}") from error


def _kind_of(values: np.ndarray, name: str, session: str) -> LabelKind:
    if values.dtype == bool or np.issubdtype(values.dtype, np.integer):
        return "discrete"
    if np.issubdtype(values.dtype, np.floating):
        return "continuous"
    raise RecordingError(
        f"{session}: label {name} must hold numbers, got {values.dtype}; number the classes"
    )
