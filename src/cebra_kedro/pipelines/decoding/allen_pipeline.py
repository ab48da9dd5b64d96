"""Decoding the movie: by variant, and by number of neurons."""

from __future__ import annotations

from kedro.pipeline import Pipeline, node

from cebra_kedro.experiments import ALLEN
from cebra_kedro.pipelines import bind, stack_tables
from cebra_kedro.pipelines.decoding.allen import decode_movie, decode_neuron_sweep
from cebra_kedro.pipelines.decoding.tables import experiment_table, subject_table
from cebra_kedro.pipelines.decoding.wiring import decoding_inputs


def movie_pipeline() -> Pipeline:
    """Scores of every area."""
    parts = [experiment_table(ALLEN), _neurons_of_areas()]
    for area in ALLEN.subjects:
        parts.append(subject_table(ALLEN, area))
        parts.append(_neurons(area))
        parts.extend(_variant(area, variant) for variant in ALLEN.variants)
    return Pipeline(parts)


def _variant(area: str, variant: str) -> Pipeline:
    encoder = next((r.encoder for r in ALLEN.readouts if r.name == variant), None)
    inputs, parameters = decoding_inputs(ALLEN.name, encoder)
    template = Pipeline(
        [
            node(
                bind(decode_movie, experiment=ALLEN.name, subject=area, variant=variant),
                inputs={"embeddings": "embeddings", "movie": "movie", **inputs},
                outputs=["scores", "predictions"],
                name="decode",
            )
        ]
    )
    return Pipeline(
        template,
        namespace=f"{ALLEN.name}.{area}.{variant}",
        inputs={"movie": f"{ALLEN.name}.{area}.movie"},
        parameters=parameters,
    )


def _neurons(area: str) -> Pipeline:
    template = Pipeline(
        [
            node(
                bind(decode_neuron_sweep, subject=area),
                inputs=[
                    *("recording", "splits", "movie", "models"),
                    *("params:decoding", "params:neurons", "params:training"),
                ],
                outputs="scores",
                name="decode",
            )
        ]
    )
    namespace = f"{ALLEN.name}.{area}"
    return Pipeline(
        template,
        namespace=f"{namespace}.neurons",
        inputs={
            "recording": f"{namespace}.neuropixels_recording",
            "splits": f"{namespace}.neuropixels_splits",
            "movie": f"{namespace}.movie",
        },
        parameters={
            "params:decoding": f"params:{ALLEN.name}.decoding",
            "params:neurons": f"params:{ALLEN.name}.neurons",
            "params:training": f"params:{ALLEN.name}.training",
        },
    )


def _neurons_of_areas() -> Pipeline:
    """One table of all areas."""
    scores = {area: f"{ALLEN.name}.{area}.neurons.scores" for area in ALLEN.subjects}
    template = Pipeline(
        [
            node(
                stack_tables,
                inputs={area: area for area in scores},
                outputs="accuracy_by_neurons",
                name="accuracy_by_neurons",
            )
        ]
    )
    return Pipeline(template, namespace=ALLEN.name, inputs=scores)
