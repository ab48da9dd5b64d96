"""Training: one pipeline per subject and variant, from the recording to embeddings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kedro.pipeline import Pipeline, node

from cebra_kedro.experiments import HIPPOCAMPUS, MONKEY_REACHING, SYNTHETIC, Experiment
from cebra_kedro.pipelines import bind
from cebra_kedro.pipelines.training.allen_pipeline import movie_pipeline
from cebra_kedro.pipelines.training.monkey_reaching_pipeline import transfer_pipeline
from cebra_kedro.pipelines.training.nodes import (
    embed,
    goodness_of_fit,
    loss_history,
    pca_embedding,
    raw_embedding,
    raw_window_embedding,
    train_encoders,
)
from cebra_kedro.pipelines.training.synthetic import (
    embed_set,
    pca_of_set,
    train_synthetic_encoders,
    tsne_of_set,
    umap_of_set,
)

BASELINES: dict[str, Callable[..., Any]] = {
    "raw": raw_embedding,
    "raw_window": raw_window_embedding,
    "pca": pca_embedding,
}
WITHOUT_PARAMETERS = ("raw",)


@dataclass(frozen=True)
class Functions:
    """What the nodes of an experiment call.

    Attributes:
        train: recording, splits, model store and parameters → encoders.
        embed: recording, splits and encoders → embeddings.
        baselines: name → function of recording, splits and, with few exceptions, parameters.
        blocks: parameter blocks of the experiment that ``train`` takes after those of every one.
    """

    train: Callable[..., Any] = train_encoders
    embed: Callable[..., Any] = embed
    baselines: Mapping[str, Callable[..., Any]] = field(default_factory=lambda: BASELINES)
    blocks: tuple[str, ...] = ()


SYNTHETIC_FUNCTIONS = Functions(
    train=train_synthetic_encoders,
    embed=embed_set,
    baselines={"pca": pca_of_set, "tsne": tsne_of_set, "umap": umap_of_set},
    blocks=("guidance",),
)


def create_pipeline() -> Pipeline:
    """Encoders and baselines of every subject of every experiment."""
    return (
        _experiment(HIPPOCAMPUS, Functions())
        + _experiment(MONKEY_REACHING, Functions())
        + transfer_pipeline()
        + movie_pipeline()
        + _experiment(SYNTHETIC, SYNTHETIC_FUNCTIONS)
    )


def _experiment(experiment: Experiment, functions: Functions) -> Pipeline:
    """Of each subject, all encoders and baselines, from one recording."""
    parts = [
        part
        for subject in experiment.subjects
        for part in (
            *(
                _encoder(experiment, subject, name, functions)
                for name in experiment.trained_variants
            ),
            *(_baseline(experiment, subject, name, functions) for name in experiment.baselines),
        )
    ]
    return Pipeline(parts)


def _encoder(experiment: Experiment, subject: str, variant: str, functions: Functions) -> Pipeline:
    blocks = {f"params:{name}": f"params:{experiment.name}.{name}" for name in functions.blocks}
    template = Pipeline(
        [
            node(
                bind(functions.train, folder=f"{subject}/{variant}"),
                inputs=[
                    *("recording", "splits", "model_store", "params:training", "params:variant"),
                    *blocks,
                ],
                outputs="models",
                name="train",
            ),
            node(functions.embed, ["recording", "splits", "models"], "embeddings", name="embed"),
            node(
                bind(
                    goodness_of_fit,
                    experiment=experiment.name,
                    subject=subject,
                    variant=variant,
                ),
                inputs=["models", "splits"],
                outputs="goodness_of_fit",
                name="goodness_of_fit",
            ),
            node(loss_history, "models", "loss_history", name="loss_history"),
        ]
    )
    return Pipeline(
        template,
        namespace=f"{experiment.name}.{subject}.{variant}",
        inputs=_of_subject(experiment, subject) | {"model_store": f"{experiment.name}.model_store"},
        parameters={
            "params:training": f"params:{experiment.name}.training",
            "params:variant": f"params:{experiment.name}.variants.{variant}",
            **blocks,
        },
    )


def _baseline(experiment: Experiment, subject: str, name: str, functions: Functions) -> Pipeline:
    parameters = {"params:baselines": f"params:{experiment.name}.baselines"}
    if name in WITHOUT_PARAMETERS:
        parameters = {}
    template = Pipeline(
        [
            node(
                functions.baselines[name],
                inputs=["recording", "splits", *parameters],
                outputs="embeddings",
                name="features",
            )
        ]
    )
    return Pipeline(
        template,
        namespace=f"{experiment.name}.{subject}.{name}",
        inputs=_of_subject(experiment, subject),
        parameters=parameters,
    )


def _of_subject(experiment: Experiment, subject: str) -> dict[str, str]:
    return {name: f"{experiment.name}.{subject}.{name}" for name in ("recording", "splits")}
