"""Around every run: checks before it, progress during it, manifest, report and scores after it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

REPORTING = Path("data/08_reporting")


class RunReportHook:
    """Refuses a run that cannot end well, and leaves ``run_manifest.json`` and ``report.html``.

    ``ParallelRunner`` runs nodes in other processes, each with its own hook: there, nothing is
    noted; the process that began the run notes at its end what the nodes have written.
    """

    def __init__(self) -> None:
        self._pid: int | None = None

    @hook_impl
    def after_context_created(self, context: Any) -> None:
        """Check the environment and its parameters, before Kedro reads them."""
        from cebra_kedro.run.checks import check_environment, check_parameters

        loader = context.config_loader
        check_environment(Path(loader.conf_source), context.env)
        self._parameters = check_parameters(loader["parameters"])
        self._project = Path(context.project_path)
        self._reporting = self._project / REPORTING

    @hook_impl
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol
    ) -> None:
        """Check output folders and raw files before any node starts."""
        from cebra_kedro.run.checks import check_writable, fetch_raw_files
        from cebra_kedro.run.manifest import RunManifest
        from cebra_kedro.run.progress import NodeProgress
        from cebra_kedro.run.provenance import Provenance

        self._catalog = catalog
        check_writable([self._reporting / "report.html", *self._files(pipeline.all_outputs())])
        fetch_raw_files(pipeline, catalog)
        experiments = {node.namespace.split(".")[0] for node in pipeline.nodes if node.namespace}
        self._manifest = RunManifest.begin(run_params, self._parameters, self._project, experiments)
        self._manifest.write(self._reporting)
        run = {name: self._manifest.facts[name] for name in ("run_id", "environment")}
        self._provenance = Provenance(self._reporting, run)
        self._progress = NodeProgress(len(pipeline.nodes))
        self._pid = os.getpid()

    @hook_impl
    def before_dataset_loaded(self, node: Node) -> None:
        """Start the clock of a node, and show its name."""
        self._begin(node)

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        """The same for a node that reads nothing."""
        self._begin(node)

    @hook_impl
    def after_dataset_loaded(self, dataset_name: str, data: Any) -> None:
        """Note which recordings the run used."""
        if self._is_this_process:
            self._manifest.note_recording(dataset_name, data)
            for file in self._files([dataset_name]):
                self._provenance.note_read(file, data)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any, node: Node) -> None:
        """Note a recording or a result; after the last output of a node, move the progress on."""
        if self._is_this_process:
            self._manifest.note_recording(dataset_name, data)
            self._note_output(dataset_name, data, node)
            if self._manifest.note_saved(node.name, dataset_name):
                self._progress.finish()

    @hook_impl
    def on_node_error(self, error: Exception, node: Node) -> None:
        """Note the node that failed, also in the error itself."""
        error.add_note(f"in {node.name}")
        if self._is_this_process:
            self._manifest.note_failed(node.name)

    @hook_impl
    def on_pipeline_error(self, error: Exception, pipeline: Pipeline) -> None:
        """Leave a manifest that says where the run failed, and a report over what has changed."""
        from cebra_kedro.report import build_report

        if self._is_this_process:
            self._note_other_processes(pipeline)
            self._progress.close()
            self._manifest.end("failed", error).write(self._reporting)
            if self._manifest.results:
                build_report(self._reporting)

    @hook_impl
    def after_pipeline_run(self, pipeline: Pipeline) -> None:
        """Write manifest and report, show the scores, say where to look."""
        from cebra_kedro.report import build_report
        from cebra_kedro.run.summary import show_summary

        self._note_other_processes(pipeline)
        self._progress.close()
        self._manifest.end("finished").write(self._reporting)
        page = build_report(self._reporting)
        show_summary(self._manifest.results, self._reporting, page, self._manifest.seconds)

    @property
    def _is_this_process(self) -> bool:
        return self._pid == os.getpid()

    def _begin(self, node: Node) -> None:
        if self._is_this_process:
            self._manifest.begin_node(node.name, node.outputs)
            self._progress.start(node.name)

    def _note_output(self, dataset_name: str, data: Any, node: Node) -> None:
        for file in self._files([dataset_name]):
            # What a node finds where it writes, e.g. finished encoders, is not a source.
            own = {place for out in self._files(node.outputs) for place in (out, *out.parents)}
            self._provenance.note_written(file, data, set(self._files(node.inputs)) - own)
            reporting = self._reporting.resolve()
            if file.is_relative_to(reporting):
                self._manifest.results.add(file.relative_to(reporting))

    def _note_other_processes(self, pipeline: Pipeline) -> None:
        """Note what nodes have written that did not run in this process."""
        from cebra_kedro.io import RecordingDataset

        for node in pipeline.nodes:
            for name in node.outputs if node.name not in self._manifest.node_seconds else ():
                if any(self._manifest.is_older(file) for file in self._files([name])):
                    continue
                is_recording = isinstance(self._catalog.get(name), RecordingDataset)
                data = self._catalog.load(name) if is_recording else None
                self._manifest.note_recording(name, data)
                self._note_output(name, data, node)

    def _files(self, dataset_names: Any) -> list[Path]:
        """Where datasets lie on the disk; those that do not are left out."""
        datasets = [self._catalog.get(name) for name in dataset_names]
        paths = [getattr(d, "_filepath", None) or getattr(d, "_path", None) for d in datasets]
        return [Path(path).resolve() for path in paths if path is not None]
