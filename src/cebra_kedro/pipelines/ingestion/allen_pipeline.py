"""Ingestion of the movie: its features, and two modalities of each area."""

from __future__ import annotations

from kedro.pipeline import Pipeline, node
from kedro.pipeline.node import Node

from cebra_kedro.experiments import ALLEN, ALLEN_CONSISTENCY, MODALITIES
from cebra_kedro.pipelines import bind
from cebra_kedro.pipelines.ingestion.allen import (
    read_calcium,
    read_calcium_groups,
    read_movie,
    read_neuropixels,
    read_neuropixels_groups,
    split_repeats,
)


def movie_pipeline() -> Pipeline:
    """Everything that the two experiments on the movie read."""
    parts = [_area(area) for area in ALLEN.subjects]
    parts.extend(_groups(area) for area in ALLEN_CONSISTENCY.subjects)
    return Pipeline(parts)


def _area(area: str) -> Pipeline:
    """Neurons for decoding: of both modalities, as many as asked for."""
    nodes = [
        _movie(),
        node(
            bind(read_calcium, area=area),
            inputs=["raw_ca", "raw_summary", "params:ingestion"],
            outputs="ca_recording",
            name="read_ca",
        ),
        node(
            bind(read_neuropixels, area=area),
            inputs=["raw_neuropixels", "params:ingestion"],
            outputs="neuropixels_recording",
            name="read_neuropixels",
        ),
        *(_split(modality, f"{modality}_recording") for modality in MODALITIES),
    ]
    return Pipeline(
        Pipeline(nodes),
        namespace=f"{ALLEN.name}.{area}",
        inputs={name: f"{ALLEN.name}.{name}" for name in ("raw_movie", "raw_summary")},
        parameters={"params:ingestion": f"params:{ALLEN.name}.ingestion"},
    )


def _groups(area: str) -> Pipeline:
    """Disjoint groups of the same area's neurons, for consistency."""
    readers = {"ca": read_calcium_groups, "neuropixels": read_neuropixels_groups}
    nodes = [_movie()]
    for modality in MODALITIES:
        recordings = [
            ALLEN_CONSISTENCY.recording(group, modality)
            for group in ALLEN_CONSISTENCY.trained_variants
        ]
        nodes.append(
            node(
                bind(readers[modality], area=area),
                inputs=[f"raw_{modality}", "params:ingestion"],
                outputs=recordings,
                name=f"read_{modality}",
            )
        )
        nodes.append(_split(modality, recordings[0]))
    return Pipeline(
        Pipeline(nodes),
        namespace=f"{ALLEN_CONSISTENCY.name}.{area}",
        inputs={"raw_movie": f"{ALLEN_CONSISTENCY.name}.raw_movie"},
        parameters={"params:ingestion": f"params:{ALLEN_CONSISTENCY.name}.ingestion"},
    )


def _movie() -> Node:
    """In each area's namespace, so that a run of one area is complete."""
    return node(read_movie, inputs="raw_movie", outputs="movie", name="read_movie")


def _split(modality: str, recording: str) -> Node:
    return node(
        split_repeats,
        inputs=[recording, "params:ingestion"],
        outputs=f"{modality}_splits",
        name=f"split_{modality}",
    )
