"""Ingestion of the reaching monkey: three published parts of each kind of session."""

from __future__ import annotations

from kedro.pipeline import Pipeline, node

from cebra_kedro.experiments import MONKEY_REACHING
from cebra_kedro.pipelines import bind
from cebra_kedro.pipelines.ingestion.monkey_reaching import read_reaching, split_as_published


def reaching_pipeline() -> Pipeline:
    """Recording and split of every kind of session."""
    return Pipeline([_session(session) for session in MONKEY_REACHING.subjects])


def _session(session: str) -> Pipeline:
    template = Pipeline(
        [
            node(
                bind(read_reaching, subject=session),
                inputs=["raw_train", "raw_valid", "raw_test", "params:ingestion"],
                outputs="recording",
                name="read",
            ),
            node(split_as_published, inputs="recording", outputs="splits", name="split"),
        ]
    )
    return Pipeline(
        template,
        namespace=f"{MONKEY_REACHING.name}.{session}",
        parameters={"params:ingestion": f"params:{MONKEY_REACHING.name}.ingestion"},
    )
