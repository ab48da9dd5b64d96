"""Threads that build networks at the same time do not disturb each other's random numbers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import torch

from cebra_kedro.training.config import EncoderConfig
from cebra_kedro.training.encoder import build_network

CONFIG = EncoderConfig(architecture="offset10-model", hidden_units=8, output_dimension=3)


def weights(seed: int) -> torch.Tensor:
    return torch.cat([each.flatten() for each in build_network(CONFIG, 6, seed).parameters()])


def test_networks_built_in_threads_are_those_of_their_seeds():
    seeds = list(range(8)) * 25
    alone = {seed: weights(seed) for seed in set(seeds)}
    before = torch.get_rng_state()
    with ThreadPoolExecutor(8) as pool:
        built = list(pool.map(weights, seeds))
    wrong = [seed for seed, found in zip(seeds, built, strict=True) if not found.equal(alone[seed])]
    assert wrong == []
    assert torch.get_rng_state().equal(before)
