"""Score tables of the page: means, spreads and chance levels as text.

The rows come from files already read; where a table stands on the page is left to ``page``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from cebra_kedro.metrics import CHANCE_PREFIX, better, format_value, metric_label
from cebra_kedro.plots import style


@dataclass(frozen=True)
class Column:
    """A column of a score table: one metric of one decoder."""

    metric: str
    decoder: str
    unit: str
    label: str
    better: str
    """``lower``, ``higher`` or empty."""


@dataclass(frozen=True)
class Cell:
    """Mean over folds and seeds; every text is empty where there is nothing to say."""

    mean: str
    sd: str
    n: int
    n_undefined: int
    chance: str


EMPTY_CELL = Cell("", "", 0, 0, "")


@dataclass(frozen=True)
class Row:
    """One variant, with a cell for each column."""

    label: str
    mark: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class ScoreTable:
    """Rows are variants, columns metrics, both in the order of the file.

    The footnote is empty unless one of the variants is transductive.
    """

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    footnote: str

    @property
    def chance(self) -> tuple[str, ...]:
        """The chance level of each column, where all variants have one; it may differ slightly."""
        return chance_levels(self.rows, len(self.columns))


@dataclass(frozen=True)
class SubjectsTable:
    """One metric of all subjects beside each other: rows are variants, columns subjects."""

    column: Column
    rows: tuple[Row, ...]
    footnote: str

    @property
    def chance(self) -> tuple[str, ...]:
        """The chance level of each subject."""
        return chance_levels(self.rows, len(self.rows[0].cells) if self.rows else 0)


def chance_levels(rows: Sequence[Row], n_columns: int) -> tuple[str, ...]:
    """The first chance level in each column; empty where there is none."""
    return tuple(
        next((row.cells[i].chance for row in rows if row.cells[i].chance), "")
        for i in range(n_columns)
    )


def score_table(metrics: pd.DataFrame) -> ScoreTable:
    """Mean ± SD over folds and seeds of every variant and metric of one subject.

    Args:
        metrics: rows of one subject in the columns of the metrics contract.
    """
    columns = _columns(metrics)
    variants = _scores(metrics)["variant"].unique()
    values = _values(metrics)
    rows = tuple(
        row(variant, [cell(values, variant, column) for column in columns]) for variant in variants
    )
    return ScoreTable(columns, rows, style.transductive_footnote(variants))


def subjects_table(metrics_of: dict[str, pd.DataFrame]) -> SubjectsTable | None:
    """The first metric that two subjects have, for all of them; None if no two have one.

    Args:
        metrics_of: subject → rows of that subject, in the order of the columns.
    """
    columns = [column for metrics in metrics_of.values() for column in _columns(metrics)]
    column = next((column for column in columns if columns.count(column) > 1), None)
    if column is None:
        return None
    scored = [_of_column(metrics, column) for metrics in metrics_of.values()]
    variants = pd.concat(scored)["variant"].unique()
    of_subject = [_values(metrics) for metrics in metrics_of.values()]
    rows = tuple(
        row(variant, [cell(values, variant, column) for values in of_subject])
        for variant in variants
    )
    return SubjectsTable(column, rows, style.transductive_footnote(variants))


_Values = dict[tuple[str, str, str, str], pd.Series]
"""Scores of one subject by variant, metric, decoder and unit."""


def _values(metrics: pd.DataFrame) -> _Values:
    keys = ["variant", "metric", "decoder", "unit"]
    return dict(iter(metrics.groupby(keys, sort=False)["value"]))


def cell(values: _Values, variant: str, column: Column) -> Cell:
    """The scores of one variant in one column, with their chance level.

    Args:
        values: scores of one subject.
        variant: whose.
        column: which metric, decoder and unit.
    """
    scores = values.get((variant, column.metric, column.decoder, column.unit))
    if scores is None:
        return EMPTY_CELL
    by_chance = (variant, CHANCE_PREFIX + column.metric, column.decoder, column.unit)
    chance = values.get(by_chance, pd.Series(dtype=float)).dropna()
    defined = scores.dropna()
    mean = format_value(defined.mean(), column.unit)
    return Cell(
        mean=mean,
        sd=sd_text(defined, mean),
        n=len(defined),
        n_undefined=len(scores) - len(defined),
        chance=format_value(chance.mean(), column.unit) if len(chance) else "",
    )


def row(variant: str, cells: Sequence[Cell]) -> Row:
    """The row of a variant under its long label."""
    mark = f" {style.caution_mark(variant)}".rstrip()
    return Row(style.variant_label(variant, long=True), mark, tuple(cells))


def _scores(metrics: pd.DataFrame) -> pd.DataFrame:
    return metrics[~metrics["metric"].str.startswith(CHANCE_PREFIX)]


def _of_column(metrics: pd.DataFrame, column: Column) -> pd.DataFrame:
    return metrics[
        (metrics["metric"] == column.metric)
        & (metrics["decoder"] == column.decoder)
        & (metrics["unit"] == column.unit)
    ]


def _columns(metrics: pd.DataFrame) -> tuple[Column, ...]:
    """Metrics with their decoders and units, in the order of first appearance."""
    there = _scores(metrics)[["metric", "decoder", "unit"]].drop_duplicates()
    return tuple(
        Column(metric, decoder, unit, metric_label(metric), better(metric))
        for metric, decoder, unit in there.itertuples(index=False, name=None)
    )


def sd_text(values: pd.Series, mean: str) -> str:
    """Sample standard deviation (divisor n - 1) to the decimals of the mean; none for one value.

    Args:
        values: the finite values behind the mean.
        mean: the mean as text.
    """
    if len(values) < 2:
        return ""
    decimals = len(mean.partition(".")[2])
    return f"{values.std():.2g}" if "e" in mean else f"{values.std():.{decimals}f}"
