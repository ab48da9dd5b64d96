"""What the page says: origins, badges, run facts, and where each table and figure stands.

Reading files is left to ``read``, numbers to ``tables``, mark-up to the template.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from cebra_kedro.plots.style import DPI, NORMAL_INCHES
from cebra_kedro.report import tables
from cebra_kedro.report.captions import caption, caption_order
from cebra_kedro.report.compared import VariantFacts
from cebra_kedro.report.consistency import Consistency, consistency_tables
from cebra_kedro.report.explorer import explorer_json, late_rises, variant_facts
from cebra_kedro.report.findings import Finding, findings
from cebra_kedro.report.read import Contents, ExperimentFiles, FigureFile, Problem, SubjectFiles
from cebra_kedro.report.significance import PairRow, pair_rows, significance

_CHECKSUM_WORDS = {
    "mismatch": "checksum does not match",
    "unverified": "checksum not verified",
    "own": "a file of one's own",
    "verified": "checksum verified",
}
"""From the most to the least worrying; of several raw files the most worrying counts."""


_NO_DECODER = ("", "none")
"""What tables say of scores that no decoder has a part in, such as the goodness of fit."""


@dataclass(frozen=True)
class Origin:
    """Which run made a file and from what kind of recording.

    Attributes:
        badge: ``simulated``, ``real recording (checksum verified)``, … or empty if unknown.
        kind: ``simulated``, ``real`` (checksum verified), ``doubtful`` (real, checksum not
            verified), ``unchecked`` (real, nothing recorded about a checksum) or ``unknown``.
        run: run, environment and date as text; empty if not recorded.
        earlier: made by another run than the latest one.
    """

    badge: str
    kind: str
    run: str
    earlier: bool


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
        status=_text(manifest.get("status")),
        failed_node=_text(manifest.get("failed_node")),
        facts=_facts(manifest),
        details=_details(manifest),
        raw_files=tuple(_raw_file(raw) for raw in _objects(manifest.get("raw_files"))),
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
    started, finished = (_text(manifest.get(k)) for k in ("started_at", "finished_at"))
    parts = ["latest run " + _moment(started) if started else "", _duration(started, finished)]
    return "; ".join(filter(None, [what, ", ".join(filter(None, parts))]))


def _experiment(contents: Contents, files: ExperimentFiles, number: int) -> Experiment:
    subjects = tuple(_subject(contents, files.name, subject) for subject in files.subjects)
    kinds = {subject.origin.kind for subject in subjects}
    facts = variant_facts(files.about)
    metrics = [subject.metrics for subject in files.subjects if len(subject.metrics)]
    return Experiment(
        name=files.name,
        title=files.name.replace("_", " "),
        origins=tuple(_different(subject.origin for subject in subjects)),
        findings=_findings(files, metrics, facts),
        tests=_tests(files, metrics, facts),
        explorer=explorer_json(files, facts),
        settings=_json(files.about.get("settings"), indent=2) if files.about else "",
        anchor=f"experiment-{number}",
        mixed="simulated" in kinds and bool(kinds - {"simulated", "unknown"}),
        overview=tables.subjects_table({s.name: s.metrics for s in files.subjects}),
        subjects=subjects,
        consistency=consistency_tables(files.consistency),
        consistency_origin=_origin(contents, f"{files.name}/consistency.csv"),
        figures=_figures(contents, files.figures),
    )


def _different(origins: Iterable[Origin]) -> Iterator[Origin]:
    """One of each badge."""
    seen: dict[str, Origin] = {}
    for origin in origins:
        if origin.badge:
            seen.setdefault(origin.badge, replace(origin, earlier=False))
    order = ("doubtful", "unchecked", "simulated", "real", "unknown")
    yield from sorted(seen.values(), key=lambda origin: order.index(origin.kind))


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
    origin = _origin(contents, path, experiment, files.name)
    scores = () if files.metrics.empty else tuple(_scores(files.metrics))
    facts = _recording_facts(contents, experiment, files.name)
    return Subject(
        name=files.name,
        origin=origin,
        data=_size(facts),
        suspicions=tuple(map(_text, facts.get("suspicions") or ())),
        scores=scores,
        figures=_figures(contents, files.figures),
    )


def _recording_facts(contents: Contents, experiment: str, subject: str) -> dict[str, Any]:
    """What is recorded of the recording of a session."""
    for place, entry in contents.provenance.items():
        if not isinstance(entry, dict) or entry.get("dataset") != f"{experiment}.recordings":
            continue
        if place.endswith(f"#{subject}"):
            return entry
    return {}


def _size(facts: dict[str, Any]) -> str:
    """``11589 bins of 25 ms (4 min 50 s) in 87 trials, 25 neurons``."""
    n_time, width, n_neurons = (facts.get(key) for key in ("n_time", "bin_width_s", "n_neurons"))
    if not (isinstance(n_time, int) and isinstance(n_neurons, int) and isinstance(width, float)):
        return ""
    minutes, seconds = divmod(round(n_time * width), 60)
    lasts = f"{minutes} min {seconds} s" if minutes else f"{n_time * width:.3g} s"
    trials = facts.get("n_trials")
    of_trials = f" in {trials} trials" if isinstance(trials, int) and trials > 1 else ""
    return f"{n_time} bins of {1000 * width:.3g} ms ({lasts}){of_trials}, {n_neurons} neurons"


def _figures(contents: Contents, files: Iterable[FigureFile]) -> tuple[Figure, ...]:
    return tuple(
        Figure(
            file=file,
            caption=caption(file.stem),
            origin=_origin(contents, file.path),
            wide=file.width > NORMAL_INCHES * DPI,
        )
        for file in sorted(files, key=lambda file: caption_order(file.stem))
    )


def _origin(contents: Contents, path: str, experiment: str = "", subject: str = "") -> Origin:
    entry = contents.provenance.get(path)
    if not isinstance(entry, dict):
        return Origin("", "unknown", "", earlier=False)
    run_id, latest = _text(entry.get("run_id")), _text(contents.manifest.get("run_id"))
    parts = {
        "run": run_id,
        "environment": _text(entry.get("environment")),
        "finished": _moment(_text(entry.get("finished_at"))),
    }
    earlier = bool(run_id and latest and run_id != latest)
    if earlier:
        parts["parameters in"] = _text(entry.get("manifest"))
    if run_id and run_id == latest:
        parts = {"latest": "run", "environment": parts["environment"]}
    run = ", ".join(f"{name} {text}" for name, text in parts.items() if text)
    simulated = entry.get("simulated")
    if simulated is True:
        badge, kind = "simulated", "simulated"
    elif simulated is False:
        status = _text(entry.get("checksum_status"))
        if not status and run_id == latest:
            status = _checksum_status(contents.manifest, experiment, subject)
        badge = f"real recording ({_CHECKSUM_WORDS.get(status, 'checksum not recorded')})"
        kind = _checksum_kind(status)
    else:
        badge, kind = "", "unknown"
    return Origin(badge, kind, run, earlier=earlier)


def _checksum_status(manifest: dict[str, Any], experiment: str, subject: str) -> str:
    """The most worrying status among the raw files whose dataset name has both names in it."""
    there = {
        _text(raw.get("checksum_status"))
        for raw in _objects(manifest.get("raw_files"))
        if {experiment, subject} <= set(re.split(r"[.@#/]", _text(raw.get("dataset"))))
    }
    return next((status for status in _CHECKSUM_WORDS if status in there), "")


def _checksum_kind(status: str) -> str:
    if status == "verified":
        return "real"
    return "doubtful" if status in ("mismatch", "unverified") else "unchecked"


def _raw_file(raw: dict[str, Any]) -> dict[str, str]:
    status = _text(raw.get("checksum_status"))
    simulated = raw.get("simulated") is True
    return {
        "dataset": _text(raw.get("dataset")),
        "source": _text(raw.get("source")),
        "checksum": _text(raw.get("checksum")),
        "words": "simulated" if simulated else _CHECKSUM_WORDS.get(status, status),
        "kind": "simulated" if simulated else _checksum_kind(status),
    }


def _facts(manifest: dict[str, Any]) -> dict[str, str]:
    commit = _text(manifest.get("git_commit"))
    if commit and manifest.get("git_dirty"):
        commit += " with uncommitted changes"
    started, finished = (_text(manifest.get(k)) for k in ("started_at", "finished_at"))
    facts = {
        "command": _command(manifest.get("command")),
        "pipelines": _text(manifest.get("pipelines")),
        "namespaces": _text(manifest.get("namespaces")),
        "environment": _text(manifest.get("environment")),
        "started": _moment(started),
        "finished": _moment(finished),
        "duration": _duration(started, finished),
        "run": _text(manifest.get("run_id")),
        "git commit": commit,
        "device": _text(manifest.get("device")),
        "platform": _text(manifest.get("platform")),
        "Python": _text(manifest.get("python")),
        "seeds": _text(manifest.get("seeds")),
    }
    return {name: text for name, text in facts.items() if text}


def _details(manifest: dict[str, Any]) -> dict[str, str]:
    details = {}
    if parameters := manifest.get("parameters"):
        details["Parameters"] = _json(parameters, indent=2)
    packages = manifest.get("packages")
    if isinstance(packages, dict) and packages:
        details["Package versions"] = _aligned({k: _text(v) for k, v in sorted(packages.items())})
    seconds = manifest.get("node_seconds")
    if isinstance(seconds, dict) and seconds:
        times = {str(k): v for k, v in seconds.items() if isinstance(v, (int, float))}
        slowest_first = sorted(times, key=lambda node: (-times[node], node))
        rows = {node: f"{times[node]:.1f} s" for node in slowest_first}
        total = str(timedelta(seconds=round(sum(times.values()))))
        details[f"Time per node (sum {total})"] = _aligned(rows)
    return details


def _aligned(rows: dict[str, str]) -> str:
    width = max(map(len, rows), default=0)
    return "\n".join(f"{name:<{width}}  {text}" for name, text in rows.items())


def _command(command: Any) -> str:
    if isinstance(command, Sequence) and not isinstance(command, str):
        return shlex.join(map(str, command))
    return _text(command)


def _text(value: Any) -> str:
    """Plain text of a JSON value; nothing for null and for empty lists and objects."""
    if value is None or value in ([], {}):
        return ""
    if isinstance(value, list) and all(isinstance(item, (str, int)) for item in value):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_text(item)}" for name, item in sorted(value.items()))
    return _json(value) if isinstance(value, list) else str(value)


def _json(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, indent=indent, sort_keys=True, ensure_ascii=False)


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _moment(text: str) -> str:
    """An ISO time to the second, with its offset; any other text as it is."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return moment.replace(microsecond=0).isoformat(sep=" ").replace("+00:00", " UTC")


def _duration(started: str, finished: str) -> str:
    try:
        span = datetime.fromisoformat(finished) - datetime.fromisoformat(started)
    except (ValueError, TypeError):
        return ""
    return str(timedelta(seconds=round(span.total_seconds())))
