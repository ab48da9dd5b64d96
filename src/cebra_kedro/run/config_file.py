"""The file of ``kedro run --config``: options of the command, under ``run:``."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from cebra_kedro.problems import did_you_mean


def read_config_file(path: Path, options: Collection[str]) -> dict[str, Any]:
    """Options that a file gives.

    Args:
        path: a YAML file.
        options: the options that the command has.

    Returns:
        Option → value; a list as its members between commas.

    Raises:
        ValueError: it is no YAML file, has not the one section ``run``, or an option in it that
            the command has not.
    """
    wanted = "write the options of kedro run under `run:`, e.g. run: {pipelines: hippocampus}"
    try:
        content = OmegaConf.to_container(OmegaConf.load(path))
    except (OmegaConfBaseException, YAMLError, OSError, UnicodeDecodeError) as error:
        raise ValueError(f"--config {path}: not readable as YAML ({error}); {wanted}") from error
    if not isinstance(content, dict) or not isinstance(content.get("run"), dict):
        raise ValueError(f"--config {path}: no section run; {wanted}")
    given: dict[str, Any] = content["run"]
    for option in given:
        if option not in options:
            hint = did_you_mean(str(option), options, n=2) or "see kedro run --help"
            raise ValueError(f"--config {path}: kedro run has no option {option}; {hint}")
    return {option: _between_commas(value) for option, value in given.items()}


def _between_commas(value: Any) -> Any:
    """A list as the command line has it, which is how Kedro reads options."""
    return ",".join(map(str, value)) if isinstance(value, list) else value
