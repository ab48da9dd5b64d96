"""Decoding of one experiment: all variants of all sessions, then one table."""

from __future__ import annotations

from kedro.pipeline import Pipeline, node

from cebra_kedro.experiment import Experiment
from cebra_kedro.pipelines import bind
from cebra_kedro.pipelines.decoding.nodes import across, decode, score, search, sweep


def create_pipeline(name: str, experiment: Experiment) -> Pipeline:
    """Embeddings → ``<name>.predictions`` → ``<name>.metrics``; also across, sweep and search."""
    namespace = f"decoding.{name}"
    parameters = {"experiment": f"params:{name}", "only": "params:only_sessions"}
    data = {entry: f"{name}.{entry}" for entry in ("recordings", "splits")}
    nodes = [
        node(
            bind(score, experiment, name=name),
            inputs={
                **({"predictions": f"{name}.predictions"} if experiment.decode else {}),
                "models": f"{name}.models",
                "experiment": f"params:{name}",
            },
            outputs=f"{name}.metrics",
            name="score",
            namespace=namespace,
        )
    ]
    embedded = data | {entry: f"{name}.{entry}" for entry in ("embeddings", "models")}
    decoded = {
        "decode": (decode, f"{name}.predictions", bool(experiment.decode)),
        "across": (across, f"{name}.across", experiment.across is not None),
    }
    nodes.extend(
        node(
            bind(function, experiment, name=name),
            inputs=embedded | parameters,
            outputs=output,
            name=what,
            namespace=namespace,
        )
        for what, (function, output, is_asked_for) in decoded.items()
        if is_asked_for
    )
    several = {"sweep": (sweep, experiment.sweep), "search": (search, experiment.search)}
    for what, (function, block) in several.items():
        if block is not None:
            nodes.append(
                node(
                    bind(function, experiment, name=name),
                    inputs=data | parameters,
                    outputs=f"{name}.{what}",
                    name=what,
                    namespace=namespace,
                )
            )
    return Pipeline(nodes)
