"""Around every run: checks before it, progress during it, manifest, report and scores after it."""

from __future__ import annotations

import logging
import os
import sys
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
    from cebra_kedro.run.mlflow_store import MlflowStore
    from cebra_kedro.run.notes import RunNotes

LOCKS = Path("data/.running")


class RunReportHook:
    """Refuses a run that cannot end well, and leaves ``run_manifest.json`` and ``report.html``.

    ``ParallelRunner`` runs nodes in other processes, each with its own hook: there, nothing is
    noted; the process that began the run notes at its end what the nodes have written.
    """

    def __init__(self) -> None:
        self._notes: RunNotes | None = None
        self._locks: RunLocks | None = None
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
        self._descriptions = check_parameters(
            self._parameters, folders, loader.runtime_params or ()
        )
        for name, problem in self._descriptions.problems.items():
            if name in project.pipelines:  # right where its pipeline was made: Kedro reads it too
                raise ValueError(problem)
        self._project = Path(context.project_path)

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
        from cebra_kedro.run.notes import LOGS, REPORTING, RunNotes, experiments_of
        from cebra_kedro.run.trainable import check_training

        self._end()  # a run of this process that was interrupted
        self._catalog = catalog
        reporting = self._reporting = self._project / REPORTING
        self._compute = compute_block(self._parameters, run_params.get("runner"))
        tracked = mlflow_block(self._parameters)
        experiments = experiments_of(pipeline)
        if is_default_run(run_params.get("pipeline_names")):
            self._descriptions = self._descriptions.for_default_run()
        check_experiments(experiments, self._descriptions, dict(project.pipelines))
        elsewhere = self._compute.engine == "dask"
        check_training(pipeline, self._descriptions, here=not elsewhere)
        only = self._parameters.get("only_sessions")
        chosen = check_sessions(experiments, self._descriptions, only)
        files = [Path(place) for place in _outputs(pipeline, catalog)]
        folders = [reporting / "report.html", *(self._project / f for f in (LOGS, LOCKS))]
        check_writable([*folders, *files])
        self._locks = RunLocks(self._project / LOCKS, command_of(sys.argv))
        share = self._share = self._compute.cells
        locked = [f"{name}.share{share.number}of{share.of}" for name in experiments if share]
        self._locks.take(locked or experiments)
        try:
            described = self._descriptions.experiments
            only_missing = bool(run_params.get("only_missing_outputs"))
            read = check_encoders(pipeline, catalog, described, chosen, only_missing=only_missing)
            check_blocks(catalog, reporting, described, chosen, read)
            self._mlflow = None if share else open_store(tracked, self._project)
            fetch_raw_files(pipeline, catalog, chosen)
            place = self._engine.enter_context(engine_of(self._compute))
            if self._share is not None:  # what is written of a run, the run after it writes
                return
            self._notes = RunNotes(
                self._project, run_params, pipeline, catalog, self._descriptions, chosen, only
            )
            self._warn_of_unread_files()
        except BaseException:
            self._end()
            raise
        if place is not None:
            logger.info("encoders are trained, embedded and decoded by workers of %s", place)

    @hook_impl
    def before_dataset_loaded(self, node: Node) -> None:
        """Start the clock of a node, and show its name."""
        if notes := self._notes_here:
            notes.begin(node)

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        """The same for a node that reads nothing."""
        if notes := self._notes_here:
            notes.begin(node)

    @hook_impl
    def after_dataset_loaded(self, dataset_name: str, data: Any) -> None:
        """Note which recordings the run used."""
        if notes := self._notes_here:
            notes.note_read(dataset_name, data)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any, node: Node) -> None:
        """Note a recording or a result; after the last output of a node, move the progress on."""
        if notes := self._notes_here:
            notes.note_saved(dataset_name, data, node)

    @hook_impl
    def on_node_error(self, error: Exception, node: Node) -> None:
        """Note the node that failed, also in the error itself."""
        error.add_note(f"in {node.name}")
        if notes := self._notes_here:
            notes.note_failed(node)

    @hook_impl
    def on_pipeline_error(self, error: Exception, pipeline: Pipeline) -> None:
        """Leave a manifest that says where the run failed, and a report over what has changed."""
        from cebra_kedro.run.go_on import how_to_go_on

        if self._share is not None:
            self._end()
        notes = self._notes_here
        if notes is None:
            return
        try:
            notes.note_other_processes()
            notes.end("failed", error)
            self._write_to_mlflow(notes, pipeline)
            error.add_note(f"log: {notes.log}")
            finished = notes.manifest.node_seconds
            if note := how_to_go_on(sys.argv, pipeline, finished, self._catalog):
                error.add_note(note)
        finally:
            self._end()

    @hook_impl
    def after_pipeline_run(self, pipeline: Pipeline) -> None:
        """Write manifest and report, show the scores, say where to look."""
        from cebra_kedro.run.summary import show_summary

        try:
            notes = self._notes_here
            if notes is None:  # a share of a run, which the run after it notes
                return
            notes.note_other_processes()
            page = notes.end("finished")
            self._write_to_mlflow(notes, pipeline)
            described = self._descriptions.experiments
            headlines = {name: one.headline or "" for name, one in described.items()}
            manifest = notes.manifest
            show_summary(manifest.results, self._reporting, page, manifest.seconds, headlines)
        finally:
            self._end()

    @property
    def _notes_here(self) -> RunNotes | None:
        """Those of the run; None in other processes, and where a share of it is computed."""
        notes = self._notes
        return notes if notes is not None and notes.are_of_this_process else None

    def _warn_of_unread_files(self) -> None:
        from cebra_kedro.configuration import unread_files

        if unread := unread_files(self._conf, self._env):
            logger.warning(
                "with --env %s, of conf/local only what nothing else names is read; left out: %s",
                *(self._env, ", ".join(sorted(file.name for file in unread))),
            )

    def _write_to_mlflow(self, notes: RunNotes, pipeline: Pipeline) -> None:
        """Write what the run has left to MLflow, if the parameters want it."""
        from cebra_kedro.run.notes import experiments_of

        if self._mlflow is None:
            return
        described = self._descriptions.experiments
        experiments = {name: described.get(name) for name in experiments_of(pipeline)}
        if notes.manifest.facts["status"] == "finished":
            notes.note_recordings_read()
        self._mlflow.write_run(notes.manifest, experiments, self._reporting)

    def _end(self) -> None:
        """Let other runs go on, and workers go; may be called again."""
        self._engine.close()
        if self._notes is not None:
            self._notes.close()
        if self._locks is not None:
            self._locks.release()
        self._notes = self._locks = None


def _outputs(pipeline: Pipeline, catalog: CatalogProtocol) -> list[str]:
    """Where the outputs of a pipeline lie."""
    datasets = [catalog.get(name) for name in sorted(pipeline.all_outputs())]
    places = [getattr(d, "_filepath", None) or getattr(d, "_path", None) for d in datasets]
    return [str(Path(place).resolve()) for place in places if place is not None]
