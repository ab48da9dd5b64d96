"""Renders ``report.html`` from a reporting folder: read, arrange, fill the template, write.

Reading is done in ``read``, tables in ``tables``, what the page says in ``page``; templates are
filled in ``template``.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from cebra_kedro.atomic import atomic_path
from cebra_kedro.report.page import Page, make_page
from cebra_kedro.report.pictures import embedded
from cebra_kedro.report.read import read_folder
from cebra_kedro.report.template import rendered

logger = logging.getLogger(__name__)

PAGE_NAME = "report.html"


def build_report(reporting_folder: Path) -> Path:
    """Write ``report.html`` over everything that lies in a reporting folder.

    The page is one file that needs no network: figures, numbers and the script of its plots are in
    it; tables and sentences are there without scripts too. The same folder content gives the same
    bytes. What is missing is left out; a file that cannot be read is named on the page.

    Args:
        reporting_folder: holds any of ``run_manifest.json``, ``provenance.json``,
            ``<experiment>/metrics.csv``, ``consistency.csv``, ``about.json``, ``*.png``,
            ``<experiment>/<session>/explorer.json`` and ``*.png``.

    Returns:
        The path of the page.

    Raises:
        NotADirectoryError: ``reporting_folder`` is not a folder.
    """
    folder = Path(reporting_folder)
    if not folder.is_dir():
        raise NotADirectoryError(
            f"reporting_folder must be an existing folder, got {folder}; "
            "run a pipeline first or correct the path"
        )
    contents = read_folder(folder)
    for problem in contents.problems:
        logger.warning("%s is left out of the report: %s", problem.path, problem.reason)
    html = render(make_page(contents))
    target = folder / PAGE_NAME
    with atomic_path(target) as temporary:
        # A file name that is not UTF-8 shows a question mark instead of stopping the page.
        temporary.write_bytes(html.encode("utf-8", "replace"))
    return target


def render(page: Page) -> str:
    """The HTML of a page."""
    return rendered(
        "page.html.j2",
        plots=any(experiment.explorer for experiment in page.experiments),
        page=page,
        pictures=embedded(_pictures(page)),
    )


def _pictures(page: Page) -> Iterator[Path]:
    """Those of experiments, then those of sessions."""
    for experiment in page.experiments:
        yield from (figure.file.file for figure in experiment.figures)
    for experiment in page.experiments:
        for subject in experiment.subjects:
            yield from (figure.file.file for figure in subject.figures)
