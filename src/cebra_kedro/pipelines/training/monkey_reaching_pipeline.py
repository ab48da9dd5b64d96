"""One kind of session embedded by the encoders of another: what cross-decoding needs."""

from __future__ import annotations

from kedro.pipeline import Pipeline, node

from cebra_kedro.experiments import MONKEY_REACHING, Transfer
from cebra_kedro.pipelines.training.monkey_reaching import transferred_pca_embedding
from cebra_kedro.pipelines.training.nodes import embed


def transfer_pipeline() -> Pipeline:
    """Every encoder, and PCA, of the source of a transfer, applied to its target."""
    parts = []
    for transfer in MONKEY_REACHING.transfers:
        parts.append(_pca(transfer))
        parts.extend(_encoder(transfer, variant) for variant in MONKEY_REACHING.trained_variants)
    return Pipeline(parts)


def _encoder(transfer: Transfer, variant: str) -> Pipeline:
    template = Pipeline(
        [node(embed, ["recording", "splits", "models"], "embeddings", name="embed")]
    )
    source = f"{MONKEY_REACHING.name}.{transfer.source}.{variant}"
    return Pipeline(
        template,
        namespace=f"{MONKEY_REACHING.name}.{transfer.name}.{variant}",
        inputs=_target(transfer) | {"models": f"{source}.models"},
    )


def _pca(transfer: Transfer) -> Pipeline:
    template = Pipeline(
        [
            node(
                transferred_pca_embedding,
                inputs=[
                    *("source_recording", "source_splits"),
                    *("recording", "splits", "params:baselines"),
                ],
                outputs="embeddings",
                name="features",
            )
        ]
    )
    source = f"{MONKEY_REACHING.name}.{transfer.source}"
    return Pipeline(
        template,
        namespace=f"{MONKEY_REACHING.name}.{transfer.name}.pca",
        inputs=_target(transfer)
        | {"source_recording": f"{source}.recording", "source_splits": f"{source}.splits"},
        parameters={"params:baselines": f"params:{MONKEY_REACHING.name}.baselines"},
    )


def _target(transfer: Transfer) -> dict[str, str]:
    target = f"{MONKEY_REACHING.name}.{transfer.target}"
    return {name: f"{target}.{name}" for name in ("recording", "splits")}
