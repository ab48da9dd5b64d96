"""Paper figures: one namespace a figure, from the published result files to pictures and numbers.

Not part of the default pipeline. Which panels a figure has is in ``plots.paper.pages``.
"""

from __future__ import annotations

from types import MappingProxyType

from kedro.pipeline import Pipeline, node

from cebra_kedro.pipelines import Entries, bind, stack_tables
from cebra_kedro.pipelines.paper_figures.nodes import draw_figure, list_files

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
    return sum([_figure(figure) for figure in FILES], _together())


def _figure(figure: str) -> Pipeline:
    outputs = ("panels", "page", "numbers", "files")
    template = Pipeline(
        [
            node(
                bind(draw_figure, figure=figure),
                inputs={name: name for name in (*FILES[figure], "this_run")},
                outputs={name: name for name in outputs},
                name="draw",
            )
        ]
    )
    return Pipeline(template, namespace=f"{NAME}.{figure}", inputs={"this_run": f"{NAME}.this_run"})


def _together() -> Pipeline:
    numbers = Entries(NAME, tuple(FILES), "numbers")
    files = Entries(NAME, tuple(FILES), "files")
    template = Pipeline(
        [
            node(stack_tables, inputs=numbers.arguments, outputs="numbers", name="numbers"),
            node(list_files, inputs=files.arguments, outputs="files", name="files"),
        ]
    )
    return Pipeline(template, namespace=NAME, inputs=numbers.outside | files.outside)
