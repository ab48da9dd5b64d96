"""Writes runs to an MLflow store: what is written there already is found and not written again.

Nothing global of MLflow is used (no active run, no tracking URI), and only the process that began
a run writes, once the work is done: cells may be computed wherever they like.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import logging
import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, TypeVar

from cebra_kedro.run.logged import Logged, LoggedExperiment, logged_experiment
from cebra_kedro.run.manifest import RunManifest
from cebra_kedro.run.mlflow_block import MlflowBlock, database_file, store_address

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

    from cebra_kedro.experiment import Experiment

logger = logging.getLogger(__name__)
Value = TypeVar("Value")

IDENTITY = "cebra_kedro.identity"
"""Tag of what results depend on."""
WRITTEN = "written.json"
"""Artifact of every run: place of each other artifact → its digest."""
_STATUS = {"finished": "FINISHED", "failed": "FAILED"}
_SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
}
"""Of MLflow, where the user has not set them: it would report its use to its makers, print
addresses and progress in between, and ask a server that is down for minutes."""
_MOST_PARAMETERS, _MOST_METRICS = 100, 500
"""Written in one request; MLflow takes 100 and 1000."""


def open_store(block: MlflowBlock, project: Path) -> MlflowStore | None:
    """The store that runs are written to; None where the parameters want none.

    Args:
        block: of the parameters.
        project: its folder.

    Raises:
        ValueError: there is no such store, or it does not answer.
    """
    if not block.enabled:
        return None
    address = store_address(block, project)
    try:
        return MlflowStore(address, block.models)
    except Exception as error:  # of MLflow, of its database, of the network
        words = " ".join(str(error).split())
        raise ValueError(
            f"the MLflow store {address} cannot be used ({type(error).__name__}: {words:.300}); "
            "start it or correct mlflow.store, or use mlflow.enabled=false"
        ) from error


class MlflowStore:
    """An MLflow store that answers.

    Args:
        address: of the store; the file of a database is made if it is missing.
        models: whether files of encoders are written.
    """

    def __init__(self, address: str, models: bool = True) -> None:
        self._address, self._models = address, models
        self._client = _client(address)
        self._client.search_experiments(max_results=1)

    def write_run(
        self,
        manifest: RunManifest,
        experiments: Mapping[str, Experiment | None],
        reporting: Path,
    ) -> None:
        """Write a run that has ended; what goes wrong is logged, as results are there anyway.

        Args:
            manifest: of the run.
            experiments: name → description, of those in the run.
            reporting: the reporting folder.
        """
        try:
            for name, experiment in experiments.items():
                found = logged_experiment(name, experiment, manifest, reporting, self._models)
                self.write(found, manifest.facts["status"], manifest.started_epoch_s)
        except Exception as error:
            logger.debug("MLflow", exc_info=True)
            logger.warning(
                "the run could not be written to MLflow at %s (%s: %s); its results are in data/, "
                "and the same command writes them there without computing them again",
                self._address,
                type(error).__name__,
                " ".join(str(error).split()),
            )
        else:
            logger.info("written to MLflow at %s: %s", self._address, ", ".join(experiments))

    def write(self, found: LoggedExperiment, status: str, started_s: float) -> str:
        """Write what a run leaves of one experiment.

        Args:
            found: what is written.
            status: ``finished`` or ``failed``.
            started_s: when the run began, in seconds since 1970.

        Returns:
            The id of the run of MLflow.
        """
        place, start = self._experiment(found.name), round(1000 * started_s)
        which = f"tags.`{IDENTITY}` = '{found.identity}'"
        whole = self._run(place, which, found.whole.name, start)
        identity = {IDENTITY: found.identity}
        self._write(whole, found.whole, identity, found.texts)
        for variant in found.variants:
            parent = {"mlflow.parentRunId": whole.info.run_id}
            which = f"tags.`mlflow.parentRunId` = '{whole.info.run_id}'"
            which += f" and tags.variant = '{variant.name}'"
            run = self._run(place, which, variant.name, start)
            self._write(run, variant, parent, {})
            self._client.set_terminated(run.info.run_id, _STATUS[status])
        self._client.set_terminated(whole.info.run_id, _STATUS[status])
        return str(whole.info.run_id)

    def _experiment(self, name: str) -> str:
        """The id of MLflow's experiment, which is made if it is missing."""
        known = self._client.get_experiment_by_name(name)
        if known is not None:
            return str(known.experiment_id)
        file = database_file(self._address)
        beside = None if file is None else (file.parent / "artifacts" / name).as_uri()
        return str(self._client.create_experiment(name, artifact_location=beside))

    def _run(self, experiment_id: str, which: str, name: str, start_ms: int) -> Run:
        """The run that there is already, taken up again, or a new one."""
        if there := self._client.search_runs([experiment_id], which, max_results=1):
            self._client.update_run(there[0].info.run_id, status="RUNNING", name=name)
            return there[0]
        return self._client.create_run(experiment_id, start_time=start_ms, run_name=name)

    def _write(
        self, run: Run, content: Logged, tags: Mapping[str, str], texts: Mapping[str, Any]
    ) -> None:
        """Write what a run of MLflow lacks, and take away a failure that is over."""
        from mlflow.entities import Metric, Param, RunTag

        run_id, now = run.info.run_id, round(1000 * time.time())
        named = {"mlflow.user": _user(), **tags, **content.tags}
        new = _changed(named, run.data.tags)
        self._batches(run_id, "tags", [RunTag(*item) for item in new.items()])
        for name in {"error", "failed_node"} & {*run.data.tags} - {*named}:
            self._client.delete_tag(run_id, name)
        new = _changed(content.parameters, run.data.params)
        self._batches(run_id, "params", [Param(*item) for item in new.items()])
        scores = _changed(content.metrics, run.data.metrics)
        metrics = [Metric(name, value, now, 0) for name, value in scores.items()]
        self._batches(run_id, "metrics", metrics)
        self._write_files(run, content.files)
        for place, value in texts.items():
            self._client.log_text(run_id, json.dumps(value, indent=1), place)

    def _batches(self, run_id: str, what: str, items: list[Any]) -> None:
        size = _MOST_METRICS if what == "metrics" else _MOST_PARAMETERS
        for first in range(0, len(items), size):
            self._client.log_batch(run_id, **{what: items[first : first + size]})

    def _write_files(self, run: Run, files: Mapping[str, Path]) -> None:
        """Write the files that are not among the artifacts yet, or were others."""
        run_id = run.info.run_id
        before = self._written(run_id)
        digests = {place: _digest(file) for place, file in files.items()}
        new = _changed(digests, before)
        if not new:
            return
        for place in new:
            folder = PurePosixPath(place).parent.as_posix()
            self._client.log_artifact(run_id, str(files[place]), folder.removeprefix("."))
        self._client.log_text(run_id, json.dumps(before | new, indent=1), WRITTEN)

    def _written(self, run_id: str) -> dict[str, str]:
        there = [found.path for found in self._client.list_artifacts(run_id)]
        if WRITTEN not in there:
            return {}
        with tempfile.TemporaryDirectory() as folder:
            file = Path(self._client.download_artifacts(run_id, WRITTEN, folder))
            return dict(json.loads(file.read_text(encoding="utf-8")))


def _client(address: str) -> MlflowClient:
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    if (file := database_file(address)) is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
    from mlflow import MlflowClient

    for name in ("mlflow", "alembic"):  # each table of a new database has its line else
        logging.getLogger(name).setLevel(logging.WARNING)
    return MlflowClient(tracking_uri=address)


def _changed(wanted: Mapping[str, Value], there: Mapping[str, Value]) -> dict[str, Value]:
    return {name: value for name, value in wanted.items() if there.get(name) != value}


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _user() -> str:
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):  # a container may have no name for its user
        return "unknown"
