"""What the page says, and where each table and figure stands.

Reading files is left to ``read``, where results come from to ``origin``, the run itself to
``run_facts``, numbers to ``tables``, mark-up to the template.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from cebra_kedro.plots.style import DPI, NORMAL_INCHES
from cebra_kedro.report import tables
from cebra_kedro.report.captions import caption, caption_order
from cebra_kedro.report.compared import VariantFacts
from cebra_kedro.report.consistency import Consistency, consistency_tables
from cebra_kedro.report.explorer import explorer_json, late_rises, variant_facts
from cebra_kedro.report.findings import Finding, findings
from cebra_kedro.report.origin import (
    Origin,
    different_origins,
    origin_of,
    raw_file,
    recording_facts,
    size_of,
)
from cebra_kedro.report.plain import duration, json_of, moment, objects_in, text_of
from cebra_kedro.report.read import Contents, ExperimentFiles, FigureFile, Problem, SubjectFiles
from cebra_kedro.report.run_facts import run_details, run_facts
from cebra_kedro.report.significance import PairRow, pair_rows, significance

_NO_DECODER = ("", "none")
"""What tables say of scores that no decoder has a part in, such as the goodness of fit."""


@dataclass(frozen=True)
class Figure:
    """A picture with its caption; one wider than a column takes the whole width of the page."""

    file: FigureFile
    caption: str
    origin: Origin
    wide: bool


@dataclass(frozen=True)
class Scores:
    """The scores by one decoder, beside those that need none."""

    decoder: str
    table: tables.ScoreTable


@dataclass(frozen=True)
class Subject:
    """Scores and figures of one subject.

    Attributes:
        name: of the session, or of a transfer between two.
        origin: of its scores.
        data: size of its recording in words; empty if not recorded.
        suspicions: what in its recording looks like a mistake.
        scores: its scores, a table for each decoder.
        figures: pictures of it.
    """

    name: str
    origin: Origin
    data: str
    suspicions: tuple[str, ...]
    scores: tuple[Scores, ...]
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Experiment:
    """Everything about one experiment.

    Attributes:
        name: of the experiment.
        title: the same in words.
        anchor: of its section.
        origins: how its recordings came to be, the most worrying first.
        mixed: whether it holds simulated and real subjects.
        findings: what was found, in sentences; warnings among them.
        explorer: JSON of what its plots show; empty where there is nothing to explore.
        tests: of the pairs that the findings compare.
        overview: the first metric of all sessions.
        subjects: sessions and transfers.
        consistency: R² between embeddings.
        consistency_origin: of these.
        figures: pictures of all sessions.
        settings: the description, as text.
    """

    name: str
    title: str
    anchor: str
    origins: tuple[Origin, ...]
    mixed: bool
    findings: tuple[Finding, ...]
    explorer: str
    tests: tuple[PairRow, ...]
    overview: tables.SubjectsTable | None
    subjects: tuple[Subject, ...]
    consistency: Consistency | None
    consistency_origin: Origin
    figures: tuple[Figure, ...]
    settings: str

    @property
    def main_finding(self) -> str:
        """The first sentence; empty without findings."""
        return next((one.text for one in self.findings if one.tone != "warning"), "")

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is doubtful."""
        return tuple(one.text for one in self.findings if one.tone == "warning")


@dataclass(frozen=True)
class Page:
    """The whole page.

    Attributes:
        status: ``finished``, ``failed`` or empty without a manifest.
        failed_node: where a failed run stopped; may be empty.
        facts: name → text about the latest run.
        details: title → preformatted text, folded up.
        raw_files: dataset, source, checksum, words about the checksum and kind of each raw file.
        simulated: ``all``, ``some`` or ``none`` of the subjects known to be simulated.
        summary: what was run, when, and for how long, in one line.
        experiments: in the order of their names.
        problems: files that could not be read.
    """

    status: str
    failed_node: str
    facts: dict[str, str]
    details: dict[str, str]
    raw_files: tuple[dict[str, str], ...]
    simulated: str
    summary: str
    experiments: tuple[Experiment, ...]
    problems: tuple[Problem, ...]


def make_page(contents: Contents) -> Page:
    """Arrange what was read into what the template shows."""
    manifest = contents.manifest
    experiments = tuple(_experiment(contents, e, i) for i, e in enumerate(contents.experiments, 1))
    kinds = [subject.origin.kind for e in experiments for subject in e.subjects]
    n_simulated = kinds.count("simulated")
    return Page(
        status=text_of(manifest.get("status")),
        failed_node=text_of(manifest.get("failed_node")),
        facts=run_facts(manifest),
        details=run_details(manifest),
        raw_files=tuple(raw_file(raw) for raw in objects_in(manifest.get("raw_files"))),
        simulated="none" if not n_simulated else "all" if n_simulated == len(kinds) else "some",
        summary=_summary(manifest, experiments),
        experiments=experiments,
        problems=contents.problems,
    )


def _summary(manifest: dict[str, Any], experiments: Sequence[Experiment]) -> str:
    """``4 experiments, 7 sessions; latest run 2026-01-05 10:11:12 UTC, 0:02:40``."""
    n_sessions = sum(len(experiment.subjects) for experiment in experiments)
    counts = [(len(experiments), "experiment"), (n_sessions, "session")]
    what = ", ".join(f"{n} {word}{'s' if n > 1 else ''}" for n, word in counts if n)
    started, finished = (text_of(manifest.get(k)) for k in ("started_at", "finished_at"))
    parts = ["latest run " + moment(started) if started else "", duration(started, finished)]
    return "; ".join(filter(None, [what, ", ".join(filter(None, parts))]))


def _experiment(contents: Contents, files: ExperimentFiles, number: int) -> Experiment:
    subjects = tuple(_subject(contents, files.name, subject) for subject in files.subjects)
    kinds = {subject.origin.kind for subject in subjects}
    facts = variant_facts(files.about)
    metrics = [subject.metrics for subject in files.subjects if len(subject.metrics)]
    return Experiment(
        name=files.name,
        title=files.name.replace("_", " "),
        origins=tuple(different_origins(subject.origin for subject in subjects)),
        findings=_findings(files, metrics, facts),
        tests=_tests(files, metrics, facts),
        explorer=explorer_json(files, facts),
        settings=json_of(files.about.get("settings"), indent=2) if files.about else "",
        anchor=f"experiment-{number}",
        mixed="simulated" in kinds and bool(kinds - {"simulated", "unknown"}),
        overview=tables.subjects_table({s.name: s.metrics for s in files.subjects}),
        subjects=subjects,
        consistency=consistency_tables(files.consistency),
        consistency_origin=origin_of(contents, f"{files.name}/consistency.csv"),
        figures=_figures(contents, files.figures),
    )


def _findings(
    files: ExperimentFiles, metrics: list[pd.DataFrame], facts: tuple[VariantFacts, ...]
) -> tuple[Finding, ...]:
    if not metrics or not facts:
        return ()
    rises = late_rises({subject.name: subject.explorer for subject in files.subjects})
    table = pd.concat(metrics)
    return findings(
        table,
        facts,
        _headline(files),
        files.consistency,
        carried=files.across,
        late_rises=rises,
    )


def _tests(
    files: ExperimentFiles, metrics: list[pd.DataFrame], facts: tuple[VariantFacts, ...]
) -> tuple[PairRow, ...]:
    if not metrics or not facts:
        return ()
    return pair_rows(significance(pd.concat(metrics), facts, _headline(files)))


def _headline(files: ExperimentFiles) -> str | None:
    headline = files.about.get("headline")
    return headline if isinstance(headline, str) else None


def _scores(metrics: pd.DataFrame) -> Iterator[Scores]:
    """A table for each decoder; what has none stands with the first."""
    without = metrics["decoder"].isin(_NO_DECODER)
    decoders = list(metrics["decoder"][~without].unique())
    for number, decoder in enumerate(decoders or [""]):
        chosen = (metrics["decoder"] == decoder) | (without & (number == 0))
        yield Scores(decoder, tables.score_table(metrics[chosen]))


def _subject(contents: Contents, experiment: str, files: SubjectFiles) -> Subject:
    first_figure = files.figures[0].path if files.figures else ""
    own_rows = f"{files.metrics_path}#{files.name}"
    path = own_rows if own_rows in contents.provenance else files.metrics_path or first_figure
    origin = origin_of(contents, path, experiment, files.name)
    scores = () if files.metrics.empty else tuple(_scores(files.metrics))
    facts = recording_facts(contents, experiment, files.name)
    return Subject(
        name=files.name,
        origin=origin,
        data=size_of(facts),
        suspicions=tuple(map(text_of, facts.get("suspicions") or ())),
        scores=scores,
        figures=_figures(contents, files.figures),
    )


def _figures(contents: Contents, files: Iterable[FigureFile]) -> tuple[Figure, ...]:
    return tuple(
        Figure(
            file=file,
            caption=caption(file.stem),
            origin=origin_of(contents, file.path),
            wide=file.width > NORMAL_INCHES * DPI,
        )
        for file in sorted(files, key=lambda file: caption_order(file.stem))
    )
