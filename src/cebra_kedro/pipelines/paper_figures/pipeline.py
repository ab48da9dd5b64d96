"""Paper figures: one namespace a figure, from the published result files to pictures and numbers.

Not part of the default pipeline. Which panels a figure has is in ``plots.paper.pages``.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

from kedro.pipeline import Pipeline, node
from kedro.pipeline.node import Node

from cebra_kedro.pipelines import bind
from cebra_kedro.pipelines.paper_figures.nodes import (
    draw_figure,
    list_figures,
    list_files,
    stack_tables,
)

NAME = "paper_figures"
FILES = MappingProxyType(
    {
        "figure_1": ("figure1_h5", "results_v3"),
        "figure_2": (
            "figure2_h5",
            "supplvideo1_h5",
            "results_v1",
            "pivae_mcmc_csv",
            "autolfads_csv",
        ),
        "figure_3": ("figure3_h5",),
        "figure_4": ("figure4revision_h5",),
        "figure_5": ("figure5revision_h5",),
    }
)
"""Figure → catalog entries of the published files that it is drawn from."""


def create_pipeline() -> Pipeline:
    """All figures, and their numbers and files together."""
    nodes = [_figure(figure) for figure in FILES]
    nodes.extend(_together(entry) for entry in ("numbers", "files"))
    nodes.append(
        node(
            list_figures,
            inputs={entry: f"{NAME}.{entry}" for entry in ("numbers", "files")},
            outputs=f"{NAME}.results",
            name="results",
            namespace=NAME,
        )
    )
    return Pipeline(nodes)


def _figure(figure: str) -> Node:
    outputs = ("panels", "page", "numbers", "files")
    return node(
        bind(draw_figure, figure=figure),
        inputs={name: f"{NAME}.{figure}.{name}" for name in FILES[figure]}
        | {"this_run": f"{NAME}.this_run"},
        outputs={name: f"{NAME}.{figure}.{name}" for name in outputs},
        name="draw",
        namespace=f"{NAME}.{figure}",
    )


def _together(entry: str) -> Node:
    functions: dict[str, Callable[..., Any]] = {"numbers": stack_tables, "files": list_files}
    return node(
        functions[entry],
        inputs={figure: f"{NAME}.{figure}.{entry}" for figure in FILES},
        outputs=f"{NAME}.{entry}",
        name=entry,
        namespace=NAME,
    )
