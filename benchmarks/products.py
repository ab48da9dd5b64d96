"""Float32 products of the sizes of training steps: MKL's time over oneDNN's, on this processor.

python benchmarks/products.py [--threads 1 2]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import torch

from cebra_kedro.training.products import onednn_is_faster

SIZES = {
    "first layer of calcium, forward": (1408, 800, 128),
    "deeper layer of calcium": (1408, 128, 128),
    "similarities of joint": (1024, 128, 1024),
    "gradient of similarities": (1024, 1024, 128),
    "three bins of a rat": (6577, 96, 32),
    "the same, 64 units": (6577, 192, 64),
    "similarities of rat": (512, 3, 512),
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    given = parser.parse_args()
    print(f"{torch.backends.cpu.get_cpu_capability()}, oneDNN chosen: {onednn_is_faster()}")
    for threads in given.threads:
        torch.set_num_threads(threads)
        for name, size in SIZES.items():
            mkl, onednn = (best(way) for way in ways(*size))
            print(
                f"{threads} threads, {name:<32} {size!s:<18} MKL {mkl * 1e3:6.3f} ms, "
                f"oneDNN {onednn * 1e3:6.3f} ms, {mkl / onednn:4.1f}"
            )


def ways(rows: int, inner: int, columns: int) -> tuple[Callable[[], object], ...]:
    """The same product by both."""
    left, right = torch.randn(rows, inner), torch.randn(columns, inner)
    linear = torch.ops.mkldnn._linear_pointwise
    return lambda: left @ right.T, lambda: linear(left, right, None, "none", [], "")


def best(work: Callable[[], object], repeats: int = 100) -> float:
    """The least of many times, in s: what else runs only adds to it."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


if __name__ == "__main__":
    main()
