"""Ingestion of one experiment."""

from __future__ import annotations

from kedro.pipeline import Pipeline, node

from cebra_kedro.experiment import Experiment
from cebra_kedro.pipelines import bind
from cebra_kedro.pipelines.ingestion.nodes import read_recordings, split_recordings


def create_pipeline(name: str, experiment: Experiment) -> Pipeline:
    """``<name>.raw`` → ``<name>.recordings`` and ``<name>.splits``, one file a session."""
    parameters = {"experiment": f"params:{name}", "only": "params:only_sessions"}
    return Pipeline(
        [
            node(
                bind(read_recordings, experiment, name=name),
                inputs={"raw": f"{name}.raw", **parameters},
                outputs=f"{name}.recordings",
                name="read",
                namespace=f"ingestion.{name}",
            ),
            node(
                bind(split_recordings, experiment, name=name),
                inputs={"recordings": f"{name}.recordings", **parameters},
                outputs=f"{name}.splits",
                name="split",
                namespace=f"ingestion.{name}",
            ),
        ]
    )
