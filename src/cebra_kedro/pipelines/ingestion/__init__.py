"""The ingestion stage."""

from cebra_kedro.pipelines.ingestion.pipeline import create_pipeline

__all__ = ["create_pipeline"]
