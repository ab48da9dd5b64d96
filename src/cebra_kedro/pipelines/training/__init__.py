"""The training stage: recordings → encoders and embeddings."""

from cebra_kedro.pipelines.training.pipeline import create_pipeline

__all__ = ["create_pipeline"]
