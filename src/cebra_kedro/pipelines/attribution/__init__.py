"""The attribution stage: encoders → which neurons matter to their embeddings."""

from cebra_kedro.pipelines.attribution.pipeline import create_pipeline

__all__ = ["create_pipeline"]
