"""The pages that people read: their blocks of code, and the commands in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from kedro_project import PROJECT

DOCS = PROJECT / "docs"
PAGES = [PROJECT / "README.md", *sorted(DOCS.rglob("*.md"))]

_SHELLS = ("bash", "sh", "shell", "console")
_PROGRAMS = ("kedro", "pip", "python", "pytest", "mkdocs", "export", "git", "bash")
_ASSIGNMENT = re.compile(r"[A-Z_]+=\S")


def blocks(page: Path) -> list[tuple[str, str]]:
    """Language and text of each block of code."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text(), re.S | re.M)


def commands(page: Path) -> Iterator[str]:
    """Every command in the blocks of a page, without comments, those joined by ``&&`` one by one.

    A block of plain text may hold output as well: there, commands are lines that begin with a
    program.
    """
    for language, text in blocks(page):
        for line in text.splitlines():
            command = re.sub(r"(^|\s+)#.*", "", line).strip()
            if not command or language not in (*_SHELLS, "", "text"):
                continue
            is_one = command.split()[0] in _PROGRAMS or _ASSIGNMENT.match(command)
            if language in _SHELLS or is_one:
                yield from command.split(" && ")


def spoken_commands(page: Path) -> Iterator[str]:
    """Commands of Kedro within sentences: they may be cut short."""
    prose = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.S | re.M)
    yield from re.findall(r"`(kedro [^`]*)`", prose.replace("\n", " "))
