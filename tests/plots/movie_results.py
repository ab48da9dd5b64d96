"""Made-up results of an area that saw a movie, recorded in two ways, for the tests of figures."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd

from cebra_kedro.metrics import METRIC_COLUMNS
from cebra_kedro.plots.results import Predicted, Results, Variant
from cebra_kedro.recording import Label, Recording

N_FRAMES, N_NEURONS, N_REPEATS = 90, 20, 4
BINS_PER_FRAME = {"ca": 1, "neuropixels": 4}
METRIC = "frame_accuracy_1s"
VARIANTS = (
    Variant("ca", "encoder", "ca"),
    Variant("neuropixels", "encoder", "neuropixels"),
    Variant("joint_ca", "encoder", "ca"),
    Variant("joint_neuropixels", "encoder", "neuropixels"),
    Variant("shuffled_ca", "control", "ca"),
    Variant("raw_ca", "baseline", "ca"),
    Variant("raw_ca_10frames", "baseline", "ca"),
    Variant("raw_neuropixels", "baseline", "neuropixels"),
)
TRUE = np.arange(N_FRAMES)
PREDICTED = np.where(TRUE % 3 == 0, (TRUE + 45) % N_FRAMES, TRUE)
"""A third of the frames is 45 frames off."""


def recording(session: str, population: str, *, tabled: bool = True) -> Recording:
    """Neurons with a bump of activity each, in random order of their bumps."""
    rng = np.random.default_rng(0)
    bins_per_frame = BINS_PER_FRAME[population]
    peak = rng.permutation(np.linspace(5, N_FRAMES - 6, N_NEURONS).round())
    frame = np.tile(np.repeat(np.arange(N_FRAMES), bins_per_frame), N_REPEATS)
    labels = {
        "frame": Label(frame, "discrete"),
        "repeat": Label(np.repeat(np.arange(N_REPEATS), N_FRAMES * bins_per_frame), "discrete"),
    }
    if tabled:
        features = rng.normal(size=(N_FRAMES, 6)).cumsum(axis=0)
        labels["features"] = Label(frame, "continuous", table=features)
    return Recording(
        neural=np.exp(-(((frame[:, None] - peak) / 3) ** 2)).astype(np.float32),
        labels=labels,
        bin_width_s=1 / 30 / bins_per_frame,
        name=f"{session}_{population}",
    )


def part(session: str, population: str) -> np.ndarray:
    """The last but one repeat is for the test."""
    repeat = recording(session, population).label("repeat").values
    return np.where(repeat == N_REPEATS - 2, 2, 0).astype(np.int8)


def predicted(session: str, variant: str, label: str) -> Predicted | None:
    """By bayes without error; one variant is not decoded."""
    if label != "frame" or variant == "joint_ca":
        return None
    return Predicted(TRUE, TRUE, {"bayes": TRUE, "knn": PREDICTED})


def results(**changes) -> Results:
    """Results of area VISp."""
    usual = {
        "sessions": ("VISp",),
        "variants": VARIANTS,
        "recording": recording,
        "part": part,
        "embedding": lambda session, variant: None,
        "predicted": predicted,
        "history": lambda session: pd.DataFrame(),
        "transfers": (),
    }
    return Results(experiment="allen", **(usual | changes))


def neurons_sweep(
    counts=(10, 100, 1000),
    sessions=("VISp",),
    variants=("ca", "raw_ca"),
    decoders=("knn", "bayes"),
    n_seeds=3,
) -> pd.DataFrame:
    """Accuracies by number of neurons, with their chance; features without an encoder run once."""
    rng = np.random.default_rng(5)
    rows = []
    for count, session, variant, decoder in itertools.product(counts, sessions, variants, decoders):
        for seed in range(1 if variant.startswith("raw") else n_seeds):
            run = ("allen", session, variant, 0, seed, decoder)
            value = 20 * np.log10(count) + rng.uniform(0, 30)
            rows.append((count, *run, METRIC, value, "%"))
            rows.append((count, *run, f"chance_{METRIC}", 6.448, "%"))
    return pd.DataFrame(rows, columns=["n_neurons", *METRIC_COLUMNS])
