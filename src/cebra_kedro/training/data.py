"""What an encoder is fitted on; free of torch, so that pipelines can name it cheaply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import cast

import numpy as np

from cebra_kedro.on_disk import Rows, chosen_rows
from cebra_kedro.recording import Recording
from cebra_kedro.sampling import (
    Anchors,
    ClassLaw,
    DeltaNormalLaw,
    HybridLaw,
    MixedLaw,
    ObjectiveLaw,
    PairLaw,
    SeveralLaws,
    TimeDeltaLaw,
    TimeLaw,
    shuffle_rows,
)
from cebra_kedro.splits import segment_ids
from cebra_kedro.training.config import PairsConfig, TrainingConfig


@dataclass(frozen=True, eq=False)
class Guide:
    """What guides one of several objectives.

    Attributes:
        labels: float array (time, dim), for the laws that look at continuous labels.
        classes: int array (time,), for the ``discrete`` and ``mixed`` laws.
    """

    labels: np.ndarray | None = None
    classes: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.labels is not None and not np.issubdtype(self.labels.dtype, np.floating):
            raise ValueError(
                f"labels must be floats, got {self.labels.dtype}; pass class ids as classes"
            )
        if self.classes is not None and not np.issubdtype(self.classes.dtype, np.integer):
            raise ValueError(
                f"classes must be integers, got {self.classes.dtype}; pass continuous labels "
                "as labels"
            )


@dataclass(frozen=True, eq=False)
class TrainingData:
    """The rows of one session that an encoder sees: training rows, unless a variant says otherwise.

    Attributes:
        neural: array (time, neuron), or one on disk (``cebra_kedro.on_disk``, or a
            ``numpy.memmap``) that is read as it is needed. They give the same encoder but for its
            last bits.
        segment: int array (time,); windows and pairs stay inside a run of equal ids.
        labels: float array (time, dim), for the laws that look at continuous labels.
        classes: int array (time,), for the ``discrete`` and ``mixed`` laws.
        guides: labels and classes of each objective instead, where there are several.
    """

    neural: Rows
    segment: np.ndarray
    labels: np.ndarray | None = None
    classes: np.ndarray | None = None
    guides: tuple[Guide, ...] = ()

    def __post_init__(self) -> None:
        if self.neural.ndim != 2:
            raise ValueError(
                f"neural must be an array (time, neuron), got shape {self.neural.shape}"
            )
        guides = (Guide(self.labels, self.classes), *self.guides)
        arrays = [("segment", self.segment)]
        arrays += [(name, getattr(one, name)) for one in guides for name in ("labels", "classes")]
        for name, array in arrays:
            if array is not None and len(array) != len(self.neural):
                raise ValueError(
                    f"{name} must have one row per time bin ({len(self.neural)}), got {len(array)}"
                )


def session_data(
    recording: Recording,
    rows: np.ndarray,
    labels: Sequence[str] = (),
    classes: str | None = None,
    *,
    ids: Mapping[str, np.ndarray] = MappingProxyType({}),
    spreads: Mapping[str, float] = MappingProxyType({}),
    shuffle_seed: int | None = None,
    joined: bool = False,
) -> TrainingData:
    """The rows of a recording that an encoder sees, with the labels that guide it.

    Args:
        recording: the whole recording.
        rows: int array (row,), ascending.
        labels: labels side by side; none for laws without continuous labels.
        classes: the discrete label of the ``discrete`` and ``mixed`` laws.
        ids: discrete label → its ids over all sessions that are trained together.
        spreads: continuous label → what its values are divided by.
        shuffle_seed: permute the labels, as whole rows, for a control; None for not.
        joined: rows count as neighbours across those taken out between them, as a random split
            needs it.
    """
    guide = guide_of(
        recording, rows, labels, classes, ids=ids, spreads=spreads, shuffle_seed=shuffle_seed
    )
    segment = np.zeros(len(rows), np.int64) if joined else segment_ids(rows, recording.trial)
    neural = chosen_rows(recording.neural, rows)
    return TrainingData(neural, segment, guide.labels, guide.classes)


def guide_of(
    recording: Recording,
    rows: np.ndarray,
    labels: Sequence[str] = (),
    classes: str | None = None,
    *,
    ids: Mapping[str, np.ndarray] = MappingProxyType({}),
    spreads: Mapping[str, float] = MappingProxyType({}),
    shuffle_seed: int | None = None,
) -> Guide:
    """The labels of some rows as a law takes them; arguments as of :func:`session_data`."""
    columns = recording.label_matrix(labels, ids, spreads)[rows] if labels else None
    chosen = recording.label(classes).values[rows] if classes else None
    if shuffle_seed is not None:
        columns = None if columns is None else shuffle_rows(columns, shuffle_seed)
        chosen = None if chosen is None else shuffle_rows(chosen, shuffle_seed)
    return Guide(columns, chosen)


def spread(columns: Sequence[np.ndarray]) -> float:
    """Standard deviation of a label over several sessions, of all its coordinates together.

    Args:
        columns: of each session, array (row, dim).

    Returns:
        The root of the summed variances; 1 for a label that is constant.
    """
    deviation = float(np.sqrt(np.concatenate(columns).var(axis=0, dtype=np.float64).sum()))
    return deviation or 1.0


def law_of(sessions: Sequence[TrainingData], anchors: Anchors, config: TrainingConfig) -> PairLaw:
    """The law of a training, of all its objectives.

    Raises:
        ValueError: a session has not what guides each objective.
    """
    given = {len(session.guides) for session in sessions}
    if given != {len(config.objectives)}:
        raise ValueError(
            f"each session must have guides of {len(config.objectives)} objectives, got "
            f"{', '.join(map(str, sorted(given)))}"
        )
    if not config.objectives:
        return pair_law(sessions, anchors, config.pairs, config.seed)
    laws = [
        pair_law([session.guides[number] for session in sessions], anchors, law, config.seed)
        for number, law in enumerate(config.laws)
    ]
    return SeveralLaws(anchors, cast("list[ObjectiveLaw]", laws), config.seed)


def pair_law(
    sessions: Sequence[TrainingData | Guide], anchors: Anchors, pairs: PairsConfig, seed: int
) -> PairLaw:
    """The law that a configuration names, over the labels of all sessions.

    Raises:
        ValueError: the law needs labels or classes that a session does not have.
    """
    ties, offset = pairs.ties or "first", pairs.time_offset_bins or 1
    labels = _stacked(sessions, "labels", pairs) if pairs.uses_labels else np.empty((0, 0))
    classes = _stacked(sessions, "classes", pairs) if pairs.uses_classes else np.empty(0, int)
    if pairs.law == "time":
        return TimeLaw(anchors, offset, seed)
    if pairs.law == "time_delta":
        return TimeDeltaLaw(anchors, labels, offset, seed, ties)
    if pairs.law == "delta_normal":
        return DeltaNormalLaw(anchors, labels, pairs.delta or 0.0, seed, ties)
    if pairs.law == "discrete":
        return ClassLaw(anchors, classes, seed, pairs.prior or "empirical")
    if pairs.law == "mixed":
        return MixedLaw(anchors, labels, classes, offset, seed, pairs.prior or "uniform", ties)
    behaviour = TimeDeltaLaw(anchors, labels, offset, seed, ties)
    return HybridLaw(behaviour, TimeLaw(anchors, offset, seed))


def _stacked(sessions: Sequence[TrainingData | Guide], name: str, pairs: PairsConfig) -> np.ndarray:
    arrays = [getattr(session, name) for session in sessions]
    if any(array is None for array in arrays):
        raise ValueError(f"the {pairs.law} law needs {name} in every session")
    widths = {array.shape[1:] for array in arrays}
    if len(widths) > 1:
        raise ValueError(
            f"{name} must have the same dimension in every session, got {sorted(widths)}"
        )
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
