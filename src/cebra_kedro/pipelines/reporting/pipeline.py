"""Reporting: the figures of each subject and of each experiment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from kedro.pipeline import Pipeline, node
from kedro.pipeline.node import Node

from cebra_kedro.experiments import HIPPOCAMPUS, MONKEY_REACHING, SYNTHETIC, Experiment
from cebra_kedro.pipelines import Entries, bind
from cebra_kedro.pipelines.reporting import hippocampus, monkey_reaching, synthetic
from cebra_kedro.pipelines.reporting.allen_pipeline import movie_pipeline
from cebra_kedro.pipelines.reporting.monkey_reaching_pipeline import reaching_pipeline
from cebra_kedro.pipelines.reporting.nodes import (
    list_results,
    loss_figure,
    seed_consistency_figure,
)
from cebra_kedro.pipelines.reporting.synthetic_pipeline import synthetic_pipeline


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
REACHING_FIGURES = (
    SubjectFigure(
        "position_colours", monkey_reaching.position_colours_figure, "embeddings", "encoders"
    ),
    SubjectFigure(
        "target_colours", monkey_reaching.target_colours_figure, "embeddings", "encoders"
    ),
    SubjectFigure("trajectories", monkey_reaching.trajectories_figure, "embeddings", "encoders"),
    SubjectFigure("single_trials", monkey_reaching.single_trials_figure, "embeddings", "encoders"),
    SubjectFigure(
        "decoded_position", monkey_reaching.decoded_position_figure, "predictions", "variants"
    ),
    SubjectFigure(
        "kind_consistency",
        monkey_reaching.kind_consistency_figure,
        "consistency_between_kinds",
        "subject",
    ),
    *COMMON,
)
REACHING_SUMMARY = (
    ExperimentFigure("position", monkey_reaching.position_figure, "metrics"),
    ExperimentFigure("position_error", monkey_reaching.position_error_figure, "metrics"),
    ExperimentFigure("direction", monkey_reaching.direction_figure, "metrics"),
    ExperimentFigure(
        "transfer_position_error", monkey_reaching.transfer_position_error_figure, "metrics"
    ),
    ExperimentFigure("transfer_direction", monkey_reaching.transfer_direction_figure, "metrics"),
    ExperimentFigure(
        "consistency_by_position",
        monkey_reaching.session_consistency_by_position_figure,
        "consistency",
    ),
    ExperimentFigure(
        "consistency_by_target", monkey_reaching.session_consistency_by_target_figure, "consistency"
    ),
)
SYNTHETIC_FIGURES = (
    SubjectFigure("overview", synthetic.overview_figure, "embeddings", "encoders"),
    SubjectFigure("variants", synthetic.variants_figure, "embeddings", "variants"),
)
SYNTHETIC_SUMMARY = (
    ExperimentFigure("recovery", synthetic.recovery_figure, "metrics"),
    ExperimentFigure("label", synthetic.label_figure, "metrics"),
    ExperimentFigure("class", synthetic.class_figure, "metrics"),
)


def create_pipeline() -> Pipeline:
    """Figures of every experiment."""
    return (
        _experiment(HIPPOCAMPUS, HIPPOCAMPUS_FIGURES, HIPPOCAMPUS_SUMMARY)
        + _experiment(
            MONKEY_REACHING,
            REACHING_FIGURES,
            REACHING_SUMMARY,
            listed=("all_embeddings", "transfer_trajectories_figure"),
        )
        + reaching_pipeline()
        + movie_pipeline()
        + _experiment(
            SYNTHETIC, SYNTHETIC_FIGURES, SYNTHETIC_SUMMARY, listed=("sweep", "sweep_figure")
        )
        + synthetic_pipeline()
    )


def _experiment(
    experiment: Experiment,
    subject_figures: Sequence[SubjectFigure],
    summary: Sequence[ExperimentFigure],
    listed: Sequence[str] = (),
) -> Pipeline:
    """Figures, and a list of the results; entries of the experiment can be ``listed`` besides."""
    parts = [_summary(experiment, summary, listed)]
    parts.extend(_subject(experiment, subject, subject_figures) for subject in experiment.subjects)
    return Pipeline(parts)


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


def _summary(
    experiment: Experiment, figures: Sequence[ExperimentFigure], listed: Sequence[str]
) -> Pipeline:
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
    results = _results(*tables, *names, *listed, **subjects.arguments)
    return Pipeline(Pipeline([*drawn, results]), namespace=experiment.name, inputs=subjects.outside)


def _results(*names: str, **more: str) -> Node:
    """The node that lists results, so that they end in one entry."""
    inputs = {name: name for name in names} | more
    return node(list_results, inputs=inputs, outputs="results", name="results")
