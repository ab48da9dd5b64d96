"""Embeddings whose rows correspond one to one: everyone saw the same frames in the same order.

Which two embeddings are compared follows from what sets them apart; scoring is left to ``table``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cebra_kedro.consistency.rows import check_rows
from cebra_kedro.consistency.table import pair_table
from cebra_kedro.presentations import average_over_frames
from cebra_kedro.recording import Recording

FRAME, REPEAT = "frame", "repeat"


@dataclass(frozen=True)
class Origin:
    """Where an embedding comes from.

    Attributes:
        session: e.g. ``VISp``.
        encoder: e.g. ``group0``.
        population: the neurons that it embeds, e.g. ``group0_ca``; "" where a session has one
            recording.
        variant: name of the embedding in tables, e.g. ``group0_ca``.
        run: ``fold0_seed0``; empty if there is one.

    Raises:
        ValueError: a name has a slash, or one that is needed is empty.
    """

    session: str
    encoder: str
    population: str
    variant: str
    run: str = ""

    def __post_init__(self) -> None:
        for attribute, name in vars(self).items():
            if "/" in name or (not name and attribute not in {"population", "run"}):
                raise ValueError(f"{attribute} must be a name without a slash, got {name!r}")

    @property
    def name(self) -> str:
        """``session/variant/run``."""
        return "/".join(filter(None, (self.session, self.variant, self.run)))

    @property
    def kind_of_population(self) -> str:
        """The population without its encoder: ``group0_ca`` and ``group1_ca`` both are ``ca``."""
        return self.population.removeprefix(f"{self.encoder}_")


@dataclass(frozen=True, eq=False)
class PresentedEmbedding:
    """One row for each time that a frame was on the screen.

    Attributes:
        origin: session, encoder and population.
        values: array (presentation, dim), in order of time.
        frame: int64 array (presentation,), which frame it was.
    """

    origin: Origin
    values: np.ndarray
    frame: np.ndarray


def presented(
    origin: Origin, embedding: np.ndarray, recording: Recording, rows: np.ndarray
) -> PresentedEmbedding:
    """Average an embedding over the bins of each presentation of a frame.

    Args:
        origin: session, encoder and population.
        embedding: array (time, dim) of the whole recording.
        recording: what it was made from, with the discrete labels ``frame`` and ``repeat``.
        rows: integer array (row,) of the rows to be compared, in any order; whole presentations.

    Returns:
        The means, in order of time.

    Raises:
        ValueError: embedding and rows do not fit the recording, or frames and repeats are no
            presentations (see :func:`average_over_frames`).
        KeyError: the recording lacks one of the two labels; the message lists those there are.
    """
    check_rows(origin.name, embedding, recording, rows)
    in_time = np.sort(rows)
    frame, repeat = (recording.label(name).values[in_time] for name in (FRAME, REPEAT))
    try:
        shown = average_over_frames(embedding[in_time], frame, repeat)
    except ValueError as error:
        error.add_note(f"in the presentations of {origin.name}")
        raise
    return PresentedEmbedding(origin, shown.values, shown.frame)


def consistency_between_presentations(items: Sequence[PresentedEmbedding]) -> pd.DataFrame:
    """R² both ways between every two embeddings that :func:`kind_of_pair` finds comparable.

    The n-th presentation in one stands beside the n-th in the other, the only thing that two
    animals share being what they saw.

    Args:
        items: two embeddings or more, of the same frames in the same order.

    Returns:
        Frame with :data:`CONSISTENCY_COLUMNS`; ``between`` says what sets the two apart, kinds in
        order of their first pair, pairs in the order of the items.

    Raises:
        ValueError: names repeat, frames differ, no two embeddings are comparable, or R² is not
            defined (see :func:`linear_r2`).
    """
    _check_comparable(items)
    pairs: dict[str, dict[str, str]] = {}
    for source in items:
        for target in items:
            kind = kind_of_pair(source.origin, target.origin)
            if kind is not None:
                pairs.setdefault(source.origin.name, {})[target.origin.name] = kind
    if not pairs:
        raise ValueError(
            "no two embeddings differ in population, encoder or session so that they can be "
            f"compared: {', '.join(item.origin.name for item in items) or 'there are none'}; "
            "train another encoder or population"
        )
    table = pair_table({item.origin.name: item.values for item in items}, pairs)
    order = {kind: place for place, kind in enumerate(table["between"].unique())}
    return table.sort_values(
        "between", key=lambda kinds: kinds.map(order), kind="stable", ignore_index=True
    )


def kind_of_pair(one: Origin, other: Origin) -> str | None:
    """What sets two embeddings apart.

    Sessions are compared across encoders only. Where the encoders of a session have different
    neurons, pairs within and between sessions then have neither encoder nor neurons in common.

    Args:
        one: of one embedding.
        other: of the other; the order of the two does not matter.

    Returns:
        ``populations`` (of one encoder and session), ``encoders`` (of one session and kind of
        population), ``sessions`` (also another encoder, one kind of population), ``sessions and
        populations`` (another in everything), or None where a pair is not compared.

    Example:
        >>> ca = Origin("VISp", "group0", "group0_ca", "group0_ca")
        >>> kind_of_pair(ca, Origin("VISp", "group1", "group1_ca", "group1_ca"))
        'encoders'
    """
    if one.encoder == other.encoder:
        populations = one.session == other.session and one.population != other.population
        return "populations" if populations else None
    same_kind = one.kind_of_population == other.kind_of_population
    if one.session == other.session:
        return "encoders" if same_kind else None
    return "sessions" if same_kind else "sessions and populations"


def _check_comparable(items: Sequence[PresentedEmbedding]) -> None:
    names = Counter(item.origin.name for item in items)
    twice = sorted(name for name, count in names.items() if count > 1)
    if twice:
        raise ValueError(f"each embedding needs a name of its own, got {', '.join(twice)} twice")
    if any(not np.array_equal(item.frame, items[0].frame) for item in items):
        raise ValueError(
            "all embeddings must be of the same frames in the same order, got "
            + ", ".join(
                f"{item.origin.name}: {len(item.frame)} presentations of "
                f"{len(np.unique(item.frame))} frames"
                for item in items
            )
            + "; compare the same repeats of one movie"
        )
