"""How like the published rat "buddy" the simulated rats are: raw baselines and variability.

No encoder is trained: simulators are set by what raw activity tells and how it varies.

    python benchmarks/simulated_rat.py --seeds 8        # CEBRA_KEDRO_DATA names the recordings
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.neighbors import KNeighborsRegressor

from cebra_kedro.io import PublishedPickleDataset
from cebra_kedro.simulate.hippocampus import simulate_rat
from cebra_kedro.splits import nested_trial_folds, trials_from_direction
from cebra_kedro.training.baselines import window_sums

NEIGHBOURS = (1, 4, 9, 16, 25, 49)
CELLS_ALONG_TRACK = 32
ACTIVE_COUNT = 0.5
"""Fano factors are of windows in which a unit is expected to fire at least so many spikes."""


def main() -> None:
    """Print a row for the published rat and one for the mean of the simulated ones."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=8)
    seeds = range(parser.parse_args().seeds)
    simulated = [facts(simulate_rat(seed=seed, n_jumps=6)) for seed in seeds]
    rows = {"simulated, mean": pd.DataFrame(simulated).mean()}
    rows["simulated, SD"] = pd.DataFrame(simulated).std()
    file = Path(os.environ.get("CEBRA_KEDRO_DATA", "data/01_raw"), "rat_hippocampus", "buddy.jl")
    if file.is_file():
        rows["published"] = facts(PublishedPickleDataset(filepath=file).load().content)
    print(pd.DataFrame(rows).round(3).to_string())


def facts(rat: dict[str, np.ndarray]) -> dict[str, float]:
    """Errors of raw baselines in m, and variability about the mean at each place."""
    spikes, position = np.asarray(rat["spikes"], float), np.asarray(rat["position"], float)
    trial = trials_from_direction(position[:, 2].astype(int))
    found = {"rate, Hz": spikes.mean() / 0.025}
    for bins in (1, 10, 20, 40):
        summed = window_sums(spikes.astype(np.float32), trial, bins) if bins > 1 else spikes
        found[f"error of {bins} bins, m"] = raw_error_m(summed, position[:, 0], trial)
    return found | variability(spikes, position)


def raw_error_m(features: np.ndarray, position_m: np.ndarray, trial: np.ndarray) -> float:
    """Median error of nearest neighbours on test trials, mean of three folds."""
    errors = []
    for part in nested_trial_folds(trial, 3):
        by_k = []
        for k in NEIGHBOURS:
            fitted = KNeighborsRegressor(k).fit(features[part == 0], position_m[part == 0])
            by_k.append(
                [
                    np.median(
                        np.abs(fitted.predict(features[part == which]) - position_m[part == which])
                    )
                    for which in (1, 2)
                ]
            )
        errors.append(min(by_k)[1])  # k is chosen on validation trials
    return float(np.mean(errors))


def variability(spikes: np.ndarray, position: np.ndarray) -> dict[str, float]:
    """Fano factors and correlations of counts about their mean at each place and direction."""
    along = np.minimum(position[:, 0] / 1.6 * CELLS_ALONG_TRACK, CELLS_ALONG_TRACK - 1).astype(int)
    place = along + CELLS_ALONG_TRACK * (position[:, 2] == 1)
    mean = pd.DataFrame(spikes).groupby(place).transform("mean").to_numpy()
    found = {}
    for bins in (10, 40):
        left, expected = (_summed(values, bins) for values in (spikes - mean, mean))
        active = expected > ACTIVE_COUNT
        found[f"Fano of a unit, {bins} bins"] = (left[active] ** 2).sum() / expected[active].sum()
        together = left.sum(axis=1), expected.sum(axis=1)
        found[f"Fano of all, {bins} bins"] = np.var(together[0]) / together[1].mean()
        firing = expected.mean(axis=0) > 0.2
        correlation = np.corrcoef((left / np.sqrt(expected + 0.1))[:, firing].T)
        pairs = correlation[np.triu_indices(len(correlation), 1)]
        found[f"correlation, {bins} bins"] = pairs.mean()
    return found


def _summed(values: np.ndarray, bins: int) -> np.ndarray:
    whole = len(values) // bins
    return values[: whole * bins].reshape(whole, bins, -1).sum(axis=1)


if __name__ == "__main__":
    main()
