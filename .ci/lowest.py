"""Print lower bounds of pyproject.toml as constraints of pip; that of torch may be an argument."""

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from pip._vendor.packaging.requirements import Requirement

PROJECT = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]


def needed(lines: list[str]) -> Iterator[Requirement]:
    """Requirements, with those of the extras that they name."""
    for requirement in map(Requirement, lines):
        if requirement.name != PROJECT["name"]:
            yield requirement
        for extra in requirement.extras if requirement.name == PROJECT["name"] else ():
            yield from needed(PROJECT["optional-dependencies"][extra])


lowest = {
    requirement.name: bound.version
    for requirement in needed([*PROJECT["dependencies"], "cebra-kedro[test]"])
    for bound in requirement.specifier
    if bound.operator == ">="
}
if len(sys.argv) > 1:
    lowest["torch"] = sys.argv[1]
sys.stdout.writelines(f"{name}=={version}\n" for name, version in lowest.items())
