"""A recording → settings to start with, each with its reason."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cebra_kedro.draft.roles import FEWEST_TRIALS, POSITION
from cebra_kedro.recording import Label, Recording
from cebra_kedro.splits import TEST, TRAIN, contiguous_blocks, interleaved_trial_folds

_CHANGE = re.compile(r"speed|vel|accel", re.I)
"""Says how something else changes, so it guides only where there is nothing else."""
_WINDOW_S = 0.25
_WINDOWS = (1, 5, 10)
_ALIKE = 0.9
OUTPUT_DIMENSION = 8
"""Three are easier to draw and tell less; see benchmarks/draft_settings.py."""
_MOST_STEPS, _LEAST_STEPS = 1000, 200


@dataclass(frozen=True)
class Choices:
    """Settings of a description.

    Attributes:
        window_bins: bins that the network sees at once.
        time_offset_bins: of the change of a label.
        nearby_bins: between two bins that are near in time.
        batch_size: references of a step.
        steps: gradient steps.
        pca_components: of the baseline; as many as dimensions of the embedding, where there are so
            many neurons.
        n_trials: trials with at least one window; 0 where a split by trials is not possible.
        guiding: the labels that guide the encoder: one continuous or circular, one discrete.
        kinds: label → kind.
        targets: the labels that are decoded: all but that of trials and those in ``unused``.
        unused: label → why it is neither decoded nor guides.
        reasons: setting → why.
    """

    window_bins: int
    time_offset_bins: int
    nearby_bins: int
    batch_size: int
    steps: int
    pca_components: int
    n_trials: int
    guiding: tuple[str, ...]
    kinds: Mapping[str, str]
    targets: tuple[str, ...]
    unused: Mapping[str, str]
    reasons: Mapping[str, str]


def choose(recordings: Sequence[Recording], trial_label: str = "") -> Choices:
    """Settings that suit the size and the rate of the first recording, and run with all.

    Args:
        recordings: of each session.
        trial_label: the label whose changes are the borders of trials, which guides nothing.
    """
    recording = recordings[0]
    width, segment = recording.bin_width_s, recording.segment()
    lengths = np.unique(segment, return_counts=True)[1]
    fitting = [n for n in _WINDOWS if n < lengths.max()] or [1]
    bins = min(fitting, key=lambda n: abs(n - _WINDOW_S / width))
    kinds = {name: label.kind for name, label in recording.labels.items()}
    by_trial = all(_n_trials(one, bins) >= FEWEST_TRIALS for one in recordings)
    unused = _unused(recordings, by_trial)
    targets = tuple(name for name in kinds if name not in {trial_label, *unused})
    guiding = _guiding({name: kinds[name] for name in targets})
    first = next((name for name in guiding if kinds[name] != "discrete"), "")
    lag = _lag(recording.label(first), segment) if first else 0
    offset = lag or max(1, round(_WINDOW_S / width))
    offset = max(1, min(offset, int(np.median(lengths)) // 4))
    n_trials = _n_trials(recording, bins)
    batch = int(2 ** np.clip(np.floor(np.log2(max(recording.n_time, 1) / 8)), 5, 9))
    steps = int(np.clip(recording.n_time // 16, _LEAST_STEPS, _MOST_STEPS))
    why_offset = (
        f"after {offset * width:.3g} s the autocorrelation of {first} is down to {_ALIKE}"
        if lag == offset
        else f"about {offset * width:.2g} s"
    )
    return Choices(
        window_bins=bins,
        time_offset_bins=offset,
        nearby_bins=min(offset, max(bins, round(_WINDOW_S / width))),
        batch_size=batch,
        steps=steps,
        pca_components=min(OUTPUT_DIMENSION, recording.n_neurons),
        n_trials=n_trials if by_trial else 0,
        guiding=guiding,
        kinds=kinds,
        targets=tuple(dict.fromkeys((*guiding, *targets))),
        unused=unused,
        reasons={
            "window_bins": f"{bins} bins of {width:g} s are {bins * width:.3g} s of activity",
            "time_offset_bins": why_offset,
            "size": f"{recording.n_time} bins, {recording.n_neurons} neurons; more may help",
            "split": (
                f"{n_trials} trials take turns in training, validation and test"
                if by_trial
                else f"too few trials to split by ({n_trials}); the last part in time is the test"
            ),
        },
    )


def _n_trials(recording: Recording, bins: int) -> int:
    """Trials with at least one window."""
    if recording.trial is None:
        return 0
    return int((np.unique(recording.trial, return_counts=True)[1] > bins).sum())


def _unused(recordings: Sequence[Recording], by_trial: bool) -> dict[str, str]:
    """Labels that a run would refuse to decode, and why."""
    unused: dict[str, str] = {}
    for recording in recordings:
        parts = (
            interleaved_trial_folds(recording.segment())
            if by_trial
            else contiguous_blocks(recording.n_time)[None]
        )
        for name, label in recording.labels.items():
            if (label.values == label.values[:1]).all():
                unused[name] = f"it is constant in {recording.name}"
            elif label.kind == "discrete" and any(_has_new(label, part) for part in parts):
                unused[name] = f"classes are tested in {recording.name} that were not trained on"
    return unused


def _has_new(label: Label, part: np.ndarray) -> bool:
    return bool(len(np.setdiff1d(label.values[part == TEST], label.values[part == TRAIN])))


def _guiding(kinds: Mapping[str, str]) -> tuple[str, ...]:
    """The number that says most, by its name, and the first class."""
    moving = [name for name, kind in kinds.items() if kind != "discrete"]
    moving = sorted(moving, key=lambda n: (not POSITION.search(n), bool(_CHANGE.search(n))))[:1]
    classes = [name for name, kind in kinds.items() if kind == "discrete"][:1]
    return (*moving, *classes)


def _lag(label: Label, segment: np.ndarray) -> int:
    """Bins after which the autocorrelation within trials falls below ``_ALIKE``; 0 if never."""
    values = label.matrix()
    values = values - values.mean(axis=0)
    variance = float((values**2).mean())
    if variance == 0:
        return 0
    for lag in range(1, min(500, len(values) // 4)):
        same = segment[lag:] == segment[:-lag]
        if not same.any():
            return 0
        if float((values[lag:][same] * values[:-lag][same]).mean()) < _ALIKE * variance:
            return lag
    return 0
