"""Around every run: checks before it, progress during it, manifest, report and scores after it."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.framework import project
from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

logger = logging.getLogger(__name__)

if TYPE_CHECKING:
    from cebra_kedro.cells import Share
    from cebra_kedro.run.locks import RunLocks
    from cebra_kedro.run.log_file import LogFile
    from cebra_kedro.run.mlflow_store import MlflowStore

REPORTING = Path("data/08_reporting")
LOGS = Path("data/logs")
LOCKS = Path("data/.running")


class RunReportHook:
    """Refuses a run that cannot end well, and leaves ``run_manifest.json`` and ``report.html``.

    ``ParallelRunner`` runs nodes in other processes, each with its own hook: there, nothing is
    noted; the process that began the run notes at its end what the nodes have written.
    """

    def __init__(self) -> None:
        self._pid: int | None = None
        self._locks: RunLocks | None = None
        self._log: LogFile | None = None
        self._engine = ExitStack()
        self._share: Share | None = None
        self._mlflow: MlflowStore | None = None

    @hook_impl
    def after_context_created(self, context: Any) -> None:
        """Check the environment and its parameters, before Kedro reads them."""
        from cebra_kedro.run.checks import (
            check_environment,
            check_parameters,
            check_project_path,
        )

        check_project_path(Path(context.project_path))
        loader = context.config_loader
        conf = self._conf = Path(loader.conf_source)
        check_environment(conf, context.env)
        self._env = context.env
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
        """Check descriptions, other runs, output folders and raw files before any node starts."""
        from cebra_kedro.run.checks import (
            check_experiments,
            check_sessions,
            check_writable,
            fetch_raw_files,
            is_default_run,
        )
        from cebra_kedro.run.compute import compute_block, engine_of
        from cebra_kedro.run.described import check_blocks
        from cebra_kedro.run.kept import check_encoders
        from cebra_kedro.run.locks import RunLocks
        from cebra_kedro.run.manifest import command_of
        from cebra_kedro.run.mlflow_block import mlflow_block
        from cebra_kedro.run.mlflow_store import open_store
        from cebra_kedro.run.trainable import check_training

        self._end()  # a run of this process that was interrupted
        self._pid = None
        self._catalog = catalog
        self._compute = compute_block(self._parameters, run_params.get("runner"))
        tracked = mlflow_block(self._parameters)
        experiments = _experiments(pipeline)
        if is_default_run(run_params.get("pipeline_names")):
            self._descriptions = self._descriptions.for_default_run()
        check_experiments(experiments, self._descriptions, dict(project.pipelines))
        elsewhere = self._compute.engine == "dask"
        check_training(pipeline, self._descriptions, here=not elsewhere)
        only = self._parameters.get("only_sessions")
        chosen = check_sessions(experiments, self._descriptions, only)
        files = [Path(place) for place in _outputs(pipeline, catalog)]
        folders = [self._reporting / "report.html", *(self._project / f for f in (LOGS, LOCKS))]
        check_writable([*folders, *files])
        self._locks = RunLocks(self._project / LOCKS, command_of(sys.argv))
        share = self._share = self._compute.cells
        locked = [f"{name}.share{share.number}of{share.of}" for name in experiments if share]
        self._locks.take(locked or experiments)
        try:
            described = self._descriptions.experiments
            only_missing = bool(run_params.get("only_missing_outputs"))
            read = check_encoders(pipeline, catalog, described, chosen, only_missing=only_missing)
            check_blocks(catalog, self._reporting, described, chosen, read)
            self._mlflow = None if share else open_store(tracked, self._project)
            fetch_raw_files(pipeline, catalog, chosen)
            place = self._engine.enter_context(engine_of(self._compute))
            if self._share is not None:  # what is written of a run, the run after it writes
                return
            self._begin_run(run_params, pipeline, chosen)
        except BaseException:
            self._end()
            raise
        if place is not None:
            logger.info("encoders are trained, embedded and decoded by workers of %s", place)

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
                self._progress.finish(node.name)

    @hook_impl
    def on_node_error(self, error: Exception, node: Node) -> None:
        """Note the node that failed, also in the error itself."""
        error.add_note(f"in {node.name}")
        if self._is_this_process:
            self._manifest.note_failed(node.name)

    @hook_impl
    def on_pipeline_error(self, error: Exception, pipeline: Pipeline) -> None:
        """Leave a manifest that says where the run failed, and a report over what has changed."""
        from cebra_kedro.run.go_on import how_to_go_on

        if self._share is not None:
            self._end()
        if not self._is_this_process:
            return
        try:
            self._note_other_processes(pipeline)
            self._progress.close()
            self._leave_manifest_and_report("failed", error)
            self._write_to_mlflow(pipeline)
            finished = self._manifest.node_seconds
            error.add_note(f"log: {self._manifest.facts['log']}")
            if note := how_to_go_on(sys.argv, pipeline, finished, self._catalog):
                error.add_note(note)
        finally:
            self._end()

    @hook_impl
    def after_pipeline_run(self, pipeline: Pipeline) -> None:
        """Write manifest and report, show the scores, say where to look."""
        from cebra_kedro.run.summary import show_summary

        try:
            if self._share is not None:
                return
            self._note_other_processes(pipeline)
            self._progress.close()
            page = self._leave_manifest_and_report("finished")
            self._write_to_mlflow(pipeline)
            headlines = {
                name: one.headline or "" for name, one in self._descriptions.experiments.items()
            }
            show_summary(
                self._manifest.results, self._reporting, page, self._manifest.seconds, headlines
            )
        finally:
            self._end()

    @property
    def _is_this_process(self) -> bool:
        return self._pid == os.getpid()

    @property
    def _kept_manifest(self) -> Path:
        """Stays there when later runs have begun."""
        return self._project / LOGS / f"{self._manifest.facts['run_id']}.json"

    def _begin_run(
        self,
        run_params: dict[str, Any],
        pipeline: Pipeline,
        chosen: Mapping[str, Collection[str]],
    ) -> None:
        """Begin what is kept of a run, and show that it goes on."""
        from cebra_kedro.configuration import unread_files
        from cebra_kedro.run.locks import briefly
        from cebra_kedro.run.log_file import LogFile, file_only
        from cebra_kedro.run.manifest import RunManifest, read_manifest
        from cebra_kedro.run.origins import Origins
        from cebra_kedro.run.progress import RunProgress
        from cebra_kedro.run.provenance import Provenance
        from cebra_kedro.run.work import expected_work

        described = {
            name: one.model_dump(mode="json")
            for name, one in self._descriptions.experiments.items()
        }
        only = self._parameters.get("only_sessions")
        parameters = {**described, "only_sessions": only}
        experiments = _experiments(pipeline)
        self._manifest = RunManifest.begin(run_params, parameters, self._project, experiments)
        facts = self._manifest.facts
        self._log = LogFile(self._project / LOGS, facts["run_id"])
        facts |= {"run_id": self._log.run_id, "log": (LOGS / self._log.path.name).as_posix()}
        file_only.info("%s (environment %s)", facts["command"], facts["environment"])
        if unread := unread_files(self._conf, self._env):
            logger.warning(
                "with --env %s, of conf/local only what nothing else names is read; left out: %s",
                *(self._env, ", ".join(sorted(file.name for file in unread))),
            )
        with briefly(self._reporting):
            last = read_manifest(self._reporting)
            self._manifest.write(self._reporting)
        kept = self._kept_manifest
        self._manifest.keep(kept)
        run = {name: facts[name] for name in ("run_id", "environment")}
        run["manifest"] = Path(os.path.relpath(kept, self._reporting)).as_posix()
        sessions = {name: one.sessions for name, one in self._descriptions.experiments.items()}
        provenance = Provenance(self._reporting, run)
        self._origins = Origins(self._catalog, provenance, sessions, self._reporting, chosen)
        if "ParallelRunner" in str(run_params.get("runner")):  # it tells at the end only
            self._origins.set_aside(sorted(pipeline.all_outputs()))
        names = [node.name for node in pipeline.nodes]
        self._progress = RunProgress(expected_work(names, last, facts["environment"]))
        self._pid = os.getpid()

    def _leave_manifest_and_report(self, status: str, error: Exception | None = None) -> Path:
        """What is left at the end; the page is made anew unless the run has changed nothing."""
        from cebra_kedro.report import build_report
        from cebra_kedro.run.locks import briefly
        from cebra_kedro.run.log_file import file_only
        from cebra_kedro.run.manifest import delete_kept

        self._manifest.node_pieces = self._progress.pieces
        self._manifest.end(status, error)
        file_only.log(
            logging.ERROR if error else logging.INFO,
            "%s after %.0f s",
            status,
            self._manifest.seconds,
            exc_info=error,
        )
        self._manifest.keep(self._kept_manifest)
        with briefly(self._reporting):
            delete_kept(self._project / LOGS, self._origins.runs())
            self._manifest.write_last(self._reporting)
            if error is None or self._manifest.results:
                return build_report(self._reporting)
        return self._reporting / "report.html"

    def _write_to_mlflow(self, pipeline: Pipeline) -> None:
        """Write what the run has left to MLflow, if the parameters want it."""
        if self._mlflow is None:
            return
        described = self._descriptions.experiments
        experiments = {name: described.get(name) for name in _experiments(pipeline)}
        if self._manifest.facts["status"] == "finished":
            self._note_recordings_of(pipeline)
        self._mlflow.write_run(self._manifest, experiments, self._reporting)

    def _note_recordings_of(self, pipeline: Pipeline) -> None:
        """Note recordings that nodes have read, perhaps in other processes."""
        for name in pipeline.inputs():
            if name.endswith(".recordings"):
                self._note_recordings(name, self._catalog.load(name))

    def _end(self) -> None:
        """Let other runs go on, and workers go; may be called again."""
        self._engine.close()
        if self._log is not None:
            self._log.close()
        if self._locks is not None:
            self._locks.release()
        self._log = self._locks = None

    def _begin(self, node: Node) -> None:
        from cebra_kedro.run.log_file import file_only

        if self._is_this_process:
            if self._manifest.begin_node(node.name, node.outputs):
                self._origins.set_aside(node.outputs)
                file_only.info("%s begins", node.name)
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
        if models := self._origins.models(dataset_name, data):
            self._manifest.models[dataset_name] = models

    def _note_other_processes(self, pipeline: Pipeline) -> None:
        """Note what nodes have written that did not run in this process."""
        self._origins.give_back_unwritten(self._manifest.is_older)
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
