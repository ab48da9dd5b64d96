"""Rats: results → figures."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from cebra_kedro.pipelines.reporting.nodes import consistency_matrices, first_entry


def embedding_figure(subject: str, **embeddings: Any) -> Figure:
    """Every encoder's embedding of fold 0 and the first seed, training and test trials alike."""
    from cebra_kedro.plots import figure_embedding_grid

    first = {variant: first_entry(partitions) for variant, partitions in embeddings.items()}
    entry = next(iter(first.values()))
    return figure_embedding_grid(
        {variant: entry["embedding"] for variant, entry in first.items()},
        entry["position"],
        entry["increasing"],
        title=f"{subject}: embeddings coloured by position",
        direction_names={0: "running down", 1: "running up"},
    )


def decoded_position_figure(subject: str, **predictions: Any) -> Figure:
    """Decoded against true position along the test trials of fold 0, one row per variant."""
    from cebra_kedro.plots import figure_decoded_positions

    return figure_decoded_positions(
        {variant: first_entry(partitions) for variant, partitions in predictions.items()},
        title=f"{subject}: decoded position on test trials (fold 0, first seed)",
    )


def error_figure(metrics: pd.DataFrame, subject: str) -> Figure:
    """Median position error of every variant, one dot per fold and seed."""
    from cebra_kedro.plots import plot_error_by_variant

    return plot_error_by_variant(
        metrics, "position_error_median", title=f"{subject}: position error on test trials"
    ).figure


def subject_error_figure(metrics: pd.DataFrame) -> Figure:
    """Median position error of every variant, one panel per subject."""
    from cebra_kedro.plots import figure_error_by_variant_and_subject

    return figure_error_by_variant_and_subject(
        metrics, "position_error_median", title="Position error on test trials"
    )


def subject_consistency_figure(table: pd.DataFrame) -> Figure:
    """R² between subjects, one heat map per kind of encoder."""
    from cebra_kedro.plots import figure_consistency

    return figure_consistency(
        consistency_matrices(table[table["between"] == "subjects"], r"^([^/]+)/"),
        title="Consistency between rats, aligned by position and direction",
    )
