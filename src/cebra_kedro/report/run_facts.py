"""What the page says of the run itself: its facts, and what unfolds below them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from cebra_kedro.report.plain import duration, json_of, moment, text_of


def run_facts(manifest: dict[str, Any]) -> dict[str, str]:
    """Name → text; without what is not recorded."""
    commit = text_of(manifest.get("git_commit"))
    if commit and manifest.get("git_dirty"):
        commit += " with uncommitted changes"
    started, finished = (text_of(manifest.get(k)) for k in ("started_at", "finished_at"))
    facts = {
        "command": _command(manifest.get("command")),
        "pipelines": text_of(manifest.get("pipelines")),
        "namespaces": text_of(manifest.get("namespaces")),
        "environment": text_of(manifest.get("environment")),
        "started": moment(started),
        "finished": moment(finished),
        "duration": duration(started, finished),
        "run": text_of(manifest.get("run_id")),
        "git commit": commit,
        "device": text_of(manifest.get("device")),
        "platform": text_of(manifest.get("platform")),
        "Python": text_of(manifest.get("python")),
        "seeds": text_of(manifest.get("seeds")),
    }
    return {name: text for name, text in facts.items() if text}


def run_details(manifest: dict[str, Any]) -> dict[str, str]:
    """Title → text of several lines: parameters, packages, seconds of nodes."""
    details = {}
    if parameters := manifest.get("parameters"):
        details["Parameters"] = json_of(parameters, indent=2)
    packages = manifest.get("packages")
    if isinstance(packages, dict) and packages:
        details["Package versions"] = _aligned({k: text_of(v) for k, v in sorted(packages.items())})
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
    return text_of(command)
