"""Made-up results of a reaching experiment, for the tests of trajectories."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from cebra_kedro.plots.results import Results, Variant
from cebra_kedro.recording import Label, Recording

N_BINS = {"active": 12, "passive": 9}
"""Bins per trial of each session."""
SIZES_CM = {"active": 8.0, "passive": 2.0}
"""How far a reach goes."""
TRIALS_PER_CLASS = 4
"""Of every class, the first two trials are for training, one for validation, one for the test."""
DIMS = {"position": 3, "time": 5, "shuffled_position": 2, "pca": 3}
"""Variant → dimensions of its embedding."""
KINDS = {"shuffled_position": "control", "pca": "baseline"}


def recording(session: str, classes=range(8)) -> Recording:
    """Reaches to targets around the middle, all targets one after the other, four times."""
    rng = np.random.default_rng(len(session))
    target = np.tile(list(classes), TRIALS_PER_CLASS)
    n_bins = N_BINS[session]
    angle = 2 * np.pi * target / max(8, max(classes) + 1)
    way = SIZES_CM[session] * np.sin(np.linspace(0, np.pi / 2, n_bins))
    ends = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    position = ends[:, None] * way[:, None] + 0.3 * rng.normal(size=(len(target), n_bins, 2))
    return Recording(
        neural=rng.poisson(1.0, (len(target) * n_bins, 5)),
        labels={
            "position": Label(position.reshape(-1, 2), "continuous", "cm"),
            "target": Label(np.repeat(target, n_bins), "discrete"),
        },
        bin_width_s=0.01,
        name=session,
        trial=np.repeat(np.arange(len(target)), n_bins),
    )


def part(session: str, n_classes: int = 8) -> np.ndarray:
    """Trials of training, validation and test, in this order."""
    return np.repeat([0, 0, 1, 2], n_classes * N_BINS[session]).astype(np.int8)


def results(dims: Mapping[str, int] = DIMS, classes=range(8), **changes) -> Results:
    """Sessions active and passive (smaller and shorter movements), and the transfer between them.

    An embedding is a projection of the position with noise, in both sessions the same one.
    """

    def embedding(session: str, variant: str) -> np.ndarray | None:
        if variant not in dims:
            return None
        rng = np.random.default_rng([list(dims).index(variant), len(session)])
        projection = np.random.default_rng(dims[variant]).normal(size=(2, dims[variant]))
        position = recording(session.removeprefix("active_to_"), classes).label("position").values
        return position @ projection + 0.3 * rng.normal(size=(len(position), dims[variant]))

    usual = {
        "sessions": ("active", "passive"),
        "variants": tuple(Variant(name, KINDS.get(name, "encoder")) for name in dims),
        "transfers": (("active", "passive"),),
        "recording": lambda session, population: recording(session, classes),
        "part": lambda session, population: part(session, len(classes)),
        "embedding": embedding,
        "predicted": lambda session, variant, label: None,
        "history": lambda session: pd.DataFrame(),
    }
    return Results(experiment="monkeys", **(usual | changes))
