"""Reporting of the synthetic experiment beyond the template: files of encoders, and the sweep."""

from __future__ import annotations

from kedro.pipeline import Pipeline, node

from cebra_kedro.experiments import SYNTHETIC
from cebra_kedro.pipelines import bind
from cebra_kedro.pipelines.reporting.synthetic import sweep_figure, take_away


def synthetic_pipeline() -> Pipeline:
    """What the default encoder of each set leaves to take away, and the heat map of the sweep."""
    return Pipeline([_sweep(), *(_take_away(subject, "default") for subject in SYNTHETIC.subjects)])


def _take_away(subject: str, variant: str) -> Pipeline:
    template = Pipeline(
        [
            node(
                bind(take_away, subject=subject, variant=variant),
                inputs=["embeddings", "scores", "goodness_of_fit", "models"],
                outputs=["embedding_array", "results_json", "results_joblib", "summary"],
                name="take_away",
            )
        ]
    )
    return Pipeline(template, namespace=f"{SYNTHETIC.name}.{subject}.{variant}")


def _sweep() -> Pipeline:
    template = Pipeline(
        [node(sweep_figure, ["sweep", "params:sweep"], "sweep_figure", name="sweep_figure")]
    )
    return Pipeline(
        template,
        namespace=SYNTHETIC.name,
        parameters={"params:sweep": f"params:{SYNTHETIC.name}.sweep"},
    )
