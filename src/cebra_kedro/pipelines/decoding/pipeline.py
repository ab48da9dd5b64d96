"""Decoding: one pipeline per subject and variant, then a table per subject and experiment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kedro.pipeline import Pipeline, node

from cebra_kedro.experiments import HIPPOCAMPUS, Experiment
from cebra_kedro.pipelines import Entries, bind, stack_tables
from cebra_kedro.pipelines.decoding.hippocampus import decode_rat


def create_pipeline() -> Pipeline:
    """Scores of every experiment."""
    return _experiment(HIPPOCAMPUS, decode_rat)


def _experiment(experiment: Experiment, decode: Callable[..., Any]) -> Pipeline:
    """Every subject and variant is decoded by the same node function."""
    parts = [_table_of_experiment(experiment)]
    for subject in experiment.subjects:
        parts.append(_table_of_subject(experiment, subject))
        parts.extend(
            _variant(experiment, subject, variant, decode) for variant in experiment.variants
        )
    return sum(parts, Pipeline([]))


def _variant(
    experiment: Experiment, subject: str, variant: str, decode: Callable[..., Any]
) -> Pipeline:
    template = Pipeline(
        [
            node(
                bind(decode, experiment=experiment.name, subject=subject, variant=variant),
                inputs=["embeddings", "params:decoding"],
                outputs=["scores", "predictions"],
                name="decode",
            )
        ]
    )
    return Pipeline(
        template,
        namespace=f"{experiment.name}.{subject}.{variant}",
        parameters={"params:decoding": f"params:{experiment.name}.decoding"},
    )


def _table_of_subject(experiment: Experiment, subject: str) -> Pipeline:
    namespace = f"{experiment.name}.{subject}"
    return _table(
        namespace,
        Entries(namespace, experiment.variants, "scores"),
        Entries(namespace, experiment.trained_variants, "goodness_of_fit"),
    )


def _table_of_experiment(experiment: Experiment) -> Pipeline:
    return _table(experiment.name, Entries(experiment.name, experiment.subjects, "metrics"))


def _table(namespace: str, *parts: Entries) -> Pipeline:
    inputs: dict[str, str] = {}
    outside: dict[str, str] = {}
    for part in parts:
        inputs |= {name: name for name in part.outside}
        outside |= part.outside
    template = Pipeline([node(stack_tables, inputs=inputs, outputs="metrics", name="metrics")])
    return Pipeline(template, namespace=namespace, inputs=outside)
