"""Training on the movie: encoders of one or both modalities of each area, and baselines."""

from __future__ import annotations

from kedro.pipeline import Pipeline, node

from cebra_kedro.experiments import ALLEN, ALLEN_CONSISTENCY, MovieExperiment, Readout
from cebra_kedro.pipelines import bind
from cebra_kedro.pipelines.training.allen import (
    embed_readout,
    raw_frames,
    raw_ten_frames,
    train_movie_encoders,
    train_neuron_sweep,
)
from cebra_kedro.pipelines.training.nodes import goodness_of_fit, loss_history


def movie_pipeline() -> Pipeline:
    """Both experiments on the movie."""
    parts = [_experiment(ALLEN), _experiment(ALLEN_CONSISTENCY)]
    parts.extend(_neurons(area) for area in ALLEN.subjects)
    return Pipeline(parts)


def _experiment(experiment: MovieExperiment) -> Pipeline:
    parts = [
        part
        for area in experiment.subjects
        for part in (
            *(_encoder(experiment, area, name) for name in experiment.trained_variants),
            *(_readout(experiment, area, readout) for readout in experiment.readouts),
            *(_baseline(experiment, area, name) for name in experiment.baselines),
        )
    ]
    return Pipeline(parts)


def _encoder(experiment: MovieExperiment, area: str, variant: str) -> Pipeline:
    modalities = experiment.modalities(variant)
    sessions: dict[str, str] = {}
    for modality in modalities:
        recording, splits = _of_area(experiment, area, variant, modality)
        sessions |= {f"{modality}_recording": recording, f"{modality}_splits": splits}
    template = Pipeline(
        [
            node(
                bind(train_movie_encoders, folder=f"{area}/{variant}"),
                inputs={
                    "movie": "movie",
                    "store": "model_store",
                    "shared": "params:training",
                    "variant": "params:variant",
                    **{name: name for name in sessions},
                },
                outputs="models",
                name="train",
            ),
            node(
                bind(goodness_of_fit, experiment=experiment.name, subject=area, variant=variant),
                inputs=["models", f"{modalities[0]}_splits"],
                outputs="goodness_of_fit",
                name="goodness_of_fit",
            ),
            node(loss_history, "models", "loss_history", name="loss_history"),
        ]
    )
    return Pipeline(
        template,
        namespace=f"{experiment.name}.{area}.{variant}",
        inputs=sessions
        | {
            "movie": f"{experiment.name}.{area}.movie",
            "model_store": f"{experiment.name}.model_store",
        },
        parameters={
            "params:training": f"params:{experiment.name}.training",
            "params:variant": f"params:{experiment.name}.variants.{variant}",
        },
    )


def _readout(experiment: MovieExperiment, area: str, readout: Readout) -> Pipeline:
    recording, splits = _of_area(experiment, area, readout.encoder, readout.modality)
    of_its_own = f"{experiment.name}.{area}.{readout.encoder}.models"
    template = Pipeline(
        [
            node(
                bind(embed_readout, session=readout.session),
                inputs=["recording", "splits", "models"],
                outputs="embeddings",
                name="embed",
            )
        ]
    )
    return Pipeline(
        template,
        namespace=f"{experiment.name}.{area}.{readout.name}",
        inputs={"recording": recording, "splits": splits, "models": of_its_own},
    )


def _baseline(experiment: MovieExperiment, area: str, name: str) -> Pipeline:
    (modality,) = experiment.modalities(name)
    recording, splits = _of_area(experiment, area, name, modality)
    features = raw_ten_frames if name.endswith("_10frames") else raw_frames
    template = Pipeline([node(features, ["recording", "splits"], "embeddings", name="features")])
    return Pipeline(
        template,
        namespace=f"{experiment.name}.{area}.{name}",
        inputs={"recording": recording, "splits": splits},
    )


def _neurons(area: str) -> Pipeline:
    """Encoders of growing numbers of Neuropixels units."""
    recording, splits = _of_area(ALLEN, area, "neuropixels", "neuropixels")
    parameters = {"training": "training", "variant": "variants.neuropixels", "neurons": "neurons"}
    template = Pipeline(
        [
            node(
                bind(train_neuron_sweep, folder=f"{area}/neurons", modality="neuropixels"),
                inputs=[
                    *("movie", "recording", "splits", "model_store"),
                    *(f"params:{name}" for name in parameters),
                ],
                outputs="models",
                name="train",
            )
        ]
    )
    return Pipeline(
        template,
        namespace=f"{ALLEN.name}.{area}.neurons",
        inputs={
            "movie": f"{ALLEN.name}.{area}.movie",
            "recording": recording,
            "splits": splits,
            "model_store": f"{ALLEN.name}.model_store",
        },
        parameters={
            f"params:{name}": f"params:{ALLEN.name}.{block}" for name, block in parameters.items()
        },
    )


def _of_area(
    experiment: MovieExperiment, area: str, variant: str, modality: str
) -> tuple[str, str]:
    """The recording of the neurons that a variant sees, and its split."""
    namespace = f"{experiment.name}.{area}"
    return (
        f"{namespace}.{experiment.recording(variant, modality)}",
        f"{namespace}.{modality}_splits",
    )
