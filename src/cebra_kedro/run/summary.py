"""The last lines of a run: a short table of scores and where to look."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

from cebra_kedro.experiments import EXPERIMENTS, Experiment


def show_summary(results: Iterable[Path], folder: Path, page: Path, seconds: float) -> None:
    """Print the headline score of each variant and subject, and the path of the report.

    Args:
        results: files written by the run, relative to ``folder``.
        folder: the reporting folder.
        page: the report.
        seconds: duration of the run.
    """
    console = Console(markup=False, emoji=False)  # a path may hold brackets and colons
    written = set(results)
    for experiment in EXPERIMENTS:
        files = [Path(experiment.name, name, "metrics.csv") for name in experiment.subjects]
        tables = [pd.read_csv(folder / file) for file in files if file in written]
        if tables:
            metrics = pd.concat(tables)
            if not (metrics["metric"] == experiment.headline_metric).any():
                continue  # a set of one's own, of which the truth is not known
            console.print(_heading(experiment, metrics), soft_wrap=True)
            console.print(score_table(experiment, metrics))
        elif experiment.headline_metric == "r2":
            _show_consistency(console, experiment, folder, written)
    console.print(f"Finished in {seconds:.0f} s. Report: {page}", soft_wrap=True)


def score_table(experiment: Experiment, metrics: pd.DataFrame) -> Table:
    """Mean headline score over folds and seeds: variants down, subjects across, chance last.

    More subjects than variants stand down, with the variants across. Of several decoders, the
    first counts.

    Args:
        experiment: names the headline metric.
        metrics: table with the columns of ``metrics.csv``.
    """
    metric = experiment.headline_metric
    metrics = metrics[metrics["decoder"] == _decoder(experiment, metrics)]
    chosen = metrics[metrics["metric"] == metric]
    mean = chosen.pivot_table(index="variant", columns="subject", values="value", sort=False)
    chance = metrics[metrics["metric"] == f"chance_{metric}"].groupby("subject")["value"].mean()
    if mean.shape[1] > mean.shape[0]:
        return _table("subject", mean.T.assign(chance=chance))
    return _table("variant", mean, last=chance)


def _table(corner: str, values: pd.DataFrame, last: pd.Series | None = None) -> Table:
    table = Table(corner)
    for name in values.columns:
        table.add_column(str(name), justify="right")
    for label, row in values.iterrows():
        table.add_row(str(label), *(f"{value:.3f}" for value in row))
    if last is not None:
        table.add_section()
        table.add_row("chance", *(f"{last[name]:.3f}" for name in values.columns))
    return table


def _show_consistency(
    console: Console, experiment: Experiment, folder: Path, written: set[Path]
) -> None:
    """Mean R² of each kind of comparison, for an experiment that decodes nothing."""
    file = Path(experiment.name, "consistency.csv")
    if file in written:
        mean = pd.read_csv(folder / file).groupby("between", sort=False)["r2"].mean()
        console.print(f"{experiment.name}: mean R² of the linear map, on training data")
        console.print(_table("between", mean.to_frame("R²")))


def _decoder(experiment: Experiment, metrics: pd.DataFrame) -> str:
    return metrics.loc[metrics["metric"] == experiment.headline_metric, "decoder"].iloc[0]


def _heading(experiment: Experiment, metrics: pd.DataFrame) -> str:
    metric = experiment.headline_metric
    unit = metrics.loc[metrics["metric"] == metric, "unit"].astype(object).fillna("").iloc[0]
    name = f"{metric} on test data" + f" ({unit})" * bool(unit)
    decoder = _decoder(experiment, metrics)
    return f"{experiment.name}: {name}, decoder {decoder}, mean over folds and seeds"
