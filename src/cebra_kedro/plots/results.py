"""What figures are drawn from: the results of one experiment, whatever it is about.

Where results lie and how they are read is left to who makes a :class:`Results`; arrays are asked
for one at a time, so that a figure holds in memory what it draws. matplotlib is not imported.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
import pandas as pd

from cebra_kedro.recording import Recording

VariantKind = Literal["encoder", "control", "baseline"]


@dataclass(frozen=True)
class Variant:
    """What is drawn and decoded: a trained encoder, a control, or a baseline.

    Attributes:
        name: the name in tables, e.g. ``position`` or ``joint_ca``.
        kind: ``encoder``, ``control`` (trained on permuted labels) or ``baseline``.
        population: which recording of a session it sees; empty where a session has one.
        transductive: it saw the neural data of the test rows.
    """

    name: str
    kind: VariantKind
    population: str = ""
    transductive: bool = False

    def __post_init__(self) -> None:
        if self.kind not in get_args(VariantKind):
            raise ValueError(
                f"kind of variant {self.name} must be one of {', '.join(get_args(VariantKind))}, "
                f"got {self.kind!r}"
            )


@dataclass(frozen=True, eq=False)
class Predicted:
    """What decoders made of the test rows, for one label.

    Attributes:
        row: int array (n,), rows of the recording, ascending.
        true: array (n,) or (n, dim), the label there, in its unit.
        predicted: decoder → array of the shape of ``true``, in order.
    """

    row: np.ndarray
    true: np.ndarray
    predicted: Mapping[str, np.ndarray]

    def of(self, decoder: str | None) -> tuple[str, np.ndarray]:
        """A decoder and what it predicted; the first one if none is named.

        Raises:
            ValueError: there is none of this name.
        """
        name = next(iter(self.predicted), None) if decoder is None else decoder
        if name is None or name not in self.predicted:
            raise ValueError(
                f"decoder must be one of {', '.join(self.predicted) or 'none'}, got {decoder!r}"
            )
        return name, self.predicted[name]


def _nothing() -> pd.DataFrame:
    return pd.DataFrame()


def _no_array(session: str, variant: str) -> np.ndarray | None:
    return None


@dataclass(frozen=True, eq=False)
class Results:
    """The results of one experiment.

    Attributes:
        experiment: e.g. ``hippocampus``.
        sessions: in the order of the description.
        variants: in the order of the description: encoders, controls, baselines.
        transfers: (fitted to, scored on); ``active_to_passive`` is a session of the tables.
        recording: (session, population) → recording.
        part: (session, population) → int8 array (time,), 0 train, 1 valid, 2 test, first fold.
        embedding: (session or ``a_to_b``, variant) → float array (time, dim) of the first fold and
            seed; None where there is none, e.g. of raw activity.
        predicted: (session, variant, label) → what decoders made of the test rows, first fold and
            seed; None where the variant is not decoded or lacks the label.
        history: session → table with ``variant``, ``fold``, ``seed``, ``step``, ``loss``,
            ``goodness_of_fit_bits``, ``learning_rate``.
        metrics: tidy scores of all sessions, columns ``metrics.METRIC_COLUMNS``; may be empty.
        consistency: ``experiment``, ``between``, ``source``, ``target``, ``r2``; may be empty. An
            end of a pair is ``session/variant/fold0_seed0``.
        sweep: tidy scores with a column per swept parameter; may be empty.
        search: the same of a search, with ``trial`` and ``scored_on`` (``valid``, ``test``).
        attribution: ``session``, ``variant``, ``method``, and the columns of
            ``attribution.rank_neurons``; may be empty.
        in_time: (session, variant) → mean absolute gradient (neuron, bin of the window); None where
            nobody asked.
        across: tidy scores of decoders carried from a ``source`` to a ``target``, with ``through``
            (``within``, ``joint``, ``aligned``); may be empty.
    """

    experiment: str
    sessions: tuple[str, ...]
    variants: tuple[Variant, ...]
    transfers: tuple[tuple[str, str], ...]
    recording: Callable[[str, str], Recording]
    part: Callable[[str, str], np.ndarray]
    embedding: Callable[[str, str], np.ndarray | None]
    predicted: Callable[[str, str, str], Predicted | None]
    history: Callable[[str], pd.DataFrame]
    metrics: pd.DataFrame = field(default_factory=_nothing)
    consistency: pd.DataFrame = field(default_factory=_nothing)
    sweep: pd.DataFrame = field(default_factory=_nothing)
    search: pd.DataFrame = field(default_factory=_nothing)
    attribution: pd.DataFrame = field(default_factory=_nothing)
    in_time: Callable[[str, str], np.ndarray | None] = _no_array
    across: pd.DataFrame = field(default_factory=_nothing)

    def variant(self, name: str) -> Variant:
        """A variant by name.

        Raises:
            KeyError: there is none of this name.
        """
        for variant in self.variants:
            if variant.name == name:
                return variant
        raise KeyError(
            f"no variant {name!r}; there are {', '.join(v.name for v in self.variants) or 'none'}"
        )
