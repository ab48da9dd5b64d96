"""Dense products against sums over what is not zero, in the first layer, by share of non-zeros.

Usage: python benchmarks/first_layer.py [--shares 0.02 0.05 0.1 0.2 0.4]

Milliseconds to look up, embed and differentiate the distinct rows of a batch of 512, both ways,
for several shapes of recordings. The constants of ``training.sparse`` come from it.
"""

from __future__ import annotations

import argparse
import statistics
import time
from unittest import mock

import numpy as np
import torch

from cebra_kedro.training import EncoderConfig
from cebra_kedro.training.batch_embedder import BatchEmbedder, batch_embedder
from cebra_kedro.training.encoder import build_network, window_of

SHAPES = {
    # name: bins, neurons, hidden units, dimensions of the embedding, network
    "rat, series": (6577, 48, 32, 3, "offset10-model"),
    "long, windows": (115_800, 65, 32, 3, "offset10-model"),
    "wide, windows": (32_400, 1024, 32, 3, "offset10-model"),
    "neuropixels, windows": (32_400, 800, 128, 128, "resample1-model"),
    "one bin": (8_100, 800, 128, 128, "offset1-model"),
}
N_ROWS = 1536


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shares", type=float, nargs="+", default=[0.02, 0.05, 0.1, 0.2, 0.4])
    shares = parser.parse_args().shares
    print(f"{'ms per batch, sparse / dense':<30}" + "".join(f"{share:>16.2f}" for share in shares))
    for name in SHAPES:
        cells = []
        for share in shares:
            sparse, dense = measure(name, share)
            cells.append(f"{sparse:.1f} / {dense:.1f}")
        print(f"{name:<30}" + "".join(f"{cell:>16}" for cell in cells), flush=True)


def measure(name: str, share: float, repeats: int = 30) -> tuple[float, float]:
    """Median milliseconds of sums and of dense products, taking turns."""
    n_time, n_neurons, units, dimensions, architecture = SHAPES[name]
    rng = np.random.default_rng(0)
    neural = (rng.random((n_time, n_neurons), np.float32) < share).astype(np.uint8)
    config = EncoderConfig(
        architecture=architecture, hidden_units=units, output_dimension=dimensions
    )
    network = build_network(config, n_neurons, seed=0)
    window = window_of(network)

    def embedder(largest_share: float) -> BatchEmbedder:
        limits = {"MAX_NONZERO_SHARE": largest_share, "_NS_PER_PRODUCT": float("inf")}
        with mock.patch.multiple("cebra_kedro.training.sparse", **limits):
            return batch_embedder(network, neural, N_ROWS, torch.device("cpu"))

    embedders = embedder(1.0), embedder(-1.0)
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        rows = np.unique(rng.integers(window.left, n_time - window.right + 1, N_ROWS))
        for embed, spent in zip(embedders, seconds, strict=True):
            started = time.perf_counter()
            embedding = embed(embed.look_up(torch.from_numpy(rows)))
            embedding.sum().backward()
            spent.append(time.perf_counter() - started)
    sparse, dense = (1e3 * statistics.median(spent) for spent in seconds)
    return sparse, dense


if __name__ == "__main__":
    main()
