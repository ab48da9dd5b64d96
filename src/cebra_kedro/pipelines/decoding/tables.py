"""The tables of scores: of a subject, and of an experiment."""

from __future__ import annotations

from kedro.pipeline import Pipeline, node

from cebra_kedro.experiments import Experiment, Transfer
from cebra_kedro.pipelines import Entries, stack_tables


def subject_table(experiment: Experiment, subject: str) -> Pipeline:
    """``metrics.csv`` of a subject: scores of all variants, fit of all encoders."""
    namespace = f"{experiment.name}.{subject}"
    return _table(
        namespace,
        Entries(namespace, experiment.variants, "scores"),
        Entries(namespace, experiment.trained_variants, "goodness_of_fit"),
    )


def transfer_table(experiment: Experiment, transfer: Transfer) -> Pipeline:
    """``metrics.csv`` of a transfer: scores of all variants."""
    namespace = f"{experiment.name}.{transfer.name}"
    return _table(namespace, Entries(namespace, experiment.variants, "scores"))


def experiment_table(experiment: Experiment) -> Pipeline:
    """``metrics.csv`` of an experiment, below its subjects' own."""
    return _table(experiment.name, Entries(experiment.name, experiment.scored_subjects, "metrics"))


def _table(namespace: str, *parts: Entries) -> Pipeline:
    inputs: dict[str, str] = {}
    outside: dict[str, str] = {}
    for part in parts:
        inputs |= {name: name for name in part.outside}
        outside |= part.outside
    template = Pipeline([node(stack_tables, inputs=inputs, outputs="metrics", name="metrics")])
    return Pipeline(template, namespace=namespace, inputs=outside)
