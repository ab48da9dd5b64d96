"""Around every run: checks before it, progress during it, manifest, report and scores after it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from kedro.framework import project
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
        conf = Path(loader.conf_source)
        check_environment(conf, context.env)
        if context.env:  # the registry is given no environment, and looks for it here
            os.environ["KEDRO_ENV"] = context.env
        self._parameters = loader["parameters"]
        folders = [conf / name for name in dict.fromkeys(["base", context.env or "local", "local"])]
        self._descriptions = check_parameters(self._parameters, folders)
        for name, problem in self._descriptions.problems.items():
            if name in project.pipelines:  # right where its pipeline was made: Kedro reads it too
                raise ValueError(problem)
        self._project = Path(context.project_path)
        self._reporting = self._project / REPORTING

    @hook_impl
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol
    ) -> None:
        """Check descriptions, output folders and raw files before any node starts."""
        from cebra_kedro.run.checks import (
            check_experiments,
            check_sessions,
            check_writable,
            fetch_raw_files,
            is_default_run,
        )
        from cebra_kedro.run.manifest import RunManifest
        from cebra_kedro.run.origins import Origins
        from cebra_kedro.run.progress import NodeProgress
        from cebra_kedro.run.provenance import Provenance

        self._catalog = catalog
        experiments = _experiments(pipeline)
        if is_default_run(run_params.get("pipeline_names")):
            self._descriptions = self._descriptions.for_default_run()
        check_experiments(experiments, self._descriptions, dict(project.pipelines))
        only = self._parameters.get("only_sessions")
        chosen = check_sessions(experiments, self._descriptions, only)
        files = [Path(place) for place in _outputs(pipeline, catalog)]
        check_writable([self._reporting / "report.html", *files])
        fetch_raw_files(pipeline, catalog, chosen)
        described = {
            name: one.model_dump(mode="json")
            for name, one in self._descriptions.experiments.items()
        }
        parameters = {**described, "only_sessions": only}
        self._manifest = RunManifest.begin(run_params, parameters, self._project, experiments)
        self._manifest.write(self._reporting)
        run = {name: self._manifest.facts[name] for name in ("run_id", "environment")}
        sessions = {name: one.sessions for name, one in self._descriptions.experiments.items()}
        provenance = Provenance(self._reporting, run)
        self._origins = Origins(catalog, provenance, sessions, self._reporting)
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
            self._note_recordings(dataset_name, data)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any, node: Node) -> None:
        """Note a recording or a result; after the last output of a node, move the progress on."""
        if self._is_this_process:
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
        headlines = {
            name: one.headline or "" for name, one in self._descriptions.experiments.items()
        }
        show_summary(
            self._manifest.results, self._reporting, page, self._manifest.seconds, headlines
        )

    @property
    def _is_this_process(self) -> bool:
        return self._pid == os.getpid()

    def _begin(self, node: Node) -> None:
        if self._is_this_process:
            self._manifest.begin_node(node.name, node.outputs)
            self._progress.start(node.name)

    def _note_recordings(self, dataset_name: str, data: Any) -> None:
        from cebra_kedro.store import Store

        if dataset_name.endswith(".recordings") and isinstance(data, Store):
            facts = self._origins.note_recordings(dataset_name, data)
            self._manifest.note_recordings(dataset_name, facts)

    def _note_output(self, dataset_name: str, data: Any, node: Node) -> None:
        if dataset_name.endswith(".recordings"):
            self._note_recordings(dataset_name, self._catalog.load(dataset_name))
        self._origins.note_written(dataset_name, data, node)
        self._manifest.results.update(self._origins.results(dataset_name, data))

    def _note_other_processes(self, pipeline: Pipeline) -> None:
        """Note what nodes have written that did not run in this process."""
        for node in pipeline.nodes:
            for name in node.outputs if node.name not in self._manifest.node_seconds else ():
                if any(self._manifest.is_older(file) for file in self._origins.files(name)):
                    continue
                self._note_output(name, self._catalog.load(name), node)


def _experiments(pipeline: Pipeline) -> list[str]:
    """The experiments of a run: the second part of ``training.hippocampus.position``."""
    parts = [node.namespace.split(".") for node in pipeline.nodes if node.namespace]
    named = (names[0] if names[0] == "paper_figures" else names[1] for names in parts)
    return list(dict.fromkeys(named))


def _outputs(pipeline: Pipeline, catalog: CatalogProtocol) -> list[str]:
    """Where the outputs of a pipeline lie."""
    datasets = [catalog.get(name) for name in sorted(pipeline.all_outputs())]
    places = [getattr(d, "_filepath", None) or getattr(d, "_path", None) for d in datasets]
    return [str(Path(place).resolve()) for place in places if place is not None]
