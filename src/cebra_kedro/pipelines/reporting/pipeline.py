"""Reporting: the figures of each subject and of each experiment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from kedro.pipeline import Pipeline, node
from kedro.pipeline.node import Node

from cebra_kedro.experiments import HIPPOCAMPUS, Experiment
from cebra_kedro.pipelines import Entries, bind
from cebra_kedro.pipelines.reporting import hippocampus
from cebra_kedro.pipelines.reporting.nodes import (
    list_results,
    loss_figure,
    seed_consistency_figure,
)


@dataclass(frozen=True)
class SubjectFigure:
    """A figure of each subject.

    Attributes:
        name: the entry is ``<name>_figure``, the file ``<name>.png``.
        draw: node function; takes the subject's name besides the entries.
        entry: what it shows, e.g. ``embeddings``.
        of: of which variants (arguments by their names), or of the subject as such.
    """

    name: str
    draw: Callable[..., Any]
    entry: str
    of: Literal["encoders", "variants", "subject"]

    def entries(self, experiment: Experiment, namespace: str) -> Entries | None:
        """The entries of the variants."""
        members = {"encoders": experiment.trained_variants, "variants": experiment.variants}
        return None if self.of == "subject" else Entries(namespace, members[self.of], self.entry)


@dataclass(frozen=True)
class ExperimentFigure:
    """A figure over all subjects, drawn from a table of the experiment.

    Attributes:
        name: the entry is ``<name>_figure``, the file ``<name>.png``.
        draw: node function of the table.
        table: ``metrics`` or ``consistency``.
    """

    name: str
    draw: Callable[..., Any]
    table: str


COMMON = (
    SubjectFigure("loss", loss_figure, "loss_history", "encoders"),
    SubjectFigure(
        "seed_consistency", seed_consistency_figure, "consistency_between_seeds", "subject"
    ),
)
HIPPOCAMPUS_FIGURES = (
    SubjectFigure("embedding", hippocampus.embedding_figure, "embeddings", "encoders"),
    SubjectFigure(
        "decoded_position", hippocampus.decoded_position_figure, "predictions", "variants"
    ),
    SubjectFigure("error", hippocampus.error_figure, "metrics", "subject"),
    *COMMON,
)
HIPPOCAMPUS_SUMMARY = (
    ExperimentFigure("error", hippocampus.subject_error_figure, "metrics"),
    ExperimentFigure("consistency", hippocampus.subject_consistency_figure, "consistency"),
)


def create_pipeline() -> Pipeline:
    """Figures of every experiment."""
    return _experiment(HIPPOCAMPUS, HIPPOCAMPUS_FIGURES, HIPPOCAMPUS_SUMMARY)


def _experiment(
    experiment: Experiment,
    subject_figures: Sequence[SubjectFigure],
    summary: Sequence[ExperimentFigure],
) -> Pipeline:
    parts = [_summary(experiment, summary)]
    parts.extend(_subject(experiment, subject, subject_figures) for subject in experiment.subjects)
    return sum(parts, Pipeline([]))


def _subject(experiment: Experiment, subject: str, figures: Sequence[SubjectFigure]) -> Pipeline:
    namespace = f"{experiment.name}.{subject}"
    nodes: list[Node] = []
    outside: dict[str, str] = {}
    for figure in figures:
        entries = figure.entries(experiment, namespace)
        nodes.append(
            node(
                bind(figure.draw, subject=subject),
                inputs=entries.arguments if entries else figure.entry,
                outputs=f"{figure.name}_figure",
                name=f"{figure.name}_figure",
            )
        )
        outside |= entries.outside if entries else {}
    nodes.append(_results("metrics", *(f"{figure.name}_figure" for figure in figures)))
    return Pipeline(Pipeline(nodes), namespace=namespace, inputs=outside)


def _summary(experiment: Experiment, figures: Sequence[ExperimentFigure]) -> Pipeline:
    subjects = Entries(experiment.name, experiment.subjects, "results")
    tables = dict.fromkeys(figure.table for figure in figures)
    drawn = [
        node(
            figure.draw,
            inputs=figure.table,
            outputs=f"{figure.name}_figure",
            name=f"{figure.name}_figure",
        )
        for figure in figures
    ]
    names = [f"{figure.name}_figure" for figure in figures]
    results = _results(*tables, *names, **subjects.arguments)
    return Pipeline(Pipeline([*drawn, results]), namespace=experiment.name, inputs=subjects.outside)


def _results(*names: str, **more: str) -> Node:
    """The node that lists results, so that they end in one entry."""
    inputs = {name: name for name in names} | more
    return node(list_results, inputs=inputs, outputs="results", name="results")
