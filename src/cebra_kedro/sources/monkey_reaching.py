"""The published monkey reaching arrays (area2-bump, as prepared for CEBRA) as a ``Recording``.

Opening the files and comparing their checksums is left to ``io``.

A kind of session (``active``, ``passive``, ``all``) is published as one file each for training,
validation and test, and a fourth that holds the same trials without saying which part they belong
to. The recording is therefore put together from the three parts, in this order: its trials are
**not in the order of the session**, and the bins of two trials are never neighbours in time.
Between kinds of session the parts overlap: a validation trial of ``all`` may be a test trial of
``active``, as published (a training trial is one everywhere).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cebra_kedro.recording import Label, Recording, RecordingError
from cebra_kedro.splits import PART_NAMES

if TYPE_CHECKING:
    from cebra_kedro.sources.published_pickle import PublishedFile

N_TARGETS = 8
"""Directions, in steps of 45°."""

_ROW_KEYS, _TRIAL_KEYS = (
    ("spikes", "pos", "vel"),
    ("passive", "movement_dir", "movement_dir_actpas"),
)
_KEYS = (*_ROW_KEYS, *_TRIAL_KEYS, "num_trials", "trial_len")
_SPAN_CM = (1.0, 100.0)
_LOWEST_RATE = -1e-6


def to_recording(
    published: Mapping[str, PublishedFile],
    *,
    session: str,
    bin_width_s: float = 0.001,
    simulated: bool,
    expected_neurons: int | None = None,
) -> Recording:
    """Turn the three parts of one kind of session into a recording.

    Args:
        published: ``train``, ``valid`` and ``test`` → content and provenance of the file. The
            content has, for n trials of L bins, ``spikes`` (n·L, neuron), smoothed spikes per
            bin; ``pos`` and ``vel`` (n·L, 2), hand position in cm and velocity in cm/s;
            ``passive`` bool (n,); ``movement_dir`` (n,) 0…7, angle / 45°; ``movement_dir_actpas``
            (n,), the same + 8 where passive; and the numbers ``num_trials`` and ``trial_len``.
        session: ``active``, ``passive`` or ``all``; becomes the recording's name.
        bin_width_s: width of a time bin in s. Published: 0.001.
        simulated: whether the arrays come from a generator.
        expected_neurons: number of neurons the files should have, or None to accept any.

    Returns:
        A recording with ``neural`` float32 (time, neuron), the labels ``position`` (continuous,
        (time, 2), cm), ``velocity`` (continuous, (time, 2), cm/s), ``target`` (discrete, 0…7: that
        of the reach or the direction of the bump), ``passive`` (discrete, 0 or 1) and
        ``condition`` (discrete, 0…15: the target, + 8 where passive), and the trials numbered
        through train, valid, test. ``meta["trials_per_part"]`` and ``meta["bins_per_trial"]`` say
        where the parts lie; :func:`published_parts` makes the split of them.

    Raises:
        RecordingError: a part or key is missing, or an array is not what is described above, e.g.
            the last trial is cut short.
    """
    parts = [_part(published, name, session) for name in PART_NAMES]
    _check_together(parts, expected_neurons, session)
    condition = np.concatenate([part.condition for part in parts])
    _check_kind(condition >= N_TARGETS, session)
    trial_len = parts[0].trial_len
    per_bin = np.repeat(condition, trial_len)
    return Recording(
        neural=np.concatenate([part.neural for part in parts]),
        labels={
            "position": Label(np.concatenate([p.position for p in parts]), "continuous", "cm"),
            "velocity": Label(np.concatenate([p.velocity for p in parts]), "continuous", "cm/s"),
            "target": Label(per_bin % N_TARGETS, "discrete"),
            "passive": Label(per_bin // N_TARGETS, "discrete"),
            "condition": Label(per_bin, "discrete"),
        },
        bin_width_s=bin_width_s,
        name=session,
        trial=np.repeat(np.arange(len(condition)), trial_len),
        meta=_provenance(published)
        | {
            "subject": session,
            "area": "area 2 of somatosensory cortex",
            "modality": "smoothed spike counts",
            "simulated": simulated,
            "bins_per_trial": trial_len,
            "trials_per_part": [len(part.condition) for part in parts],
        },
    )


def read_reaching(
    raw: Mapping[str, PublishedFile],
    *,
    session: str,
    bin_width_s: float = 0.001,
    expected_neurons: int | None = None,
) -> Recording:
    """A published (or simulated) reaching monkey, with the published split as a label.

    Args:
        raw: ``train``, ``valid`` and ``test`` → content and provenance of the file.
        session: ``active``, ``passive`` or ``all``.
        bin_width_s: width of a time bin in s.
        expected_neurons: number of neurons the files should have, or None to accept any.

    Returns:
        The recording, with the further discrete label ``part``: 0 train, 1 valid, 2 test.
    """
    recording = to_recording(
        raw,
        session=session,
        bin_width_s=bin_width_s,
        simulated=any(part.checksum_status == "simulated" for part in raw.values()),
        expected_neurons=expected_neurons,
    )
    part = Label(published_parts(recording)[0], "discrete")
    return replace(recording, labels={**recording.labels, "part": part})


def published_parts(recording: Recording) -> np.ndarray:
    """The published split of a recording made by :func:`to_recording`.

    Args:
        recording: a recording with the trials of the parts one after another.

    Returns:
        int8 array (1, time): one fold of the codes of ``splits``, 0 train, 1 valid, 2 test.

    Raises:
        RecordingError: the recording does not say how many trials each part has.
    """
    try:
        trials, trial_len = recording.meta["trials_per_part"], recording.meta["bins_per_trial"]
    except KeyError as error:
        raise RecordingError(
            f"{recording.name}: meta must hold {error.args[0]}, which only recordings of the "
            "published monkey reaching files do; use splits.nested_trial_folds for others"
        ) from error
    codes = np.arange(len(PART_NAMES), dtype=np.int8)
    return np.repeat(codes, np.multiply(trials, trial_len))[None]


@dataclass(frozen=True, eq=False)
class _Part:
    """One checked file: float32 arrays (time, ...), and the condition (trial,)."""

    neural: np.ndarray
    position: np.ndarray
    velocity: np.ndarray
    condition: np.ndarray
    trial_len: int


def _part(published: Mapping[str, PublishedFile], name: str, session: str) -> _Part:
    if name not in published:
        raise RecordingError(
            f"{session}: published must hold the parts {', '.join(PART_NAMES)}, got "
            f"{', '.join(published) or 'none'}; add the {name} file"
        )
    where, content = f"{session} {name}", published[name].content
    missing = [key for key in _KEYS if key not in content]
    if missing:
        raise RecordingError(
            f"{where}: the content lacks {', '.join(missing)}, got "
            f"{', '.join(map(str, content)) or 'none'}; check that this is a reaching file"
        )
    trial_len = _whole_number("trial_len", content["trial_len"], where)
    n_trials = _whole_number("num_trials", content["num_trials"], where)
    spikes, position, velocity = (_rows(content[key], key, where) for key in _ROW_KEYS)
    _check_rows({"spikes": spikes, "pos": position, "vel": velocity}, n_trials, trial_len, where)
    if spikes.min() < _LOWEST_RATE:
        raise RecordingError(
            f"{where}: spikes must not be negative, got {spikes.min():g}; give smoothed counts, "
            "without subtracting a mean"
        )
    _check_cm(position, where)
    return _Part(spikes, position, velocity, _condition(content, n_trials, where), trial_len)


def _whole_number(name: str, value: Any, where: str) -> int:
    number = np.asarray(value)
    if number.size != 1 or not np.issubdtype(number.dtype, np.integer) or number.item() < 1:
        raise RecordingError(f"{where}: {name} must be a whole number of at least 1, got {value!r}")
    return int(number.item())


def _rows(values: Any, name: str, where: str) -> np.ndarray:
    array = np.asarray(values)
    width = "neuron" if name == "spikes" else "2"
    if array.ndim != 2 or 0 in array.shape or (name != "spikes" and array.shape[1] != 2):
        raise RecordingError(
            f"{where}: {name} must be a non-empty array (time, {width}), got shape {array.shape}"
        )
    if not np.issubdtype(array.dtype, np.number) or not np.isfinite(array).all():
        raise RecordingError(
            f"{where}: {name} must hold finite numbers, got dtype {array.dtype} with NaN, infinite "
            "or non-numeric values; remove these trials"
        )
    return array.astype(np.float32)


def _check_rows(
    arrays: Mapping[str, np.ndarray], n_trials: int, trial_len: int, where: str
) -> None:
    for name, array in arrays.items():
        whole_trials, bins_left = divmod(len(array), trial_len)
        if bins_left:
            raise RecordingError(
                f"{where}: {name} ends within trial {whole_trials}, the last one, of which it has "
                f"{bins_left} of {trial_len} bins; fetch the file again or drop this trial"
            )
        if whole_trials != n_trials:
            raise RecordingError(
                f"{where}: {name} has {len(array)} rows, which is {whole_trials} trials of "
                f"{trial_len} bins, but num_trials is {n_trials}; correct one of them"
            )


def _condition(content: Mapping[str, Any], n_trials: int, where: str) -> np.ndarray:
    """Target + 8 where passive, int64 (trial,)."""
    passive, target, condition = (np.asarray(content[key]) for key in _TRIAL_KEYS)
    for name, array in zip(_TRIAL_KEYS, (passive, target, condition), strict=True):
        if array.shape != (n_trials,):
            raise RecordingError(
                f"{where}: {name} must have one value for each of {n_trials} trials, got shape "
                f"{array.shape}"
            )
    if not np.isin(passive, (0, 1)).all():
        raise RecordingError(f"{where}: passive must hold True and False, got {passive[:8]}")
    if not np.isin(target, np.arange(N_TARGETS)).all():
        strange = np.setdiff1d(target, np.arange(N_TARGETS))[:8]
        raise RecordingError(
            f"{where}: movement_dir must hold whole numbers 0 to {N_TARGETS - 1} (angle / 45°), "
            f"got {strange.tolist()}; divide degrees by 45"
        )
    expected = target.astype(np.int64) + N_TARGETS * passive.astype(np.int64)
    if (wrong := np.flatnonzero(condition != expected)).size:
        raise RecordingError(
            f"{where}: movement_dir_actpas must be movement_dir, + 8 where passive; trial "
            f"{wrong[0]} has {condition[wrong[0]]} instead of {expected[wrong[0]]}"
        )
    return expected


def _check_cm(position: np.ndarray, where: str) -> None:
    span = float(np.ptp(position, axis=0).max())
    if not _SPAN_CM[0] <= span <= _SPAN_CM[1]:
        raise RecordingError(
            f"{where}: pos must be in cm and span {_SPAN_CM[0]:g} to {_SPAN_CM[1]:g} of them, got "
            f"a span of {span:g}; convert it from m or mm"
        )


def _check_together(parts: list[_Part], expected_neurons: int | None, session: str) -> None:
    widths = [part.neural.shape[1] for part in parts]
    lengths = [part.trial_len for part in parts]
    for what, values in {"neurons": widths, "bins in a trial": lengths}.items():
        if len(set(values)) > 1:
            raise RecordingError(
                f"{session}: all parts must have as many {what}, got {values} in "
                f"{', '.join(PART_NAMES)}; take the three files from one preparation"
            )
    if expected_neurons is not None and widths[0] != expected_neurons:
        raise RecordingError(
            f"{session}: expected {expected_neurons} neurons, got {widths[0]}; check that these "
            "are the area2-bump files"
        )


def _check_kind(passive: np.ndarray, session: str) -> None:
    wrong = {"active": passive, "passive": ~passive}.get(session)
    if wrong is not None and wrong.any():
        raise RecordingError(
            f"{session}: every trial must be {session}, but {int(wrong.sum())} of {len(wrong)} "
            f"are not; the files of another kind of session stand here"
        )


def _provenance(published: Mapping[str, PublishedFile]) -> dict[str, Any]:
    """Sources and checksums of the parts; the status is the least certain of the three."""
    files = {name: published[name] for name in PART_NAMES}
    statuses = {file.checksum_status for file in files.values()}
    order = ("mismatch", "unverified", "simulated", "verified")
    return {
        "source": "; ".join(file.source for file in files.values()),
        "checksum": "; ".join(f"{name} {file.checksum}" for name, file in files.items()),
        "checksum_status": next(status for status in order if status in statuses),
    }
