"""All pipelines by name: one per stage, one per experiment, and everything."""

from __future__ import annotations

from kedro.pipeline import Pipeline

from cebra_kedro.experiments import EXPERIMENTS
from cebra_kedro.pipelines import (
    consistency,
    decoding,
    ingestion,
    paper_figures,
    reporting,
    training,
)


def register_pipelines() -> dict[str, Pipeline]:
    """Stages (``ingestion`` … ``reporting``), experiments (``hippocampus`` …), ``__default__``."""
    stages = {
        "ingestion": ingestion.create_pipeline(),
        "training": training.create_pipeline(),
        "decoding": decoding.create_pipeline(),
        "consistency": consistency.create_pipeline(),
        "reporting": reporting.create_pipeline(),
    }
    everything = Pipeline(stages.values())
    experiments = {
        experiment.pipeline or experiment.name: everything.only_nodes_with_namespaces(
            [experiment.name]
        )
        for experiment in EXPERIMENTS
    }
    # Drawn from published results, not from recordings: on request only.
    figures = {"paper_figures": paper_figures.create_pipeline()}
    return {**stages, **experiments, **figures, "__default__": everything}
