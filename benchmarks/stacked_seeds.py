"""Eight rat encoders that differ by their seed: one after the other, in two processes, stacked.

Usage: python benchmarks/stacked_seeds.py [--seeds 8] [--units 64] [--steps 3] [--turns 9]
       [--profile]

Encoder steps per second of four ways, taking turns: one after the other on two threads, and on one;
half of them in each of two processes of one thread, as a run trains its cells; all in one pass on
two threads, with weights (seed, ...) and one batched product where a network has one product. Every
seed has its own batches. Before, losses and weights of the pass are compared with those of separate
trainings. The pass is spelt out here only; the project trains cells.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
import torch
from torch.profiler import ProfilerActivity, profile

from cebra_kedro.simulate.hippocampus import simulate_rat
from cebra_kedro.training import EncoderConfig, LossConfig, OptimizerConfig, PairsConfig
from cebra_kedro.training.batch_loss import BatchLoss
from cebra_kedro.training.config import TrainingConfig
from cebra_kedro.training.data import TrainingData
from cebra_kedro.training.loop import build_networks
from cebra_kedro.training.loss import InfoNCE
from cebra_kedro.training.sparse import SparseRecording, SparseWindows, _Product

CPU = torch.device("cpu")


def main() -> None:
    """Compare, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--units", type=int, default=64)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    seeds = list(range(options.seeds))
    print_differences(seeds, options.units)
    if options.profile:
        print_profiles(seeds, options.units)
    print_rates(seeds, options.units, options.steps, options.turns)


def rat() -> TrainingData:
    """Training trials of a simulated rat: about 4600 bins, 48 units."""
    arrays = simulate_rat(seed=0, n_units=48, n_jumps=6)
    position, rightward = arrays["position"][:, :1], arrays["position"][:, 1]
    trial = np.cumsum(np.diff(rightward, prepend=0) > 0)
    rows = np.isin(trial % 9, (3, 4, 5), invert=True)
    counts = arrays["spikes"][rows].astype(np.uint8)
    return TrainingData(counts, trial[rows], position[rows].astype(np.float32))


def configuration(units: int, seed: int) -> TrainingConfig:
    """The encoder ``position`` of conf/base/parameters_hippocampus.yml."""
    return TrainingConfig(
        encoder=EncoderConfig(hidden_units=units),
        pairs=PairsConfig(law="time_delta", time_offset_bins=10),
        loss=LossConfig(temperature=1.266),
        optimizer=OptimizerConfig(learning_rate=2.05e-3),
        steps=10**6,
        seed=seed,
        device="cpu",
    )


class Separate:
    """Encoders with networks and optimisers of their own."""

    def __init__(self, seeds: list[int], units: int) -> None:
        self._sessions = (rat(),)
        self._encoders = [self._encoder(configuration(units, seed)) for seed in seeds]

    def _encoder(self, config: TrainingConfig) -> tuple[Any, BatchLoss, torch.optim.Optimizer]:
        networks = build_networks(self._sessions, config)
        objective = BatchLoss(networks, InfoNCE(config.loss), self._sessions, config, CPU)
        parameters = list(networks.parameters())
        return networks, objective, _adam(parameters, config.optimizer)

    def train(self, first: int, last: int) -> list[list[float]]:
        """Losses (seed, step) of the steps from ``first`` to before ``last``."""
        return [[_step(*each, step) for step in range(first, last)] for each in self._encoders]

    def weights(self) -> list[torch.Tensor]:
        """Weights (seed, ...) of each layer."""
        networks = (networks.parameters() for networks, _, _ in self._encoders)
        return [torch.stack(same).detach() for same in zip(*networks, strict=True)]

    def gradients(self) -> list[torch.Tensor]:
        """Those of the last step, (seed, ...) of each layer."""
        networks = ((each.grad for each in one.parameters()) for one, _, _ in self._encoders)
        return [torch.stack(same) for same in zip(*networks, strict=True)]


def _adam(parameters: list[Any], config: OptimizerConfig) -> torch.optim.Optimizer:
    return torch.optim.Adam(parameters, lr=config.learning_rate, betas=config.betas, fused=True)


def _step(_: Any, objective: BatchLoss, optimizer: torch.optim.Optimizer, step: int) -> float:
    batch = objective.draw(step)
    loss = objective(batch, objective.look_up(batch), step)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    return float(loss.detach())


class Stacked:
    """The same encoders in one pass: weights (seed, ...), activity (seed, time, channel)."""

    def __init__(self, seeds: list[int], units: int) -> None:
        separate = Separate(seeds, units)
        self._objectives = [objective for _, objective, _ in separate._encoders]
        neural = separate._sessions[0].neural
        series = SparseWindows(SparseRecording(neural), np.zeros(1, np.int64), len(neural))
        self._sums = series.sums(kernel=2, stride=1)
        config = configuration(units, 0)
        self._criterion = InfoNCE(config.loss)
        self._weights = [weight.requires_grad_() for weight in separate.weights()]
        self._optimizer = _adam(self._weights, config.optimizer)

    def gradients(self) -> list[torch.Tensor]:
        """Those of the last step, (seed, ...) of each layer."""
        return [weight.grad for weight in self._weights]  # type: ignore[misc]

    def train(self, first: int, last: int) -> list[list[float]]:
        """Losses (seed, step) of the steps from ``first`` to before ``last``."""
        return torch.stack([self._step(step) for step in range(first, last)], dim=1).tolist()

    def _step(self, step: int) -> torch.Tensor:
        losses = []
        for objective, embedding in zip(self._objectives, self.embed(), strict=True):
            batch = objective.draw(step)
            (begin,) = objective.look_up(batch)
            losses.append(self._criterion(embedding.index_select(0, begin), batch))
        loss = torch.stack(losses)
        self._optimizer.zero_grad(set_to_none=True)
        loss.sum().backward()
        self._optimizer.step()
        return loss.detach()

    def embed(self) -> torch.Tensor:
        """Embedding (seed, time, dim) of the whole series."""
        first, first_bias, *deeper, last, last_bias = self._weights
        n_seeds, units, _, _ = first.shape
        # the recording is the same for all: one product with the weights side by side
        table = first.permute(3, 2, 0, 1).reshape(-1, n_seeds * units)
        activity = _Product.apply(table, self._sums).view(-1, n_seeds, units).transpose(0, 1)
        activity = torch.nn.functional.gelu(activity + first_bias[:, None])
        for weight, bias in zip(deeper[::2], deeper[1::2], strict=True):
            activity = _Residual.apply(activity, weight, bias)
        output = _Convolved.apply(activity, last, last_bias)
        return output / output.square().sum(dim=2, keepdim=True).sqrt()


class _Convolved(torch.autograd.Function):
    """``training.functions.convolved_by_shifts`` with batched products."""

    @staticmethod
    def forward(ctx: Any, rows: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> Any:
        ctx.save_for_backward(rows, weight)
        return _convolved(rows, weight, bias)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:
        rows, weight = ctx.saved_tensors
        return _gradients(torch.zeros_like(rows), rows, gradient, weight)


class _Residual(torch.autograd.Function):
    """``training.functions.residual`` with batched products."""

    @staticmethod
    def forward(ctx: Any, rows: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> Any:
        convolved = _convolved(rows, weight, bias)
        ctx.save_for_backward(rows, weight, convolved)
        return torch.nn.functional.gelu(convolved).add_(rows[:, 1:-1])

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:
        rows, weight, convolved = ctx.saved_tensors
        of_rows = torch.nn.functional.pad(gradient, (0, 0, 1, 1))
        gradient = torch.ops.aten.gelu_backward(gradient, convolved)
        return _gradients(of_rows, rows, gradient, weight)


def _convolved(rows: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    kernels = weight.permute(3, 0, 2, 1).contiguous()  # (kernel, seed, channel in, channel out)
    length = rows.shape[1] - len(kernels) + 1
    output = torch.bmm(rows[:, :length], kernels[0]).add_(bias[:, None])
    for shift in range(1, len(kernels)):
        output.baddbmm_(rows[:, shift : shift + length], kernels[shift])
    return output


def _gradients(
    of_rows: torch.Tensor, rows: torch.Tensor, gradient: torch.Tensor, weight: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    of_weight, length = [], gradient.shape[1]
    for shift, kernel in enumerate(weight.permute(3, 0, 1, 2).contiguous()):
        of_rows[:, shift : shift + length].baddbmm_(gradient, kernel)
        of_weight.append(gradient.transpose(1, 2) @ rows[:, shift : shift + length])
    return of_rows, torch.stack(of_weight, dim=3), gradient.sum(dim=1)


def print_differences(seeds: list[int], units: int, steps: int = 20) -> None:
    """Losses and gradients of the pass beside those of separate trainings on the same batches."""
    separate, stacked = Separate(seeds, units), Stacked(seeds, units)
    one, other = (np.array(each.train(0, 1)) for each in (separate, stacked))
    print(f"largest difference: first loss {np.abs(one - other).max():.1e}", end=", ")
    pairs = list(zip(separate.gradients(), stacked.gradients(), strict=True))
    largest = max(float(theirs.abs().max()) for theirs, _ in pairs)
    apart = max(float((theirs - ours).abs().max()) for theirs, ours in pairs)
    print(f"its gradient {apart / largest:.1e} of the largest", end=", ")
    one, other = (np.array(each.train(1, steps)) for each in (separate, stacked))
    print(f"losses of {steps} steps {np.abs(one - other).max():.1e}", flush=True)


def print_rates(seeds: list[int], units: int, steps: int, turns: int) -> None:
    """Encoder steps per second of each way, medians of turns."""
    separate, stacked = Separate(seeds, units), Stacked(seeds, units)
    with workers(seeds, units) as in_processes:
        ways: dict[str, Callable[[int, int], Any]] = {
            "a  one after the other, 2 threads": on_threads(2, separate.train),
            "b  one after the other, 1 thread": on_threads(1, separate.train),
            "c  two processes of 1 thread": in_processes,
            "d  stacked, 2 threads": on_threads(2, stacked.train),
            "   stacked, 1 thread": on_threads(1, stacked.train),
        }
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for turn in range(turns + 1):
            for name, train in ways.items():
                started = time.perf_counter()
                train(turn * steps, (turn + 1) * steps)
                seconds[name].append(time.perf_counter() - started)
    rates = {
        name: [len(seeds) * steps / each for each in spent[1:]] for name, spent in seconds.items()
    }
    for name, found in rates.items():
        low, middle, high = min(found), statistics.median(found), max(found)
        print(f"{name:<36}{middle:7.1f} encoder steps/s ({low:.1f}-{high:.1f})")


def on_threads(number: int, train: Callable[[int, int], Any]) -> Callable[[int, int], Any]:
    """The same on so many threads."""

    def run(first: int, last: int) -> Any:
        torch.set_num_threads(number)
        return train(first, last)

    return run


@contextmanager
def workers(seeds: list[int], units: int) -> Iterator[Callable[[int, int], Any]]:
    """Two processes that train half of the seeds each, when asked to."""
    context = multiprocessing.get_context("spawn")
    pipes, processes = [], []
    for half in (seeds[::2], seeds[1::2]):
        here, there = context.Pipe()
        process = context.Process(target=work, args=(there, half, units), daemon=True)
        process.start()
        pipes.append(here)
        processes.append(process)

    def run(first: int, last: int) -> list[Any]:
        for pipe in pipes:
            pipe.send((first, last))
        return [pipe.recv() for pipe in pipes]

    yield run
    for pipe, process in zip(pipes, processes, strict=True):
        pipe.send(None)
        process.join()


def work(pipe: Connection, seeds: list[int], units: int) -> None:
    """Train whenever steps come through the pipe, on one thread."""
    torch.set_num_threads(1)
    separate = Separate(seeds, units)
    while (steps := pipe.recv()) is not None:
        pipe.send(separate.train(*steps))


def print_profiles(seeds: list[int], units: int, steps: int = 3) -> None:
    """Where one thread spends its time, separate and stacked; the rate of its products."""
    torch.set_num_threads(1)
    size = len(rat().neural)
    flop = 6 * size * units * (3 * 3 * units + 3 * 3)  # products of deeper layers, three times each
    print(f"{flop / 1e9:.2f} GFLOP of products in the convolutions of a step and encoder")
    print(f"peak: {peak_gflops():.0f} GFLOP/s in a product of 1024 x 1024 matrices, one thread")
    for name, way in (("separate", Separate(seeds, units)), ("stacked", Stacked(seeds, units))):
        way.train(0, 1)
        with profile(activities=[ProfilerActivity.CPU]) as found:
            way.train(1, 1 + steps)
        parts = _milliseconds(found, len(seeds) * steps)
        print(f"{name}: ms a step and encoder, by kind of operation")
        print("   ".join(f"{kind} {spent:.1f}" for kind, spent in parts.items()))
        print(f"   products at {flop / 1e6 / parts['products']:.0f} GFLOP/s", flush=True)


def peak_gflops(size: int = 1024) -> float:
    """What one product reaches."""
    matrix, best = torch.randn(size, size), math.inf
    for _ in range(9):
        started = time.thread_time()
        matrix @ matrix
        best = min(best, time.thread_time() - started)
    return 2 * size**3 / best / 1e9


KINDS = {
    "products": ("aten::mm", "aten::addmm_", "aten::bmm", "aten::baddbmm_"),
    "GELU": ("aten::gelu", "aten::gelu_backward"),
    "sums over spikes": ("aten::_embedding_bag_forward_only",),
    "copies": ("aten::copy_", "aten::fill_", "aten::cat", "aten::add", "aten::add_"),
}


def _milliseconds(found: Any, n_steps: int) -> dict[str, float]:
    spent = {each.key: each.self_cpu_time_total / 1e3 / n_steps for each in found.key_averages()}
    parts = {kind: sum(spent.pop(name, 0.0) for name in names) for kind, names in KINDS.items()}
    return parts | {"everything else": sum(spent.values())}


if __name__ == "__main__":
    main()
