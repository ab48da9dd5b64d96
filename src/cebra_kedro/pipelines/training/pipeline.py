"""Training of one experiment: a box for each encoder, and all of them together."""

from __future__ import annotations

from collections.abc import Callable

from kedro.pipeline import Pipeline, node

from cebra_kedro.cells import Pieces
from cebra_kedro.experiment import Experiment
from cebra_kedro.pipelines import bind
from cebra_kedro.pipelines.training.nodes import (
    embed,
    embed_baseline,
    join_stores,
    open_encoder,
    train_encoder,
)


def create_pipeline(name: str, experiment: Experiment) -> Pipeline:
    """Recordings → ``<name>.<encoder>.models`` and ``.embeddings`` → those of all encoders."""
    parts = [_encoder(name, experiment, encoder) for encoder in experiment.encoders]
    parts.extend(_baseline(name, experiment, baseline) for baseline in experiment.stored_baselines)
    parts.append(_join(name, "models", tuple(experiment.encoders)))
    embedded = (*experiment.encoders, *experiment.stored_baselines)
    parts.append(_join(name, "embeddings", embedded))
    return Pipeline(parts)


def _inputs(name: str) -> dict[str, str]:
    return {
        "recordings": f"{name}.recordings",
        "splits": f"{name}.splits",
        "experiment": f"params:{name}",
        "only": "params:only_sessions",
    }


def _encoder(name: str, experiment: Experiment, encoder: str) -> Pipeline:
    models, namespace = f"{name}.{encoder}.models", f"training.{name}.{encoder}"
    recordings = {key: value for key, value in _inputs(name).items() if key != "splits"}
    block = experiment.encoders[encoder]
    is_read, adapt = block.from_file is not None, block.adapt
    make: Callable[..., Pieces] = open_encoder if is_read else train_encoder
    old = {"adapted": f"{name}.{adapt.encoder}.models"} if adapt else {}
    return Pipeline(
        [
            node(
                bind(make, experiment, name=name, encoder=encoder),
                inputs=recordings if is_read else _inputs(name) | old,
                outputs=models,
                name="open" if is_read else "train",
                namespace=namespace,
            ),
            node(
                bind(embed, experiment, name=name, encoder=encoder),
                inputs={"models": models, **recordings},
                outputs=f"{name}.{encoder}.embeddings",
                name="embed",
                namespace=namespace,
            ),
        ]
    )


def _baseline(name: str, experiment: Experiment, baseline: str) -> Pipeline:
    return Pipeline(
        [
            node(
                bind(embed_baseline, experiment, name=name, baseline=baseline),
                inputs=_inputs(name),
                outputs=f"{name}.{baseline}.embeddings",
                name="embed",
                namespace=f"training.{name}.{baseline}",
            )
        ]
    )


def _join(name: str, entry: str, members: tuple[str, ...]) -> Pipeline:
    return Pipeline(
        [
            node(
                join_stores,
                inputs={member: f"{name}.{member}.{entry}" for member in members},
                outputs=f"{name}.{entry}",
                name=f"all_{entry}",
                namespace=f"training.{name}",
            )
        ]
    )
