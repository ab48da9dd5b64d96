"""The paper's figures from its published result files."""

from cebra_kedro.pipelines.paper_figures.pipeline import create_pipeline

__all__ = ["create_pipeline"]
