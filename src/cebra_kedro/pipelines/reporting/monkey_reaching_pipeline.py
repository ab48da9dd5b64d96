"""What is put together from several kinds of sessions: all embeddings, active beside passive."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kedro.pipeline import Pipeline, node

from cebra_kedro.experiments import MONKEY_REACHING
from cebra_kedro.pipelines.reporting.monkey_reaching import (
    all_embeddings,
    transfer_trajectories_figure,
)

SHOWN_BESIDE_EACH_OTHER = ("position", "target", "time")


def reaching_pipeline() -> Pipeline:
    """One file of all embeddings, and a figure of the transfer."""
    name = MONKEY_REACHING.name
    # raw features are the recording itself, not an embedding
    embedded = {
        f"{subject}__{variant}": f"{name}.{subject}.{variant}.embeddings"
        for subject in MONKEY_REACHING.subjects
        for variant in (*MONKEY_REACHING.trained_variants, "pca")
    }
    (transfer,) = MONKEY_REACHING.transfers
    of_one_encoder = {
        f"{session}__{variant}": f"{name}.{folder}.{variant}.embeddings"
        for session, folder in (
            (transfer.source, transfer.source),
            (transfer.target, transfer.name),
        )
        for variant in SHOWN_BESIDE_EACH_OTHER
    }
    return _node_of(embedded, all_embeddings, "all_embeddings") + _node_of(
        of_one_encoder, transfer_trajectories_figure, "transfer_trajectories_figure"
    )


def _node_of(inputs: Mapping[str, str], function: Callable[..., Any], output: str) -> Pipeline:
    """A node of the experiment: argument → catalog entry."""
    template = Pipeline(
        [node(function, inputs={key: key for key in inputs}, outputs=output, name=output)]
    )
    return Pipeline(template, namespace=MONKEY_REACHING.name, inputs=dict(inputs))
