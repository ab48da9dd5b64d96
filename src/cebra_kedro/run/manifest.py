"""What a run was made of, so that each number in its report can be traced.

From which recording each single file came is ``provenance``'s.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import time
import traceback
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from cebra_kedro.atomic import atomic_path
from cebra_kedro.run.go_on import HowToGoOn

MANIFEST_NAME = "run_manifest.json"
_KEPT = 20
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

    Until :meth:`end` is called, the status is ``unfinished``: a run that is interrupted or killed
    leaves a manifest that says so.

    Attributes:
        facts: what was known when the run began.
        started: reading of the performance counter when the run began.
        started_epoch_s: the same in seconds since 1970, to compare files with.
        recordings: raw files by catalog entry of the recording.
        results: files written below the reporting folder, relative to it.
        models: entry of an encoder → key with suffix → file.
        node_seconds: node → seconds, loading and saving included.
        node_pieces: node → pieces that it computed, and all its pieces, finished ones included.
    """

    facts: dict[str, Any]
    started: float
    started_epoch_s: float = field(default_factory=time.time)
    recordings: dict[str, dict[str, Any]] = field(default_factory=dict)
    results: set[Path] = field(default_factory=set)
    models: dict[str, dict[str, Path]] = field(default_factory=dict)
    node_seconds: dict[str, float] = field(default_factory=dict)
    node_pieces: dict[str, tuple[int, int]] = field(default_factory=dict)
    _node_started: dict[str, float] = field(default_factory=dict)
    _unsaved: dict[str, set[str]] = field(default_factory=dict)
    _failed_node: str = ""

    @classmethod
    def begin(
        cls,
        run_params: dict[str, Any],
        parameters: dict[str, Any],
        project: Path,
        experiments: Collection[str],
    ) -> RunManifest:
        """Facts that are known before the first node.

        Args:
            run_params: what Kedro was asked to run.
            parameters: all of them, experiment by experiment.
            project: its folder.
            experiments: those that have a node in the run; only their seeds matter.
        """
        now = datetime.now(UTC)
        facts = {
            "status": "unfinished",
            "run_id": now.strftime("%Y-%m-%dT%H.%M.%SZ"),
            "started_at": now.isoformat(timespec="seconds"),
            "pipelines": run_params.get("pipeline_names") or ["__default__"],
            "namespaces": run_params.get("namespaces") or [],
            "sessions": parameters.get("only_sessions") or [],
            "environment": run_params.get("env") or "base",
            "command": command_of(sys.argv),
            **_git_state(project),
            "python": platform.python_version(),
            "platform": platform.platform(),
            "packages": {name: found for name in _PACKAGES if (found := _version(name))},
            "parameters": parameters,
            "seeds": {
                name: block["training"]["seeds"]
                for name, block in parameters.items()
                if name in experiments and "training" in block
            },
        }
        return cls(facts=facts, started=time.perf_counter())

    @property
    def seconds(self) -> float:
        """Seconds since the run began."""
        return time.perf_counter() - self.started

    def is_older(self, file: Path) -> bool:
        """Whether a file or folder does not exist or is older than the run."""
        return not file.exists() or file.stat().st_mtime < self.started_epoch_s

    def begin_node(self, name: str, outputs: Iterable[str]) -> bool:
        """Start the clock of a node; False if it runs already."""
        if name in self._node_started:
            return False
        self._node_started[name] = time.perf_counter()
        self._unsaved[name] = set(outputs)
        return True

    def note_saved(self, node: str, dataset_name: str) -> bool:
        """Note that a node has saved an output; True if it was the last one."""
        unsaved = self._unsaved.get(node, set())
        unsaved.discard(dataset_name)
        if unsaved:
            return False
        self._unsaved.pop(node, None)
        self.node_seconds[node] = time.perf_counter() - self._node_started[node]
        return True

    def note_failed(self, node: str) -> None:
        """Note the node whose function raised."""
        self._failed_node = node

    def note_recordings(self, dataset_name: str, facts: Mapping[str, Mapping[str, Any]]) -> None:
        """Keep what recordings that the run made or read say of their origin.

        Args:
            dataset_name: e.g. ``hippocampus.recordings``.
            facts: key, e.g. ``buddy`` → what the index of the entry says about it.
        """
        keys = ("source", "checksum", "checksum_status", "simulated")
        for key, about in facts.items():
            name = f"{dataset_name}#{key}"
            self.recordings[name] = {
                "dataset": name,
                "shape": [about.get("n_time"), about.get("n_neurons")],
                **{name: about.get(name) for name in keys},
            }

    def end(self, status: str, error: BaseException | None = None) -> RunManifest:
        """Add what is known at the end.

        Args:
            status: ``finished`` or ``failed``.
            error: why the run failed.
        """
        self.facts |= {
            "status": status,
            "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "seconds": round(self.seconds, 1),
            "device": self._device(),
            "raw_files": [self.recordings[name] for name in sorted(self.recordings)],
            "node_seconds": {name: round(s, 3) for name, s in self.node_seconds.items()},
            "node_pieces": {
                name: list(self.node_pieces[name]) for name in sorted(self.node_pieces)
            },
        }
        if error is not None:
            self.facts |= {
                # An output that cannot be loaded or saved fails outside the node's function.
                "failed_node": self._failed_node or ", ".join(self._unsaved),
                "error": one_line(error),
                "traceback": "".join(traceback.format_exception(error)).splitlines(),
            }
        return self

    def write(self, folder: Path) -> None:
        """Write the manifest into the reporting folder."""
        self.keep(folder / MANIFEST_NAME)

    def keep(self, file: Path) -> None:
        """Write the manifest into a file that no other run has: results of this run name it."""
        with atomic_path(file) as temporary:
            temporary.write_text(json.dumps(self.facts, indent=2) + "\n", encoding="utf-8")

    def write_last(self, folder: Path) -> None:
        """Write the manifest as :meth:`write`, unless a run that began later has one there.

        Args:
            folder: the reporting folder.
        """
        there = read_manifest(folder)
        is_later = str(there.get("started_at", "")) >= self.facts["started_at"]
        if not is_later or there.get("run_id") == self.facts["run_id"]:
            self.write(folder)

    def _device(self) -> str:
        """Where encoders were trained: as the parameters say, or what ``auto`` means here."""
        asked = {
            block["training"]["device"]
            for name, block in self.facts["parameters"].items()
            if name in self.facts["seeds"] and "device" in block["training"]
        }
        return ", ".join(sorted({_device_name(name) for name in asked or {"auto"}}))


def delete_kept(folder: Path, named: Collection[str]) -> None:
    """Delete manifests that no result names, but for the newest 20.

    Args:
        folder: of the manifests, ``<run_id>.json``.
        named: the runs that results are of.
    """
    for path in sorted(folder.glob("*.json"))[:-_KEPT]:
        if path.stem not in named:
            path.unlink(missing_ok=True)


def command_of(argv: Sequence[str]) -> str:
    """How this process was begun."""
    return " ".join([Path(argv[0]).name, *argv[1:]])


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest in the reporting folder; empty if there is none that can be read."""
    try:
        content = json.loads((folder / MANIFEST_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def one_line(error: BaseException) -> str:
    """What an error says, and where it was raised; without a message, its type.

    Kedro raises errors of catalog entries anew, without the notes that say where they came from:
    those of the causes are looked for too. How to go on is left to a line of its own.
    """
    notes: dict[str, None] = {}
    cause: BaseException | None = error
    while cause is not None:
        of_cause = getattr(cause, "__notes__", ())
        notes |= dict.fromkeys(note for note in of_cause if not isinstance(note, HowToGoOn))
        cause = cause.__cause__
    text = " ".join(str(error).split()) or type(error).__name__
    return " ".join([text, *(f"({note})" for note in notes)])


def _device_name(asked: str) -> str:
    """Name of a device; torch is asked only if the run loaded it."""
    torch = sys.modules.get("torch")
    if torch is not None and asked in ("auto", "cuda") and torch.cuda.is_available():
        return str(torch.cuda.get_device_name())
    if torch is not None and asked in ("auto", "mps") and torch.backends.mps.is_available():
        return "mps"
    return f"cpu ({platform.processor() or platform.machine()})"


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


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
