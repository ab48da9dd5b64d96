"""What is decoded, compared and drawn under one name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

VariantKind = Literal["encoder", "control", "baseline"]


@dataclass(frozen=True)
class Readout:
    """What is decoded, compared and drawn under one name: an embedding, or a baseline.

    Attributes:
        name: the variant in tables, e.g. ``joint_ca``.
        source: the encoder or baseline.
        kind: ``encoder``, ``control`` (labels were permuted) or ``baseline``.
        population: which recording of a session; empty where a session has one.
        objective: the one that it is the part of; empty for the whole embedding.
        dimensions: first and last one of its part, counted from 0; None for all.
        transductive: whether it has, or may have, seen the neural data of test trials.
        stored: whether it lies in a file; raw activity is computed where it is needed.
    """

    name: str
    source: str
    kind: VariantKind
    population: str = ""
    objective: str = ""
    dimensions: tuple[int, int] | None = None
    transductive: bool = False
    stored: bool = True

    def of(self, embedding: np.ndarray) -> np.ndarray:
        """Its part (time, dim) of the embedding of its encoder."""
        if self.dimensions is None:
            return embedding
        return embedding[:, self.dimensions[0] : self.dimensions[1] + 1]

    @property
    def is_carried(self) -> bool:
        """Whether decoders can be carried through it: t-SNE and UMAP have seen test rows."""
        return self.stored and not (self.transductive and self.kind == "baseline")
