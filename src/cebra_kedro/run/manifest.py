"""What a run was made of, so that each number in its report can be traced."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from cebra_kedro.atomic import atomic_path
from cebra_kedro.recording import Recording

MANIFEST_NAME = "run_manifest.json"
PROVENANCE_NAME = "provenance.json"
_PACKAGES = (
    "cebra",
    "cebra-kedro",
    "h5py",
    "kedro",
    "kedro-datasets",
    "matplotlib",
    "numpy",
    "pandas",
    "scikit-learn",
    "scipy",
    "torch",
)


@dataclass
class RunManifest:
    """Collects facts while a run goes on; :meth:`write` leaves them as JSON.

    Attributes:
        facts: what was known when the run began.
        recordings: raw files by catalog entry of the recording.
        results: files written below the reporting folder → namespace of their node.
        node_seconds: node → seconds, saving its outputs included.
        current_node: the node that runs, or ran last.
    """

    facts: dict[str, Any]
    started: float
    recordings: dict[str, dict[str, Any]] = field(default_factory=dict)
    results: dict[Path, str] = field(default_factory=dict)
    node_seconds: dict[str, float] = field(default_factory=dict)
    current_node: str = ""

    @classmethod
    def begin(
        cls, run_params: dict[str, Any], parameters: dict[str, Any], project: Path
    ) -> RunManifest:
        """Facts that are known before the first node."""
        now = datetime.now(UTC)
        facts = {
            "run_id": now.strftime("%Y-%m-%dT%H.%M.%SZ"),
            "started_at": now.isoformat(timespec="seconds"),
            "pipelines": run_params.get("pipeline_names") or ["__default__"],
            "namespaces": run_params.get("namespaces") or [],
            "environment": run_params.get("env") or "base",
            "command": " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
            **_git_state(project),
            "python": platform.python_version(),
            "platform": platform.platform(),
            "packages": {name: found for name in _PACKAGES if (found := _version(name))},
            "parameters": parameters,
            "seeds": {
                name: block["training"]["seeds"]
                for name, block in parameters.items()
                if "seeds" in block.get("training", {})
            },
        }
        return cls(facts=facts, started=time.perf_counter())

    @property
    def seconds(self) -> float:
        """Seconds since the run began."""
        return time.perf_counter() - self.started

    def note_recording(self, dataset_name: str, data: Any) -> None:
        """Keep the provenance of a recording that the run made or read."""
        if isinstance(data, Recording):
            keys = ("source", "checksum", "checksum_status", "simulated")
            self.recordings[dataset_name] = {
                "dataset": dataset_name,
                "shape": [data.n_time, data.n_neurons],
                **{key: data.meta.get(key) for key in keys},
            }

    def note_result(self, file: Path | None, namespace: str) -> None:
        """Keep a file that the run wrote below the reporting folder."""
        if file is not None:
            self.results[file] = namespace

    def end(self, status: str, error: str | None = None) -> RunManifest:
        """Add what is known at the end."""
        self.facts |= {
            "status": status,
            "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "seconds": round(self.seconds, 1),
            "device": _device(),
            "raw_files": [self.recordings[name] for name in sorted(self.recordings)],
            "node_seconds": {name: round(s, 3) for name, s in self.node_seconds.items()},
        }
        if error is not None:
            self.facts |= {"failed_node": self.current_node, "error": error}
        return self

    def write(self, folder: Path) -> None:
        """Write the manifest, and which run made which result."""
        _write_json(folder / MANIFEST_NAME, self.facts)
        provenance = _read_json(folder / PROVENANCE_NAME)
        for file, namespace in self.results.items():
            provenance[file.as_posix()] = {
                "run_id": self.facts["run_id"],
                "environment": self.facts["environment"],
                "finished_at": self.facts["finished_at"],
                "simulated": self._simulated(namespace),
            }
        _write_json(folder / PROVENANCE_NAME, provenance)

    def _simulated(self, namespace: str) -> bool | None:
        """Whether the recordings below a namespace are simulated; None if mixed or unknown."""
        found = {
            bool(facts["simulated"])
            for name, facts in self.recordings.items()
            if name.startswith(f"{namespace}.")
        }
        return found.pop() if len(found) == 1 else None


def _git_state(project: Path) -> dict[str, Any]:
    def git(*arguments: str) -> str | None:
        try:
            done = subprocess.run(
                ["git", *arguments], cwd=project, capture_output=True, text=True, check=True
            )
        except (OSError, subprocess.CalledProcessError):
            return None
        return done.stdout.strip()

    changes = git("status", "--porcelain")
    return {
        "git_commit": git("rev-parse", "HEAD"),
        "git_dirty": None if changes is None else bool(changes),
    }


def _device() -> str:
    """The device that ``auto`` means here; torch is asked only if the run loaded it."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        return str(torch.cuda.get_device_name())
    if torch is not None and torch.backends.mps.is_available():
        return "mps"
    return f"cpu ({platform.processor() or platform.machine()})"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _read_json(file: Path) -> dict[str, Any]:
    try:
        return json.loads(file.read_text())
    except (OSError, ValueError):  # missing or damaged: begin anew
        return {}


def _write_json(file: Path, content: dict[str, Any]) -> None:
    with atomic_path(file) as temporary:
        temporary.write_text(json.dumps(content, indent=2) + "\n")
