"""Consistency of the visual areas, from encoders of disjoint groups of neurons."""

from __future__ import annotations

from kedro.pipeline import Pipeline, node

from cebra_kedro.experiments import ALLEN_CONSISTENCY
from cebra_kedro.pipelines import bind
from cebra_kedro.pipelines.consistency.allen import between_areas


def movie_pipeline() -> Pipeline:
    """One table over all areas, groups and modalities."""
    name = ALLEN_CONSISTENCY.name
    inputs = {
        f"{area}_{readout.name}": f"{name}.{area}.{readout.name}.embeddings"
        for area in ALLEN_CONSISTENCY.subjects
        for readout in ALLEN_CONSISTENCY.readouts
    }
    template = Pipeline(
        [
            node(
                bind(between_areas, experiment=name),
                inputs={argument: argument for argument in inputs},
                outputs="consistency",
                name="consistency",
            )
        ]
    )
    return Pipeline(template, namespace=name, inputs=inputs)
