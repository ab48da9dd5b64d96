"""Where results come from: badges, runs, checksums, what is known of a session's recording."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from cebra_kedro.report.plain import moment, objects_in, text_of
from cebra_kedro.report.read import Contents

_CHECKSUM_WORDS = {
    "mismatch": "checksum does not match",
    "unverified": "checksum not verified",
    "own": "a file of one's own",
    "verified": "checksum verified",
}
"""From the most to the least worrying; of several raw files the most worrying counts."""


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


def origin_of(contents: Contents, path: str, experiment: str = "", subject: str = "") -> Origin:
    """Of a file, by its entry in the provenance; without one, nothing is known."""
    entry = contents.provenance.get(path)
    if not isinstance(entry, dict):
        return Origin("", "unknown", "", earlier=False)
    run_id, latest = text_of(entry.get("run_id")), text_of(contents.manifest.get("run_id"))
    parts = {
        "run": run_id,
        "environment": text_of(entry.get("environment")),
        "finished": moment(text_of(entry.get("finished_at"))),
    }
    earlier = bool(run_id and latest and run_id != latest)
    if earlier:
        parts["parameters in"] = text_of(entry.get("manifest"))
    if run_id and run_id == latest:
        parts = {"latest": "run", "environment": parts["environment"]}
    run = ", ".join(f"{name} {text}" for name, text in parts.items() if text)
    simulated = entry.get("simulated")
    if simulated is True:
        badge, kind = "simulated", "simulated"
    elif simulated is False:
        status = text_of(entry.get("checksum_status"))
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
        text_of(raw.get("checksum_status"))
        for raw in objects_in(manifest.get("raw_files"))
        if {experiment, subject} <= set(re.split(r"[.@#/]", text_of(raw.get("dataset"))))
    }
    return next((status for status in _CHECKSUM_WORDS if status in there), "")


def _checksum_kind(status: str) -> str:
    if status == "verified":
        return "real"
    return "doubtful" if status in ("mismatch", "unverified") else "unchecked"


def raw_file(raw: dict[str, Any]) -> dict[str, str]:
    """A row of the table of raw files: dataset, source, checksum and what it says."""
    status = text_of(raw.get("checksum_status"))
    simulated = raw.get("simulated") is True
    return {
        "dataset": text_of(raw.get("dataset")),
        "source": text_of(raw.get("source")),
        "checksum": text_of(raw.get("checksum")),
        "words": "simulated" if simulated else _CHECKSUM_WORDS.get(status, status),
        "kind": "simulated" if simulated else _checksum_kind(status),
    }


def different_origins(origins: Iterable[Origin]) -> Iterator[Origin]:
    """One of each badge."""
    seen: dict[str, Origin] = {}
    for origin in origins:
        if origin.badge:
            seen.setdefault(origin.badge, replace(origin, earlier=False))
    order = ("doubtful", "unchecked", "simulated", "real", "unknown")
    yield from sorted(seen.values(), key=lambda origin: order.index(origin.kind))


def recording_facts(contents: Contents, experiment: str, subject: str) -> dict[str, Any]:
    """What is recorded of the recording of a session."""
    for place, entry in contents.provenance.items():
        if not isinstance(entry, dict) or entry.get("dataset") != f"{experiment}.recordings":
            continue
        if place.endswith(f"#{subject}"):
            return entry
    return {}


def size_of(facts: dict[str, Any]) -> str:
    """``11589 bins of 25 ms (4 min 50 s) in 87 trials, 25 neurons``."""
    n_time, width, n_neurons = (facts.get(key) for key in ("n_time", "bin_width_s", "n_neurons"))
    if not (isinstance(n_time, int) and isinstance(n_neurons, int) and isinstance(width, float)):
        return ""
    minutes, seconds = divmod(round(n_time * width), 60)
    lasts = f"{minutes} min {seconds} s" if minutes else f"{n_time * width:.3g} s"
    trials = facts.get("n_trials")
    of_trials = f" in {trials} trials" if isinstance(trials, int) and trials > 1 else ""
    return f"{n_time} bins of {1000 * width:.3g} ms ({lasts}){of_trials}, {n_neurons} neurons"
