"""Reporting: the figures of each subject and of each experiment."""

from __future__ import annotations

from kedro.pipeline import Pipeline, node

from cebra_kedro.experiments import HIPPOCAMPUS, Experiment
from cebra_kedro.pipelines import Entries, bind
from cebra_kedro.pipelines.reporting.nodes import (
    decoded_position_figure,
    embedding_figure,
    error_figure,
    loss_figure,
    seed_consistency_figure,
    subject_consistency_figure,
    subject_error_figure,
)


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
        ]
    )
    outside = embeddings.outside | histories.outside | predictions.outside
    return Pipeline(template, namespace=namespace, inputs=outside)


def _experiment(experiment: Experiment) -> Pipeline:
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
        ]
    )
    return Pipeline(template, namespace=experiment.name)
