"""Figures of the movie: of each area, over all areas, and of their consistency."""

from __future__ import annotations

from collections.abc import Sequence

from kedro.pipeline import Pipeline, node
from kedro.pipeline.node import Node

from cebra_kedro.experiments import ALLEN, ALLEN_CONSISTENCY, MovieExperiment
from cebra_kedro.pipelines import Entries, bind
from cebra_kedro.pipelines.reporting import allen
from cebra_kedro.pipelines.reporting.nodes import list_results, loss_figure

ONE_FRAME_READOUTS = tuple(
    readout.name for readout in ALLEN.readouts if not readout.name.endswith("_10frames")
)
ONE_FRAME_VARIANTS = tuple(name for name in ALLEN.variants if not name.endswith("_10frames"))


def movie_pipeline() -> Pipeline:
    """Figures of both experiments."""
    parts = [_areas(), _consistency()]
    parts.extend(_area(area) for area in ALLEN.subjects)
    parts.extend(_losses(ALLEN_CONSISTENCY, area) for area in ALLEN_CONSISTENCY.subjects)
    return Pipeline(parts)


def _area(area: str) -> Pipeline:
    namespace = f"{ALLEN.name}.{area}"
    embeddings = Entries(namespace, ONE_FRAME_READOUTS, "embeddings")
    predictions = Entries(namespace, ONE_FRAME_VARIANTS, "predictions")
    histories = Entries(namespace, ALLEN.trained_variants, "loss_history")
    figures = [
        _figure(
            bind(allen.activity_figure, subject=area),
            ["ca_recording", "neuropixels_recording", "ca_splits"],
            "activity",
        ),
        _figure(
            bind(allen.embedding_figure, subject=area),
            {"movie": "movie"} | embeddings.arguments,
            "frame_embedding",
        ),
        _figure(
            bind(allen.decoded_frames_figure, subject=area),
            {"movie": "movie", "parameters": "params:decoding"} | predictions.arguments,
            "decoded_frames",
        ),
        _figure(
            bind(allen.confusion_figure, subject=area),
            {"movie": "movie"} | predictions.arguments,
            "confusion",
        ),
        _figure(bind(allen.accuracy_figure, subject=area), ["metrics"], "frame_accuracy"),
        _figure(bind(allen.neurons_figure, subject=area), ["neurons_scores"], "neurons"),
        _figure(bind(loss_figure, subject=area), histories.arguments, "loss"),
    ]
    return Pipeline(
        Pipeline([*figures, _results(figures, "metrics")]),
        namespace=namespace,
        inputs=embeddings.outside
        | predictions.outside
        | histories.outside
        | {"neurons_scores": f"{namespace}.neurons.scores"},
        parameters={"params:decoding": f"params:{ALLEN.name}.decoding"},
    )


def _areas() -> Pipeline:
    results = Entries(ALLEN.name, ALLEN.subjects, "results")
    first = f"{ALLEN.name}.{ALLEN.subjects[0]}.movie"
    figures = [
        _figure(allen.movie_map_figure, ["movie"], "movie_map"),
        _figure(allen.area_accuracy_figure, ["metrics"], "frame_accuracy"),
    ]
    return Pipeline(
        Pipeline([*figures, _results(figures, "metrics", "accuracy_by_neurons", results=results)]),
        namespace=ALLEN.name,
        inputs=results.outside | {"movie": first},
    )


def _losses(experiment: MovieExperiment, area: str) -> Pipeline:
    namespace = f"{experiment.name}.{area}"
    histories = Entries(namespace, experiment.trained_variants, "loss_history")
    fits = Entries(namespace, experiment.trained_variants, "goodness_of_fit")
    figures = [_figure(bind(loss_figure, subject=area), histories.arguments, "loss")]
    return Pipeline(
        Pipeline([*figures, _results(figures, *fits.arguments.values())]),
        namespace=namespace,
        inputs=histories.outside | fits.outside,
    )


def _consistency() -> Pipeline:
    name = ALLEN_CONSISTENCY.name
    results = Entries(name, ALLEN_CONSISTENCY.subjects, "results")
    figures = [
        _figure(allen.area_consistency_figure, ["consistency"], "consistency"),
        _figure(allen.modality_consistency_figure, ["consistency"], "modality_consistency"),
    ]
    return Pipeline(
        Pipeline([*figures, _results(figures, "consistency", results=results)]),
        namespace=name,
        inputs=results.outside,
    )


def _figure(draw: object, inputs: Sequence[str] | dict[str, str], name: str) -> Node:
    shown = inputs if isinstance(inputs, dict) else list(inputs)
    return node(draw, inputs=shown, outputs=f"{name}_figure", name=f"{name}_figure")  # type: ignore[arg-type]


def _results(figures: Sequence[Node], *tables: str, results: Entries | None = None) -> Node:
    """The node that lists results, so that they end in one entry."""
    names = [*tables, *(output for figure in figures for output in figure.outputs)]
    inputs = {name: name for name in names} | (results.arguments if results else {})
    return node(list_results, inputs=inputs, outputs="results", name="results")
