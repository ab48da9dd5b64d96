"""The one container that crosses rooms: a neural recording with its labels, validated once.

Reading files is the business of ``io``, the layout of a publisher's arrays that of
``sources``; this file only says what a recording is and refuses what is not one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, get_args

import numpy as np

from cebra_kedro.on_disk import OnDisk, Rows, blocks
from cebra_kedro.problems import Problems
from cebra_kedro.trial_clocks import TIME_IN_TRIAL, TRIAL_CLOCKS, read_clock

LabelKind = Literal["continuous", "discrete", "circular"]


class RecordingError(ValueError):
    """The arrays do not form a valid recording; the message names the array and the remedy."""


@dataclass(frozen=True, eq=False)
class Label:
    """One label of a recording, e.g. position or running direction.

    Attributes:
        values: array (time,) or (time, dim); float for continuous and circular labels,
            integer for discrete ones, and integer codes (time,) where there is a ``table``.
        kind: ``continuous``, ``discrete`` (class ids) or ``circular`` (angles in rad).
        unit: e.g. ``m``, ``cm``, ``rad``; empty for class ids and dimensionless features. Of a
            circular label it is what angles are shown in, ``rad`` or ``deg``; see ``values_unit``.
        table: float array (code, dim) or None: what a continuous label is in a bin of each code,
            e.g. the features of each frame of a movie, which would fill a file if every bin of
            every repeat had them.
        names: of the classes 0, 1, … of a discrete label; empty where they are numbers only.
    """

    values: np.ndarray
    kind: LabelKind
    unit: str = ""
    table: np.ndarray | None = None
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", _read_only(self.values))
        if self.kind not in get_args(LabelKind):
            raise RecordingError(
                f"label kind must be one of {', '.join(get_args(LabelKind))}, got {self.kind!r}"
            )
        if self.table is not None:
            object.__setattr__(self, "table", _read_only(self.table))
            _check_table(self.values, self.table, self.kind)
            return
        if self.kind == "discrete" and not np.issubdtype(self.values.dtype, np.integer):
            raise RecordingError(
                f"a discrete label holds integer class ids, got dtype {self.values.dtype}; "
                "cast it to int64 or declare it continuous"
            )
        if self.kind != "discrete" and not np.issubdtype(self.values.dtype, np.floating):
            raise RecordingError(
                f"a {self.kind} label holds floats, got dtype {self.values.dtype}; "
                "cast it to float32 or declare it discrete"
            )

    @property
    def values_unit(self) -> str:
        """The unit that the values are in: that of the label, but of angles always rad."""
        return "rad" if self.kind == "circular" else self.unit

    @property
    def classes(self) -> np.ndarray:
        """The ids that occur, ascending; empty unless the label is discrete."""
        return np.unique(self.values) if self.kind == "discrete" else np.empty(0, np.int64)

    def name_of(self, class_id: int) -> str:
        """The name of a class, or its number."""
        return self.names[class_id] if 0 <= class_id < len(self.names) else str(class_id)

    def matrix(self, classes: np.ndarray | None = None) -> np.ndarray:
        """The label as float32 array (time, dim), a distance between two rows meaning something.

        A discrete label becomes one column a class, 1 where the class holds, so that two
        different classes are √2 apart, as in cebra's published indices; a circular one its cosine
        and sine, so that no angle is an end.

        Args:
            classes: ids that get a column, for a discrete label; None for those that occur. Several
                sessions in one encoder have the classes of all.
        """
        if self.table is not None:
            return self.table[self.values].astype(np.float32, copy=False)
        if self.kind == "discrete":
            ids = self.classes if classes is None else np.asarray(classes)
            return np.asarray(self.values[:, None] == ids, dtype=np.float32)
        columns = self.values.reshape(len(self.values), -1)
        if self.kind == "circular":
            columns = np.concatenate([np.cos(columns), np.sin(columns)], axis=1)
        return columns.astype(np.float32)


@dataclass(frozen=True, eq=False)
class Recording:
    """Neural activity of one session or pseudo-population, with labels on the same time bins.

    Attributes:
        neural: array (time, neuron); counts stay integers, traces are float32. One that is larger
            than memory is read from its file by rows.
        labels: name → :class:`Label`, each with ``time`` rows.
        bin_width_s: width of a time bin in seconds.
        name: e.g. ``buddy``.
        trial: integer array (time,) of trial ids in order of time, or None. A trial is a
            contiguous run of rows; windows do not cross its borders.
        meta: JSON-like facts: source, checksum, subject, area, modality, simulated.

    Raises:
        RecordingError: lengths differ, a value is not finite, or a shape or dtype is wrong.
    """

    neural: Rows
    labels: Mapping[str, Label]
    bin_width_s: float
    name: str
    trial: np.ndarray | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.neural, OnDisk):
            object.__setattr__(self, "neural", _read_only(self.neural))
        object.__setattr__(self, "labels", MappingProxyType(dict(self.labels)))
        object.__setattr__(self, "meta", MappingProxyType(dict(self.meta)))
        if self.trial is not None:
            object.__setattr__(self, "trial", _read_only(self.trial))
        problems = Problems(self.name)
        with problems.collected():
            _check_neural(self.neural)
        n_time = len(self.neural) if self.neural.ndim else 0
        for name, label in self.labels.items():
            with problems.collected():
                _check_label(name, label, n_time)
        if not np.isfinite(self.bin_width_s) or self.bin_width_s <= 0:
            problems.add(f"bin_width_s must be positive and finite, got {self.bin_width_s}")
        if self.trial is not None:
            with problems.collected():
                _check_trial(self.trial, n_time)
        problems.raise_any(RecordingError)

    @property
    def n_time(self) -> int:
        """Number of time bins."""
        return int(self.neural.shape[0])

    @property
    def n_neurons(self) -> int:
        """Number of neurons."""
        return int(self.neural.shape[1])

    def segment(self) -> np.ndarray:
        """Int array (time,) of contiguous-segment ids: the trials, or zeros without trials."""
        return np.zeros(self.n_time, np.int64) if self.trial is None else self.trial

    def label(self, name: str) -> Label:
        """A label by name: one of ``labels``, or else a clock of the trials (``TRIAL_CLOCKS``).

        Raises:
            KeyError: there is none of this name; the message lists those there are.
            RecordingError: a clock is asked for, but there are no trials.
        """
        if name in TRIAL_CLOCKS and name not in self.labels:
            return self._clock(name)
        if name not in self.labels:
            raise KeyError(
                f"recording {self.name} has no label {name}; "
                f"it has {', '.join(self.labels) or 'none'}"
            )
        return self.labels[name]

    def _clock(self, name: str) -> Label:
        if self.trial is None:
            raise RecordingError(
                f"{name} needs trials, but recording {self.name} has none; use labels only, or "
                "give the recording trials"
            )
        values = read_clock(name, self.trial, self.bin_width_s)
        return Label(values, "continuous", "s" if name == TIME_IN_TRIAL else "")

    def label_matrix(
        self,
        names: Sequence[str],
        classes: Mapping[str, np.ndarray] = MappingProxyType({}),
        spreads: Mapping[str, float] = MappingProxyType({}),
    ) -> np.ndarray:
        """The named labels side by side as float32 array (time, dim); see :meth:`Label.matrix`.

        Args:
            names: labels, at least one.
            classes: discrete label → its ids over all sessions that are trained together.
            spreads: label → what its columns are divided by; 1 for those that are not there.

        Raises:
            KeyError: a name is not among the labels; the message lists those there are.
        """
        columns = [self.label(name).matrix(classes.get(name)) for name in names]
        for number, name in enumerate(names):
            if name in spreads:
                columns[number] = columns[number] / np.float32(spreads[name])
        return np.concatenate(columns, axis=1)


def _read_only(array: np.ndarray) -> np.ndarray:
    view = np.asarray(array).view()
    view.flags.writeable = False
    return view


def _check_table(codes: np.ndarray, table: np.ndarray, kind: str) -> None:
    if kind != "continuous" or table.ndim != 2 or not np.issubdtype(table.dtype, np.floating):
        raise RecordingError(
            f"a table holds what a continuous label is for each code, as a float array "
            f"(code, dim); got {table.dtype} of shape {table.shape} for a {kind} label"
        )
    if codes.ndim != 1 or not np.issubdtype(codes.dtype, np.integer):
        raise RecordingError(
            f"a label with a table has integer codes (time,), got {codes.dtype} of shape "
            f"{codes.shape}"
        )
    if codes.size and not 0 <= codes.min() <= codes.max() < len(table):
        raise RecordingError(
            f"codes must be in 0 … {len(table) - 1}, the rows of the table, got {codes.min()} to "
            f"{codes.max()}"
        )


def _check_neural(neural: Rows) -> None:
    if neural.ndim != 2 or 0 in neural.shape:
        raise RecordingError(
            f"neural must be a non-empty array (time, neuron), got shape {neural.shape}"
        )
    if not np.issubdtype(neural.dtype, np.number) or np.issubdtype(
        neural.dtype, np.complexfloating
    ):
        raise RecordingError(f"neural must hold real numbers, got dtype {neural.dtype}")
    if isinstance(neural, OnDisk) and neural.is_finite:
        return
    _check_finite("neural", neural, "remove or interpolate these bins before loading")


def _check_label(label_name: str, label: Label, n_time: int) -> None:
    if label.values.ndim not in (1, 2):
        raise RecordingError(
            f"label {label_name} must have shape (time,) or (time, dim), got {label.values.shape}"
        )
    if len(label.values) != n_time:
        raise RecordingError(
            f"label {label_name} has {len(label.values)} rows but neural has {n_time}; "
            "every label needs one row per time bin"
        )
    if label.kind != "discrete":
        values = label.values if label.table is None else label.table
        _check_finite(f"label {label_name}", values, "interpolate it or drop these bins")


def _check_trial(trial: np.ndarray, n_time: int) -> None:
    if trial.shape != (n_time,) or not np.issubdtype(trial.dtype, np.integer):
        raise RecordingError(
            f"trial must be an integer array ({n_time},), got {trial.dtype} of shape {trial.shape}"
        )
    starts = trial[np.flatnonzero(np.diff(trial, prepend=trial[0] - 1))]
    if len(np.unique(starts)) != len(starts):
        raise RecordingError(
            "trial ids return after another trial; give each contiguous run its own id"
        )


def _check_finite(what: str, values: Rows, remedy: str) -> None:
    if np.issubdtype(values.dtype, np.integer):
        return
    n_bad, begin = 0, 0
    first: tuple[int, ...] = ()
    for block in blocks(values):
        finite = np.isfinite(block)
        if not finite.all():
            bad = np.argwhere(~finite)
            first = first or (begin + int(bad[0][0]), *(int(i) for i in bad[0][1:]))
            n_bad += len(bad)
        begin += len(block)
    if n_bad:
        raise RecordingError(
            f"{what} has {n_bad} values that are NaN or infinite, the first at index {first}; "
            f"{remedy}"
        )
