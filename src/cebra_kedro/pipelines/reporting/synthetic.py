"""Synthetic sets: results → figures, and the files of one encoder to take away."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from cebra_kedro.decoding import METRIC_COLUMNS
from cebra_kedro.parameters import SweepParameters
from cebra_kedro.pipelines import fold_and_seed
from cebra_kedro.pipelines.reporting.nodes import Partitions, first_entry
from cebra_kedro.training.store import ModelStore

LOWEST_R2 = -0.5
SHOWN_LABELS = {"label": "continuous", "angle": "circular", "class": "discrete"}


def overview_figure(subject: str, **embeddings: Any) -> Figure:
    """The default encoder's embedding in four panels: plane, space, over time, and the label."""
    from cebra_kedro.plots.latents import figure_overview

    entry = first_entry(embeddings["default"])
    name = _shown_label(entry)
    return figure_overview(
        entry["embedding"],
        entry[name],
        kind=SHOWN_LABELS[name],
        name=name,
        title=f"{subject}: default encoder (first seed), all rows",
    )


def variants_figure(subject: str, **embeddings: Any) -> Figure:
    """Embeddings of all encoders and baselines, first seed, coloured by the label."""
    from cebra_kedro.plots.latents import figure_variants

    entries = {variant: first_entry(partitions) for variant, partitions in embeddings.items()}
    entry = entries["default"]
    name = _shown_label(entry)
    return figure_variants(
        {v: each["embedding"] for v, each in entries.items() if each["embedding"].shape[1]},
        entry[name],
        kind=SHOWN_LABELS[name],
        name=name,
        title=f"{subject}: embeddings coloured by {name}, first two dimensions",
    )


def recovery_figure(metrics: pd.DataFrame) -> Figure:
    """R² of the true latent on the test rows, one panel per set that has one."""
    return _by_subject(metrics, "reconstruction_r2", "Recovery of the true latent, test rows")


def label_figure(metrics: pd.DataFrame) -> Figure:
    """R² of continuous and circular labels on the test rows, one panel per set that has one."""
    return _by_subject(metrics, "label_r2", "Decoding of the label, test rows")


def class_figure(metrics: pd.DataFrame) -> Figure:
    """Balanced accuracy of classes on the test rows, one panel per set that has them."""
    return _by_subject(metrics, "balanced_accuracy", "Decoding of the class, test rows")


def sweep_figure(table: pd.DataFrame, parameters: SweepParameters) -> Figure:
    """Heat map of the sweep, one panel per set and encoder."""
    from cebra_kedro.plots import figure_message
    from cebra_kedro.plots.latents import figure_sweep

    if table.empty:
        return figure_message("there was no sweep: sweep.grid or sweep.subjects is empty")
    swept = [name for name in table.columns if name not in METRIC_COLUMNS]
    return figure_sweep(table, parameters.metric, swept)


def take_away(
    embeddings: Partitions,
    scores: pd.DataFrame,
    goodness_of_fit: pd.DataFrame,
    models: ModelStore,
    subject: str,
    variant: str,
) -> tuple[np.ndarray, dict[str, Any], dict[str, Any], str]:
    """An encoder's embedding (first seed) as an array, and its results as JSON, joblib and text."""
    first = min(embeddings, key=fold_and_seed)
    embedding = embeddings[first]()["embedding"]
    table = pd.concat([scores, goodness_of_fit], ignore_index=True)
    results = {
        "subject": subject,
        "variant": variant,
        "embedding": {"shape": list(embedding.shape), "key": first},
        "training": models[first].config.model_dump(mode="json"),
        "models": sorted(f"{key}.pt" for key in models),
        "scores": [
            {
                "seed": int(row["seed"]),
                "decoder": row["decoder"],
                "metric": row["metric"],
                "value": float(row["value"]),
                "unit": row["unit"],
            }
            for row in _with_units(table).to_dict("records")
        ],
    }
    return embedding, results, results, _summary(results, table)


def _summary(results: dict[str, Any], table: pd.DataFrame) -> str:
    """Mean, lowest and highest score over seeds, one line each, chance beside it."""
    training = results["training"]
    lines = [
        f"{results['subject']}, {results['variant']}",
        f"encoder {training['encoder']['architecture']}, "
        f"{training['encoder']['output_dimension']} dimensions, {training['steps']} steps of "
        f"{training['batch_size']}, distance {training['loss']['distance']}",
        f"embedding {' x '.join(map(str, results['embedding']['shape']))}, "
        f"{len(results['models'])} seeds",
        "",
        f"{'score':<28}{'mean':>10}{'min':>10}{'max':>10}{'chance':>10}  unit",
    ]
    values = table.groupby("metric", sort=False)["value"].agg(["mean", "min", "max"])
    units = _with_units(table).groupby("metric", sort=False)["unit"].first()
    for metric, row in values.iterrows():
        if not str(metric).startswith("chance_"):
            chance = values["mean"].get(f"chance_{metric}", float("nan"))
            numbers = "".join(f"{v:>10.3f}" for v in (row["mean"], row["min"], row["max"], chance))
            lines.append(f"{metric:<28}{numbers}  {units[str(metric)]}")
    return "\n".join(lines) + "\n"


def _by_subject(metrics: pd.DataFrame, metric: str, title: str) -> Figure:
    from cebra_kedro.plots import figure_error_by_variant_and_subject, figure_message

    if not (metrics["metric"] == metric).any():
        return figure_message(f"no set has the score {metric}")
    chosen = _with_units(metrics)
    if chosen.loc[chosen["metric"] == metric, "unit"].iloc[0]:
        return figure_error_by_variant_and_subject(chosen, metric, title=title, n_columns=3)
    title += f"; axis cut at {LOWEST_R2} where R² is lower, see the numbers"
    figure = figure_error_by_variant_and_subject(chosen, metric, title=title, n_columns=3)
    for ax in figure.axes:
        bottom, top = ax.get_ylim()
        ax.set_ylim(max(bottom, LOWEST_R2), max(top, LOWEST_R2 + 1))
    return figure


def _with_units(metrics: pd.DataFrame) -> pd.DataFrame:
    """The table with the empty units that a CSV file gives back as NaN."""
    return metrics.assign(unit=metrics["unit"].astype(object).fillna(""))


def _shown_label(entry: dict[str, np.ndarray]) -> str:
    return next(name for name in SHOWN_LABELS if name in entry)
