"""Consistency: within each subject (seeds, kinds of encoders), between subjects, one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kedro.pipeline import Pipeline, node

from cebra_kedro.experiments import HIPPOCAMPUS, MONKEY_REACHING, Experiment
from cebra_kedro.pipelines import Entries, bind, stack_tables
from cebra_kedro.pipelines.consistency.allen_pipeline import movie_pipeline
from cebra_kedro.pipelines.consistency.hippocampus import between_rats
from cebra_kedro.pipelines.consistency.monkey_reaching import between_sessions
from cebra_kedro.pipelines.consistency.nodes import between_kinds, between_seeds

SEEDS: Mapping[str, Callable[..., Any]] = {"seeds": between_seeds}
SEEDS_AND_KINDS: Mapping[str, Callable[..., Any]] = {**SEEDS, "kinds": between_kinds}


def create_pipeline() -> Pipeline:
    """Consistency of every experiment."""
    return (
        _experiment(HIPPOCAMPUS, between_rats)
        + _experiment(MONKEY_REACHING, between_sessions, SEEDS_AND_KINDS)
        + movie_pipeline()
    )


def _experiment(
    experiment: Experiment,
    compare: Callable[..., Any],
    within: Mapping[str, Callable[..., Any]] = SEEDS,
) -> Pipeline:
    """Subjects are compared by the experiment's function, what is ``within`` them by its own."""
    parts = [_table_of_experiment(experiment, tuple(within))]
    parts.extend(
        _within(experiment, subject, name, function)
        for subject in experiment.subjects
        for name, function in within.items()
    )
    parts.extend(
        _subjects(experiment, variant, compare) for variant in experiment.compared_variants
    )
    return Pipeline(parts)


def _within(
    experiment: Experiment, subject: str, name: str, function: Callable[..., Any]
) -> Pipeline:
    namespace = f"{experiment.name}.{subject}"
    embeddings = Entries(namespace, experiment.trained_variants, "embeddings")
    template = Pipeline(
        [
            node(
                bind(function, experiment=experiment.name, subject=subject),
                inputs=embeddings.arguments,
                outputs=f"consistency_between_{name}",
                name=f"consistency_between_{name}",
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


def _table_of_experiment(experiment: Experiment, within: tuple[str, ...]) -> Pipeline:
    parts = [
        Entries(experiment.name, experiment.subjects, f"consistency_between_{name}")
        for name in within
    ]
    between = f"{experiment.name}.between_subjects"
    parts.append(Entries(between, experiment.compared_variants, "consistency"))
    outside = {name: entry for part in parts for name, entry in part.outside.items()}
    template = Pipeline(
        [
            node(
                stack_tables,
                inputs={name: name for name in outside},
                outputs="consistency",
                name="consistency",
            )
        ]
    )
    return Pipeline(template, namespace=experiment.name, inputs=outside)
