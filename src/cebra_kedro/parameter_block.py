"""What every block of parameters is: typed, immutable, and without unknown keys."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError


class Settings(BaseModel):
    """Base of every parameter block: immutable, and unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Block = TypeVar("Block", bound=Settings)


def read_block(kind: type[Block], name: str, content: Any) -> Block:
    """A block that describes no experiment, from ``parameters_<name>.yml``.

    Args:
        kind: of block.
        name: among the parameters.
        content: what stands there; None for nothing.

    Raises:
        ValueError: names the first key that is wrong, and where to correct it.
    """
    try:
        return kind.model_validate(content or {})
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join([name, *(str(part) for part in first["loc"])])
        words = first["msg"].removeprefix("Value error, ")
        raise ValueError(f"{key}: {words}. Correct parameters_{name}.yml or --params") from error


def files_of_block(name: str, folders: Iterable[Path]) -> list[Path]:
    """The parameter files of configuration folders that hold a block of this name.

    Args:
        name: of the block, at the beginning of a line.
        folders: such as ``conf/base``, in the order in which they are searched.
    """
    return [
        path
        for folder in folders
        for path in sorted(folder.glob("parameters*.y*ml"))
        if any(line.startswith(f"{name}:") for line in path.read_text("utf-8").splitlines())
    ]
