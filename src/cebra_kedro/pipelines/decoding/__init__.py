"""The decoding stage."""

from cebra_kedro.pipelines.decoding.pipeline import create_pipeline

__all__ = ["create_pipeline"]
