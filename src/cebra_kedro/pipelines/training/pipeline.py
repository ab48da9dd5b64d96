"""Training: one pipeline per subject and variant, from the recording to embeddings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kedro.pipeline import Pipeline, node

from cebra_kedro.experiments import HIPPOCAMPUS, Experiment
from cebra_kedro.pipelines import bind
from cebra_kedro.pipelines.training.nodes import (
    embed,
    goodness_of_fit,
    loss_history,
    pca_embedding,
    raw_embedding,
    raw_window_embedding,
    train_encoders,
)

BASELINES: dict[str, Callable[..., Any]] = {
    "raw": raw_embedding,
    "raw_window": raw_window_embedding,
    "pca": pca_embedding,
}
WITHOUT_PARAMETERS = ("raw",)


def create_pipeline() -> Pipeline:
    """Encoders and baselines of every subject of every experiment."""
    return _experiment(HIPPOCAMPUS)


def _experiment(experiment: Experiment) -> Pipeline:
    """Of each subject, all encoders and baselines, from one recording."""
    parts = [
        part
        for subject in experiment.subjects
        for part in (
            *(_encoder(experiment, subject, name) for name in experiment.trained_variants),
            *(_baseline(experiment, subject, name) for name in experiment.baselines),
        )
    ]
    return sum(parts, Pipeline([]))


def _encoder(experiment: Experiment, subject: str, variant: str) -> Pipeline:
    template = Pipeline(
        [
            node(
                bind(train_encoders, folder=f"{subject}/{variant}"),
                inputs=["recording", "splits", "model_store", "params:training", "params:variant"],
                outputs="models",
                name="train",
            ),
            node(embed, ["recording", "splits", "models"], "embeddings", name="embed"),
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
        },
    )


def _baseline(experiment: Experiment, subject: str, name: str) -> Pipeline:
    parameters = {"params:baselines": f"params:{experiment.name}.baselines"}
    if name in WITHOUT_PARAMETERS:
        parameters = {}
    template = Pipeline(
        [
            node(
                BASELINES[name],
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
