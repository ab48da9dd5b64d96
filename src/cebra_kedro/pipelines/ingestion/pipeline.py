"""Ingestion: one pipeline per subject, from the raw entry to a recording and its split."""

from __future__ import annotations

from kedro.pipeline import Pipeline, node

from cebra_kedro.experiments import HIPPOCAMPUS
from cebra_kedro.pipelines import bind
from cebra_kedro.pipelines.ingestion.nodes import read_rat, split_trials


def create_pipeline() -> Pipeline:
    """Ingestion of every subject of every experiment."""
    return sum((_rat(subject) for subject in HIPPOCAMPUS.subjects), Pipeline([]))


def _rat(subject: str) -> Pipeline:
    template = Pipeline(
        [
            node(
                bind(read_rat, subject=subject),
                inputs=["raw", "params:ingestion"],
                outputs="recording",
                name="read",
            ),
            node(
                split_trials,
                inputs=["recording", "params:ingestion"],
                outputs="splits",
                name="split",
            ),
        ]
    )
    return Pipeline(
        template,
        namespace=f"{HIPPOCAMPUS.name}.{subject}",
        parameters={"params:ingestion": f"params:{HIPPOCAMPUS.name}.ingestion"},
    )
