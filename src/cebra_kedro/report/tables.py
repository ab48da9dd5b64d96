"""Score tables of the page: means, spreads and chance levels as text.

The rows come from files already read; where a table stands on the page is left to ``page``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from cebra_kedro.plots import style

_LOWER_IS_BETTER = ("error",)
_HIGHER_IS_BETTER = ("r2", "accuracy", "goodness_of_fit")


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
    """Rows are variants; the footnote is empty unless one of them is transductive."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    footnote: str


@dataclass(frozen=True)
class SubjectsTable:
    """One metric of all subjects beside each other: rows are variants, columns subjects."""

    column: Column
    rows: tuple[Row, ...]
    footnote: str


def score_table(metrics: pd.DataFrame) -> ScoreTable:
    """Mean ± SD over folds and seeds of every variant and metric of one subject.

    Args:
        metrics: rows of one subject in the columns of the metrics contract.
    """
    columns = _columns(metrics)
    variants = style.ordered_variants(metrics["variant"])
    rows = tuple(
        row(variant, [cell(metrics, variant, column) for column in columns])
        for variant in variants
        if variant in set(_scores(metrics)["variant"])
    )
    return ScoreTable(columns, rows, style.transductive_footnote(variants))


def subjects_table(metrics_of: dict[str, pd.DataFrame]) -> SubjectsTable | None:
    """The first metric of an experiment for all subjects, or None with fewer than two of them.

    Args:
        metrics_of: subject → rows of that subject, in the order of the columns.
    """
    together = [metrics for metrics in metrics_of.values() if not metrics.empty]
    columns = _columns(pd.concat(together)) if together else ()
    if len(together) < 2 or not columns:
        return None
    column = columns[0]
    scores = _scores(pd.concat(together))
    of_metric = (scores["metric"] == column.metric) & (scores["decoder"] == column.decoder)
    variants = style.ordered_variants(scores.loc[of_metric, "variant"])
    rows = tuple(
        row(variant, [cell(metrics, variant, column) for metrics in metrics_of.values()])
        for variant in variants
    )
    return SubjectsTable(column, rows, style.transductive_footnote(variants))


def cell(metrics: pd.DataFrame, variant: str, column: Column) -> Cell:
    """The scores of one variant in one column, with their chance level.

    Args:
        metrics: rows of one subject.
        variant: which rows.
        column: which metric, decoder and unit.
    """
    rows = metrics[
        (metrics["variant"] == variant)
        & (metrics["decoder"] == column.decoder)
        & (metrics["unit"] == column.unit)
    ]
    values = rows.loc[rows["metric"] == column.metric, "value"]
    chance = rows.loc[rows["metric"] == f"chance_{column.metric}", "value"].dropna()
    if values.empty:
        return EMPTY_CELL
    defined = values.dropna()
    mean = style.format_value(defined.mean(), column.unit)
    return Cell(
        mean=mean,
        sd=sd_text(defined, mean),
        n=len(defined),
        n_undefined=len(values) - len(defined),
        chance=style.format_value(chance.mean(), column.unit) if len(chance) else "",
    )


def row(variant: str, cells: Sequence[Cell]) -> Row:
    """The row of a variant under its long label."""
    mark = f" {style.TRANSDUCTIVE_MARK}" if style.is_transductive(variant) else ""
    return Row(style.variant_label(variant, long=True), mark, tuple(cells))


def _scores(metrics: pd.DataFrame) -> pd.DataFrame:
    return metrics[~metrics["metric"].str.startswith("chance_")]


def _columns(metrics: pd.DataFrame) -> tuple[Column, ...]:
    """Known metrics in their usual order, then others by name; decoders by name."""
    known = {metric: order for order, metric in enumerate(style.known_metrics())}
    there = _scores(metrics)[["metric", "decoder", "unit"]].drop_duplicates()
    keys = sorted(
        there.itertuples(index=False, name=None),
        key=lambda key: (known.get(key[0], len(known)), *key),
    )
    return tuple(
        Column(metric, decoder, unit, style.metric_label(metric), _better(metric))
        for metric, decoder, unit in keys
    )


def _better(metric: str) -> str:
    if any(part in metric for part in _LOWER_IS_BETTER):
        return "lower"
    return "higher" if any(part in metric for part in _HIGHER_IS_BETTER) else ""


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
