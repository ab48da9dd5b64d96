"""Decoding across kinds of sessions: fitted on one, scored on another."""

from __future__ import annotations

from kedro.pipeline import Pipeline, node

from cebra_kedro.experiments import MONKEY_REACHING, Transfer
from cebra_kedro.pipelines import bind
from cebra_kedro.pipelines.decoding.monkey_reaching import decode_transfer
from cebra_kedro.pipelines.decoding.tables import transfer_table
from cebra_kedro.pipelines.decoding.wiring import decoding_inputs


def transfer_pipeline() -> Pipeline:
    """Scores of every variant, and a table for each transfer."""
    parts = []
    for transfer in MONKEY_REACHING.transfers:
        parts.append(transfer_table(MONKEY_REACHING, transfer))
        parts.extend(_variant(transfer, variant) for variant in MONKEY_REACHING.variants)
    return Pipeline(parts)


def _variant(transfer: Transfer, variant: str) -> Pipeline:
    experiment = MONKEY_REACHING.name
    encoder = variant if variant in MONKEY_REACHING.trained_variants else None
    arguments, parameters = decoding_inputs(experiment, encoder)
    template = Pipeline(
        [
            node(
                bind(
                    decode_transfer, experiment=experiment, subject=transfer.name, variant=variant
                ),
                inputs={
                    "embeddings": "source_embeddings",
                    "transferred": "embeddings",
                    **arguments,
                },
                outputs="scores",
                name="decode",
            )
        ]
    )
    inputs = {"source_embeddings": f"{experiment}.{transfer.source}.{variant}.embeddings"}
    if variant == "raw":  # the neurons are the same, so their activity needs no encoder
        inputs["embeddings"] = f"{experiment}.{transfer.target}.raw.embeddings"
    return Pipeline(
        template,
        namespace=f"{experiment}.{transfer.name}.{variant}",
        inputs=inputs,
        parameters=parameters,
    )
