"""The ingestion stage: raw content of sessions → recordings and splits."""

from cebra_kedro.pipelines.ingestion.pipeline import create_pipeline

__all__ = ["create_pipeline"]
