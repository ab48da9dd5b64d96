"""Published result files → panels, pages and numbers; what is missing is said and left out."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from cebra_kedro.sources.published_results import ResultFile

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from cebra_kedro.report.read import Contents

logger = logging.getLogger(__name__)

NUMBER_COLUMNS = ("figure", "panel", "method", "item", "quantity", "value", "unit")
FILE_COLUMNS = ("figure", "file", "status", "git_blob_id", "path", "source", "panels")


def draw_figure(
    figure: str, this_run: Path, **published: Mapping[str, ResultFile]
) -> dict[str, Any]:
    """Every panel whose files are there, their page, their numbers, and a list of the files.

    Args:
        figure: e.g. ``figure_1``.
        this_run: the reporting folder, for the panels that set our results beside published ones.
        published: catalog entry → published name → file.

    Returns:
        ``panels`` (name → picture), ``page``, ``numbers`` and ``files``.
    """
    from cebra_kedro.plots.paper import draw_panel, panels_of

    files = {name: file for group in published.values() for name, file in group.items()}
    contents = {name: file.content for name, file in files.items() if file.status != "missing"}
    drawn = {
        panel.name: draw_panel(panel, contents)
        for panel in panels_of(figure)
        if not panel.missing(contents)
    }
    _say_what_is_missing(figure, files, list(drawn))
    page = _page(figure, contents, bool(drawn))
    drawn |= _beside_this_run(figure, contents, _our_tables(this_run))
    numbers = [
        table.assign(figure=figure, panel=name)[list(NUMBER_COLUMNS)]
        for name, (_, table) in drawn.items()
    ]
    return {
        "panels": {f"panel_{name}": picture for name, (picture, _) in drawn.items()},
        "page": page,
        "numbers": pd.concat(numbers, ignore_index=True)
        if numbers
        else pd.DataFrame(columns=list(NUMBER_COLUMNS)),
        "files": _file_table(figure, files),
    }


def stack_tables(**tables: pd.DataFrame) -> pd.DataFrame:
    """One table under another, in the order given."""
    filled = [table for table in tables.values() if len(table)]
    return pd.concat(filled or list(tables.values()), ignore_index=True)


def list_figures(numbers: pd.DataFrame, files: pd.DataFrame) -> dict[str, Any]:
    """What was drawn: panels by figure, and how many numbers and files there are."""
    of_figure = numbers.groupby("figure")["panel"]
    panels = {figure: sorted(set(of_figure.get_group(figure))) for figure in of_figure.groups}
    return {"panels": panels, "n_numbers": len(numbers), "n_files": len(files)}


def list_files(**tables: pd.DataFrame) -> pd.DataFrame:
    """The files of all figures in one table; says at the end of a run what is missing."""
    table = stack_tables(**tables)
    missing = table[table["status"] == "missing"]
    if len(missing):
        logger.warning(
            "%d of %d published files are missing (%s); the figures were drawn without them. "
            "All are listed, with their places, in paper_figures/files.csv; source: %s",
            len(missing),
            len(table),
            ", ".join(missing["file"]),
            ", ".join(missing["source"].unique()),
        )
    return table


def _say_what_is_missing(figure: str, files: Mapping[str, ResultFile], drawn: list[str]) -> None:
    from cebra_kedro.plots.paper import panels_of

    logger.info("%s: panels drawn: %s", figure, ", ".join(drawn) or "none")
    left_out = [panel for panel in panels_of(figure) if panel.name not in drawn]
    if left_out:
        absent = [file for file in files.values() if file.status == "missing"]
        places = {file.path.as_posix().removesuffix(file.name) for file in absent}
        logger.warning(
            "%s: panels not drawn: %s, for want of %s, to be placed below %s; source: %s",
            figure,
            ", ".join(panel.name for panel in left_out),
            ", ".join(file.name for file in absent),
            ", ".join(sorted(places)),
            ", ".join(sorted({file.source for file in absent})),
        )


def _page(figure: str, contents: Mapping[str, Any], any_panel: bool) -> Figure:
    from cebra_kedro.plots.canvas import figure_message
    from cebra_kedro.plots.paper import draw_page, panels_of

    if any_panel:
        return draw_page(figure, contents)
    needed = {name for panel in panels_of(figure) for name in panel.files}
    title = figure.replace("_", " ").capitalize()
    return figure_message(f"{title}: not drawn, needs {', '.join(sorted(needed))}")


def _beside_this_run(
    figure: str, contents: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]
) -> dict[str, tuple[Figure, pd.DataFrame]]:
    """The panels "published | this run" for which both sides are there."""
    from cebra_kedro.plots.paper import COMPARISONS, draw_comparison

    return {
        one.name: draw_comparison(one, contents, tables[one.table])
        for one in COMPARISONS[figure]
        if one.table in tables and set(one.files) <= contents.keys()
    }


def _our_tables(folder: Path) -> dict[str, pd.DataFrame]:
    """Our tables such as ``hippocampus/metrics``, with a column ``origin`` for each row."""
    from cebra_kedro.report.read import read_folder

    found = read_folder(folder)
    tables = {}
    for experiment in found.experiments:
        parts = [
            subject.metrics.assign(origin=_origin(found, subject.metrics_path, subject.name))
            for subject in experiment.subjects
            if len(subject.metrics)
        ]
        if parts:
            tables[f"{experiment.name}/metrics"] = pd.concat(parts, ignore_index=True)
        if len(experiment.consistency):
            tables[f"{experiment.name}/consistency"] = experiment.consistency.assign(
                subject=experiment.consistency["source"].str.split("/").str[0],
                origin=_origin(found, f"{experiment.name}/consistency.csv"),
            )
    for file in sorted(folder.glob("*/sweep.csv")):
        table = pd.read_csv(file, keep_default_na=False)
        if len(table):
            name = f"{file.parent.name}/sweep"
            tables[name] = table.assign(origin=_origin(found, f"{name}.csv"))
    return tables


def _origin(found: Contents, path: str, session: str = "") -> str:
    """From which kind of recording a table came, or its rows of a session, as runs have noted."""
    entry = found.provenance.get(f"{path}#{session}", found.provenance.get(path))
    simulated = entry.get("simulated") if isinstance(entry, dict) else None
    if simulated is None:
        return "unknown"
    return "simulated" if simulated else "real"


def _file_table(figure: str, files: Mapping[str, ResultFile]) -> pd.DataFrame:
    from cebra_kedro.plots.paper import panels_of

    rows = [
        {
            "figure": figure,
            "file": file.name,
            "status": file.status,
            "git_blob_id": file.checksum,
            "path": file.path.as_posix(),
            "source": file.source,
            "panels": " ".join(p.name for p in panels_of(figure) if file.name in p.files),
        }
        for file in files.values()
    ]
    return pd.DataFrame(rows, columns=list(FILE_COLUMNS))
