"""Pairs for several objectives: references and negatives in common, positives of each law."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cebra_kedro.sampling.anchors import Anchors
from cebra_kedro.sampling.draws import ObjectiveLaw, Pairs, draw_uniform, step_rng
from cebra_kedro.sampling.laws import TimeLaw


@dataclass(frozen=True, eq=False)
class SeveralLaws:
    """One objective for each law, on the same references and negatives.

    Follows cebra's ``ContrastiveMultiObjectiveLoader`` (``refneg_shared``). There, a reference may
    have its positive in time in another trial; here, each has one in its own.

    Attributes:
        anchors: where windows fit.
        laws: each draws the positives of one objective; same anchors.
        seed: seed of the draws.
    """

    anchors: Anchors
    laws: Sequence[ObjectiveLaw]
    seed: int

    def draw(self, step: int, batch_size: int, n_negatives: int) -> Pairs:
        """References and negatives uniform over anchors with a successor by all time laws."""
        rng = step_rng(self.seed, step)
        reference = self._uniform(batch_size, rng)
        negative = self._uniform(n_negatives, rng)
        positives = tuple(
            law.positives_of(reference, step_rng(self.seed, step, stream))
            for stream, law in enumerate(self.laws, start=1)
        )
        return Pairs(reference, positives, negative)

    @cached_property
    def _eligible(self) -> np.ndarray | None:
        """Anchors with a successor by the longest time law, so by each; None without such a law."""
        in_time = [law for law in self.laws if isinstance(law, TimeLaw)]
        return max(in_time, key=lambda law: law.time_offset_bins).eligible if in_time else None

    def _uniform(self, size: int, rng: np.random.Generator) -> np.ndarray:
        if self._eligible is None:
            return draw_uniform(self.anchors, size, rng)
        return self._eligible[rng.integers(len(self._eligible), size=size)]
