"""The consistency stage: embeddings → how well one tells another."""

from cebra_kedro.pipelines.consistency.pipeline import create_pipeline

__all__ = ["create_pipeline"]
