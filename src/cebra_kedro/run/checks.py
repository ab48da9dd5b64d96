"""Everything that would stop a run later, found before its first node."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from kedro.io import CatalogProtocol, DatasetError
from kedro.pipeline import Pipeline
from pydantic import ValidationError

from cebra_kedro.parameters import ProjectParameters


def check_before_run(
    pipeline: Pipeline, catalog: CatalogProtocol, project: Path
) -> dict[str, Any]:
    """Check parameters, output folders and raw files.

    Args:
        pipeline: the nodes about to run.
        catalog: with the datasets of the environment.
        project: project folder.

    Returns:
        All parameters as plain values.

    Raises:
        ValueError: a parameter is unknown or out of range.
        PermissionError: results cannot be written.
        DatasetError: raw files are missing and cannot be fetched.
    """
    parameters = check_parameters(catalog.load("parameters"))
    check_writable(project / "data")
    fetch_raw_files(pipeline, catalog)
    return parameters


def check_parameters(parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters as plain values.

    Raises:
        ValueError: names every parameter that is unknown or out of range.
    """
    known = {
        key: value for key, value in parameters.items() if key in ProjectParameters.model_fields
    }
    unknown = [f"{key}: unknown parameter" for key in parameters if key not in known]
    try:
        checked = ProjectParameters.model_validate(known)
    except ValidationError as error:
        unknown += [
            f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}, got {problem['input']!r}"
            for problem in error.errors()
        ]
    if unknown:
        raise ValueError(
            "conf/*/parameters*.yml or --params: " + "; ".join(unknown) + "; see "
            "src/cebra_kedro/parameters.py for what there is"
        )
    return checked.model_dump(mode="json")


def check_writable(folder: Path) -> None:
    """Raise unless files can be written below a folder.

    Raises:
        PermissionError: names the first folder that cannot be written.
    """
    for path in (folder, *sorted(folder.glob("0[2-8]_*"))):
        if path.exists() and not (path.is_dir() and os.access(path, os.W_OK | os.X_OK)):
            raise PermissionError(
                f"{path} cannot be written; give yourself write permission "
                f"(chmod u+rwx {path}) or run from a copy of the project that is yours"
            )


def fetch_raw_files(pipeline: Pipeline, catalog: CatalogProtocol) -> None:
    """Fetch the published files that the pipeline reads and that are not there yet.

    Raises:
        DatasetError: names every file that is missing, where it goes, and where to get it.
    """
    problems = []
    for name in sorted(pipeline.inputs()):
        fetch = getattr(catalog.get(name), "fetch_if_missing", None)
        if fetch is None:
            continue
        try:
            fetch()
        except DatasetError as error:
            problems.append(str(error))
    if problems:
        raise DatasetError("raw files are missing: " + " | ".join(problems))
