"""Around every run: checks before it, progress during it, manifest, report and scores after it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

REPORTING = Path("data/08_reporting")


class RunReportHook:
    """Refuses a run that cannot end well, and leaves ``run_manifest.json`` and ``report.html``."""

    def __init__(self) -> None:
        self._project = Path.cwd()

    @hook_impl
    def after_context_created(self, context: Any) -> None:
        """Remember where the project lies."""
        self._project = Path(context.project_path)

    @hook_impl
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol
    ) -> None:
        """Check parameters, output folders and raw files before any node starts."""
        from cebra_kedro.run.checks import check_before_run
        from cebra_kedro.run.manifest import RunManifest
        from cebra_kedro.run.progress import NodeProgress

        parameters = check_before_run(pipeline, catalog, self._project)
        self._catalog = catalog
        self._manifest = RunManifest.begin(run_params, parameters, self._project)
        self._progress = NodeProgress(len(pipeline.nodes))

    @hook_impl
    def after_dataset_loaded(self, dataset_name: str, data: Any, node: Node) -> None:
        """Note which recordings the run used."""
        self._manifest.note_recording(dataset_name, data)

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        """Start the clock of a node."""
        self._node_started = time.perf_counter()
        self._manifest.current_node = node.name
        self._progress.start(node.name)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any, node: Node) -> None:
        """Note a recording or a result, and how long its node has taken so far."""
        self._manifest.note_recording(dataset_name, data)
        self._manifest.note_result(self._file_of(dataset_name), node.namespace or "")
        self._manifest.node_seconds[node.name] = time.perf_counter() - self._node_started

    @hook_impl
    def after_node_run(self, node: Node) -> None:
        """Move the progress on."""
        self._progress.finish()

    @hook_impl
    def on_pipeline_error(self, error: Exception) -> None:
        """Leave a manifest that says where the run failed."""
        if hasattr(self, "_manifest"):
            self._progress.close()
            self._manifest.end("failed", error=str(error)).write(self._project / REPORTING)

    @hook_impl
    def after_pipeline_run(self, run_params: dict[str, Any], pipeline: Pipeline) -> None:
        """Write manifest and report, show the scores, say where to look."""
        from cebra_kedro.report import build_report
        from cebra_kedro.run.summary import show_summary

        self._progress.close()
        folder = self._project / REPORTING
        self._manifest.end("finished").write(folder)
        page = build_report(folder)
        show_summary(self._manifest.results, folder, page, self._manifest.seconds)

    def _file_of(self, dataset_name: str) -> Path | None:
        """Path of a result relative to the reporting folder, None for anything else."""
        dataset = self._catalog.get(dataset_name)
        path = getattr(dataset, "_filepath", None)
        if path is None:
            return None
        try:
            return Path(path).resolve().relative_to((self._project / REPORTING).resolve())
        except ValueError:
            return None
