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
            console.print(_heading(experiment, metrics), soft_wrap=True)
            console.print(score_table(experiment, metrics))
    console.print(f"Finished in {seconds:.0f} s. Report: {page}", soft_wrap=True)


def score_table(experiment: Experiment, metrics: pd.DataFrame) -> Table:
    """Mean headline score over folds and seeds: variants down, subjects across, chance last.

    Args:
        experiment: names the headline metric.
        metrics: table with the columns of ``metrics.csv``.
    """
    metric = experiment.headline_metric
    chosen = metrics[metrics["metric"] == metric]
    mean = chosen.pivot_table(index="variant", columns="subject", values="value", sort=False)
    chance = metrics[metrics["metric"] == f"chance_{metric}"].groupby("subject")["value"].mean()
    table = Table("variant")
    for subject in mean.columns:
        table.add_column(str(subject), justify="right")
    for variant, row in mean.iterrows():
        table.add_row(str(variant), *(f"{value:.3f}" for value in row))
    table.add_section()
    table.add_row("chance", *(f"{chance[subject]:.3f}" for subject in mean.columns))
    return table


def _heading(experiment: Experiment, metrics: pd.DataFrame) -> str:
    metric = experiment.headline_metric
    unit = metrics.loc[metrics["metric"] == metric, "unit"].iloc[0]
    return f"{experiment.name}: {metric} on test trials ({unit}), mean over folds and seeds"
