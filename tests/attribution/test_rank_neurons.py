"""Neurons ranked over runs: known orders, and how often chance is taken for a finding."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cebra_kedro.attribution.ranking import rank_neurons


def runs(means: np.ndarray, n_runs: int, seed: int, spread: float = 0.05) -> list[np.ndarray]:
    """Maps (dim, neuron) of several runs around means (neuron,)."""
    rng = np.random.default_rng(seed)
    return [means + spread * rng.random((3, len(means))) for _ in range(n_runs)]


def test_neurons_are_in_order_of_their_share():
    table = rank_neurons(runs(np.array([1.0, 4.0, 2.0]), 4, seed=0))
    assert table["neuron"].tolist() == [1, 2, 0]
    assert table["rank"].tolist() == [1, 2, 3]
    np.testing.assert_allclose(table["share"].mean(), 1)
    assert table[["control_share", "p", "q"]].isna().all(axis=None)
    assert (table["runs"] == 4).all()


def test_scale_of_a_run_does_not_count():
    maps = runs(np.array([1.0, 4.0, 2.0]), 4, seed=0)
    scaled = [one * factor for one, factor in zip(maps, (1, 10, 100, 0.1), strict=True)]
    pd.testing.assert_frame_equal(rank_neurons(scaled), rank_neurons(maps))


def test_neurons_above_the_control_are_found_and_the_others_are_not():
    means = np.ones(30)
    means[:5] = 3
    table = rank_neurons(runs(means, 6, seed=1), runs(np.ones(30), 6, seed=2))
    found = set(table.loc[table["q"] < 0.05, "neuron"])
    assert found == set(range(5))


def test_chance_alone_is_rarely_a_finding():
    wrong = [
        (
            rank_neurons(runs(np.ones(20), 6, seed), runs(np.ones(20), 6, seed + 10_000))["q"]
            < 0.05
        ).any()
        for seed in range(200)
    ]
    assert np.mean(wrong) <= 0.08


def test_too_few_runs_are_not_tested():
    few = rank_neurons(runs(np.ones(5), 3, seed=0), runs(np.ones(5), 3, seed=1))
    assert few[["p", "q"]].isna().all(axis=None)
    assert few["control_share"].notna().all()
    enough = rank_neurons(runs(np.ones(5), 3, seed=0), runs(np.ones(5), 4, seed=1))
    assert enough[["p", "q"]].notna().all(axis=None)


def test_one_run_has_no_spread():
    table = rank_neurons(runs(np.ones(3), 1, seed=0))
    assert table["share_sd"].isna().all()


def test_an_encoder_without_any_gradient_has_no_shares():
    table = rank_neurons([np.zeros((3, 4))])
    assert (table["share"] == 0).all()
