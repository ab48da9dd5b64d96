"""A population pooled over recordings of one area, and the choice of some of its neurons.

Building it from a publisher's arrays is left to the files beside this one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.random import PCG64, Generator


@dataclass(frozen=True, eq=False)
class Pseudomouse:
    """Neurons of many sessions that saw the same movie, as if recorded together.

    Attributes:
        neural: array (neuron, time): counts (unsigned integers) or events (float32).
        frames: integer array (time,), the frame on the screen in each bin, counted from 0.
        neurons: one row a neuron, in the order of ``neural``: from which session it comes, and
            which cell or unit it is there.
        area: e.g. ``VISp``.
    """

    neural: np.ndarray
    frames: np.ndarray
    neurons: pd.DataFrame
    area: str

    def __post_init__(self) -> None:
        if self.neural.shape != (len(self.neurons), len(self.frames)):
            raise ValueError(
                f"{self.area}: neural must have shape (neuron, time) = ({len(self.neurons)}, "
                f"{len(self.frames)}) as neurons and frames say, got {self.neural.shape}"
            )

    @property
    def n_neurons(self) -> int:
        """Number of rows to choose from."""
        return len(self.neurons)

    def select(self, index: np.ndarray) -> np.ndarray:
        """Activity of the chosen neurons.

        Args:
            index: integer array (n,), e.g. from :func:`choose_neurons`; may repeat.

        Returns:
            Array (time, n) in the order of ``index``.
        """
        return np.ascontiguousarray(self.neural[index].T)


def choose_neurons(
    n_available: int,
    n: int,
    seed: int,
    *,
    replace: bool,
    group: int | None = None,
    n_groups: int = 2,
) -> np.ndarray:
    """Draw neurons as published, or without the duplicates that this gives.

    Args:
        n_available: number of neurons in the pseudomouse.
        n: how many to draw, at least 1.
        seed: of numpy's PCG64.
        replace: True draws with replacement, as the published standard readers do: a neuron may
            come twice, and ``n`` may exceed ``n_available``. False draws each at most once, as
            the published disjoint readers do; a smaller ``n`` then gives the beginning of a
            larger one.
        group: draw only from this one of ``n_groups`` disjoint groups that the seed makes, or
            None for all neurons. Needs ``replace=False``.
        n_groups: number of groups, at least 2. Published: 2.

    Returns:
        int64 array (n,) of indices into the rows of the pseudomouse.

    Raises:
        ValueError: there are fewer neurons than asked for (the message says how many), or the
            group does not exist. The published disjoint readers return fewer without a word.

    Source:
        ``_sample_neurons`` in ``cebra/datasets/allen/ca_movie_decoding.py``, cebra 0.6.1;
        without replacement and without groups is ours, the disjoint rule with a single group.

    Example:
        >>> choose_neurons(100, 5, 111, replace=True).tolist()
        [47, 15, 72, 16, 71]
    """
    if n < 1 or n_available < 1:
        raise ValueError(
            f"n and n_available must be at least 1, got {n} and {n_available} neurons; "
            "choose an area with neurons, and some of them"
        )
    if group is not None and replace:
        raise ValueError(
            f"group {group} is disjoint from others only without replacement; set replace to false"
        )
    if group is not None and not 0 <= group < n_groups:
        raise ValueError(f"group must be in 0 … {n_groups - 1} (n_groups {n_groups}), got {group}")
    generator = Generator(PCG64(seed))
    if replace:
        return generator.choice(np.arange(n_available), size=n)
    permuted = generator.permutation(n_available)
    candidates = permuted if group is None else np.array_split(permuted, n_groups)[group]
    if len(candidates) < n:
        where = "" if group is None else f" in group {group} of {n_groups} ({n_available} in all)"
        raise ValueError(
            f"n asks for {n} neurons, but only {len(candidates)} are available{where}; "
            "lower the number of neurons"
        )
    return candidates[:n]
