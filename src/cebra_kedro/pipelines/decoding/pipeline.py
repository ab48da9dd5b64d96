"""Decoding: one pipeline per subject and variant, then a table per subject and experiment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kedro.pipeline import Pipeline, node

from cebra_kedro.experiments import HIPPOCAMPUS, MONKEY_REACHING, SYNTHETIC, Experiment
from cebra_kedro.pipelines import bind
from cebra_kedro.pipelines.decoding.allen_pipeline import movie_pipeline
from cebra_kedro.pipelines.decoding.hippocampus import decode_rat
from cebra_kedro.pipelines.decoding.monkey_reaching import decode_reach
from cebra_kedro.pipelines.decoding.monkey_reaching_pipeline import transfer_pipeline
from cebra_kedro.pipelines.decoding.synthetic import decode_set
from cebra_kedro.pipelines.decoding.synthetic_pipeline import sweep_pipeline
from cebra_kedro.pipelines.decoding.tables import experiment_table, subject_table
from cebra_kedro.pipelines.decoding.wiring import decoding_inputs


def create_pipeline() -> Pipeline:
    """Scores of every experiment."""
    return (
        _experiment(HIPPOCAMPUS, decode_rat)
        + _experiment(MONKEY_REACHING, decode_reach, controls=True)
        + transfer_pipeline()
        + movie_pipeline()
        + _experiment(SYNTHETIC, decode_set)
        + sweep_pipeline()
    )


def _experiment(
    experiment: Experiment, decode: Callable[..., Any], *, controls: bool = False
) -> Pipeline:
    """Every subject and variant is decoded by the same node function.

    With ``controls``, it is told the parameters of the encoder, to permute the labels of a control.
    """
    parts = [experiment_table(experiment)]
    for subject in experiment.subjects:
        parts.append(subject_table(experiment, subject))
        parts.extend(
            _variant(experiment, subject, variant, decode, controls=controls)
            for variant in experiment.variants
        )
    return Pipeline(parts)


def _variant(
    experiment: Experiment,
    subject: str,
    variant: str,
    decode: Callable[..., Any],
    *,
    controls: bool,
) -> Pipeline:
    encoder = variant if controls and variant in experiment.trained_variants else None
    inputs, parameters = decoding_inputs(experiment.name, encoder)
    template = Pipeline(
        [
            node(
                bind(decode, experiment=experiment.name, subject=subject, variant=variant),
                inputs={"embeddings": "embeddings", **inputs},
                outputs=["scores", "predictions"],
                name="decode",
            )
        ]
    )
    return Pipeline(
        template,
        namespace=f"{experiment.name}.{subject}.{variant}",
        parameters=parameters,
    )
