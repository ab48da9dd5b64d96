"""Everything that would stop a run later, found before its first node."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kedro.io import CatalogProtocol, DatasetError
from kedro.pipeline import Pipeline
from pydantic import ValidationError

from cebra_kedro.parameters import ProjectParameters


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


def check_parameters(parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters as plain values.

    Raises:
        ValueError: names every parameter that is unknown or out of range.
    """
    try:
        checked = ProjectParameters.model_validate(parameters)
    except ValidationError as error:
        problems = "; ".join(_problem(details) for details in error.errors())
        raise ValueError(f"{problems}. Correct conf/*/parameters*.yml or --params") from error
    return checked.model_dump(mode="json")


def check_names(
    pipelines: dict[str, Pipeline], names: Iterable[str], namespaces: Iterable[str]
) -> None:
    """Raise unless the pipelines and namespaces asked for exist.

    Args:
        pipelines: all registered pipelines.
        names: pipelines asked for; none for the default pipeline.
        namespaces: asked for, each must lie in one of the pipelines asked for.

    Raises:
        ValueError: names what is unknown, and what there is; or two namespaces overlap.
    """
    names, namespaces = list(names), list(namespaces)
    for name in names:
        if name not in pipelines:
            raise ValueError(f"there is no pipeline {name}; {_choices(name, pipelines)}")
    for namespace in namespaces:
        chosen = [pipelines[name] for name in names or ["__default__"]]
        known = {space for pipeline in chosen for space in _namespaces(pipeline)}
        if namespace not in known:
            where = f" in pipeline {', '.join(names)}" if names else ""
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


def fetch_raw_files(pipeline: Pipeline, catalog: CatalogProtocol) -> None:
    """Fetch the published files that the pipeline reads and that are not there yet.

    Raises:
        DatasetError: names every file that is missing, where it goes, and where to get it.
    """
    datasets: list[Any] = [catalog.get(name) for name in sorted(pipeline.inputs())]
    missing = [d for d in datasets if hasattr(d, "fetch_if_missing") and not d.exists()]
    for number, dataset in enumerate(missing, start=1):
        try:
            dataset.fetch_if_missing()
        except DatasetError as error:
            # Where one cannot be fetched, the others would only wait for the same network.
            others = ", ".join(str(other._filepath) for other in missing[number:])
            also = f". Also missing: {others} (addresses in conf/*/catalog*.yml)" if others else ""
            raise DatasetError(f"{error}{also}") from error


def _problem(details: Any) -> str:
    """One problem that pydantic found, in a few words."""
    *parents, name = [str(part) for part in details["loc"]] or [""]
    path = ".".join([*parents, name])
    if details["type"] == "extra_forbidden":
        similar = difflib.get_close_matches(name, _known_names(), n=1)
        return f"unknown parameter {path}" + (f" (did you mean {similar[0]}?)" if similar else "")
    if details["type"] == "missing":
        return f"parameter {path} is missing"
    if details["type"] == "value_error":  # our own words, which say what came
        return f"{path}: {details['ctx']['error']}"
    message = details["msg"].removeprefix("Input ")
    return f"{path} {message}, got {details['input']!r:.80}"


def _known_names() -> set[str]:
    """Names of all parameters, at whatever level."""
    schema = ProjectParameters.model_json_schema()
    blocks = [schema, *schema["$defs"].values()]
    return {name for block in blocks for name in block.get("properties", {})}


def _choices(wanted: str, known: Iterable[str]) -> str:
    similar = difflib.get_close_matches(wanted, known, n=3)
    return f"did you mean {' or '.join(similar)}?" if similar else f"choose {', '.join(known)}"


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
