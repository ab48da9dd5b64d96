"""Consistency: between the seeds of each subject, between the subjects, one table of all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kedro.pipeline import Pipeline, node

from cebra_kedro.experiments import HIPPOCAMPUS, Experiment
from cebra_kedro.pipelines import Entries, bind, stack_tables
from cebra_kedro.pipelines.consistency.hippocampus import between_rats
from cebra_kedro.pipelines.consistency.nodes import between_seeds


def create_pipeline() -> Pipeline:
    """Consistency of every experiment."""
    return _experiment(HIPPOCAMPUS, between_rats)


def _experiment(experiment: Experiment, compare: Callable[..., Any]) -> Pipeline:
    """Seeds are compared in the same way everywhere, subjects by the experiment's function."""
    parts = [_table_of_experiment(experiment)]
    parts.extend(_seeds(experiment, subject) for subject in experiment.subjects)
    parts.extend(
        _subjects(experiment, variant, compare) for variant in experiment.compared_variants
    )
    return sum(parts, Pipeline([]))


def _seeds(experiment: Experiment, subject: str) -> Pipeline:
    namespace = f"{experiment.name}.{subject}"
    embeddings = Entries(namespace, experiment.trained_variants, "embeddings")
    template = Pipeline(
        [
            node(
                bind(between_seeds, experiment=experiment.name, subject=subject),
                inputs=embeddings.arguments,
                outputs="consistency_between_seeds",
                name="consistency_between_seeds",
            )
        ]
    )
    return Pipeline(template, namespace=namespace, inputs=embeddings.outside)


def _subjects(experiment: Experiment, variant: str, compare: Callable[..., Any]) -> Pipeline:
    template = Pipeline(
        [
            node(
                bind(compare, experiment=experiment.name, variant=variant),
                inputs={"parameters": "params:consistency"}
                | {subject: subject for subject in experiment.subjects},
                outputs="consistency",
                name="consistency",
            )
        ]
    )
    return Pipeline(
        template,
        namespace=f"{experiment.name}.between_subjects.{variant}",
        inputs={
            subject: f"{experiment.name}.{subject}.{variant}.embeddings"
            for subject in experiment.subjects
        },
        parameters={"params:consistency": f"params:{experiment.name}.consistency"},
    )


def _table_of_experiment(experiment: Experiment) -> Pipeline:
    seeds = Entries(experiment.name, experiment.subjects, "consistency_between_seeds")
    subjects = Entries(
        f"{experiment.name}.between_subjects", experiment.compared_variants, "consistency"
    )
    template = Pipeline(
        [
            node(
                stack_tables,
                inputs=seeds.arguments | subjects.arguments,
                outputs="consistency",
                name="consistency",
            )
        ]
    )
    return Pipeline(template, namespace=experiment.name, inputs=seeds.outside | subjects.outside)
