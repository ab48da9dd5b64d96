"""The decoding stage: embeddings → predictions and scores on test rows."""

from cebra_kedro.pipelines.decoding.pipeline import create_pipeline

__all__ = ["create_pipeline"]
