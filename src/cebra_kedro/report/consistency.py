"""Consistency tables of the page: mean R² of each variant, and matrices between datasets.

The R² come from a table already read; computing them is left to ``consistency`` of the package.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from cebra_kedro.metrics import format_value
from cebra_kedro.plots import style
from cebra_kedro.report.tables import EMPTY_CELL, Cell, Row, row, sd_text


@dataclass(frozen=True)
class Matrix:
    """R² from each source (row) to each target (column)."""

    title: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Consistency:
    """Mean R² over all pairs: rows are variants, columns kinds of pairs; and the matrices."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    matrices: tuple[Matrix, ...]


def consistency_tables(consistency: pd.DataFrame) -> Consistency | None:
    """Arrange the R² of one experiment; None without any.

    Where sources and targets are called ``session/variant/run``, pairs of seeds and of sessions
    are told apart by variant: those of seeds are averaged only, those of sessions have a matrix
    too. Pairs of encoders have a matrix for each session, and a mean only if nothing else has one.
    Other kinds of pairs, such as areas and modalities, stand in one matrix with the names they
    have. All is in the order of first appearance.

    Args:
        consistency: columns ``between``, ``source``, ``target``, ``r2``.
    """
    if consistency.empty:
        return None
    pairs = pd.concat(
        [_named_pairs(str(kind), rows) for kind, rows in consistency.groupby("between", sort=False)]
    )
    averaged = pairs[pairs["is_averaged"]] if pairs["is_averaged"].any() else pairs
    columns = tuple(averaged["column"].unique())
    rows = tuple(
        row(variant, [_mean_cell(averaged, variant, column) for column in columns])
        for variant in averaged["variant"].unique()
    )
    across = pairs[pairs["source"] != pairs["target"]]
    matrices = tuple(
        _matrix(str(column), str(variant), of_variant)
        for (column, variant), of_variant in across.groupby(["column", "variant"], sort=False)
    )
    return Consistency(columns, rows, matrices)


def _named_pairs(kind: str, pairs: pd.DataFrame) -> pd.DataFrame:
    """One kind of pairs with a ``column`` and a ``variant``, and bare names of source and target.

    ``is_averaged`` says whether the pairs belong in the table of means, ``are_variants`` whether
    sources and targets are names of variants.
    """
    between = "between " + kind.replace("_", " ")
    named = pairs.assign(column=between, variant="", is_averaged=True, are_variants=False)
    source = pairs["source"].str.split("/", expand=True)
    target = pairs["target"].str.split("/", expand=True)
    if source.shape[1] != 3 or target.shape[1] != 3:
        return named
    same_session, same_variant = source[0] == target[0], source[1] == target[1]
    of_session = between + " of " + source[0]
    if kind == "encoders" and same_session.all():
        return named.assign(
            column=of_session,
            source=source[1],
            target=target[1],
            is_averaged=False,
            are_variants=True,
        )
    by_variant = kind in ("seeds", "sessions") or kind.startswith("sessions_by_")
    if by_variant and same_variant.all():
        return named.assign(
            column=of_session.where(same_session, between),
            variant=source[1],
            source=source[0],
            target=target[0],
        )
    return named


def _mean_cell(pairs: pd.DataFrame, variant: str, column: str) -> Cell:
    chosen = pairs.loc[(pairs["variant"] == variant) & (pairs["column"] == column), "r2"]
    if chosen.empty:
        return EMPTY_CELL
    r2 = chosen.dropna()
    mean = format_value(r2.mean(), "")
    return Cell(mean, sd_text(r2, mean), len(r2), len(chosen) - len(r2), "")


def _matrix(column: str, variant: str, pairs: pd.DataFrame) -> Matrix:
    names = dict.fromkeys([*pairs["source"], *pairs["target"]])
    sources = [name for name in names if name in set(pairs["source"])]
    targets = [name for name in names if name in set(pairs["target"])]
    r2 = pairs.groupby(["source", "target"])["r2"].mean()
    label = style.variant_label if pairs["are_variants"].all() else str
    return Matrix(
        title=": ".join(filter(None, (column, style.variant_label(variant, long=True)))),
        sources=tuple(map(label, sources)),
        targets=tuple(map(label, targets)),
        cells=tuple(
            tuple(format_value(r2.get((source, target), float("nan")), "") for target in targets)
            for source in sources
        ),
    )
