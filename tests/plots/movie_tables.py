"""A made-up table of movie decoding scores, in the columns of the metrics table."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd

from cebra_kedro.plots.scores import METRIC_COLUMNS

METRIC = "frame_accuracy_1s"
VARIANTS = (
    "raw_ca",
    "ca",
    "joint_ca",
    "shuffled_ca",
    "ca_10frames",
    "raw_neuropixels",
    "neuropixels",
    "joint_neuropixels",
    "shuffled_neuropixels",
)


def score_table(areas=("VISp",), variants=VARIANTS, decoders=("knn", "bayes"), n_seeds=3):
    """Accuracies with their chance, and a score of encoders that names no modality."""
    rng = np.random.default_rng(5)
    rows = []
    for area, variant, decoder in itertools.product(areas, variants, decoders):
        for seed in range(1 if variant.startswith("raw") else n_seeds):
            run = ("allen", area, variant, 0, seed, decoder)
            rows.append((*run, METRIC, rng.uniform(40, 90), "%"))
            rows.append((*run, f"chance_{METRIC}", 6.448, "%"))
    for area in areas:
        rows.append(("allen", area, "joint", 0, 0, "none", "goodness_of_fit", 1.2, "bits"))
    return pd.DataFrame(rows, columns=list(METRIC_COLUMNS))


def sweep_table(counts=(10, 100, 1000), **arguments):
    """Scores by number of neurons, without the columns that a sweep does not have."""
    tables = [score_table(**arguments).assign(n_neurons=count) for count in counts]
    return pd.concat(tables, ignore_index=True).drop(columns=["experiment", "fold"])
