"""Reporting: the figures of each subject and of each experiment."""

from __future__ import annotations

from kedro.pipeline import Pipeline, node
from kedro.pipeline.node import Node

from cebra_kedro.experiments import HIPPOCAMPUS, Experiment
from cebra_kedro.pipelines import Entries, bind
from cebra_kedro.pipelines.reporting.nodes import (
    decoded_position_figure,
    embedding_figure,
    error_figure,
    list_results,
    loss_figure,
    seed_consistency_figure,
    subject_consistency_figure,
    subject_error_figure,
)

SUBJECT_FIGURES = ("embedding", "decoded_position", "error", "loss", "seed_consistency")


def create_pipeline() -> Pipeline:
    """Figures of every experiment."""
    parts = [_experiment(HIPPOCAMPUS)]
    parts.extend(_subject(HIPPOCAMPUS, subject) for subject in HIPPOCAMPUS.subjects)
    return sum(parts, Pipeline([]))


def _subject(experiment: Experiment, subject: str) -> Pipeline:
    namespace = f"{experiment.name}.{subject}"
    embeddings = Entries(namespace, experiment.trained_variants, "embeddings")
    histories = Entries(namespace, experiment.trained_variants, "loss_history")
    predictions = Entries(namespace, experiment.variants, "predictions")
    template = Pipeline(
        [
            node(
                bind(embedding_figure, subject=subject),
                inputs=embeddings.arguments,
                outputs="embedding_figure",
                name="embedding_figure",
            ),
            node(
                bind(decoded_position_figure, subject=subject),
                inputs=predictions.arguments,
                outputs="decoded_position_figure",
                name="decoded_position_figure",
            ),
            node(error_figure, inputs="metrics", outputs="error_figure", name="error_figure"),
            node(
                bind(loss_figure, subject=subject),
                inputs=histories.arguments,
                outputs="loss_figure",
                name="loss_figure",
            ),
            node(
                bind(seed_consistency_figure, subject=subject),
                inputs="consistency_between_seeds",
                outputs="seed_consistency_figure",
                name="seed_consistency_figure",
            ),
            _results("metrics", *(f"{name}_figure" for name in SUBJECT_FIGURES)),
        ]
    )
    outside = embeddings.outside | histories.outside | predictions.outside
    return Pipeline(template, namespace=namespace, inputs=outside)


def _experiment(experiment: Experiment) -> Pipeline:
    subjects = Entries(experiment.name, experiment.subjects, "results")
    template = Pipeline(
        [
            node(
                subject_error_figure,
                inputs="metrics",
                outputs="error_figure",
                name="error_figure",
            ),
            node(
                subject_consistency_figure,
                inputs="consistency",
                outputs="consistency_figure",
                name="consistency_figure",
            ),
            _results(
                "metrics",
                "consistency",
                "error_figure",
                "consistency_figure",
                **subjects.arguments,
            ),
        ]
    )
    return Pipeline(template, namespace=experiment.name, inputs=subjects.outside)


def _results(*names: str, **more: str) -> Node:
    """The node that lists results, so that they end in one entry."""
    inputs = {name: name for name in names} | more
    return node(list_results, inputs=inputs, outputs="results", name="results")
