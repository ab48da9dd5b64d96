"""Ingestion: one pipeline per subject, from the raw entries to a recording and its split."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kedro.pipeline import Pipeline, node

from cebra_kedro.experiments import HIPPOCAMPUS, SYNTHETIC, Experiment
from cebra_kedro.pipelines import bind
from cebra_kedro.pipelines.ingestion import hippocampus, synthetic
from cebra_kedro.pipelines.ingestion.allen_pipeline import movie_pipeline
from cebra_kedro.pipelines.ingestion.monkey_reaching_pipeline import reaching_pipeline


def create_pipeline() -> Pipeline:
    """Ingestion of every subject of every experiment."""
    parts = [
        _subject(HIPPOCAMPUS, rat, hippocampus.read_rat, hippocampus.split_trials)
        for rat in HIPPOCAMPUS.subjects
    ]
    parts.extend(
        _subject(SYNTHETIC, name, synthetic.read_set, synthetic.split_set)
        for name in SYNTHETIC.subjects
    )
    return sum(parts, reaching_pipeline() + movie_pipeline())


def _subject(
    experiment: Experiment, subject: str, read: Callable[..., Any], split: Callable[..., Any]
) -> Pipeline:
    template = Pipeline(
        [
            node(
                bind(read, subject=subject),
                inputs=["raw", "params:ingestion"],
                outputs="recording",
                name="read",
            ),
            node(split, inputs=["recording", "params:ingestion"], outputs="splits", name="split"),
        ]
    )
    return Pipeline(
        template,
        namespace=f"{experiment.name}.{subject}",
        parameters={"params:ingestion": f"params:{experiment.name}.ingestion"},
    )
