"""Reporting of one experiment: figures of each kind, what the page explores, tests, all listed."""

from __future__ import annotations

from kedro.pipeline import Pipeline, node

from cebra_kedro.experiment import Experiment
from cebra_kedro.pipelines import bind
from cebra_kedro.pipelines.reporting.nodes import (
    describe,
    draw,
    explore,
    list_results,
    one_table,
    tell_apart,
)


def create_pipeline(name: str, experiment: Experiment, compared: bool) -> Pipeline:
    """Everything → ``<name>.<figure>.figures`` → ``<name>.results``.

    Args:
        name: of the experiment.
        experiment: its description.
        compared: whether there is ``<name>.consistency``.
    """
    namespace = f"reporting.{name}"
    tables = {"metrics": f"{name}.metrics"}
    nodes = []
    if compared:
        tables["consistency"] = f"{name}.consistency"
    if experiment.attribution is not None:
        tables["attribution"] = f"{name}.attribution"
    for what in ("across", "sweep", "search"):
        if getattr(experiment, what) is not None:
            tables[what] = f"{name}.{what}_table"
            nodes.append(
                node(
                    one_table,
                    inputs=f"{name}.{what}",
                    outputs=tables[what],
                    name=f"{what}_table",
                    namespace=namespace,
                )
            )
    maps = {} if experiment.attribution is None else {"maps": f"{name}.attribution_maps"}
    inputs = {
        **{e: f"{name}.{e}" for e in ("recordings", "splits", "embeddings", "models")},
        **({"predictions": f"{name}.predictions"} if experiment.decode else {}),
        **tables,
        **maps,
        "experiment": f"params:{name}",
        "only": "params:only_sessions",
    }
    figures = {figure: f"{name}.{figure}.figures" for figure in experiment.figures}
    nodes.extend(
        node(
            bind(draw, experiment, name=name, figure=figure),
            inputs=inputs,
            outputs=output,
            name=figure,
            namespace=namespace,
        )
        for figure, output in figures.items()
    )
    nodes.append(
        node(
            bind(explore, experiment, name=name),
            inputs=inputs,
            outputs=f"{name}.explorer",
            name="explorer",
            namespace=namespace,
        )
    )
    are_read = any(block.from_file is not None for block in experiment.encoders.values())
    described = ("recordings", "experiment", "only", *(("models",) if are_read else ()))
    nodes.append(
        node(
            bind(describe, experiment),
            inputs={key: inputs[key] for key in described},
            outputs=f"{name}.about",
            name="about",
            namespace=namespace,
        )
    )
    if experiment.decode:
        nodes.append(
            node(
                tell_apart,
                inputs=[f"{name}.metrics", f"{name}.about"],
                outputs=f"{name}.significance",
                name="significance",
                namespace=namespace,
            )
        )
        tables["significance"] = f"{name}.significance"
    tables |= {"explorer": f"{name}.explorer", "about": f"{name}.about"}
    nodes.append(
        node(
            list_results,
            inputs=tables | {f"figure_{figure}": output for figure, output in figures.items()},
            outputs=f"{name}.results",
            name="results",
            namespace=namespace,
        )
    )
    return Pipeline(nodes)
