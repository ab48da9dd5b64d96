"""Reporting of one experiment: figures of each kind, what the page explores, tests, all listed."""

from __future__ import annotations

from functools import partial

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

_OF_KEYS = ("across", "sweep", "search")
"""Blocks whose results are one value for each key; tables are made of them here."""


def create_pipeline(name: str, experiment: Experiment, compared: bool) -> Pipeline:
    """Everything → ``<name>.<figure>.figures`` → ``<name>.results``.

    Args:
        name: of the experiment.
        experiment: its description.
        compared: whether there is ``<name>.consistency``.
    """
    here = partial(node, namespace=f"reporting.{name}")
    tables = _tables(name, experiment, compared)
    inputs = _inputs(name, experiment) | tables
    about = {key: inputs[key] for key in _described(experiment)}
    figures = {figure: f"{name}.{figure}.figures" for figure in experiment.figures}
    made = {what: f"{name}.{what}" for what in ("explorer", "about")}
    nodes = [
        *(
            here(one_table, inputs=f"{name}.{what}", outputs=tables[what], name=f"{what}_table")
            for what in _OF_KEYS
            if what in tables
        ),
        *(
            here(
                bind(draw, experiment, name=name, figure=figure),
                inputs=inputs,
                outputs=output,
                name=figure,
            )
            for figure, output in figures.items()
        ),
        here(
            bind(explore, experiment, name=name),
            inputs=inputs,
            outputs=made["explorer"],
            name="explorer",
        ),
        here(bind(describe, experiment), inputs=about, outputs=made["about"], name="about"),
    ]
    if experiment.decode:
        made = {"significance": f"{name}.significance"} | made
        nodes.append(
            here(
                tell_apart,
                inputs=[tables["metrics"], made["about"]],
                outputs=made["significance"],
                name="significance",
            )
        )
    drawn = {f"figure_{figure}": output for figure, output in figures.items()}
    nodes.append(
        here(
            list_results,
            inputs=tables | made | drawn,
            outputs=f"{name}.results",
            name="results",
        )
    )
    return Pipeline(nodes)


def _tables(name: str, experiment: Experiment, compared: bool) -> dict[str, str]:
    """The tables of an experiment, in the order in which they are listed."""
    there = {
        "metrics": True,
        "consistency": compared,
        "attribution": experiment.attribution is not None,
    }
    tables = {what: f"{name}.{what}" for what, is_there in there.items() if is_there}
    of_keys = (what for what in _OF_KEYS if getattr(experiment, what) is not None)
    return tables | {what: f"{name}.{what}_table" for what in of_keys}


def _inputs(name: str, experiment: Experiment) -> dict[str, str]:
    """What figures are drawn from, but for the tables."""
    inputs = {what: f"{name}.{what}" for what in ("recordings", "splits", "embeddings", "models")}
    if experiment.decode:
        inputs["predictions"] = f"{name}.predictions"
    if experiment.attribution is not None:
        inputs["maps"] = f"{name}.attribution_maps"
    return inputs | {"experiment": f"params:{name}", "only": "params:only_sessions"}


def _described(experiment: Experiment) -> tuple[str, ...]:
    """What the report tells of an experiment is read from; encoders if they come from files."""
    are_read = any(block.from_file is not None for block in experiment.encoders.values())
    return ("recordings", "experiment", "only", *(("models",) if are_read else ()))
