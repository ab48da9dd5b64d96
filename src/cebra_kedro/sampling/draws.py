"""Random numbers that depend on (seed, step) only, and what a step draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from cebra_kedro.sampling.anchors import Anchors


@dataclass(frozen=True, eq=False)
class Pairs:
    """The indices of one training step, as anchor numbers.

    Attributes:
        reference: int64 array (reference,); with several sessions, those of session 0 first.
        positives: per objective, int64 array (reference,) paired with ``reference``. A hybrid
            law has two (behaviour, time), several laws one each, every other law one.
        negative: int64 array (negative,), shared by all references.
    """

    reference: np.ndarray
    positives: tuple[np.ndarray, ...]
    negative: np.ndarray


class PairLaw(Protocol):
    """Anything that draws the pairs of a step."""

    def draw(self, step: int, batch_size: int, n_negatives: int) -> Pairs:
        """The pairs of one step; the same arguments give the same pairs.

        Args:
            step: number of the step, ≥ 0.
            batch_size: references per session.
            n_negatives: negatives per session.
        """
        ...


class ObjectiveLaw(PairLaw, Protocol):
    """A law that can also draw for references that it has not drawn."""

    def positives_of(self, reference: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """A positive anchor for each reference anchor."""
        ...


def step_rng(seed: int, step: int, stream: int = 0) -> np.random.Generator:
    """Independent random numbers for each (seed, step, stream).

    A counter-based generator: step 700 of a resumed run draws what step 700 of an
    uninterrupted run draws, without drawing the steps before.

    Raises:
        ValueError: the seed is not in [0, 2⁶⁴).
    """
    if not 0 <= seed < 2**64:
        raise ValueError(f"seed must be in [0, 2^64), got {seed}; choose another")
    # Typed, as numpy would make floats of integers above 2⁶³, and neighbours would be equal.
    key, counter = np.array([seed, stream], np.uint64), np.array([0, 0, step, 0], np.uint64)
    return np.random.Generator(np.random.Philox(key=key, counter=counter))


def draw_uniform(anchors: Anchors, size: int, rng: np.random.Generator) -> np.ndarray:
    """``size`` anchors of each session, uniformly: int64 array (session · size,)."""
    return np.concatenate(
        [
            rng.integers(anchors.first[session], anchors.first[session + 1], size=size)
            for session in range(anchors.n_sessions)
        ]
    )


def assign_to_sessions(
    n_references: int, n_sessions: int, rng: np.random.Generator
) -> Sequence[np.ndarray | slice]:
    """Which references find their positive in which session: a random partition in equal parts."""
    if n_sessions == 1:
        return [slice(None)]
    return np.split(rng.permutation(n_references), n_sessions)


def shuffle_rows(labels: np.ndarray, seed: int) -> np.ndarray:
    """The labels with their rows permuted: same values, no relation to the neural data.

    Args:
        labels: array (time, dim).
        seed: seed of the permutation.
    """
    return np.random.default_rng(seed).permutation(labels, axis=0)
