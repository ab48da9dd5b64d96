"""Consistency tables of the page: mean R² of each variant, and matrices between datasets.

The R² come from a table already read; computing them is left to ``consistency`` of the package.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

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

    Sources and targets called ``subject/variant/run`` are told apart by variant; pairs within
    one subject (seeds) are averaged only, pairs of subjects have a matrix too. Pairs of variants
    within a subject have only a matrix. Any other names stand in one matrix as they are.

    Args:
        consistency: columns ``between``, ``source``, ``target``, ``r2``.
    """
    if consistency.empty:
        return None
    pairs = _named_pairs(consistency)
    of_variants = pairs[pairs["variant"] != ""]
    averaged = pairs if of_variants.empty else of_variants
    columns = tuple(averaged["column"].unique())
    rows = tuple(
        row(variant, [_mean_cell(averaged, variant, column) for column in columns])
        for variant in style.ordered_variants(averaged["variant"])
    )
    across = pairs[pairs["source"] != pairs["target"]]
    matrices = tuple(
        _matrix(str(column), str(variant), of_variant)
        for (column, variant), of_variant in across.groupby(["column", "variant"], sort=False)
    )
    return Consistency(columns, rows, matrices)


def _named_pairs(consistency: pd.DataFrame) -> pd.DataFrame:
    """Rows with ``column`` (kind of pair), ``variant``, and bare names of source and target."""
    between = "between " + consistency["between"].str.replace("_", " ")
    source = consistency["source"].str.split("/", expand=True)
    target = consistency["target"].str.split("/", expand=True)
    as_they_are = consistency.assign(column=between, variant="")
    if source.shape[1] != 3 or target.shape[1] != 3:
        return as_they_are
    within, variants = source[0] == target[0], source[1] != target[1]
    if (variants & ~within).any() or variants.all():
        return as_they_are
    return consistency.assign(
        column=between.where(~within, between + " of " + source[0]),
        variant=source[1].where(~variants, ""),
        source=source[0].where(~variants, source[1].map(style.variant_label)),
        target=target[0].where(~variants, target[1].map(style.variant_label)),
    )


def _mean_cell(pairs: pd.DataFrame, variant: str, column: str) -> Cell:
    chosen = pairs.loc[(pairs["variant"] == variant) & (pairs["column"] == column), "r2"]
    if chosen.empty:
        return EMPTY_CELL
    r2 = chosen.dropna()
    mean = style.format_value(r2.mean(), "")
    return Cell(mean, sd_text(r2, mean), len(r2), len(chosen) - len(r2), "")


def _matrix(column: str, variant: str, pairs: pd.DataFrame) -> Matrix:
    matrix = pairs.pivot_table(
        index="source", columns="target", values="r2", aggfunc="mean", dropna=False
    )
    return Matrix(
        title=": ".join(filter(None, (column, style.variant_label(variant, long=True)))),
        sources=tuple(matrix.index),
        targets=tuple(matrix.columns),
        cells=tuple(tuple(style.format_value(r2, "") for r2 in r) for r in matrix.to_numpy()),
    )
