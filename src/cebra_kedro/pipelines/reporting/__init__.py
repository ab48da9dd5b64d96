"""The reporting stage: results → figures, tables, and a list of them."""

from cebra_kedro.pipelines.reporting.pipeline import create_pipeline

__all__ = ["create_pipeline"]
