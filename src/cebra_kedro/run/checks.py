"""Everything that would stop a run later, found before its first node."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from cebra_kedro.configuration import RAW_VARIABLE, raw_folder
from cebra_kedro.experiment import Descriptions, Experiment
from cebra_kedro.experiment.descriptions import NOT_EXPERIMENTS
from cebra_kedro.pipelines import chosen_sessions
from cebra_kedro.problems import did_you_mean

_LEAST_FREE_BYTES = 2**20
"""What manifest and log alone may need; results say themselves where they find no room."""


def check_project_path(project: Path) -> None:
    """Raise if the path of the project holds letters that are patterns to Kedro.

    Args:
        project: its folder.

    Raises:
        ValueError: names the letters.
    """
    if found := sorted(set(str(project)) & set("[]{}*?")):
        raise ValueError(
            f"the path of the project, {project}, has {' '.join(found)} in it, which Kedro takes "
            "for patterns; rename the folder, or move the project elsewhere"
        )


def check_environment(conf_source: Path, environment: str | None) -> None:
    """Raise unless the configuration folder has the environment.

    Args:
        conf_source: folder of the environments; an archive is left to Kedro.
        environment: name, None for ``local``.

    Raises:
        ValueError: names the environments that there are.
    """
    folder = conf_source / (environment or "local")
    if not conf_source.is_dir() or folder.is_dir():
        return
    if environment is None:
        raise ValueError(
            f"folder {folder} is missing, where your own settings belong; make it (mkdir {folder}) "
            "and leave it empty if you have none"
        )
    known = sorted(path.name for path in conf_source.iterdir() if path.is_dir())
    raise ValueError(
        f"there is no environment {environment} (no folder {folder}); choose {' or '.join(known)}"
    )


def check_parameters(
    parameters: Mapping[str, Any], folders: Iterable[Path], of_command: Collection[str] = ()
) -> Descriptions:
    """The experiments that the parameters describe; wrong descriptions are left for later.

    Args:
        parameters: all of them.
        folders: configuration folders.
        of_command: names of blocks that the command line has parameters of.

    Raises:
        ValueError: a parameter describes nothing, e.g. a misspelt one of the command line.
    """
    descriptions = Descriptions.of(parameters, folders)
    for name, problem in descriptions.problems.items():
        is_new = name in of_command and not descriptions.has_file(name)
        if is_new or not isinstance(parameters[name], dict):
            known = [*descriptions.experiments, *NOT_EXPERIMENTS]
            hint = did_you_mean(name, known)
            meant = f" ({hint})" if hint else ""
            where = problem.rpartition(". Correct ")[2]
            raise ValueError(f"unknown parameter {name}{meant}. Correct {where}")
    return descriptions


def check_experiments(
    names: Iterable[str], descriptions: Descriptions, pipelines: Mapping[str, Pipeline]
) -> None:
    """Raise unless the experiments of a run are described rightly, and as their pipelines are.

    Args:
        names: the experiments of the run.
        descriptions: of the run's environment.
        pipelines: what is registered: experiment → pipeline.

    Raises:
        ValueError: names file, key and remedy.
    """
    from cebra_kedro.experiment.rooms import check_rooms
    from cebra_kedro.pipeline_registry import stages_of

    for name in names:
        if name in descriptions.problems:
            raise ValueError(descriptions.problems[name])
        if name not in descriptions.experiments:
            continue  # the paper's figures
        experiment = descriptions.experiments[name]
        try:
            check_rooms(name, experiment)
        except ValueError as error:
            raise ValueError(f"{error}. Correct {descriptions.file_of(name)}") from error
        stages = stages_of(name, experiment).values()
        described = {node.name for stage in stages for node in stage.nodes}
        if name in pipelines and described != _nodes_of(name, experiment, pipelines):
            raise ValueError(
                f"the parameters of this run describe other encoders, baselines or figures of "
                f"{name} than the configuration that its pipeline was made from; say them in "
                "conf/base, conf/local or the environment, not with --params"
            )


def _nodes_of(name: str, experiment: Experiment, pipelines: Mapping[str, Pipeline]) -> set[str]:
    """The nodes that were made for an experiment, or for the part that ``kedro run`` alone does."""
    nodes = pipelines["__default__" if experiment.is_of_default_run else name].nodes
    return {node.name for node in nodes if str(node.namespace).split(".")[1:2] == [name]}


def is_default_run(names: Sequence[str] | None) -> bool:
    """Whether these names of pipelines are those of ``kedro run`` alone."""
    return not names or list(names) == ["__default__"]


def check_sessions(
    names: Iterable[str], descriptions: Descriptions, only: Any
) -> dict[str, tuple[str, ...]]:
    """The sessions that a run works on, by experiment.

    Args:
        names: the experiments of the run.
        descriptions: of the run's environment.
        only: the parameter ``only_sessions``.

    Raises:
        ValueError: no session is named, there is no such session, or an experiment of the run has
            none of them.
    """
    described = {
        name: descriptions.experiments[name] for name in names if name in descriptions.experiments
    }
    wanted = only.replace(",", " ").split() if isinstance(only, str) else only
    if only is not None and not (isinstance(wanted, list | tuple) and wanted):
        raise ValueError(
            "only_sessions must name sessions, e.g. [buddy, cicero], or be null for all, "
            f"got {only!r}"
        )
    chosen = {name: chosen_sessions(one, only) for name, one in described.items()}
    if wanted is None or not described:
        return chosen
    known = [session for one in described.values() for session in one.sessions]
    for session in wanted:
        if session not in known:
            hint = did_you_mean(session, known)
            raise ValueError(
                f"there is no session {session}; "
                + (f"{hint} " if hint else "")
                + "; ".join(f"{n} has {', '.join(one.sessions)}" for n, one in described.items())
            )
    without = [name for name, sessions in chosen.items() if not sessions]
    if without:
        having = ",".join(name for name, sessions in chosen.items() if sessions)
        raise ValueError(
            f"{', '.join(without)} {'have' if len(without) > 1 else 'has'} none of the sessions "
            f"{', '.join(wanted)}; choose what runs, e.g. --pipelines {having}"
        )
    return chosen


def check_names(
    pipelines: dict[str, Pipeline],
    names: Iterable[str],
    namespaces: Iterable[str],
    problems: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Raise unless the pipelines and namespaces asked for exist.

    Args:
        pipelines: all registered pipelines.
        names: pipelines asked for; none for the default pipeline.
        namespaces: asked for, each must lie in one of the pipelines asked for.
        problems: experiment → what is wrong with its description, if it has no pipeline.

    Raises:
        ValueError: names what is unknown, and what there is; or two namespaces overlap.
    """
    names, namespaces = list(names), list(namespaces)
    for name in names:
        if name in problems:
            raise ValueError(problems[name])
        if name not in pipelines:
            raise ValueError(f"there is no pipeline {name}; {_choices(name, pipelines)}")
    for namespace in namespaces:
        chosen = [pipelines[name] for name in names or ["__default__"]]
        known = {space for pipeline in chosen for space in _namespaces(pipeline)}
        if namespace not in known:
            where = f" in pipeline {', '.join(names)}" if names else ""
            if not names and namespace in _namespaces(pipelines.get("everything", Pipeline([]))):
                raise ValueError(
                    f"namespace {namespace} is not part of what kedro run does by itself; "
                    "add --pipelines everything"
                )
            raise ValueError(
                f"there is no namespace {namespace}{where}; {_choices(namespace, known)}"
            )
        if above := [other for other in namespaces if namespace.startswith(f"{other}.")]:
            raise ValueError(f"namespace {namespace} lies within {above[0]}; name one of the two")


def check_writable(paths: Iterable[Path]) -> None:
    """Raise unless files can be written at the paths.

    Args:
        paths: files or folders that need not exist yet.

    Raises:
        NotADirectoryError: a file lies where a folder is needed.
        PermissionError: names the folder that cannot be written.
        OSError: its disk is full.
    """
    for folder in sorted({_nearest_folder(path) for path in paths}):
        if not folder.is_dir():
            raise NotADirectoryError(
                f"{folder} is a file, but results need a folder of this name; move the file away"
            )
        if not os.access(folder, os.W_OK | os.X_OK):
            raise PermissionError(
                f"{folder} cannot be written; give yourself write permission "
                f"(chmod u+rwx {folder}) or run from a copy of the project that is yours"
            )
        if (free := shutil.disk_usage(folder).free) < _LEAST_FREE_BYTES:
            raise OSError(
                f"the disk of {folder} is full ({free // 1000} kB are free); free space on it, or "
                "run from a copy of the project on another disk"
            )


def fetch_raw_files(
    pipeline: Pipeline, catalog: CatalogProtocol, sessions: Mapping[str, Collection[str]]
) -> None:
    """Fetch the published files that the pipeline reads and that are not there yet.

    Args:
        pipeline: what runs.
        catalog: its entries.
        sessions: experiment → the sessions that it works on.

    Raises:
        DatasetError: names every file that is missing, where it goes, and where to get it.
        ValueError: the catalog does not say where an experiment's sessions are, or
            ``CEBRA_KEDRO_DATA`` names no folder.
    """
    for name in sorted(pipeline.inputs()):
        experiment, _, entry = name.partition(".")
        if entry == "raw" and name not in catalog:
            raise ValueError(
                f"the catalog has no entry {name}, which says where the sessions of {experiment} "
                f"are; add it to conf/local/catalog_{experiment}.yml, as a "
                "cebra_kedro.io.SessionsDataset"
            )
        dataset: Any = catalog.get(name)
        if hasattr(dataset, "fetch_if_missing") and experiment in sessions:
            if hasattr(dataset, "places"):
                _check_raw_folder(dataset.places(sessions[experiment]))
            dataset.fetch_if_missing(sessions[experiment])


def _check_raw_folder(places: Iterable[Path]) -> None:
    """A folder that was named must be there: a mistyped one is not made and filled."""
    folder = Path(raw_folder())
    if not os.environ.get(RAW_VARIABLE, "").strip() or folder.is_dir():
        return
    if any(place.absolute().is_relative_to(folder.absolute()) for place in places):
        raise ValueError(
            f"{RAW_VARIABLE} names {folder}, which is no folder; correct it, or make the folder "
            f"(mkdir -p {folder}) if the published files are to be fetched into it"
        )


def _choices(wanted: str, known: Iterable[str]) -> str:
    return did_you_mean(wanted, known, n=3) or f"choose {', '.join(known)}"


def _namespaces(pipeline: Pipeline) -> list[str]:
    """The namespaces of a pipeline's nodes and those above them: a, a.b, a.b.c."""
    parts = [node.namespace.split(".") for node in pipeline.nodes if node.namespace]
    return list(
        dict.fromkeys(
            ".".join(names[:depth]) for names in parts for depth in range(1, len(names) + 1)
        )
    )


def _nearest_folder(path: Path) -> Path:
    """Where the first missing part of a path would be made: a folder, or a file in the way."""
    if path.is_dir():
        return path
    return next(parent for parent in path.parents if parent.exists())
