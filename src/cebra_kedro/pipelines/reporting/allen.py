"""Movie: recordings, embeddings and scores → figures of an area and over all areas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from cebra_kedro.parameters import MovieDecodingParameters
from cebra_kedro.pipelines.reporting.nodes import first_entry
from cebra_kedro.recording import Recording
from cebra_kedro.splits import rows

Movie = dict[str, np.ndarray]
Partitions = dict[str, Callable[[], dict[str, np.ndarray]]]


def activity_figure(
    ca: Recording, neuropixels: Recording, splits: dict[str, np.ndarray], subject: str
) -> Figure:
    """Both modalities in the test repeat, neurons sorted by their peak in the other repeats."""
    from cebra_kedro.decoding.movie import movie_activity
    from cebra_kedro.plots.movie import figure_movie_activity

    repeat = ca.labels["repeat"].values
    shown = int(repeat[rows(splits["part"][0], "test")[0]])
    activities = {}
    for modality, recording in (("ca", ca), ("neuropixels", neuropixels)):
        result = movie_activity(
            recording.neural,
            recording.labels["frame"].values,
            recording.labels["repeat"].values,
            shown_repeat=shown,
            bin_width_s=recording.bin_width_s,
        )
        activities[modality] = {
            "activity": result.activity,
            "frame": result.frame,
            "bin_width_s": result.bin_width_s,
        }
    return figure_movie_activity(activities, title=f"{subject}: activity in repeat {shown + 1}")


def embedding_figure(movie: Movie, subject: str, **embeddings: Any) -> Figure:
    """The test repeat in every embedding of the first seed, coloured by frame."""
    from cebra_kedro.plots.frame_embedding import figure_frame_embeddings

    shown, frames = {}, {}
    for variant, partitions in embeddings.items():
        entry = first_entry(partitions)
        test = rows(entry["part"], "test")
        shown[variant], frames[variant] = entry["embedding"][test], entry["frame"][test]
    return figure_frame_embeddings(
        shown,
        frames,
        n_frames=len(movie["features"]),
        title=f"{subject}: embeddings of the test repeat (first seed)",
    )


def decoded_frames_figure(
    movie: Movie, parameters: MovieDecodingParameters, subject: str, **predictions: Any
) -> Figure:
    """Decoded against true frame in the test repeat, nearest neighbours, first seed."""
    from cebra_kedro.plots.decoded_frames import figure_decoded_frames

    return figure_decoded_frames(
        {variant: _decoded(partitions) for variant, partitions in predictions.items()},
        n_frames=len(movie["features"]),
        window_frames=parameters.window_frames,
        title=f"{subject}: frames of the test repeat by nearest neighbours (first seed)",
    )


def confusion_figure(movie: Movie, subject: str, **predictions: Any) -> Figure:
    """Which stretch of the movie is decoded into which, nearest neighbours, first seed."""
    from cebra_kedro.decoding.frames import frame_confusion
    from cebra_kedro.plots.decoded_frames import figure_frame_confusions

    n_frames = len(movie["features"])
    confusions = {
        variant: frame_confusion(*_decoded(partitions), n_frames=n_frames)
        for variant, partitions in predictions.items()
    }
    return figure_frame_confusions(
        confusions,
        n_frames=n_frames,
        title=f"{subject}: confusions in the test repeat by nearest neighbours (first seed)",
    )


def accuracy_figure(metrics: pd.DataFrame, subject: str) -> Figure:
    """Share of frames decoded within 1 s, by variant and decoder."""
    from cebra_kedro.plots.frame_score_figures import figure_frame_scores

    return figure_frame_scores(metrics, title=f"{subject}: frames decoded in the test repeat")


def neurons_figure(scores: pd.DataFrame, subject: str) -> Figure:
    """Share of frames decoded within 1 s, by number of neurons."""
    from cebra_kedro.plots import figure_message
    from cebra_kedro.plots.frame_score_figures import figure_frame_scores_by_neurons

    if scores.empty:
        return figure_message(f"{subject}: no numbers of neurons are asked for (neurons.counts)")
    return figure_frame_scores_by_neurons(
        scores, title=f"{subject}: frames decoded by number of units"
    )


def movie_map_figure(movie: Movie) -> Figure:
    """The frames in a t-SNE of their features."""
    from cebra_kedro.decoding.movie import movie_map
    from cebra_kedro.plots.movie import plot_movie_map

    points = movie_map(movie["features"], seed=0)
    return plot_movie_map(points, title="Features of the movie, t-SNE").figure


def area_accuracy_figure(metrics: pd.DataFrame) -> Figure:
    """Share of frames decoded within 1 s, by area and variant."""
    from cebra_kedro.plots.frame_score_figures import figure_frame_scores_by_area

    return figure_frame_scores_by_area(
        metrics, decoder="knn", title="Frames decoded in the test repeat, by area"
    )


def area_consistency_figure(table: pd.DataFrame) -> Figure:
    """R² between disjoint groups of neurons, within an area and between areas."""
    return _matrix_figure(table, "groups", "areas", "Consistency of disjoint groups of neurons")


def modality_consistency_figure(table: pd.DataFrame) -> Figure:
    """R² between calcium and Neuropixels, within an area and between areas."""
    return _matrix_figure(
        table, "modalities", "areas and modalities", "Consistency of calcium and Neuropixels"
    )


def _matrix_figure(table: pd.DataFrame, within: str, between: str, title: str) -> Figure:
    from cebra_kedro.plots.frame_score_figures import plot_area_consistency

    chosen = table[table["between"].isin([within, between])]
    areas = chosen.assign(
        source=chosen["source"].str.split("/").str[0],
        target=chosen["target"].str.split("/").str[0],
    )
    order = pd.unique(areas["source"])
    matrix = areas.pivot_table("r2", "source", "target", aggfunc="mean")
    return plot_area_consistency(matrix.reindex(index=order, columns=order), title=title).figure


def _decoded(partitions: Partitions) -> tuple[np.ndarray, np.ndarray]:
    """True and decoded frames."""
    entry = first_entry(partitions)
    return entry["frame"], entry["predicted_frame_knn"]
