"""Descriptions found among the parameters: read one by one, so that a wrong one stops no other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from cebra_kedro.experiment.description import Experiment
from cebra_kedro.parameter_block import files_of_block
from cebra_kedro.problems import did_you_mean

NOT_EXPERIMENTS = ("compute", "mlflow", "only_sessions")
"""Parameters that describe no experiment."""
STAGES = ("ingestion", "training", "decoding", "consistency", "attribution", "reporting")
RESERVED = (*NOT_EXPERIMENTS, *STAGES, "everything", "paper_figures")
"""Names that no experiment can have: those of pipelines, and of other parameters."""


@dataclass(frozen=True)
class Descriptions:
    """The experiments that a configuration holds.

    Attributes:
        experiments: name → description, of those that are right.
        problems: name → what is wrong with the others.
        folders: configuration folders, in which the file of a block is looked for.
    """

    experiments: Mapping[str, Experiment]
    problems: Mapping[str, str] = field(default_factory=dict)
    folders: tuple[Path, ...] = ()

    @classmethod
    def of(cls, parameters: Mapping[str, Any], folders: Iterable[Path] = ()) -> Descriptions:
        """Read every top-level block of the parameters.

        Args:
            parameters: as the configuration loader gives them.
            folders: configuration folders, in which the file of a wrong block is looked for.
        """
        folders = tuple(folders)
        experiments, problems = {}, {}
        for name, block in sorted(parameters.items()):
            if name in NOT_EXPERIMENTS or name.startswith("_"):
                continue
            try:
                experiments[name] = check_description(name, block)
            except ValueError as error:
                problems[name] = f"{error}. Correct {_file_of(name, folders)}"
        return cls(experiments, problems, tuple(folders))

    def for_default_run(self) -> Descriptions:
        """The same, with what ``kedro run`` alone does of each experiment that has such a part."""
        parts = {
            name: one.for_default_run()
            for name, one in self.experiments.items()
            if one.default_run is not None
        }
        return replace(self, experiments={**self.experiments, **parts})

    def has_file(self, name: str) -> bool:
        """Whether a file holds a block of this name, and not the command line alone."""
        return bool(files_of_block(name, self.folders))

    def file_of(self, name: str) -> str:
        """Where an experiment is described, in words."""
        return _file_of(name, self.folders)


def check_description(name: str, block: Any) -> Experiment:
    """The description of an experiment.

    Raises:
        ValueError: names every key that is unknown, missing or out of range.
    """
    if not isinstance(block, dict):
        raise ValueError(
            f"{name} must be the description of an experiment (sessions, source, split, training, "
            f"encoders …), got {block!r:.80}"
        )
    if not name.isidentifier():
        raise ValueError(f"an experiment's name must be letters, digits and _, got {name!r}")
    if name in RESERVED:
        raise ValueError(f"{name} is the name of a pipeline of its own; rename the experiment")
    try:
        return Experiment.model_validate(block)
    except ValidationError as error:
        raise ValueError(
            "; ".join(_problem(name, details) for details in error.errors())
        ) from error


def _problem(experiment: str, details: Any) -> str:
    # Between the keys, pydantic names the member of a union that it tried.
    parts = [str(part) for part in details["loc"]]
    parts = [p for p in parts if p != "EncoderConfig" and not p.startswith(("dict[", "function-"))]
    path, name = ".".join([experiment, *parts]), parts[-1] if parts else ""
    if details["type"] == "extra_forbidden":
        hint = did_you_mean(name, _known_names())
        return f"unknown parameter {path}" + (f" ({hint})" if hint else "")
    if details["type"] == "missing":
        return f"parameter {path} is missing"
    if details["type"] == "value_error":  # our own words, which say what came
        return f"{path}: {details['ctx']['error']}"
    message = details["msg"].removeprefix("Input ")
    return f"{path} {message}, got {details['input']!r:.80}"


def _known_names() -> set[str]:
    """Names of all parameters, at whatever level."""
    schema = Experiment.model_json_schema()
    blocks = [schema, *schema["$defs"].values()]
    return {"like", *(name for block in blocks for name in block.get("properties", {}))}


def _file_of(name: str, folders: Iterable[Path]) -> str:
    """The files that hold a block of this name, or where it would stand."""
    found = [path.as_posix() for path in files_of_block(name, folders)]
    return " or ".join([*found, "--params"]) if found else "conf/*/parameters*.yml or --params"
