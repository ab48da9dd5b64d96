"""What of a run goes to MLflow: names, numbers and files; writing them is ``mlflow_store``'s.

An experiment is an experiment of MLflow, a run of it a run, and in it, each encoder, control and
baseline a run of its own: these are the rows that people sort and compare in ``mlflow ui``, with
settings and scores of the same names beside each other.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from cebra_kedro.experiment import Experiment
from cebra_kedro.experiment.readout import Readout
from cebra_kedro.pipelines import chosen_sessions
from cebra_kedro.run.manifest import RunManifest
from cebra_kedro.run.summary import rows_of_run
from cebra_kedro.store import first_part

LONGEST_NAME, LONGEST_VALUE = 250, 500
"""Characters that MLflow takes of a name, and has taken of a value (6000 by now, which nobody reads
in a table); the whole of a longer value stands in the file of parameters."""
_FACTS = ("environment", "pipelines", "namespaces", "sessions", "git_dirty", "device", "python")
_FAILURE = ("failed_node", "error")


@dataclass(frozen=True)
class Logged:
    """What one run of MLflow holds.

    Attributes:
        name: what it is called.
        parameters: name → text.
        metrics: name → finite number.
        files: place among the artifacts → file.
        tags: name → text.
    """

    name: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LoggedExperiment:
    """What a run leaves of one experiment.

    Attributes:
        name: of the experiment.
        identity: digest of what its results depend on; a later run that has the same goes on with
            the same run of MLflow.
        whole: what belongs to all variants.
        variants: each encoder, control and baseline of which the run has something.
        texts: place among the artifacts of the whole → JSON.
    """

    name: str
    identity: str
    whole: Logged
    variants: tuple[Logged, ...]
    texts: Mapping[str, Any]


def logged_experiment(
    name: str, experiment: Experiment | None, manifest: RunManifest, reporting: Path, models: bool
) -> LoggedExperiment:
    """What a run has computed of an experiment, or has found to be still valid.

    Args:
        name: of the experiment.
        experiment: its description; None for the paper's figures.
        manifest: of the run, which has ended.
        reporting: the reporting folder.
        models: whether files of encoders are part of it.
    """
    facts, results = manifest.facts, _results(name, manifest)
    recordings = _recordings(name, experiment, manifest)
    described = facts["parameters"].get(name, {})
    files = {_place(file): reporting / name / file for file in results if _place(file)}
    page = reporting / "report.html"
    if not manifest.is_older(page):
        files[page.name] = page
    tags = {"experiment": name, "kedro_run": facts["run_id"], **_origin(recordings)}
    scores = _scores(name, experiment, results, reporting)
    whole = Logged(
        facts["run_id"],
        flat(described),
        _consistency(reporting / name) if Path("consistency.csv") in results else {},
        files,
        tags | _tags(facts),
    )
    variants = _variants(
        name, experiment, scores, _models(name, experiment, manifest) if models else {}, tags
    )
    texts = {"parameters.json": described, "run_manifest.json": facts}
    return LoggedExperiment(name, _identity(name, facts, recordings), whole, variants, texts)


def flat(block: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Parameters in levels as names with dots; what is null or empty is left out.

    Args:
        block: as JSON values.
        prefix: of the names.
    """
    found: dict[str, str] = {}
    for key, value in block.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{key}.")
        elif value not in (None, "", [], ()):
            found[valid_name(f"{prefix}{key}")] = _short(value)
    return found


def valid_name(*parts: str) -> str:
    """A name that MLflow takes on every system, from parts that a slash will join.

    A character that it does not take becomes its number: two names never become the same.
    """
    written = (re.sub(r"[^\w.\- ]|^\.+", _number, part) for part in parts if part)
    name = "/".join(written)
    if len(name) <= LONGEST_NAME:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name[: LONGEST_NAME - 9]}_{digest}"


def mean_scores(scores: pd.DataFrame, sessions: Iterable[str]) -> dict[str, dict[str, float]]:
    """Variant → ``decoder/metric`` → mean over sessions, folds and seeds.

    What is decoded from one session to another has names of its own, ``transfer/decoder/metric``.

    Args:
        scores: rows with the columns of ``metrics.csv``.
        sessions: of the experiment.
    """
    place = scores["subject"].isin([*sessions]).map({True: "", False: "transfer"})
    by = ["variant", "place", "decoder", "metric"]
    means = scores.assign(place=place).groupby(by)["value"].mean().dropna().reset_index()
    found: dict[str, dict[str, float]] = {}
    for row in means.to_dict("records"):
        name = valid_name(row["place"], row["decoder"], row["metric"])
        found.setdefault(row["variant"], {})[name] = float(row["value"])
    return found


def _variants(
    name: str,
    experiment: Experiment | None,
    scores: Mapping[str, Mapping[str, float]],
    models: Mapping[str, Mapping[str, Path]],
    tags: Mapping[str, str],
) -> tuple[Logged, ...]:
    """The variants of which there is a score or a model; a model is of its encoder's first one."""
    found, left = [], dict(models)
    for readout in experiment.readouts if experiment else ():
        files = left.pop(readout.source, {})
        if experiment and (files or readout.name in scores):
            found.append(
                Logged(
                    readout.name,
                    _settings(experiment, readout),
                    scores.get(readout.name, {}),
                    {f"models/{place}": file for place, file in files.items()},
                    {**tags, "variant": readout.name, "kind": readout.kind},
                )
            )
    return tuple(found)


def _settings(experiment: Experiment, readout: Readout) -> dict[str, str]:
    """Everything that a variant was made with, what it shares with others included."""
    if readout.kind == "baseline":
        return flat(experiment.baselines[readout.source].model_dump(mode="json"))
    seeds = experiment.training.seeds
    block = experiment.encoders[readout.source].model_dump(mode="json")
    if block["from_file"] is not None:  # how it was trained is in the file
        read = {key: block[key] for key in ("from_file", "fit_on", "sessions", "joint")}
        return flat(read | {"population": readout.population})
    config = experiment.training_config(readout.source, seeds[0]).model_dump(mode="json")
    own = {key: value for key, value in block.items() if key not in config}
    del config["seed"]
    rate = {"learning_rate": config["optimizer"]["learning_rate"]}
    return flat(own | config | rate | {"seeds": list(seeds), "population": readout.population})


def _results(name: str, manifest: RunManifest) -> list[Path]:
    """Tables and figures of the experiment in the run, relative to its folder."""
    return sorted(
        file.relative_to(name) for file in manifest.results if file.parts[0] == name != str(file)
    )


def _place(file: Path) -> str:
    """Where a result lies among the artifacts; empty for what only the page reads."""
    folder = {".png": "figures", ".csv": "tables"}.get(file.suffix)
    return f"{folder}/{file.as_posix()}" if folder else ""


def _models(
    name: str, experiment: Experiment | None, manifest: RunManifest
) -> dict[str, dict[str, Path]]:
    """Encoder → place below its folder → file.

    Of nodes in other processes, it is only known what there is: also of sessions left out.
    """
    left_out = {*experiment.sessions} - {*_chosen(experiment, manifest)} if experiment else ()
    found = {}
    for entry, files in manifest.models.items():
        of, encoder, _ = entry.split(".")
        if of == name:
            kept = {key: file for key, file in files.items() if first_part(key) not in left_out}
            found[encoder] = kept
    return found


def _scores(
    name: str, experiment: Experiment | None, results: Iterable[Path], reporting: Path
) -> dict[str, dict[str, float]]:
    if experiment is None or Path("metrics.csv") not in results:
        return {}
    return mean_scores(rows_of_run(reporting, Path(name, "metrics.csv")), experiment.sessions)


def _consistency(folder: Path) -> dict[str, float]:
    """Mean R² of each kind of comparison."""
    means = pd.read_csv(folder / "consistency.csv").groupby("between")["r2"].mean()
    return {valid_name("consistency_r2", str(name)): float(v) for name, v in means.dropna().items()}


def _recordings(
    name: str, experiment: Experiment | None, manifest: RunManifest
) -> list[dict[str, Any]]:
    """What is known of the recordings of the run's sessions."""
    chosen = _chosen(experiment, manifest) if experiment else ()
    found = []
    for place, about in sorted(manifest.recordings.items()):
        entry, _, key = place.partition("#")
        if entry == f"{name}.recordings" and first_part(key) in chosen:
            found.append(about)
    return found


def _chosen(experiment: Experiment, manifest: RunManifest) -> tuple[str, ...]:
    """The sessions of the run."""
    return chosen_sessions(experiment, manifest.facts["parameters"].get("only_sessions"))


def _origin(recordings: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Whether numbers are of simulated recordings, in the words of provenance."""
    statuses = {str(about["checksum_status"] or "unknown") for about in recordings}
    return {"recordings": ", ".join(sorted(statuses))} if statuses else {}


def _tags(facts: Mapping[str, Any]) -> dict[str, str]:
    """Who made the run, from what; the names with ``mlflow.`` have their place in its pages."""
    own = {name: facts[name] for name in (*_FACTS, *_FAILURE) if facts.get(name) not in (None, [])}
    packages = {f"version.{name}": found for name, found in facts["packages"].items()}
    known = {
        "mlflow.source.name": facts["command"],
        "mlflow.source.type": "LOCAL",
        "mlflow.source.git.commit": facts["git_commit"],
    }
    tags = (own | packages | known).items()
    return {name: _short(value) for name, value in tags if value is not None}


def _identity(name: str, facts: Mapping[str, Any], recordings: Iterable[Mapping[str, Any]]) -> str:
    """Of all that results depend on, as far as it is known before they are there."""
    of_run = ("environment", "git_commit", "git_dirty")
    content = {
        "experiment": name,
        "parameters": facts["parameters"].get(name),
        "sessions": facts["parameters"].get("only_sessions"),
        "recordings": [(about["dataset"], about["checksum"]) for about in recordings],
        **{key: facts[key] for key in of_run},
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def _number(character: re.Match[str]) -> str:
    return "".join(f"-{ord(one):x}-" for one in character[0])
