"""The plots of the report for one experiment, in the output of a notebook's cell.

The same template, script and style as in ``report.html``; here they only get a frame of their own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TypeVar

from cebra_kedro.report.explorer import explorer_json, variant_facts
from cebra_kedro.report.read import Contents, ExperimentFiles, SubjectFiles, read_folder
from cebra_kedro.report.template import rendered

Named = TypeVar("Named", ExperimentFiles, SubjectFiles)

HEIGHT_PX = 780
"""Of the frame: tools and embedding; the other plots are reached by scrolling."""


@dataclasses.dataclass(frozen=True)
class Explored:
    """Plots to turn and to pick from, which a notebook shows when a cell ends with them.

    Attributes:
        title: what is shown, in words.
        page: a whole page of HTML that needs no network.
    """

    title: str
    page: str = dataclasses.field(repr=False)

    def _repr_html_(self) -> str:
        """The page in a frame, so that its style and script leave the notebook alone."""
        return (
            f'<iframe title="{escape(self.title)}" srcdoc="{escape(self.page)}" '
            f'style="width: 100%; height: {HEIGHT_PX}px; border: 0"></iframe>'
        )


def explore(reporting_folder: Path | str, experiment: str, session: str | None = None) -> Explored:
    """The plots that ``report.html`` has of an experiment: embeddings, decoded labels, scores.

    A notebook that is saved with this output grows by about 6 MB, as plotly.js is in it.

    Args:
        reporting_folder: ``data/08_reporting`` of a project.
        experiment: e.g. ``hippocampus``.
        session: one session, e.g. ``buddy``; None for all, with a picker.

    Returns:
        What a cell of a notebook shows if it is its last line.

    Raises:
        FileNotFoundError: nothing has run yet.
        ValueError: there is no such experiment or session, or nothing of it to plot; says what
            there is.
    """
    folder = Path(reporting_folder)
    contents = read_folder(folder) if folder.is_dir() else None
    if contents is None or not contents.experiments:
        raise FileNotFoundError(
            f"reporting_folder {folder} has no results yet; kedro run makes some"
        )
    files = _named(experiment, contents.experiments, "experiment", folder)
    if session is not None:
        subject = _named(session, files.subjects, "session", folder / experiment)
        files = dataclasses.replace(files, subjects=(subject,))
    explorer = explorer_json(files, variant_facts(files.about))
    title = " ".join(filter(None, [experiment, session]))
    if not explorer:
        raise ValueError(
            f"{title} has neither embeddings nor scores in {folder}{_unread(contents, files)}; "
            f"kedro run --pipelines {experiment} makes them"
        )
    return Explored(title, rendered("notebook.html.j2", plots=True, title=title, explorer=explorer))


def _named(name: str, there: Sequence[Named], what: str, folder: Path) -> Named:
    found = {one.name: one for one in there}
    if name not in found:
        raise ValueError(
            f"{what} must be one of those in {folder} ({', '.join(found) or 'none'}), got {name!r}"
        )
    return found[name]


def _unread(contents: Contents, files: ExperimentFiles) -> str:
    """Files of the experiment that could not be read, which may be why there is nothing."""
    problems = [one for one in contents.problems if one.path.startswith(f"{files.name}/")]
    return "".join(f" ({one.path}: {one.reason})" for one in problems)
