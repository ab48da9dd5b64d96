"""Attribution of one experiment: maps of all runs, then one table of neurons."""

from __future__ import annotations

from kedro.pipeline import Pipeline, node

from cebra_kedro.experiment import Experiment
from cebra_kedro.pipelines import bind
from cebra_kedro.pipelines.attribution.nodes import attribute, rank


def create_pipeline(name: str, experiment: Experiment) -> Pipeline:
    """Models → ``<name>.attribution_maps`` → ``<name>.attribution``; nothing where nobody asks."""
    if experiment.attribution is None:
        return Pipeline([])
    namespace = f"attribution.{name}"
    maps, parameters = f"{name}.attribution_maps", f"params:{name}"
    inputs = {entry: f"{name}.{entry}" for entry in ("recordings", "splits", "models")}
    return Pipeline(
        [
            node(
                bind(attribute, experiment, name=name),
                inputs=inputs | {"experiment": parameters, "only": "params:only_sessions"},
                outputs=maps,
                name="attribute",
                namespace=namespace,
            ),
            node(
                bind(rank, experiment, name=name),
                inputs={"maps": maps, "experiment": parameters},
                outputs=f"{name}.attribution",
                name="rank",
                namespace=namespace,
            ),
        ]
    )
