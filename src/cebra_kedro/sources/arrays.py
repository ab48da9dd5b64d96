"""Arrays of one's own with a row for each time bin, whatever they are called, as a ``Recording``.

Opening files is left to ``io``: what arrives is a mapping from names to arrays. Signals on clocks
of their own are read by ``signals``.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from cebra_kedro.on_disk import OnDisk, Rows, blocks, chosen_rows
from cebra_kedro.parameter_block import Settings
from cebra_kedro.problems import Problems
from cebra_kedro.recording import Label, LabelKind, Recording, RecordingError
from cebra_kedro.sources.alignment import fill_missing, split_at_gaps
from cebra_kedro.sources.by_trial import Layout
from cebra_kedro.sources.label_values import (
    LabelValues,
    are_ids,
    check_size,
    label_values,
    log_text,
)
from cebra_kedro.sources.named_arrays import NamedArrays
from cebra_kedro.sources.signal_blocks import MissingBlock
from cebra_kedro.sources.synthetic import smallest

logger = logging.getLogger(__name__)


class ArrayLabelBlock(Settings):
    """A label with a value for each time bin.

    Attributes:
        array: array (time,) or (time, dim), or several arrays (time,) as coordinates; the label's
            own name if it is not given.
        kind: None: text, true/false and whole numbers of at most 20 values are classes, others
            numbers.
        unit: e.g. ``m``; a circular label in ``deg`` is turned into rad, and drawn in deg.
        classes: names of the classes 0, 1, …, or the order of classes that are text; sessions that
            do not have all classes need it.
    """

    array: str | tuple[str, ...] | None = None
    kind: LabelKind | None = None
    unit: str = ""
    classes: tuple[str, ...] = ()


def read_arrays(
    raw: Mapping[str, Any],
    *,
    session: str,
    bin_width_s: float,
    neural: str = "neural",
    transposed: bool = False,
    trial: str | None = None,
    labels: Mapping[str, ArrayLabelBlock | None] | None = None,
    missing: MissingBlock | None = None,
) -> Recording:
    """Turn named arrays into a recording.

    Args:
        raw: name → array with one row a time bin, e.g. an ``.npz`` file; or file → such names,
            which then begin with the file's, as in ``behaviour/speed``. One (time, neuron) that is
            larger than memory is read by rows.
        session: becomes the recording's name.
        bin_width_s: width of a time bin in s.
        neural: the array (time, neuron) of counts or traces, or a pattern such as ``unit_*`` of
            arrays (time,). One of (trial, time, neuron) is laid end to end, as are labels (trial,
            time, …); labels (trial, …) hold for all bins of a trial, and bins in which no neuron
            has a number are left out, as at the end of shorter trials.
        transposed: the array is (neuron, time), or (trial, neuron, time).
        trial: the array (time,) of trial ids, whole numbers or text; None if ``raw`` has no array
            ``trial``.
        labels: label → where it is and what it is. None takes every other array that has a row for
            each time bin, and says so.
        missing: what becomes of bins in which a label has no value; None refuses them.

    Raises:
        RecordingError: arrays are missing or do not fit; the message lists those there are.
    """
    arrays, problems = NamedArrays(raw, session), Problems(session)
    trial = trial or ("trial" if "trial" in arrays else None)
    activity, layout, ids, found = None, None, None, dict[str, LabelValues]()
    with problems.collected():
        activity = _activity(arrays, neural, transposed)
        if activity.ndim == 3 and not isinstance(activity, OnDisk):
            layout = Layout.of(activity)
            activity = layout.rows(activity)
    if trial is not None:
        with problems.collected():
            given = arrays.array(trial, "trial")
            ids = _trial_ids((layout.rows(given) if layout else given).reshape(-1), trial)
    elif layout is not None:
        ids = layout.rows(np.arange(layout.n_trials))
    if labels is None:
        labels = {}
        n_time = 0 if activity is None else len(activity)
        with problems.collected():
            labels = _other_arrays(arrays, {neural, trial}, n_time, session)
    for name, block in labels.items():
        with problems.collected():
            found[name] = _label(arrays, name, block or ArrayLabelBlock(), layout)
    if activity is not None:
        rows = {f"labels.{name}": len(label.values) for name, label in found.items()}
        rows |= {} if ids is None else {str(trial): len(ids)}
        for name, n_rows in rows.items():
            if n_rows != len(activity):
                problems.add(_lengths(name, n_rows, neural, activity))
    problems.raise_any(RecordingError)
    assert activity is not None
    ids = None if ids is None else _contiguous(ids, session)
    missing = missing or MissingBlock()
    longest = round(missing.longest_s / bin_width_s)
    filled = _without_missing(found, ids, missing, longest, len(activity), session)
    for name, label in found.items():
        if label.classes:
            logger.info("%s: classes of %s: %s", session, name, log_text(label.classes))
    return Recording(
        neural=smallest(_kept(activity, filled.keep), session),
        labels={
            name: Label(filled.values[name], label.kind, label.unit, names=label.classes)
            for name, label in found.items()
        },
        bin_width_s=bin_width_s,
        name=session,
        trial=filled.trial,
        meta={
            "source": "arrays",
            "checksum": "",
            "checksum_status": "own",
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


@dataclass(frozen=True, eq=False)
class _Filled:
    """Labels of the bins that are kept, those bins (a slice if all are), and their trials."""

    values: Mapping[str, np.ndarray]
    keep: np.ndarray | slice
    trial: np.ndarray | None


def _kept(activity: Rows, keep: np.ndarray | slice) -> Rows:
    return activity if isinstance(keep, slice) else chosen_rows(activity, np.flatnonzero(keep))


def _activity(arrays: NamedArrays, name: str, transposed: bool) -> Rows:
    one = name in arrays
    activity = arrays.rows(name, "neural") if one else arrays.matrix(name, "neural")
    if activity.ndim not in (2, 3) or 0 in activity.shape:
        raise ValueError(
            f"{name} must be a non-empty array (time, neuron) or (trial, time, neuron), got shape "
            f"{activity.shape}; correct source.neural, or the file; if that is one neuron, say it "
            f"as a pattern, e.g. {name[:-1]}*"
        )
    if activity.dtype.kind not in "iufb":
        raise ValueError(
            f"{name} must hold real numbers, got {activity.dtype}; correct source.neural, or the "
            "file"
        )
    if isinstance(activity, OnDisk) and activity.ndim == 3:
        raise ValueError(
            f"{name} of shape {activity.shape} is larger than memory, and such an array is read "
            "(time, neuron); save it so, with the trial of each bin as an array"
        )
    if activity.dtype.kind == "b":
        activity = activity.astype(np.uint8)
    if transposed:
        activity = activity.T if isinstance(activity, OnDisk) else activity.swapaxes(-1, -2)
    _check_values(activity, name)
    return activity


def _check_values(activity: Rows, name: str) -> None:
    """Numbers that float32 holds, counts that are none below zero."""
    least = 0
    for block in blocks(activity):
        if activity.dtype.kind == "f":
            check_size(block[np.isfinite(block)], name)
        elif activity.dtype.kind == "i":
            least = min(least, int(block.min()))
    if least < 0:
        raise ValueError(
            f"{name} holds whole numbers, which are counts, but some are negative (the least is "
            f"{least}); save traces as floats, or correct the counts"
        )


def _trial_ids(trial: np.ndarray, name: str) -> np.ndarray:
    if trial.dtype.kind in "US":
        return np.unique(trial, return_inverse=True)[1].astype(np.int64)
    if trial.dtype.kind == "b" or not are_ids(trial):
        raise ValueError(
            f"{name} must hold whole numbers of at most 64 bits, the id of the trial of each bin, "
            f"got {trial.dtype} with other values; number the trials"
        )
    return trial.astype(np.int64)


def _contiguous(ids: np.ndarray, session: str) -> np.ndarray:
    """The ids; where one returns, as in a second block, each run of equal ids is a trial."""
    begins = np.append(True, np.diff(ids) != 0)
    if len(np.unique(ids)) == begins.sum():
        return ids
    logger.info("%s: ids of trials return, so each run of equal ids is a trial", session)
    return np.cumsum(begins) - 1


def _other_arrays(
    arrays: NamedArrays, taken: set[str | None], n_time: int, session: str
) -> dict[str, ArrayLabelBlock | None]:
    """Every other array with a row for each bin; what kinds they are is said once."""
    others = [name for name in arrays.with_rows(n_time) if name not in taken]
    kinds = {name: _label(arrays, name, ArrayLabelBlock()).kind for name in others}
    told = ", ".join(f"{name} ({kind})" for name, kind in kinds.items())
    logger.info("%s: source.labels is not given; labels are %s", session, told or "none")
    return dict.fromkeys(others)


def _label(
    arrays: NamedArrays, name: str, block: ArrayLabelBlock, layout: Layout | None = None
) -> LabelValues:
    what = f"labels.{name}"
    values = arrays.matrix(block.array or name, what)
    values = layout.rows(values) if layout else values
    return label_values(values, block.kind, block.unit, what, block.classes)


def _lengths(name: str, n_rows: int, neural: str, activity: Rows) -> str:
    remedy = "every array needs one row per time bin"
    if n_rows == activity.shape[1]:
        remedy = f"say transposed: true if {neural} is (neuron, time)"
    return f"{name} has {n_rows} rows but {neural} has {len(activity)}; {remedy}"


def _without_missing(
    labels: Mapping[str, LabelValues],
    trial: np.ndarray | None,
    missing: MissingBlock,
    longest: int,
    n_time: int,
    session: str,
) -> _Filled:
    """The bins that are kept, with labels of the types of a recording."""
    lacking = {name: label for name, label in labels.items() if label.missing.any()}
    values = {name: label.values for name, label in labels.items()}
    if lacking:
        epoch = _epochs(trial, n_time)
        keep, problems = np.ones(n_time, bool), Problems(session)
        for name, label in lacking.items():
            with problems.collected():
                values[name], there = _filled(label, missing, longest, epoch, f"labels.{name}")
                keep &= there
        problems.raise_any(RecordingError)
        if not keep.any():
            raise RecordingError(f"{session}: no bin has a value of every label; correct the file")
        logger.info("%s: %d of %d bins lack a label", session, (~keep).sum(), n_time)
        trial = trial if keep.all() else split_at_gaps(epoch, keep)
        return _Filled(_typed(values, labels, keep), keep, trial)
    return _Filled(_typed(values, labels, slice(None)), slice(None), trial)


def _filled(
    label: LabelValues, missing: MissingBlock, longest_bins: int, epoch: np.ndarray, what: str
) -> tuple[np.ndarray, np.ndarray]:
    try:
        filled = fill_missing(
            label.values,
            label.missing,
            epoch,
            missing.rule,
            longest_bins=longest_bins,
            circular=label.kind == "circular",
        )
    except ValueError as error:
        raise ValueError(f"{what}: {error}") from error
    return filled.values, filled.keep


def _typed(
    values: Mapping[str, np.ndarray], labels: Mapping[str, LabelValues], keep: np.ndarray | slice
) -> dict[str, np.ndarray]:
    return {
        name: values[name][keep].astype(np.int64 if label.kind == "discrete" else np.float32)
        for name, label in labels.items()
    }


def _epochs(trial: np.ndarray | None, n_time: int) -> np.ndarray:
    if trial is None:
        return np.zeros(n_time, np.int64)
    return np.cumsum(np.diff(trial, prepend=trial[:1]) != 0)
