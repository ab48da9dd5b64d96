"""The sweep of the synthetic experiment: one node over the sets it is told to run on."""

from __future__ import annotations

from kedro.pipeline import Pipeline, node

from cebra_kedro.experiments import SYNTHETIC
from cebra_kedro.pipelines.decoding.synthetic import run_sweep


def sweep_pipeline() -> Pipeline:
    """Every cell of ``sweep.grid`` → ``synthetic.sweep``."""
    experiment = SYNTHETIC.name
    sets = {
        f"{subject}_{entry}": f"{experiment}.{subject}.{entry}"
        for subject in SYNTHETIC.subjects
        for entry in ("recording", "splits")
    }
    template = Pipeline(
        [
            node(
                run_sweep,
                inputs={
                    "parameters": "params:experiment",
                    "store": "model_store",
                    **{name: name for name in sets},
                },
                outputs="sweep",
                name="sweep",
            )
        ]
    )
    return Pipeline(
        template,
        namespace=experiment,
        inputs=sets,
        parameters={"params:experiment": f"params:{experiment}"},
    )
