"""A recording → settings to start with, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cebra_kedro.recording import Label, Recording

_WINDOW_S = 0.25
_WINDOWS = (1, 5, 10)
_ALIKE = 0.9
_FEWEST_TRIALS = 9
_MOST_STEPS, _LEAST_STEPS = 1000, 200


@dataclass(frozen=True)
class Choices:
    """Settings of a description.

    Attributes:
        window_bins: bins that the network sees at once.
        time_offset_bins: between the two bins of a pair.
        batch_size: references of a step.
        steps: gradient steps.
        n_trials: trials with at least one window; 0 where a split by trials is not possible.
        guiding: the labels that guide the encoder: one continuous or circular, one discrete.
        kinds: label → kind.
        reasons: setting → why.
    """

    window_bins: int
    time_offset_bins: int
    batch_size: int
    steps: int
    n_trials: int
    guiding: tuple[str, ...]
    kinds: Mapping[str, str]
    reasons: Mapping[str, str]


def choose(recording: Recording) -> Choices:
    """Settings that suit the size and the rate of a recording.

    Args:
        recording: the first session.
    """
    width = recording.bin_width_s
    bins = min(_WINDOWS, key=lambda n: abs(n - _WINDOW_S / width))
    kinds = {name: label.kind for name, label in recording.labels.items()}
    guiding = _guiding(kinds)
    first = next((name for name in guiding if kinds[name] != "discrete"), "")
    segment = recording.segment()
    lag = _lag(recording.label(first), segment) if first else 0
    offset = lag or max(1, round(_WINDOW_S / width))
    lengths = np.unique(segment, return_counts=True)[1]
    n_trials = int((lengths > bins).sum())
    batch = int(2 ** np.clip(np.floor(np.log2(max(recording.n_time, 1) / 8)), 5, 9))
    steps = int(np.clip(recording.n_time // 16, _LEAST_STEPS, _MOST_STEPS))
    why_offset = (
        f"after {offset * width:.3g} s the autocorrelation of {first} is down to {_ALIKE}"
        if lag
        else f"about {_WINDOW_S} s"
    )
    return Choices(
        window_bins=bins,
        time_offset_bins=offset,
        batch_size=batch,
        steps=steps,
        n_trials=n_trials if n_trials >= _FEWEST_TRIALS and recording.trial is not None else 0,
        guiding=guiding,
        kinds=kinds,
        reasons={
            "window_bins": f"{bins} bins of {width:g} s are {bins * width:.3g} s of activity",
            "time_offset_bins": why_offset,
            "size": f"{recording.n_time} bins, {recording.n_neurons} neurons; more may help",
            "split": (
                f"{n_trials} trials take turns in training, validation and test"
                if n_trials >= _FEWEST_TRIALS and recording.trial is not None
                else f"{n_trials} trials are too few to split by; the last part in time is the test"
            ),
        },
    )


def _guiding(kinds: Mapping[str, str]) -> tuple[str, ...]:
    moving = [name for name, kind in kinds.items() if kind != "discrete"][:1]
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
