"""Held-out trials of a session: what a figure of trajectories shows of each label and embedding.

Panels are drawn in ``trajectories``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cebra_kedro.metrics import with_unit
from cebra_kedro.plots.results import Results, Variant
from cebra_kedro.recording import Recording
from cebra_kedro.splits import rows
from cebra_kedro.trials import class_average, first_trials, stack_trials, trial_classes

_UNIT_NORM_TOLERANCE = 1e-4  # float32 embeddings of a cosine model


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Validation and test rows of an embedding, or of a label.

    Attributes:
        values: float array (time, 2 or more).
        label: integer array (time,) of class ids.
        trial: integer array (time,) of trial ids.
        axis_labels: names of the axes of a label; none for an embedding.
    """

    values: np.ndarray
    label: np.ndarray
    trial: np.ndarray
    axis_labels: tuple[str, ...] = ()

    def means(self, classes: Sequence[int]) -> np.ndarray:
        """Mean trial (class, bin, dim), put back onto the sphere if an embedding lies on it."""
        norm = np.linalg.norm(self.values, axis=1)
        on_sphere = not self.axis_labels and np.allclose(norm, 1, atol=_UNIT_NORM_TOLERANCE)
        return class_average(
            self.values, self.label, self.trial, classes=classes, normalise=bool(on_sphere)
        )

    def firsts(self, classes: Sequence[int]) -> np.ndarray:
        """First trial of each class (class, bin, dim); NaN where a class has none."""
        of_trial = trial_classes(self.label, self.trial)
        trials = stack_trials(self.values, self.trial)
        paths = np.full((len(classes), *trials.shape[1:]), np.nan)
        for place in first_trials(of_trial, per_class=1):
            paths[list(classes).index(of_trial[place])] = trials[place]
        return paths


def held_out_path(results: Results, session: str, population: str, by: str, path: str) -> HeldOut:
    """A continuous label of two or three dimensions, e.g. the position of the hand.

    Raises:
        KeyError: there is no such label.
        ValueError: it has another kind or shape, or as in :func:`held_out_embedding`.
    """
    recording = results.recording(session, population)
    label = recording.label(path)
    values = label.matrix()
    if label.kind != "continuous" or values.shape[1] not in (2, 3):
        raise ValueError(
            f"path must be a continuous label of 2 or 3 dimensions, got {path}, a {label.kind} "
            f"label of {values.shape[1]}; leave path out"
        )
    names = [with_unit(f"{path.replace('_', ' ')} {axis}", label.unit) for axis in "xyz"]
    part = results.part(session, population)
    return _held_out(recording, part, by, values, tuple(names[: values.shape[1]]))


def held_out_embedding(
    results: Results, session: str, variant: Variant, by: str, embedded: str
) -> HeldOut | None:
    """An embedding of two or more dimensions; None if there is none.

    Args:
        results: the results.
        session: whose recording it is.
        variant: what embeds it.
        by: discrete label, one throughout each trial.
        embedded: the name of its embedding: that of the session, or of a transfer.

    Raises:
        KeyError: there is no such label.
        ValueError: the label is not discrete or changes in a trial, or there are no trials, or
            trials of several lengths.
    """
    values = results.embedding(embedded, variant.name)
    if values is None or values.shape[1] < 2:
        return None
    recording = results.recording(session, variant.population)
    return _held_out(recording, results.part(session, variant.population), by, values)


def classes_of(results: Results, session: str, population: str, by: str) -> list[int]:
    """The class ids of a session, ascending.

    Raises:
        KeyError: there is no such label.
        ValueError: it is not discrete.
    """
    label = results.recording(session, population).label(by)
    if label.kind != "discrete":
        raise ValueError(f"by must be a discrete label, got {by}, which is {label.kind}")
    return [int(class_id) for class_id in label.classes]


def _held_out(
    recording: Recording,
    part: np.ndarray,
    by: str,
    values: np.ndarray,
    axis_labels: tuple[str, ...] = (),
) -> HeldOut:
    if recording.trial is None:
        raise ValueError(
            f"trajectories run through trials, but recording {recording.name} has none; "
            "leave this figure out"
        )
    chosen = rows(part, "valid", "test")
    label = recording.label(by).values
    return HeldOut(values[chosen], label[chosen], recording.trial[chosen], axis_labels)
