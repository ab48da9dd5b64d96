"""Consistency of one experiment: one table of everything that is compared."""

from __future__ import annotations

from kedro.pipeline import Pipeline, node

from cebra_kedro.experiment import Experiment
from cebra_kedro.pipelines import bind
from cebra_kedro.pipelines.consistency.nodes import compare


def create_pipeline(name: str, experiment: Experiment) -> Pipeline:
    """Embeddings → ``<name>.consistency``; nothing where nothing is compared."""
    block = experiment.compare
    if not (block.seeds or block.encoders or block.sessions or block.presentations):
        return Pipeline([])
    inputs = {entry: f"{name}.{entry}" for entry in ("recordings", "splits", "embeddings")}
    return Pipeline(
        [
            node(
                bind(compare, experiment, name=name),
                inputs=inputs | {"experiment": f"params:{name}"},
                outputs=f"{name}.consistency",
                name="compare",
                namespace=f"consistency.{name}",
            )
        ]
    )
