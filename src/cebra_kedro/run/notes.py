"""Notes of a run from its beginning to its end: log, manifest, origins, progress, report."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from cebra_kedro.experiment.descriptions import Descriptions
from cebra_kedro.run.locks import briefly
from cebra_kedro.run.log_file import LogFile, file_only
from cebra_kedro.run.manifest import RunManifest, delete_kept, read_manifest
from cebra_kedro.run.origins import Origins
from cebra_kedro.run.progress import RunProgress
from cebra_kedro.run.provenance import Provenance
from cebra_kedro.run.work import expected_work
from cebra_kedro.store import Store

REPORTING = Path("data/08_reporting")
LOGS = Path("data/logs")


class RunNotes:
    """The notes of one run, in the process that began it.

    Args:
        project: its folder.
        run_params: what Kedro tells hooks of the run.
        pipeline: its nodes.
        catalog: where they read and write.
        descriptions: of all experiments.
        chosen: experiment → sessions of the run.
        only: sessions that the command names; None for all.
    """

    def __init__(
        self,
        project: Path,
        run_params: dict[str, Any],
        pipeline: Pipeline,
        catalog: CatalogProtocol,
        descriptions: Descriptions,
        chosen: Mapping[str, Collection[str]],
        only: Any,
    ) -> None:
        self._pid = os.getpid()
        self._pipeline, self._catalog = pipeline, catalog
        self._reporting, self._logs = project / REPORTING, project / LOGS
        described = descriptions.experiments
        parameters = {name: one.model_dump(mode="json") for name, one in described.items()}
        parameters["only_sessions"] = only
        experiments = experiments_of(pipeline)
        self.manifest = RunManifest.begin(run_params, parameters, project, experiments)
        facts = self.manifest.facts
        self._log = LogFile(self._logs, facts["run_id"])
        try:
            facts |= {"run_id": self._log.run_id, "log": (LOGS / self._log.path.name).as_posix()}
            file_only.info("%s (environment %s)", facts["command"], facts["environment"])
            with briefly(self._reporting):
                last = read_manifest(self._reporting)
                self.manifest.write(self._reporting)
            self.manifest.keep(self._kept_manifest)
            sessions = {name: one.sessions for name, one in described.items()}
            provenance = Provenance(self._reporting, self._of_this_run())
            self._origins = Origins(catalog, provenance, sessions, self._reporting, chosen)
            if "ParallelRunner" in str(run_params.get("runner")):  # it tells at the end only
                self._origins.set_aside(sorted(pipeline.all_outputs()))
            names = [node.name for node in pipeline.nodes]
            self._progress = RunProgress(expected_work(names, last, facts["environment"]))
        except BaseException:
            self.close()
            raise

    @property
    def are_of_this_process(self) -> bool:
        """Not where ``ParallelRunner`` has copied them."""
        return self._pid == os.getpid()

    @property
    def log(self) -> str:
        """The log file, relative to the project."""
        return str(self.manifest.facts["log"])

    def begin(self, node: Node) -> None:
        """Start the clock of a node, and show its name; may be called again."""
        if self.manifest.begin_node(node.name, node.outputs):
            self._origins.set_aside(node.outputs)
            file_only.info("%s begins", node.name)
        self._progress.start(node.name)

    def note_read(self, dataset_name: str, data: Any) -> None:
        """Note which recordings the run used."""
        if dataset_name.endswith(".recordings") and isinstance(data, Store):
            facts = self._origins.note_recordings(dataset_name, data)
            self.manifest.note_recordings(dataset_name, facts)

    def note_saved(self, dataset_name: str, data: Any, node: Node) -> None:
        """Note a recording or a result; after the last output of a node, move the progress on."""
        self._note_output(dataset_name, data, node)
        if self.manifest.note_saved(node.name, dataset_name):
            self._progress.finish(node.name)

    def note_failed(self, node: Node) -> None:
        """Note the node that failed."""
        self.manifest.note_failed(node.name)

    def note_other_processes(self) -> None:
        """Note what nodes have written that did not run in this process; no progress any more."""
        self._origins.give_back_unwritten(self.manifest.is_older)
        for node in self._pipeline.nodes:
            for name in node.outputs if node.name not in self.manifest.node_seconds else ():
                if any(self.manifest.is_older(file) for file in self._origins.files(name)):
                    continue
                self._note_output(name, self._catalog.load(name), node)
        self._progress.close()

    def note_recordings_read(self) -> None:
        """Note recordings that nodes have read, perhaps in other processes."""
        for name in self._pipeline.inputs():
            if name.endswith(".recordings"):
                self.note_read(name, self._catalog.load(name))

    def end(self, status: str, error: Exception | None = None) -> Path:
        """Leave manifest and report; the page is made anew unless the run has changed nothing.

        Args:
            status: ``finished`` or ``failed``.
            error: why it failed.

        Returns:
            The page.
        """
        from cebra_kedro.report import build_report

        self.manifest.node_pieces = self._progress.pieces
        self.manifest.end(status, error)
        file_only.log(
            logging.ERROR if error else logging.INFO,
            "%s after %.0f s",
            status,
            self.manifest.seconds,
            exc_info=error,
        )
        self.manifest.keep(self._kept_manifest)
        with briefly(self._reporting):
            delete_kept(self._logs, self._origins.runs())
            self.manifest.write_last(self._reporting)
            if error is None or self.manifest.results:
                return build_report(self._reporting)
        return self._reporting / "report.html"

    def close(self) -> None:
        """Write to the log no more; may be called again."""
        self._log.close()

    @property
    def _kept_manifest(self) -> Path:
        """Stays there when later runs have begun."""
        return self._logs / f"{self.manifest.facts['run_id']}.json"

    def _of_this_run(self) -> dict[str, Any]:
        """What each result tells of the run that made it."""
        facts = self.manifest.facts
        kept = Path(os.path.relpath(self._kept_manifest, self._reporting)).as_posix()
        return {"run_id": facts["run_id"], "environment": facts["environment"], "manifest": kept}

    def _note_output(self, dataset_name: str, data: Any, node: Node) -> None:
        if dataset_name.endswith(".recordings"):
            self.note_read(dataset_name, self._catalog.load(dataset_name))
        self._origins.note_written(dataset_name, data, node)
        self.manifest.results.update(self._origins.results(dataset_name, data))
        if models := self._origins.models(dataset_name, data):
            self.manifest.models[dataset_name] = models


def experiments_of(pipeline: Pipeline) -> list[str]:
    """The experiments of a run: the second part of ``training.hippocampus.position``."""
    parts = [node.namespace.split(".") for node in pipeline.nodes if node.namespace]
    named = (names[0] if names[0] == "paper_figures" else names[1] for names in parts)
    return list(dict.fromkeys(named))
